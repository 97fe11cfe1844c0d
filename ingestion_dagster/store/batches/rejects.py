"""What was wrong with a supplier's lists, as it is on record: the judged batches and their rejects. Reads only."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

JUDGED = "('applied', 'held', 'approved', 'rejected')"
"""States of batches whose rows were read to the end and judged."""


async def newest_judged(connection: AsyncConnection, supplier_id: UUID) -> dict[str, Any] | None:
    """The batch of the supplier's newest list; one that was found unchanged is the batch it equals."""
    row = (await connection.execute(text(NEWEST), {"supplier": supplier_id})).first()
    return dict(row._mapping) if row else None


async def judged_before(connection: AsyncConnection, supplier_id: UUID, batch_id: int) -> dict[str, Any] | None:
    """The last batch before `batch_id` that read another list; one list that is read twice is no second list."""
    row = (await connection.execute(text(BEFORE), {"supplier": supplier_id, "batch": batch_id})).first()
    return dict(row._mapping) if row else None


async def rejects_of(connection: AsyncConnection, batch_id: int) -> list[dict[str, Any]]:
    """Rows that the batch did not take, in the order of the sheet; `row_number` is 1-based."""
    rows = await connection.execute(
        text(
            "SELECT row_number, cell, field, code, raw, supplier_sku, row_data, error_message FROM parsing_logs"
            " WHERE batch_id = :batch AND row_number IS NOT NULL AND code IS NOT NULL ORDER BY row_number, id"
        ),
        {"batch": batch_id},
    )
    return [dict(row._mapping) for row in rows]


async def newer_snapshot(connection: AsyncConnection, supplier_id: UUID, snapshot_id: int) -> dict[str, Any] | None:
    """A list that was received after snapshot `snapshot_id`."""
    row = (
        await connection.execute(
            text(
                "SELECT id, fetched_at FROM sheet_snapshots WHERE supplier_id = :supplier AND id > :snapshot"
                " ORDER BY id DESC LIMIT 1"
            ),
            {"supplier": supplier_id, "snapshot": snapshot_id},
        )
    ).first()
    return dict(row._mapping) if row else None


COLUMNS = """
batch.id, batch.state, batch.snapshot_id, batch.mapping, batch.questions, batch.total_rows, batch.accepted_rows,
batch.rejected_rows, batch.created_at, snapshot.sha256, snapshot.size_bytes, snapshot.filename, snapshot.fetched_at,
snapshot.deleted_at
"""

NEWEST = f"""
WITH newest AS (
    SELECT CASE WHEN state = 'unchanged' THEN base_batch_id ELSE id END AS id
    FROM ingestion_batches
    WHERE supplier_id = :supplier AND state IN ('applied', 'held', 'approved', 'rejected', 'unchanged')
    ORDER BY ingestion_batches.id DESC LIMIT 1
)
SELECT {COLUMNS}
FROM newest JOIN ingestion_batches batch ON batch.id = newest.id
JOIN sheet_snapshots snapshot ON snapshot.id = batch.snapshot_id
"""

BEFORE = f"""
SELECT {COLUMNS}
FROM ingestion_batches mine
JOIN sheet_snapshots received ON received.id = mine.snapshot_id
JOIN ingestion_batches batch ON batch.supplier_id = mine.supplier_id AND batch.id < mine.id
JOIN sheet_snapshots snapshot ON snapshot.id = batch.snapshot_id
WHERE mine.id = :batch AND batch.supplier_id = :supplier AND batch.state IN {JUDGED}
  AND snapshot.sha256 <> received.sha256
ORDER BY batch.id DESC LIMIT 1
"""
