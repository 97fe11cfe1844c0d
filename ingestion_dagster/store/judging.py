"""Counts about a staged batch beside what is stored, for the guards and for `plan`. Reads only; decides nothing."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.guards import Facts, WorstRow
from ingestion_dagster.core.supplier import Thresholds


async def facts_of(
    connection: AsyncConnection, batch: dict[str, Any], limits: Thresholds, tier_now: str | None
) -> Facts:
    """Everything the guards want to know about `batch` (a row of `store.batches.get`)."""
    parameters = {"batch": batch["id"], "supplier": batch["supplier_id"], "factor": limits.jump_factor}
    await connection.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))
    counted = (await connection.execute(text(FACTS), parameters)).one()
    missing = (await connection.execute(text(MISSING), parameters)).scalar_one()
    worst: dict[str, tuple[WorstRow, ...]] = {}
    if missing:
        worst["missing"] = _worst(await connection.execute(text(MISSING_ROWS), parameters))
    for name, condition in WORST_CONDITIONS.items():
        if counted.changed or counted.currency_changes:
            worst[name] = _worst(await connection.execute(text(WORST.format(condition=condition)), parameters))
    report = batch["report"] or {}
    return Facts(
        staged=counted.staged,
        rejected=batch["rejected_rows"],
        collapsed=report.get("collapsed", 0),
        duplicates=report.get("duplicates", 0),
        known=counted.known,
        missing=missing,
        matched=counted.matched,
        changed=counted.changed,
        median_change=float(counted.median_change) if counted.median_change is not None else None,
        jumps=counted.jumps,
        currency_changes=counted.currency_changes,
        distinct_prices=counted.distinct_prices,
        zero_prices=counted.zero_prices,
        tier_before=await _tier_before(connection, batch["supplier_id"]),
        tier_now=tier_now,
        worst=worst,
    )


async def _tier_before(connection: AsyncConnection, supplier_id: UUID) -> str | None:
    found: str | None = (
        await connection.execute(
            text(
                "SELECT b.mapping #>> '{qualifiers,tier}' FROM suppliers s"
                " JOIN ingestion_batches b ON b.id = s.last_batch_id WHERE s.id = :supplier"
            ),
            {"supplier": supplier_id},
        )
    ).scalar()
    return found


def _worst(rows: Any) -> tuple[WorstRow, ...]:
    return tuple(WorstRow.model_validate(dict(row._mapping)) for row in rows)


async def changes_of(connection: AsyncConnection, batch_id: int, supplier_id: UUID, limit: int) -> Sequence[Any]:
    """What a merge of the batch would do, row by row: kind, key, old and new price; the largest changes first."""
    await connection.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))
    rows = await connection.execute(text(CHANGES), {"batch": batch_id, "supplier": supplier_id, "limit": limit})
    return [dict(row._mapping) for row in rows]


JOINED = """
    SELECT staged.row_number, staged.supplier_sku, staged.name, staged.price, staged.currency,
           item.id AS item_id, item.current_price AS old_price, item.currency AS old_currency,
           CASE WHEN item.current_price > 0 AND staged.price > 0 THEN staged.price / item.current_price END AS ratio
    FROM staged_items staged
    LEFT JOIN supplier_items item ON item.supplier_id = :supplier AND item.supplier_sku = staged.supplier_sku
    WHERE staged.batch_id = :batch
"""

FACTS = f"""
SELECT count(*) AS staged, count(item_id) AS matched,
       count(*) FILTER (WHERE item_id IS NOT NULL AND price <> old_price) AS changed,
       count(*) FILTER (WHERE old_price IS NOT NULL AND old_currency IS DISTINCT FROM currency
                          AND old_currency IS NOT NULL) AS currency_changes,
       count(*) FILTER (WHERE ratio >= :factor OR ratio <= 1 / CAST(:factor AS numeric)
                           OR (old_price > 0 AND price = 0)) AS jumps,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(ratio - 1)) FILTER (WHERE ratio <> 1) AS median_change,
       count(DISTINCT price) AS distinct_prices,
       count(*) FILTER (WHERE price = 0) AS zero_prices,
       (SELECT count(*) FROM supplier_items WHERE supplier_id = :supplier AND active AND missing_since IS NULL) AS known
FROM ({JOINED}) joined
"""

GONE = """
    FROM supplier_items item
    WHERE item.supplier_id = :supplier AND item.active AND item.missing_since IS NULL
      AND NOT EXISTS (SELECT FROM staged_items staged
                      WHERE staged.batch_id = :batch AND staged.supplier_sku = item.supplier_sku)
      AND NOT EXISTS (SELECT FROM parsing_logs reject
                      WHERE reject.batch_id = :batch AND reject.supplier_sku = item.supplier_sku)
"""

MISSING = f"SELECT count(*) {GONE}"

MISSING_ROWS = f"""
SELECT item.supplier_sku, item.name, trim_scale(item.current_price)::text AS old {GONE}
ORDER BY item.current_price DESC LIMIT 5
"""

WORST_CONDITIONS = {
    "jumps": "(ratio >= :factor OR ratio <= 1 / CAST(:factor AS numeric) OR (old_price > 0 AND price = 0))",
    "changes": "ratio <> 1 AND CAST(:factor AS numeric) > 0",
    "currency": "old_currency IS DISTINCT FROM currency AND old_currency IS NOT NULL AND CAST(:factor AS numeric) > 0",
}

WORST = (
    "SELECT row_number, supplier_sku, name,"
    " concat_ws(' ', trim_scale(old_price)::text, old_currency) AS old,"
    " concat_ws(' ', trim_scale(price)::text, currency) AS new"
    f" FROM ({JOINED}) joined WHERE item_id IS NOT NULL AND {{condition}}"
    " ORDER BY abs(ln(CASE WHEN ratio > 0 THEN ratio ELSE 1000000 END)) DESC, row_number LIMIT 5"
)

CHANGES = f"""
SELECT CASE WHEN item_id IS NULL THEN 'insert'
            WHEN (price, currency) IS DISTINCT FROM (old_price, old_currency) THEN 'price'
            ELSE 'same' END AS kind,
       row_number, supplier_sku, name, trim_scale(old_price) AS old_price, old_currency,
       trim_scale(price) AS price, currency, round((ratio - 1) * 100, 2) AS percent
FROM ({JOINED}) joined
WHERE item_id IS NULL OR (price, currency) IS DISTINCT FROM (old_price, old_currency)
ORDER BY (item_id IS NULL), abs(ratio - 1) DESC NULLS LAST, row_number
LIMIT :limit
"""
