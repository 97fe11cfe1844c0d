"""A batch's life: staged, judged, decided; each transition is written down with who and why. `items.py` merges."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import StoreRejected
from ingestion_dagster.core.guards import GuardResult

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
    mapping: dict[str, Any] | None = None,
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
    state = (
        await connection.execute(
            text("SELECT state FROM ingestion_batches WHERE id = :id FOR UPDATE"), {"id": batch_id}
        )
    ).scalar()
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
    connection: AsyncConnection, batch_id: int, accepted: int, rejected: int, collapsed: int, report: dict[str, Any]
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
            "report": orjson.dumps(report | {"collapsed": collapsed}).decode(),
        },
    )


async def get(connection: AsyncConnection, batch_id: int) -> dict[str, Any]:
    """The batch with its supplier's key. Raises StoreRejected where there is none."""
    row = (await connection.execute(text(ONE_BATCH), {"id": batch_id})).first()
    if row is None:
        raise StoreRejected(f"there is no batch {batch_id}; `ingestion batch list` shows them")
    return dict(row._mapping)


async def seal(connection: AsyncConnection, batch_id: int) -> None:
    """Write down the hash of the staged rows: what a person approves later is exactly what was judged."""
    await connection.execute(
        text(f"UPDATE ingestion_batches SET content_hash = ({CONTENT_HASH}) WHERE id = :batch"), {"batch": batch_id}
    )


async def content_hash(connection: AsyncConnection, batch_id: int) -> str:
    """Hash of the batch's staged rows as they are now."""
    return str((await connection.execute(text(CONTENT_HASH), {"batch": batch_id})).scalar_one())


async def of_same_list(connection: AsyncConnection, supplier_id: UUID, fingerprint: str) -> tuple[int, str] | None:
    """Id and state of the batch that has this very list already: in force, or stopped and newer than that.

    A batch closed because it was overtaken is older than the one in force, so a list that comes back is read anew.
    """
    row = (await connection.execute(text(SAME_LIST), {"supplier": supplier_id, "fingerprint": fingerprint})).first()
    return (int(row.id), str(row.state)) if row else None


async def close_overtaken(connection: AsyncConnection, supplier_id: UUID, applied_id: int) -> list[int]:
    """Undecided batches that are older than the one just applied can never be applied: reject them; their ids."""
    older = await connection.execute(text(OVERTAKEN), {"supplier": supplier_id, "applied": applied_id})
    closed = [int(batch_id) for batch_id in older.scalars()]
    for batch_id in closed:
        await move(connection, batch_id, "rejected", "load", f"overtaken by batch {applied_id}")
    return closed


async def in_force(connection: AsyncConnection, supplier_id: UUID) -> dict[str, Any] | None:
    """The batch whose rows are the supplier's catalogue now."""
    row = (
        await connection.execute(
            text(
                "SELECT b.* FROM suppliers s JOIN ingestion_batches b ON b.id = s.last_batch_id WHERE s.id = :supplier"
            ),
            {"supplier": supplier_id},
        )
    ).first()
    return dict(row._mapping) if row else None


async def listed(
    connection: AsyncConnection, state: str | None = None, key: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
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
    return [dict(row._mapping) for row in rows]


async def transitions(connection: AsyncConnection, batch_id: int) -> list[dict[str, Any]]:
    """The batch's history: when, who, why."""
    rows = await connection.execute(
        text("SELECT at, from_state, to_state, actor, reason FROM batch_transitions WHERE batch_id = :id ORDER BY id"),
        {"id": batch_id},
    )
    return [dict(row._mapping) for row in rows]


async def sweep_staged(
    connection: AsyncConnection, batch_id: int | None = None, older_than: datetime | None = None
) -> int:
    """Remove the staged rows of decided batches (or of one); returns how many rows went."""
    result = await connection.execute(
        text(
            "DELETE FROM staged_items WHERE batch_id IN (SELECT id FROM ingestion_batches"
            " WHERE state IN ('applied', 'rejected', 'failed', 'unchanged')"
            " AND (CAST(:batch AS bigint) IS NULL OR id = :batch)"
            " AND (CAST(:older AS timestamptz) IS NULL OR decided_at < :older))"
        ),
        {"batch": batch_id, "older": older_than},
    )
    return int(result.rowcount)


async def errors_by_code(connection: AsyncConnection, batch_id: int) -> list[dict[str, Any]]:
    """The batch's rejects, counted by kind, with one message each."""
    rows = await connection.execute(
        text(
            "SELECT error_type, code, count(*) AS count, min(error_message) AS sample_message FROM parsing_logs"
            " WHERE batch_id = :id GROUP BY error_type, code ORDER BY count(*) DESC, code LIMIT 50"
        ),
        {"id": batch_id},
    )
    return [dict(row._mapping) for row in rows]


CONTENT_HASH = """
SELECT encode(sha256(convert_to(coalesce(string_agg(
           md5(staged::text), '' ORDER BY row_number, supplier_sku), ''), 'UTF8')), 'hex')
FROM staged_items staged WHERE batch_id = :batch
"""

SAME_LIST = """
SELECT batch.id, batch.state FROM ingestion_batches batch JOIN suppliers supplier ON supplier.id = batch.supplier_id
WHERE batch.supplier_id = :supplier AND batch.fingerprint = :fingerprint
  AND (batch.id = supplier.last_batch_id
       OR (batch.id > coalesce(supplier.last_batch_id, 0) AND batch.state IN ('held', 'rejected')))
ORDER BY batch.state = 'applied' DESC, batch.id DESC LIMIT 1
"""

OVERTAKEN = """
SELECT batch.id FROM ingestion_batches batch JOIN ingestion_batches applied ON applied.id = :applied
WHERE batch.supplier_id = :supplier AND batch.state IN ('staged', 'held', 'approved') AND batch.id <> applied.id
  AND (batch.snapshot_id < applied.snapshot_id OR (batch.snapshot_id = applied.snapshot_id AND batch.id < applied.id))
ORDER BY batch.id
"""

ONE_BATCH = """
SELECT batch.*, supplier.key AS supplier_key, supplier.name AS supplier_name, supplier.last_batch_id
FROM ingestion_batches batch JOIN suppliers supplier ON supplier.id = batch.supplier_id
WHERE batch.id = :id
"""


async def record_judgement(
    connection: AsyncConnection, batch_id: int, guards: list[dict[str, Any]], questions: list[dict[str, Any]]
) -> None:
    """What the guards said about the batch."""
    await connection.execute(
        text(
            "UPDATE ingestion_batches SET guards = CAST(:guards AS jsonb), questions = CAST(:questions AS jsonb)"
            " WHERE id = :id"
        ),
        {"id": batch_id, "guards": orjson.dumps(guards).decode(), "questions": orjson.dumps(questions).decode()},
    )


async def newest_judgement(connection: AsyncConnection, key: str) -> tuple[int, str, list[GuardResult]] | None:
    """The newest batch of the supplier that was judged: id, state, and what the guards said."""
    row = (
        await connection.execute(
            text(
                "SELECT b.id, b.state, b.guards FROM ingestion_batches b JOIN suppliers s ON s.id = b.supplier_id"
                " WHERE s.key = :key AND b.guards <> '[]' ORDER BY b.id DESC LIMIT 1"
            ),
            {"key": key},
        )
    ).first()
    return (row.id, row.state, [GuardResult.model_validate(guard) for guard in row.guards]) if row else None
