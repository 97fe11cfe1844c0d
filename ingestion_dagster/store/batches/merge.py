"""The merge: one transaction that takes a staged batch into the catalogue, with price history. Judging is done before.

The statement joins first and touches only what is new or differs: an unchanged row is not even locked
(`ON CONFLICT … WHERE changed` writes 42 MB of WAL for 100,000 equal rows, this 0.1 MB).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import StaleSnapshot, StoreRejected, StoreUnavailable
from ingestion_dagster.core.fields import COMPARED
from ingestion_dagster.store import clock
from ingestion_dagster.store.batches import batches
from ingestion_dagster.store.catalogue import price_steps

COMPARABLE = "(old_currency IS NULL OR currency IS NULL OR old_currency = currency)"
"""Two prices of an item say something about each other, unless each has a currency and not the same one."""


@dataclass(frozen=True, slots=True)
class MergeCounts:
    """What the merge did to the supplier's items."""

    inserted: int
    updated: int
    unchanged: int
    missing: int
    price_changes: int
    median_change: float | None
    """Percent, over the prices that changed within their currency."""
    currencies: tuple[str, ...]
    """`EUR to USD`, each once, of the items that changed their currency."""


async def lock_supplier(connection: AsyncConnection, supplier_id: UUID) -> None:
    """One load of a supplier at a time; the lock ends with the transaction (safe behind pgbouncer)."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('ingestion.supplier.' || :supplier, 0))"),
        {"supplier": str(supplier_id)},
    )


async def merge(connection: AsyncConnection, batch_id: int, grace: int, actor: str = "load") -> MergeCounts:
    """Take the batch into the catalogue, inside the caller's transaction.

    Raises StaleSnapshot where something newer is in force, StoreRejected where the batch is not in a state to be
    applied or its staged rows are not all there.
    """
    batch = await batches.get(connection, batch_id)
    supplier_id: UUID = batch.supplier_id
    await lock_supplier(connection, supplier_id)
    await check_order(connection, batch_id)
    await connection.execute(text(PLANNER))
    moment = await clock.next_moment(connection, supplier_id)
    parameters = {"batch": batch_id, "supplier": supplier_id, "grace": grace, **moment._asdict()}
    merged = (await connection.execute(text(MERGE), parameters)).one()
    if merged.staged != batch.accepted_rows:
        raise StoreRejected(
            f"batch {batch_id} has {merged.staged} of {batch.accepted_rows} staged rows; load the list again"
        )
    step_changes = await price_steps.merge_steps(connection, batch_id, supplier_id, merged.stepped, moment.at)
    await batches.move(connection, batch_id, "applied", actor)
    counts = MergeCounts(
        inserted=merged.inserted,
        updated=merged.updated,
        unchanged=merged.staged - merged.inserted - merged.updated,
        missing=merged.missing,
        price_changes=merged.price_changes,
        median_change=round(float(merged.median_change), 2) if merged.median_change is not None else None,
        currencies=tuple(merged.currencies or ()),
    )
    await connection.execute(
        text(
            "UPDATE ingestion_batches SET inserted = :inserted, updated = :updated, unchanged = :unchanged,"
            " missing = :missing, decided_at = :moment, report = report || jsonb_build_object("
            "'price_changes', CAST(:changes AS int), 'step_changes', CAST(:steps AS int),"
            " 'median_price_change', CAST(:median AS float8)) WHERE id = :batch"
        ),
        {
            "batch": batch_id,
            "inserted": counts.inserted,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "missing": counts.missing,
            "changes": counts.price_changes,
            "steps": step_changes,
            "median": counts.median_change,
            "moment": moment.at,
        },
    )
    await mark_seen(connection, supplier_id, batch_id, moment.at)
    return counts


async def mark_seen(
    connection: AsyncConnection, supplier_id: UUID, batch_id: int | None, moment: datetime | None = None
) -> None:
    """The supplier's list was seen at `moment`, or just now; `batch_id` is the batch now in force, None where that
    stays. The time never goes back: the next merge counts from it."""
    seen = moment or (await clock.next_moment(connection, supplier_id)).at
    await connection.execute(
        text(
            "UPDATE suppliers SET last_batch_id = coalesce(CAST(:batch AS bigint), last_batch_id),"
            " last_seen_at = greatest(CAST(:moment AS timestamptz), last_seen_at)"
            " WHERE id = :supplier"
        ),
        {"supplier": supplier_id, "batch": batch_id, "moment": seen},
    )


async def check_order(connection: AsyncConnection, batch_id: int) -> None:
    """An older snapshot never overwrites a newer one, nor an older reading of the same snapshot a newer one.

    Raises StaleSnapshot, or StoreUnavailable where a crash of the server emptied the unlogged part of `staged_items`
    after this batch was staged: the load has to begin again.
    """
    row = (await connection.execute(text(NEWER_IN_FORCE), {"batch": batch_id})).first()
    if row is not None:
        raise StaleSnapshot(
            f"batch {batch_id} (list of {row.fetched_at:%Y-%m-%d %H:%M} UTC) is overtaken by batch {row.newer_batch},"
            f" whose list was fetched {row.newer_fetched_at:%Y-%m-%d %H:%M} UTC"
        )
    if (await connection.execute(text(LOST), {"batch": batch_id})).first() is not None:
        raise StoreUnavailable(f"the staged rows of batch {batch_id} went with a crash of the database; load it again")


PLANNER = """
SELECT set_config('enable_nestloop', 'off', true),
       set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')) / 1024, 65536) || 'kB', true)
"""
"""Estimates for freshly staged rows are blind; both sides are whole lists, so a hash or merge join is right, and one
of 100,000 rows fits into 64 MB."""

NEWER_IN_FORCE = """
SELECT mine.fetched_at, newer.fetched_at AS newer_fetched_at, force.id AS newer_batch
FROM ingestion_batches batch
JOIN suppliers supplier ON supplier.id = batch.supplier_id
JOIN ingestion_batches force ON force.id = supplier.last_batch_id
JOIN sheet_snapshots mine ON mine.id = batch.snapshot_id
JOIN sheet_snapshots newer ON newer.id = force.snapshot_id
WHERE batch.id = :batch AND (newer.id > mine.id OR (newer.id = mine.id AND force.id > batch.id))
"""

LOST = """
SELECT id FROM ingestion_batches
WHERE id = :batch AND state = 'staged' AND accepted_rows > 0
  AND NOT EXISTS (SELECT FROM staged_items WHERE batch_id = :batch)
"""

_OLD = ", ".join(f"item.{column}" for column in COMPARED)
_NEW = ", ".join(f"staged.{column}" for column in COMPARED)
_LIST = ", ".join(COMPARED)
_SET = ", ".join(f"{column} = incoming.{column}" for column in COMPARED)

MERGE = f"""
WITH moment AS MATERIALIZED (
    SELECT CAST(:at AS timestamptz) AS at, CAST(:clock_said AS timestamptz) AS clock_said
), compared AS MATERIALIZED (
    SELECT staged.*, item.id AS item_id, item.supplier_sku AS known_sku, item.current_price AS old_price,
           item.currency AS old_currency, item.missing_since AS was_missing_since
    FROM (SELECT * FROM staged_items WHERE batch_id = :batch) staged
    FULL JOIN (SELECT * FROM supplier_items WHERE supplier_id = :supplier) item
        ON item.supplier_sku = staged.supplier_sku
    WHERE CASE WHEN staged.supplier_sku IS NULL THEN item.active
               ELSE item.id IS NULL OR item.missing_since IS NOT NULL OR NOT item.active
                    OR (item.current_price, {_OLD}) IS DISTINCT FROM (staged.price, {_NEW}) END
    ORDER BY staged.supplier_sku
), incoming AS (
    SELECT * FROM compared WHERE supplier_sku IS NOT NULL
), inserted AS (
    INSERT INTO supplier_items (supplier_id, supplier_sku, current_price, {_LIST})
    SELECT :supplier, supplier_sku, price, {_LIST} FROM incoming WHERE item_id IS NULL
    RETURNING id, supplier_sku
), updated AS (
    UPDATE supplier_items item
    SET current_price = incoming.price, {_SET}, missing_since = NULL, missing_loads = 0, active = true,
        last_ingested_at = (SELECT at FROM moment), updated_at = (SELECT at FROM moment)
    FROM incoming WHERE item.supplier_id = :supplier AND item.id = incoming.item_id
    RETURNING item.id
), returned AS (
    UPDATE item_absences absence SET returned_at = (SELECT at FROM moment)
    FROM incoming
    WHERE incoming.was_missing_since IS NOT NULL AND absence.supplier_item_id = incoming.item_id
      AND absence.returned_at IS NULL
), recorded AS (
    INSERT INTO price_history (supplier_item_id, price, currency, batch_id, row_number, column_index, printed_price,
                               price_basis, recorded_at, clock_said)
    SELECT coalesce(incoming.item_id, inserted.id), incoming.price, incoming.currency, :batch,
           incoming.row_number, incoming.price_column, incoming.printed_price, incoming.price_basis,
           (SELECT at FROM moment), (SELECT clock_said FROM moment)
    FROM incoming LEFT JOIN inserted ON inserted.supplier_sku = incoming.supplier_sku
    WHERE incoming.item_id IS NULL
       OR (incoming.old_price, incoming.old_currency) IS DISTINCT FROM (incoming.price, incoming.currency)
), gone AS MATERIALIZED (
    SELECT item_id, was_missing_since IS NULL AS newly FROM compared
    WHERE supplier_sku IS NULL
      AND NOT EXISTS (SELECT FROM parsing_logs reject
                      WHERE reject.batch_id = :batch AND reject.supplier_sku = compared.known_sku)
), marked AS (
    UPDATE supplier_items item
    SET missing_since = coalesce(item.missing_since, (SELECT at FROM moment)), missing_loads = item.missing_loads + 1,
        active = item.missing_loads + 1 < :grace, updated_at = (SELECT at FROM moment)
    FROM gone WHERE item.supplier_id = :supplier AND item.id = gone.item_id
), absent AS (
    INSERT INTO item_absences (supplier_item_id, batch_id, missing_since)
    SELECT item_id, :batch, (SELECT at FROM moment) FROM gone WHERE newly
)
SELECT (SELECT count(*) FROM staged_items WHERE batch_id = :batch) AS staged,
       (SELECT count(price_steps) FROM staged_items WHERE batch_id = :batch) AS stepped,
       (SELECT count(*) FROM inserted) AS inserted,
       (SELECT count(*) FROM updated) AS updated,
       (SELECT count(*) FROM gone) AS missing,
       count(*) FILTER (WHERE item_id IS NOT NULL
           AND (old_price, old_currency) IS DISTINCT FROM (price, currency)) AS price_changes,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY 100.0 * (price - old_price) / old_price)
           FILTER (WHERE old_price > 0 AND old_price <> price AND {COMPARABLE}) AS median_change,
       array_agg(DISTINCT old_currency || ' to ' || coalesce(currency, 'none'))
           FILTER (WHERE old_currency IS NOT NULL AND old_currency IS DISTINCT FROM currency) AS currencies
FROM incoming
"""
"""One join over both lists finds what is new, what differs and what vanished; nothing else is touched. `supplier_id`
stands in the updates too, so that they look through this supplier's items only. The moment is taken after the lock, and
is later than any before it: `now()` is when the transaction began, and one that waited for the lock would write history
that is older than what it follows."""
