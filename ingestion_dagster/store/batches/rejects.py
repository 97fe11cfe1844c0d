"""What was wrong with a supplier's lists, as it is on record: the judged batches and their rejects. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.corrections.compare import RejectRecord
from ingestion_dagster.store.batches.types import READ_LIST, ReadList
from ingestion_dagster.store.records import record_or_none, records

JUDGED = "('applied', 'held', 'approved', 'rejected')"
"""States of batches whose rows were read to the end and judged."""


@dataclass(frozen=True, slots=True)
class NewerList:
    """A list that came after another."""

    id: int
    """Of its snapshot."""
    fetched_at: datetime


async def newest_judged(connection: AsyncConnection, supplier_id: UUID) -> ReadList | None:
    """The batch of the supplier's newest list; one that was found unchanged is the batch it equals."""
    row = (await connection.execute(text(NEWEST), {"supplier": supplier_id})).first()
    return record_or_none(ReadList, row)


async def judged_before(connection: AsyncConnection, supplier_id: UUID, batch_id: int) -> ReadList | None:
    """The last batch before `batch_id` that read another list; one list that is read twice is no second list."""
    row = (await connection.execute(text(BEFORE), {"supplier": supplier_id, "batch": batch_id})).first()
    return record_or_none(ReadList, row)


async def rejects_of(connection: AsyncConnection, batch_id: int) -> list[RejectRecord]:
    """Rows that the batch did not take, in the order of the sheet."""
    rows = await connection.execute(
        text(
            "SELECT row_number, cell, field, code, raw, supplier_sku, row_data, error_message FROM parsing_logs"
            " WHERE batch_id = :batch AND row_number IS NOT NULL AND code IS NOT NULL ORDER BY row_number, id"
        ),
        {"batch": batch_id},
    )
    return records(RejectRecord, rows)


async def newer_snapshot(connection: AsyncConnection, supplier_id: UUID, snapshot_id: int) -> NewerList | None:
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
    return record_or_none(NewerList, row)


NEWEST = f"""
WITH newest AS (
    SELECT CASE WHEN state = 'unchanged' THEN base_batch_id ELSE id END AS id
    FROM ingestion_batches
    WHERE supplier_id = :supplier AND state IN ('applied', 'held', 'approved', 'rejected', 'unchanged')
    ORDER BY ingestion_batches.id DESC LIMIT 1
)
SELECT {READ_LIST}
FROM newest JOIN ingestion_batches batch ON batch.id = newest.id
JOIN sheet_snapshots snapshot ON snapshot.id = batch.snapshot_id
"""

BEFORE = f"""
SELECT {READ_LIST}
FROM ingestion_batches mine
JOIN sheet_snapshots received ON received.id = mine.snapshot_id
JOIN ingestion_batches batch ON batch.supplier_id = mine.supplier_id AND batch.id < mine.id
JOIN sheet_snapshots snapshot ON snapshot.id = batch.snapshot_id
WHERE mine.id = :batch AND batch.supplier_id = :supplier AND batch.state IN {JUDGED}
  AND snapshot.sha256 <> received.sha256
ORDER BY batch.id DESC LIMIT 1
"""
