"""What the database knows of time: its clock, the newest record, and records that a wrong clock put into the future."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.clocks import SLACK, Clocks, Moment, moment_of


def our_time() -> datetime:
    """This machine's clock, the second witness."""
    return datetime.now(UTC)


async def transaction_time(connection: AsyncConnection) -> datetime:
    """When this transaction began, by the database: what leases and waits are compared with."""
    moment: datetime = (await connection.execute(text("SELECT now()"))).scalar_one()
    return moment


async def clocks(connection: AsyncConnection, supplier_id: UUID | None = None) -> Clocks:
    """The clocks, and the newest record of the supplier (or of all)."""
    row = (
        await connection.execute(
            text(
                "SELECT clock_timestamp() AS database, max(last_seen_at) AS newest FROM suppliers"
                " WHERE id = CAST(:supplier AS uuid) OR CAST(:supplier AS uuid) IS NULL"
            ),
            {"supplier": supplier_id},
        )
    ).one()
    return Clocks(row.database, our_time(), row.newest)


async def next_moment(connection: AsyncConnection, supplier_id: UUID) -> Moment:
    """When the supplier's next change is recorded at: after its lock, or it could be older than what it follows."""
    return moment_of(await clocks(connection, supplier_id))


async def suppliers_ahead(connection: AsyncConnection) -> list[UUID]:
    """Suppliers with records in the future."""
    statement = "SELECT id FROM suppliers WHERE last_seen_at > clock_timestamp() + :slack ORDER BY id"
    return list((await connection.execute(text(statement), {"slack": SLACK})).scalars())


async def date_back(connection: AsyncConnection, supplier_id: UUID) -> int:
    """Records of the supplier that lie in the future get moments up to now, in the same order; how many moments.

    What was written while the clock was right already is dated at what it said. `price_history.clock_said` keeps what
    was there. Inside the caller's transaction, which holds the supplier's lock.
    """
    values: dict[str, object] = {"supplier": supplier_id, "now": (await clocks(connection)).database}
    await connection.execute(text(DATED_BACK))
    for statement in (AHEAD, PRICES, STEPS, ABSENCES, ITEMS, BATCHES, SUPPLIER, SNAPSHOTS, REQUESTS):
        await connection.execute(text(statement), values)
    done = await connection.execute(text("SELECT count(*) FROM dated_back"))
    return int(done.scalar_one())


DATED_BACK = "CREATE TEMPORARY TABLE dated_back (said timestamptz, moment timestamptz) ON COMMIT DROP"
AHEAD = """
INSERT INTO dated_back
WITH item AS (
    SELECT id FROM supplier_items WHERE supplier_id = :supplier
), record AS (
    SELECT recorded_at AS moment, clock_said FROM price_history WHERE supplier_item_id IN (SELECT id FROM item)
    UNION ALL SELECT missing_since, NULL FROM item_absences WHERE supplier_item_id IN (SELECT id FROM item)
    UNION ALL SELECT returned_at, NULL FROM item_absences WHERE supplier_item_id IN (SELECT id FROM item)
    UNION ALL SELECT unnest(ARRAY[missing_since, last_ingested_at, updated_at]), NULL FROM supplier_items
              WHERE supplier_id = :supplier
    UNION ALL SELECT unnest(ARRAY[valid_from, valid_to]), NULL FROM price_steps WHERE supplier_id = :supplier
    UNION ALL SELECT decided_at, NULL FROM ingestion_batches WHERE supplier_id = :supplier
    UNION ALL SELECT last_seen_at, NULL FROM suppliers WHERE id = :supplier
), last_right AS (
    SELECT max(moment) AS at FROM record WHERE moment <= :now
)
SELECT moment AS said,
       greatest(min(least(max(clock_said), CAST(:now AS timestamptz))) OVER (ORDER BY moment DESC),
                (SELECT at FROM last_right))
       + row_number() OVER (ORDER BY moment) * interval '1 microsecond' AS moment
FROM record WHERE moment > :now GROUP BY moment
"""
"""What the wrong clock said -> the moment it becomes. A record is not later than any that follows it, and every moment
is its own, so that the order stays."""

PRICES = """
UPDATE price_history price SET recorded_at = dated.moment, clock_said = coalesce(price.clock_said, price.recorded_at)
FROM dated_back dated, supplier_items item
WHERE item.supplier_id = :supplier AND price.supplier_item_id = item.id AND price.recorded_at = dated.said
"""
STEPS = """
UPDATE price_steps step
SET valid_from = coalesce((SELECT moment FROM dated_back WHERE said = step.valid_from), valid_from),
    valid_to = coalesce((SELECT moment FROM dated_back WHERE said = step.valid_to), valid_to)
WHERE supplier_id = :supplier AND greatest(valid_from, valid_to) > :now
"""
ABSENCES = """
UPDATE item_absences absence
SET missing_since = coalesce((SELECT moment FROM dated_back WHERE said = absence.missing_since),
                             absence.missing_since),
    returned_at = coalesce((SELECT moment FROM dated_back WHERE said = absence.returned_at), absence.returned_at)
FROM supplier_items item WHERE item.supplier_id = :supplier AND absence.supplier_item_id = item.id
  AND greatest(absence.missing_since, absence.returned_at) > :now
"""
ITEMS = """
UPDATE supplier_items item
SET missing_since = coalesce((SELECT moment FROM dated_back WHERE said = item.missing_since), missing_since),
    last_ingested_at = coalesce((SELECT moment FROM dated_back WHERE said = item.last_ingested_at), last_ingested_at),
    updated_at = coalesce((SELECT moment FROM dated_back WHERE said = item.updated_at), updated_at),
    created_at = least(created_at, :now)
WHERE supplier_id = :supplier AND greatest(missing_since, last_ingested_at, updated_at, created_at) > :now
"""
BATCHES = """
UPDATE ingestion_batches batch
SET decided_at = coalesce((SELECT moment FROM dated_back WHERE said = batch.decided_at), decided_at),
    created_at = least(created_at, :now)
WHERE supplier_id = :supplier AND greatest(decided_at, created_at) > :now
"""
SUPPLIER = """
UPDATE suppliers known
SET last_seen_at = coalesce((SELECT moment FROM dated_back WHERE said = known.last_seen_at), last_seen_at),
    created_at = least(created_at, :now), updated_at = least(updated_at, :now)
WHERE id = :supplier
"""
SNAPSHOTS = "UPDATE sheet_snapshots SET fetched_at = :now WHERE supplier_id = :supplier AND fetched_at > :now"
REQUESTS = """
UPDATE ingestion_requests SET received_at = least(received_at, :now), finished_at = least(finished_at, :now)
WHERE supplier_id = :supplier AND greatest(received_at, finished_at) > :now
"""
