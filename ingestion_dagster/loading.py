"""The walk of one sheet: fetch, map, validate, upsert, each a function over the adapters. Knows no Dagster.

The ops call these one by one, `ingestion plan` stops before the last. What is handed on is a reference from
`core/walk.py`; everything heavy stays in the snapshot store and in `staged_items`.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core import guards
from ingestion_dagster.core.errors import DataIngestionError, SheetError
from ingestion_dagster.core.mapped import MappedSheet
from ingestion_dagster.core.reject_messages import message_for
from ingestion_dagster.core.row_types import RowReject
from ingestion_dagster.core.rows import read_rows
from ingestion_dagster.core.sheets import Workbook, column_letter
from ingestion_dagster.core.supplier import Supplier
from ingestion_dagster.core.understanding import understand
from ingestion_dagster.core.walk import (
    ErrorCount,
    LoadSummary,
    MappedSnapshot,
    SheetSnapshot,
    StagedBatch,
    Timings,
    result_object,
)
from ingestion_dagster.fetching import fetch_bytes, open_snapshot
from ingestion_dagster.store import batches, items, judging, mappings, requests, snapshots, staging, suppliers
from ingestion_dagster.store.database import Database, connected
from ingestion_dagster.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Errand:
    """On whose behalf a load happens: a request from the queue (with its fence), or a person."""

    task_id: str
    run_id: str | None = None
    request_id: int | None = None
    fence: int | None = None
    attempt: int = 1


@contextmanager
def _timed(timings: Timings, step: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        timings[step] = round(timings.get(step, 0.0) + time.perf_counter() - started, 4)


async def fetch(place: Workplace, supplier_key: str) -> SheetSnapshot:
    """Bring the supplier's list here and keep its bytes."""
    timings: Timings = {}
    with _timed(timings, "fetch"):
        async with connected(place.database_url, place.limits) as database:
            async with database.transaction() as connection:
                supplier = await suppliers.by_key(connection, supplier_key)
            data, filename = fetch_bytes(place, supplier)
            sha256, path = place.snapshots.put(data)
            async with database.transaction() as connection:
                snapshot_id = await snapshots.record(
                    connection, supplier.id, sha256, path, len(data), filename, supplier.source
                )
    return SheetSnapshot(
        id=snapshot_id,
        supplier_key=supplier_key,
        sha256=sha256,
        size_bytes=len(data),
        filename=filename,
        timings=timings,
    )


async def stored_snapshot(place: Workplace, supplier_key: str, snapshot_id: int) -> SheetSnapshot:
    """The reference to an earlier snapshot of the supplier, to be read again."""
    async with connected(place.database_url, place.limits) as database, database.transaction() as connection:
        return await snapshots.get(connection, snapshot_id, supplier_key)


async def map_columns(place: Workplace, snapshot: SheetSnapshot, *, reread: bool = False) -> MappedSnapshot:
    """Understand the sheet, unless bytes and rules are those of the list in force. `reread` reads in any case.

    Raises SheetError where it is no price list that can be understood.
    """
    timings = dict(snapshot.timings)
    mapped = None
    with _timed(timings, "map"):
        async with connected(place.database_url, place.limits) as database, database.transaction() as connection:
            supplier = await suppliers.by_key(connection, snapshot.supplier_key)
            remembered = await mappings.confirmed(connection, supplier.id)
            in_force = await batches.in_force(connection, supplier.id)
        fingerprint = _fingerprint(snapshot, supplier, remembered.version if remembered else 0)
        if reread or in_force is None or in_force["fingerprint"] != fingerprint:
            workbook = open_snapshot(place, snapshot, supplier)
            mapped = understand(workbook, supplier.hints(), remembered.mapping if remembered else None)
    if mapped is not None and mapped.decision == "refuse":
        raise SheetError(_why_refused(mapped))
    return MappedSnapshot(
        snapshot=snapshot,
        fingerprint=fingerprint,
        mapped=mapped,
        mapping_id=remembered.id if remembered else None,
        timings=timings,
    )


def _fingerprint(snapshot: SheetSnapshot, supplier: Supplier, mapping_version: int) -> str:
    content = f"{snapshot.sha256}:{snapshot.filename}:{supplier.reading_rules()}:{mapping_version}"
    return hashlib.sha256(content.encode()).hexdigest()


def _why_refused(mapped: MappedSheet) -> str:
    reasons = [question.message for question in mapped.questions] or list(mapped.notes)
    return " ".join(reasons) or f"tab {mapped.sheet!r} is not a price list"


async def validate_rows(place: Workplace, understood: MappedSnapshot, errand: Errand) -> StagedBatch:
    """Read every row: good ones into `staged_items`, bad ones into `parsing_logs`."""
    timings = dict(understood.timings)
    with _timed(timings, "validate"):
        async with connected(place.database_url, place.limits) as database:
            if understood.mapped is None:
                staged = await _note_unchanged(database, understood, errand)
            else:
                staged = await _read_and_stage(database, place, understood, understood.mapped, errand)
    return staged.model_copy(update={"timings": timings})


async def _read_and_stage(
    database: Database, place: Workplace, understood: MappedSnapshot, mapped: MappedSheet, errand: Errand
) -> StagedBatch:
    snapshot = understood.snapshot
    async with database.transaction() as connection:
        supplier = await suppliers.by_key(connection, snapshot.supplier_key)
    workbook = open_snapshot(place, snapshot, supplier)
    async with database.transaction() as connection:
        batch_id = await batches.open_batch(
            connection,
            supplier.id,
            snapshot.id,
            errand.task_id,
            errand.run_id,
            understood.fingerprint,
            mapping=mapped.model_dump(mode="json"),
            mapping_id=understood.mapping_id,
        )
        counts = await _stage(database, connection, batch_id, supplier, workbook, mapped, errand)
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
    errand: Errand,
) -> _Staged:
    log = staging.RejectLog(database, errand.task_id, supplier.id, batch_id)
    outcomes = read_rows(workbook.sheet(mapped.sheet), mapped, supplier.hints())
    counts = await staging.stage_rows(connection, batch_id, outcomes, log)
    collapsed, conflicting = 0, []
    if counts.repeated_key:
        collapsed, conflicting = await staging.settle_duplicates(connection, batch_id, supplier.settings.duplicates)
        for row in conflicting:
            await log.add(_duplicate_reject(row, supplier))
        await log.flush()
    accepted = counts.items - collapsed - len(conflicting)
    rejected = counts.rejects + len(conflicting)
    report = {"not_items": counts.not_items, "duplicates": len(conflicting)}
    await batches.record_counts(connection, batch_id, accepted, rejected, collapsed, report)
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


async def _note_unchanged(database: Database, understood: MappedSnapshot, errand: Errand) -> StagedBatch:
    snapshot = understood.snapshot
    async with database.transaction() as connection:
        supplier = await suppliers.by_key(connection, snapshot.supplier_key)
        force = await batches.in_force(connection, supplier.id)
        batch_id = await batches.open_batch(
            connection,
            supplier.id,
            snapshot.id,
            errand.task_id,
            errand.run_id,
            understood.fingerprint,
            state="unchanged",
        )
        rows = force["accepted_rows"] if force else 0
        rejected = force["rejected_rows"] if force else 0
        await batches.record_counts(connection, batch_id, rows, rejected, 0, {})
    return StagedBatch(
        batch_id=batch_id,
        supplier_key=snapshot.supplier_key,
        state="unchanged",
        total_rows=rows + rejected,
        accepted_rows=rows,
        rejected_rows=rejected,
    )


async def upsert_items(place: Workplace, staged: StagedBatch, errand: Errand) -> LoadSummary:
    """Judge the batch, then hold it or take it into the catalogue; the acknowledgement is in the same transaction.

    Raises LeaseLost (and writes nothing) where another attempt owns the request.
    """
    timings = dict(staged.timings)
    async with connected(place.database_url, place.limits) as database:
        try:
            async with database.transaction() as connection:
                with _timed(timings, "merge"):
                    summary = await _decide(connection, place, staged)
                summary = summary.model_copy(update={"timings": timings})
                await _acknowledge(connection, summary, errand)
        except DataIngestionError as error:
            if not error.retryable:
                await _mark_failed(database, staged.batch_id, str(error))
            raise
        if summary.status in ("success", "partial_success"):
            async with database.transaction() as connection:
                await batches.sweep_staged(connection, staged.batch_id)
    return summary


async def _decide(connection: AsyncConnection, place: Workplace, staged: StagedBatch) -> LoadSummary:
    batch = await batches.get(connection, staged.batch_id)
    await items.lock_supplier(connection, batch["supplier_id"])
    if batch["state"] == "unchanged":
        await items.mark_seen(connection, batch["supplier_id"], None)
        return _summary(batch, "unchanged", unchanged=batch["accepted_rows"])
    supplier = await suppliers.by_id(connection, batch["supplier_id"])
    errors = tuple(ErrorCount.model_validate(row) for row in await batches.errors_by_code(connection, batch["id"]))
    if batch["state"] == "staged":
        held = await _judge(connection, batch, supplier)
        if held:
            return _summary(batch, "held", reasons=tuple(result.message for result in held), errors=errors)
    grace = supplier.settings.missing_grace or place.settings.missing_grace_loads
    merged = await items.merge(connection, batch["id"], grace)
    return _summary(
        batch,
        "partial_success" if batch["rejected_rows"] else "success",
        inserted=merged.inserted,
        updated=merged.updated,
        unchanged=merged.unchanged,
        missing=merged.missing,
        price_changes=merged.price_changes,
        median_price_change=merged.median_change,
        errors=errors,
    )


async def _judge(connection: AsyncConnection, batch: dict[str, Any], supplier: Supplier) -> list[guards.GuardResult]:
    """Run the guards and write down what they said; a tripped one holds the batch."""
    mapped = MappedSheet.model_validate(batch["mapping"])
    facts = await judging.facts_of(connection, batch, supplier.settings.guards, mapped.qualifiers.get("tier"))
    results = guards.evaluate(facts, supplier.settings.guards, mapped)
    questions = [question.model_dump(mode="json") for question in mapped.questions]
    await batches.record_judgement(connection, batch["id"], guards.as_json(results), questions)
    stopped = guards.tripped(results)
    if stopped:
        await batches.move(connection, batch["id"], "held", "guards", " ".join(result.message for result in stopped))
    return stopped


def _summary(batch: dict[str, Any], status: str, **more: Any) -> LoadSummary:
    return LoadSummary(
        supplier_key=batch["supplier_key"],
        batch_id=batch["id"],
        status=status,  # type: ignore[arg-type]
        total_rows=batch["total_rows"],
        accepted_rows=batch["total_rows"] - batch["rejected_rows"],
        rejected_rows=batch["rejected_rows"],
        **more,
    )


async def _acknowledge(connection: AsyncConnection, summary: LoadSummary, errand: Errand) -> None:
    """Effect and acknowledgement commit together: the request's state is the last statement of the transaction."""
    if errand.request_id is None or errand.fence is None:
        return
    supplier_id = await requests.supplier_of(connection, errand.request_id)
    result = result_object(
        summary,
        task_id=errand.task_id,
        supplier_id=str(supplier_id),
        run_id=errand.run_id,
        retry_count=errand.attempt - 1,
        processed_at="",
    )
    state = "held" if summary.status == "held" else "applied"
    await requests.acknowledge(connection, errand.request_id, errand.fence, state, summary.batch_id, result)


async def _mark_failed(database: Database, batch_id: int, reason: str) -> None:
    async with database.transaction() as connection:
        state = (
            await connection.execute(
                text("SELECT state FROM ingestion_batches WHERE id = :id FOR UPDATE"), {"id": batch_id}
            )
        ).scalar()
        if state in ("staged", "approved"):
            await batches.move(connection, batch_id, "failed", "load", reason)


async def mapping_in_words(place: Workplace, batch_id: int) -> dict[str, str]:
    """field -> header, of this batch or, where nothing was read, of the batch in force."""
    async with connected(place.database_url, place.limits) as database, database.transaction() as connection:
        batch = await batches.get(connection, batch_id)
        if batch["mapping"] is None and batch["last_batch_id"] is not None:
            batch = await batches.get(connection, batch["last_batch_id"])
    if batch["mapping"] is None:
        return {}
    fields = MappedSheet.model_validate(batch["mapping"]).fields
    return {name: found.header or column_letter(found.column) for name, found in fields.items()}
