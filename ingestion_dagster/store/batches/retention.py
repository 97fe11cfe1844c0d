"""What may be forgotten: old snapshots that no price stands on, rows of batches nobody decided, old deliveries.

Never a catalogue row, never history. The bytes themselves are removed by `ingestion_dagster/services/retention.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.store.batches import batches
from ingestion_dagster.store.batches.snapshots import lock_bytes


class Expired(NamedTuple):
    """Snapshots of one content that nothing needs any more."""

    sha256: str
    snapshot_ids: list[int]


async def expired_snapshots(connection: AsyncConnection, keep_last: int, keep_days: int) -> Sequence[Expired]:
    """Snapshots beyond the last `keep_last` of their supplier and older than `keep_days`, by content.

    Kept in any case: the list in force, lists of undecided batches, and every list that the current price of any item
    was read from.
    """
    rows = await connection.execute(text(EXPIRED), {"last": keep_last, "days": keep_days})
    return [Expired(row.sha256, list(row.ids)) for row in rows]


async def forget_snapshots(connection: AsyncConnection, expired: Expired) -> bool:
    """Mark them as deleted, unless a batch took one up since. Whether the bytes may go too, until the transaction ends:
    the same bytes may be a newer list, or another supplier's."""
    await lock_bytes(connection, expired.sha256)
    await connection.execute(text(FORGET), {"ids": expired.snapshot_ids})
    found = await connection.execute(
        text("SELECT count(*) FROM sheet_snapshots WHERE sha256 = :sha AND deleted_at IS NULL"),
        {"sha": expired.sha256},
    )
    return int(found.scalar_one()) == 0


async def abandon(connection: AsyncConnection, days: int) -> int:
    """Batches staged long ago and never decided (a load that was killed, a plan that nobody applied) fail."""
    rows = await connection.execute(
        text(
            "SELECT id FROM ingestion_batches WHERE state = 'staged' AND created_at < now() - make_interval(days => :d)"
            " ORDER BY id"
        ),
        {"d": days},
    )
    old = [int(batch_id) for batch_id in rows.scalars()]
    for batch_id in old:
        await batches.move(connection, batch_id, "failed", "sweep", f"not decided within {days} days")
    return len(old)


async def prune_deliveries(connection: AsyncConnection, days: int) -> int:
    """Which delivery became which request matters only while Redis may hand a message out again."""
    gone = await connection.execute(
        text("DELETE FROM ingestion_deliveries WHERE received_at < now() - make_interval(days => :d)"), {"d": days}
    )
    return int(gone.rowcount)


EXPIRED = """
WITH ranked AS (
    SELECT id, supplier_id, sha256, fetched_at,
           row_number() OVER (PARTITION BY supplier_id ORDER BY id DESC) AS place
    FROM sheet_snapshots WHERE deleted_at IS NULL
), old AS (
    SELECT id, supplier_id, sha256 FROM ranked
    WHERE place > :last AND fetched_at < now() - make_interval(days => :days)
), priced AS (
    SELECT DISTINCT ON (history.supplier_item_id) history.batch_id
    FROM price_history history JOIN supplier_items item ON item.id = history.supplier_item_id
    WHERE item.supplier_id IN (SELECT supplier_id FROM old)
    ORDER BY history.supplier_item_id, history.recorded_at DESC, history.id DESC
), stepped AS (
    SELECT DISTINCT batch_id FROM price_steps
    WHERE valid_to IS NULL AND supplier_id IN (SELECT supplier_id FROM old)
), needed AS (
    SELECT snapshot_id FROM ingestion_batches WHERE state IN ('staged', 'held', 'approved')
    UNION SELECT batch.snapshot_id FROM suppliers s JOIN ingestion_batches batch ON batch.id = s.last_batch_id
    UNION SELECT batch.snapshot_id FROM priced JOIN ingestion_batches batch ON batch.id = priced.batch_id
    UNION SELECT batch.snapshot_id FROM stepped JOIN ingestion_batches batch ON batch.id = stepped.batch_id
)
SELECT sha256, array_agg(id ORDER BY id) AS ids FROM old
WHERE NOT EXISTS (SELECT FROM needed WHERE needed.snapshot_id = old.id)
GROUP BY sha256 ORDER BY sha256
"""

FORGET = """
UPDATE sheet_snapshots SET deleted_at = now()
WHERE id = ANY(:ids) AND deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM ingestion_batches batch
                  WHERE batch.snapshot_id = sheet_snapshots.id AND batch.state IN ('staged', 'held', 'approved'))
"""
