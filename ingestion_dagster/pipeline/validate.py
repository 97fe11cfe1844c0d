"""The walk of one sheet: fetch, map, validate, each a function over the adapters. Knows no Dagster.

The ops call these one by one; what becomes of a staged batch is in `upsert.py`. What is handed on is a reference from
`core/steps.py`; everything heavy stays in the snapshot store and in `staged_items`.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.columns.drift import RememberedMapping
from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.mapped_sheet import MappedSheet, PriceProfile
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.reject_messages import message_for
from ingestion_dagster.core.rows.types import RowReject
from ingestion_dagster.core.sheets import Workbook, column_letter
from ingestion_dagster.core.steps import Attempt, MappedSnapshot, SheetSnapshot, StagedBatch, Timings
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import fetch_list, open_snapshot
from ingestion_dagster.pipeline.rekeying import note_rekey
from ingestion_dagster.pipeline.timing import timed
from ingestion_dagster.pipeline.upsert import upsert_items as upsert_items
from ingestion_dagster.store.batches import batches, judgements, mappings, snapshots, staging
from ingestion_dagster.store.catalogue import drive_states, price_steps, suppliers
from ingestion_dagster.store.database import Database, connected


async def fetch(deployment: Deployment, supplier_key: str) -> SheetSnapshot:
    """Bring the supplier's list here and keep its bytes."""
    timings: Timings = {}
    with timed(timings, "fetch"):
        async with connected(deployment.database_url, deployment.limits) as database:
            async with database.transaction() as connection:
                supplier = await suppliers.by_key(connection, supplier_key)
                listed = await drive_states.listed(connection, supplier.id)  # before the list is read
            fetched = fetch_list(deployment, supplier)
            data, filename = fetched.data, fetched.filename
            sha256, _ = deployment.snapshots.put(data)
            async with database.transaction() as connection:
                await snapshots.lock_bytes(connection, sha256)
                _, path = deployment.snapshots.put(data)  # the sweep may have removed what was there a moment ago
                snapshot_id = await snapshots.record(
                    connection, supplier.id, sha256, path, len(data), filename, supplier.source
                )
                await drive_states.read(connection, supplier.id, None if fetched.changes_unedited else listed)
    return SheetSnapshot(
        id=snapshot_id,
        supplier_key=supplier_key,
        sha256=sha256,
        size_bytes=len(data),
        filename=filename,
        quota=fetched.quota,
        notes=fetched.notes,
        timings=timings,
    )


async def stored_snapshot(deployment: Deployment, supplier_key: str, snapshot_id: int) -> SheetSnapshot:
    """The reference to an earlier snapshot of the supplier, to be read again."""
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        return await snapshots.get(connection, snapshot_id, supplier_key)


async def map_columns(deployment: Deployment, snapshot: SheetSnapshot, *, reread: bool = False) -> MappedSnapshot:
    """Understand the sheet, unless bytes and rules are those of the list in force. `reread` reads in any case.

    Raises SheetError where it is no price list that can be understood.
    """
    timings = dict(snapshot.timings)
    mapping_id, mapped = None, None
    with timed(timings, "map"):
        async with (
            connected(deployment.database_url, deployment.limits) as database,
            database.transaction() as connection,
        ):
            supplier = await suppliers.by_key(connection, snapshot.supplier_key)
            remembered = await mappings.confirmed(connection, supplier.id)
            force = await batches.in_force(connection, supplier.id)
            fingerprint = fingerprint_of(snapshot, supplier, remembered.version if remembered else 0)
            known_batch = None if reread else await judgements.of_same_list(connection, supplier.id, fingerprint)
        if known_batch is None:
            workbook = open_snapshot(deployment, snapshot, supplier)
            mapping_id, mapped = _understood(workbook, supplier, remembered, _profile_of(force))
    if mapped is not None and mapped.decision == "refuse":
        raise SheetError(_why_refused(mapped))
    return MappedSnapshot(
        snapshot=snapshot,
        fingerprint=fingerprint,
        mapped=mapped,
        mapping_id=mapping_id,
        stopped_batch_id=known_batch[0] if known_batch and known_batch[1] != "applied" else None,
        timings=timings,
    )


def _understood(
    workbook: Workbook, supplier: Supplier, remembered: mappings.Remembered | None, profile: PriceProfile | None
) -> tuple[int | None, MappedSheet]:
    """With what was confirmed last or, where the supplier returned to another known layout, with that one's answer.

    `profile`: of the prices in force, for an answer about columns that says nothing of prices.
    """
    if remembered is None:
        return None, understand(workbook, supplier.hints())
    mapped = understand(workbook, supplier.hints(), _with_prices(remembered.mapping, profile))
    mapping_id, mapping = remembered.for_signature(mapped.signature)
    if mapping is not remembered.mapping:
        mapped = understand(workbook, supplier.hints(), _with_prices(mapping, profile))
    return mapping_id, mapped


def _profile_of(force: dict[str, Any] | None) -> PriceProfile | None:
    if force is None or force["mapping"] is None:
        return None
    return MappedSheet.model_validate(force["mapping"]).price_profile


def _with_prices(mapping: RememberedMapping, profile: PriceProfile | None) -> RememberedMapping:
    return mapping if mapping.price_profile else mapping.model_copy(update={"price_profile": profile})


def fingerprint_of(snapshot: SheetSnapshot, supplier: Supplier, mapping_version: int) -> str:
    """Of the bytes and of everything that decides how they are read."""
    content = f"{snapshot.sha256}:{snapshot.filename}:{supplier.reading_rules()}:{mapping_version}"
    return hashlib.sha256(content.encode()).hexdigest()


def _why_refused(mapped: MappedSheet) -> str:
    reasons = [question.message for question in mapped.questions] or list(mapped.notes)
    return " ".join(reasons) or f"tab {mapped.sheet!r} is not a price list"


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
    connection: AsyncConnection,
    batch_id: int,
    supplier: Supplier,
    workbook: Workbook,
    mapped: MappedSheet,
    attempt: Attempt,
) -> _Staged:
    log = staging.RejectLog(database, attempt.task_id, supplier.id, batch_id)
    outcomes = read_rows(workbook.sheet(mapped.sheet), mapped, supplier.hints())
    counts = await staging.stage_rows(connection, batch_id, outcomes, log)
    collapsed, conflicting, folded = 0, [], 0
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


def _duplicate_reject(row: dict[str, Any], supplier: Supplier) -> RowReject:
    return RowReject(
        row=row["row_number"] - 1,
        column=None,
        field="supplier_sku",
        code="duplicate_key",
        message=message_for(
            "duplicate_key",
            supplier.settings.language or "en",
            key=row["supplier_sku"],
            row=row["row_number"],
            other=row["other_row"],
        ),
        raw=row["supplier_sku"],
        row_data="{}",
        supplier_sku=row["supplier_sku"],
    )


async def _note_unchanged(database: Database, understood: MappedSnapshot, attempt: Attempt) -> StagedBatch:
    snapshot = understood.snapshot
    async with database.transaction() as connection:
        supplier = await suppliers.by_key(connection, snapshot.supplier_key)
        return await note_unchanged(connection, supplier, snapshot, understood.fingerprint, attempt)


async def note_unchanged(
    connection: AsyncConnection, supplier: Supplier, snapshot: SheetSnapshot, fingerprint: str, attempt: Attempt
) -> StagedBatch:
    """A batch that says: the list is the one in force."""
    force = await batches.in_force(connection, supplier.id)
    batch_id = await batches.open_batch(
        connection, supplier.id, snapshot.id, attempt.task_id, attempt.run_id, fingerprint, state="unchanged"
    )
    rows = force["accepted_rows"] if force else 0
    rejected = force["rejected_rows"] if force else 0
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
        total_rows=batch["total_rows"],
        accepted_rows=batch["accepted_rows"],
        rejected_rows=batch["rejected_rows"],
    )


async def mapping_in_words(deployment: Deployment, batch_id: int) -> dict[str, str]:
    """field -> header, of this batch or, where nothing was read, of the batch in force."""
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        batch = await batches.get(connection, batch_id)
        if batch["mapping"] is None and batch["last_batch_id"] is not None:
            batch = await batches.get(connection, batch["last_batch_id"])
    if batch["mapping"] is None:
        return {}
    fields = MappedSheet.model_validate(batch["mapping"]).fields
    return {name: found.header or column_letter(found.column) for name, found in fields.items()}
