"""Step `validate_rows`: every row of an understood list, good ones into `staged_items`, bad ones into `parsing_logs`.

What a row is worth is decided in `core/rows`; what becomes of the staged batch in `upsert.py`.
"""

from dataclasses import dataclass

from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.reject_messages import message_for
from ingestion_dagster.core.rows.types import RowReject
from ingestion_dagster.core.sheets import Workbook
from ingestion_dagster.core.steps import Attempt, MappedSnapshot, SheetSnapshot, StagedBatch
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.rekeying import note_rekey
from ingestion_dagster.pipeline.stored_lists import open_snapshot
from ingestion_dagster.pipeline.timing import timed
from ingestion_dagster.store.batches import batches, staging
from ingestion_dagster.store.catalogue import price_steps, suppliers
from ingestion_dagster.store.database import Connection, Database, connected


async def validate_rows(deployment: Deployment, understood: MappedSnapshot, attempt: Attempt) -> StagedBatch:
    """Read every row: good ones into `staged_items`, bad ones into `parsing_logs`."""
    timings = dict(understood.timings)
    with timed(timings, "validate"):
        async with connected(deployment.database_url, deployment.limits) as database:
            if understood.stopped_batch_id is not None:
                staged = await _still_stopped(database, understood, understood.stopped_batch_id)
            elif understood.mapped is None:
                staged = await _note_unchanged(database, understood, attempt)
            else:
                staged = await _read_and_stage(database, deployment, understood, understood.mapped, attempt)
    return staged.model_copy(update={"timings": timings})


async def _read_and_stage(
    database: Database, deployment: Deployment, understood: MappedSnapshot, mapped: MappedSheet, attempt: Attempt
) -> StagedBatch:
    snapshot = understood.snapshot
    async with database.transaction() as connection:
        supplier = await suppliers.by_key(connection, snapshot.supplier_key)
    workbook = open_snapshot(deployment, snapshot, supplier)
    async with database.transaction() as connection:
        batch_id = await batches.open_batch(
            connection,
            supplier.id,
            snapshot.id,
            attempt.task_id,
            attempt.run_id,
            understood.fingerprint,
            mapping=mapped.model_dump(mode="json"),
            mapping_id=understood.mapping_id,
        )
        counts = await _stage(database, connection, batch_id, supplier, workbook, mapped, attempt)
    return StagedBatch(
        batch_id=batch_id,
        supplier_key=snapshot.supplier_key,
        state="staged",
        total_rows=counts.accepted + counts.rejected + counts.collapsed,
        accepted_rows=counts.accepted,
        rejected_rows=counts.rejected,
    )


@dataclass(frozen=True, slots=True)
class _Staged:
    accepted: int
    rejected: int
    collapsed: int


async def _stage(
    database: Database,
    connection: Connection,
    batch_id: int,
    supplier: Supplier,
    workbook: Workbook,
    mapped: MappedSheet,
    attempt: Attempt,
) -> _Staged:
    log = staging.RejectLog(database, attempt.task_id, supplier.id, batch_id)
    outcomes = read_rows(workbook.sheet(mapped.sheet), mapped, supplier.hints())
    counts = await staging.stage_rows(connection, batch_id, outcomes, log)
    collapsed, folded = 0, 0
    conflicting: list[staging.DroppedRow] = []
    if counts.repeated_key:
        collapsed, conflicting = await staging.settle_duplicates(connection, batch_id, supplier.settings.duplicates)
        for row in conflicting:
            await log.add(_duplicate_reject(row, supplier))
        await log.flush()
        if mapped.rows_are_steps:
            folded = await price_steps.fold_rows(connection, batch_id)
    accepted = counts.items - collapsed - len(conflicting) - folded
    rejected = counts.rejects + len(conflicting)
    report = {"not_items": counts.not_items, "duplicates": len(conflicting), "step_rows": folded}
    await batches.record_counts(connection, batch_id, accepted, rejected, collapsed, report)
    await note_rekey(connection, batch_id, supplier, workbook.sheet(mapped.sheet), mapped)
    return _Staged(accepted, rejected, collapsed)


def _duplicate_reject(row: staging.DroppedRow, supplier: Supplier) -> RowReject:
    return RowReject(
        row=row.row_number - 1,
        column=None,
        field="supplier_sku",
        code="duplicate_key",
        message=message_for(
            "duplicate_key",
            supplier.settings.language or "en",
            key=row.supplier_sku,
            row=row.row_number,
            other=row.other_row,
        ),
        raw=row.supplier_sku,
        row_data="{}",
        supplier_sku=row.supplier_sku,
    )


async def _note_unchanged(database: Database, understood: MappedSnapshot, attempt: Attempt) -> StagedBatch:
    snapshot = understood.snapshot
    async with database.transaction() as connection:
        supplier = await suppliers.by_key(connection, snapshot.supplier_key)
        return await note_unchanged(connection, supplier, snapshot, understood.fingerprint, attempt)


async def note_unchanged(
    connection: Connection, supplier: Supplier, snapshot: SheetSnapshot, fingerprint: str, attempt: Attempt
) -> StagedBatch:
    """A batch that says: the list is the one in force."""
    force = await batches.in_force(connection, supplier.id)
    batch_id = await batches.open_batch(
        connection, supplier.id, snapshot.id, attempt.task_id, attempt.run_id, fingerprint, state="unchanged"
    )
    rows = force.accepted_rows if force else 0
    rejected = force.rejected_rows if force else 0
    await batches.record_counts(connection, batch_id, rows, rejected, 0, {})
    return StagedBatch(
        batch_id=batch_id,
        supplier_key=supplier.key,
        state="unchanged",
        total_rows=rows + rejected,
        accepted_rows=rows,
        rejected_rows=rejected,
    )


async def _still_stopped(database: Database, understood: MappedSnapshot, batch_id: int) -> StagedBatch:
    """The supplier did not change the list that was held: no second batch for the buyer to look through."""
    async with database.transaction() as connection:
        batch = await batches.get(connection, batch_id)
    return StagedBatch(
        batch_id=batch_id,
        supplier_key=understood.snapshot.supplier_key,
        state="stopped",
        total_rows=batch.total_rows,
        accepted_rows=batch.accepted_rows,
        rejected_rows=batch.rejected_rows,
    )
