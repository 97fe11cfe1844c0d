"""A batch's life: staged, judged, decided; each transition is written down with who and why. `merge.py` merges."""

from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import StoreRejected
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.store.batches.types import Batch, BatchInForce, BatchLine, MappedBatch, RejectCount, Transition
from ingestion_dagster.store.records import record, record_or_none, records

ALLOWED = {
    "staged": ("applied", "held", "approved", "failed", "rejected"),
    "held": ("approved", "rejected"),
    "approved": ("applied", "held", "rejected", "failed"),
}
"""From which state a batch may go where; the others are final."""


async def open_batch(
    connection: AsyncConnection,
    supplier_id: UUID,
    snapshot_id: int,
    task_id: str,
    run_id: str | None,
    fingerprint: str,
    state: str = "staged",
    mapping: JsonObject | None = None,
    mapping_id: int | None = None,
) -> int:
    """A new batch of this snapshot; its id."""
    batch_id = (
        await connection.execute(
            text(
                "INSERT INTO ingestion_batches (supplier_id, snapshot_id, base_batch_id, task_id, run_id, state,"
                " fingerprint, mapping, mapping_id, decided_at)"
                " SELECT id, :snapshot, last_batch_id, :task, :run, :state, :fingerprint, CAST(:mapping AS jsonb),"
                " :mapping_id, CASE WHEN :state = 'staged' THEN NULL ELSE now() END"
                " FROM suppliers WHERE id = :supplier RETURNING id"
            ),
            {
                "supplier": supplier_id,
                "snapshot": snapshot_id,
                "task": task_id,
                "run": run_id,
                "state": state,
                "fingerprint": fingerprint,
                "mapping": orjson.dumps(mapping).decode() if mapping is not None else None,
                "mapping_id": mapping_id,
            },
        )
    ).scalar_one()
    await _note(connection, batch_id, None, state, "load", None)
    return int(batch_id)


async def move(
    connection: AsyncConnection, batch_id: int, to_state: str, actor: str, reason: str | None = None
) -> None:
    """Take the batch to `to_state`. Raises StoreRejected where its state does not allow that."""
    state = await _locked_state(connection, batch_id)
    if state is None:
        raise StoreRejected(f"there is no batch {batch_id}")
    if to_state not in ALLOWED.get(state, ()):
        raise StoreRejected(f"batch {batch_id} is {state}; it cannot become {to_state}")
    await connection.execute(
        text(
            "UPDATE ingestion_batches SET state = :state, reason = coalesce(:reason, reason),"
            " decided_at = CASE WHEN :state IN ('held', 'approved') THEN decided_at ELSE now() END WHERE id = :id"
        ),
        {"id": batch_id, "state": to_state, "reason": reason},
    )
    await _note(connection, batch_id, state, to_state, actor, reason)


async def fail_unfinished(connection: AsyncConnection, batch_id: int, actor: str, reason: str) -> None:
    """Take a batch to `failed` whose merge broke off. One that is held, or done with, stays what it is."""
    if await _locked_state(connection, batch_id) in ("staged", "approved"):
        await move(connection, batch_id, "failed", actor, reason)


async def _locked_state(connection: AsyncConnection, batch_id: int) -> str | None:
    statement = "SELECT state FROM ingestion_batches WHERE id = :id FOR UPDATE"
    state: str | None = (await connection.execute(text(statement), {"id": batch_id})).scalar()
    return state


async def _note(
    connection: AsyncConnection, batch_id: int, from_state: str | None, to_state: str, actor: str, reason: str | None
) -> None:
    await connection.execute(
        text(
            "INSERT INTO batch_transitions (batch_id, from_state, to_state, actor, reason)"
            " VALUES (:batch, :from_state, :to_state, :actor, :reason)"
        ),
        {"batch": batch_id, "from_state": from_state, "to_state": to_state, "actor": actor, "reason": reason},
    )


async def record_counts(
    connection: AsyncConnection, batch_id: int, accepted: int, rejected: int, collapsed: int, report: JsonObject
) -> None:
    """What staging found. `accepted` is the number of staged rows; equal repeats count as read, not as staged."""
    await connection.execute(
        text(
            "UPDATE ingestion_batches SET total_rows = :total, accepted_rows = :accepted, rejected_rows = :rejected,"
            " report = report || CAST(:report AS jsonb) WHERE id = :id"
        ),
        {
            "id": batch_id,
            "total": accepted + rejected + collapsed,
            "accepted": accepted,
            "rejected": rejected,
            "report": orjson.dumps({**report, "collapsed": collapsed}).decode(),
        },
    )


async def get(connection: AsyncConnection, batch_id: int) -> Batch:
    """The batch with its supplier's key. Raises StoreRejected where there is none."""
    row = (await connection.execute(text(ONE_BATCH), {"id": batch_id})).first()
    if row is None:
        raise StoreRejected(f"there is no batch {batch_id}; `ingestion batch list` shows them")
    return record(Batch, row)


async def in_force(connection: AsyncConnection, supplier_id: UUID) -> BatchInForce | None:
    """The batch whose rows are the supplier's catalogue now."""
    row = (
        await connection.execute(
            text(
                "SELECT b.id, b.mapping, b.accepted_rows, b.rejected_rows FROM suppliers s"
                " JOIN ingestion_batches b ON b.id = s.last_batch_id WHERE s.id = :supplier"
            ),
            {"supplier": supplier_id},
        )
    ).first()
    return record_or_none(BatchInForce, row)


async def newest_mapped(connection: AsyncConnection, supplier_id: UUID) -> MappedBatch | None:
    """The supplier's newest batch that was read."""
    row = (
        await connection.execute(
            text(
                "SELECT id, state, mapping, questions, snapshot_id FROM ingestion_batches"
                " WHERE supplier_id = :supplier AND mapping IS NOT NULL ORDER BY id DESC LIMIT 1"
            ),
            {"supplier": supplier_id},
        )
    ).first()
    return record_or_none(MappedBatch, row)


async def listed(
    connection: AsyncConnection, state: str | None = None, key: str | None = None, limit: int = 50
) -> list[BatchLine]:
    """Batches, newest first."""
    rows = await connection.execute(
        text(
            "SELECT b.id, s.key AS supplier, b.state, b.created_at, b.total_rows, b.accepted_rows, b.rejected_rows,"
            " b.inserted, b.updated, b.missing, b.reason, b.run_id FROM ingestion_batches b"
            " JOIN suppliers s ON s.id = b.supplier_id"
            " WHERE (CAST(:state AS text) IS NULL OR b.state = :state) AND (CAST(:key AS text) IS NULL OR s.key = :key)"
            " ORDER BY b.id DESC LIMIT :limit"
        ),
        {"state": state, "key": key, "limit": limit},
    )
    return records(BatchLine, rows)


async def transitions(connection: AsyncConnection, batch_id: int) -> list[Transition]:
    """The batch's history."""
    rows = await connection.execute(
        text("SELECT at, from_state, to_state, actor, reason FROM batch_transitions WHERE batch_id = :id ORDER BY id"),
        {"id": batch_id},
    )
    return records(Transition, rows)


async def sweep_staged(
    connection: AsyncConnection, batch_id: int | None = None, older_than: datetime | None = None
) -> int:
    """Remove the staged rows of decided batches (or of one) and the keys noted for them; how many rows went."""
    parameters = {"batch": batch_id, "older": older_than}
    result = await connection.execute(text(f"DELETE FROM staged_items WHERE {DECIDED}"), parameters)
    await connection.execute(text(f"DELETE FROM item_rekeys WHERE supplier_item_id IS NULL AND {DECIDED}"), parameters)
    return int(result.rowcount)


async def errors_by_code(connection: AsyncConnection, batch_id: int) -> list[RejectCount]:
    """The batch's rejects, counted by kind, with one message each."""
    rows = await connection.execute(
        text(
            "SELECT error_type, code, count(*) AS count, min(error_message) AS sample_message FROM parsing_logs"
            " WHERE batch_id = :id GROUP BY error_type, code ORDER BY count(*) DESC, code LIMIT 50"
        ),
        {"id": batch_id},
    )
    return records(RejectCount, rows)


DECIDED = """batch_id IN (
    SELECT id FROM ingestion_batches WHERE state IN ('applied', 'rejected', 'failed', 'unchanged')
    AND (CAST(:batch AS bigint) IS NULL OR id = :batch)
    AND (CAST(:older AS timestamptz) IS NULL OR decided_at < :older))"""

ONE_BATCH = """
SELECT batch.id, batch.supplier_id, batch.snapshot_id, batch.base_batch_id, batch.task_id, batch.run_id, batch.state,
       batch.fingerprint, batch.content_hash, batch.mapping, batch.mapping_id, batch.total_rows, batch.accepted_rows,
       batch.rejected_rows, batch.inserted, batch.updated, batch.unchanged, batch.missing, batch.guards,
       batch.questions, batch.report, batch.reason, batch.created_at, batch.decided_at, batch.decision_token,
       supplier.key AS supplier_key, supplier.name AS supplier_name, supplier.last_batch_id
FROM ingestion_batches batch JOIN suppliers supplier ON supplier.id = batch.supplier_id
WHERE batch.id = :id
"""
