"""Counts over the staged rows of a supplier's first list, and keys that were only spelled another way. Reads only."""

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.guards.facts import WorstRow
from ingestion_dagster.core.guards.first_load import FirstLoad
from ingestion_dagster.store.batches.facts_sql import amount_in

BARE = "ltrim(translate(lower(supplier_sku), ' -_./\u00a0\u2010\u2011\u2013\u2014', ''), '0')"
"""A key without zeros before it, case, blanks, dashes, dots and slashes; by `translate`, which is cheap."""


async def first_load_of(
    connection: AsyncConnection, batch_id: int, expected: str | None, scale: Decimal, unit_said: str
) -> FirstLoad:
    """The counts of batch `batch_id`."""
    counted = (await connection.execute(text(FIRST), {"batch": batch_id, "expected": expected, "scale": scale})).one()
    multiplied = (await connection.execute(text(MULTIPLIED), {"batch": batch_id})).first()
    return FirstLoad(
        expected_currency=expected,
        other_currency=counted.other_currency if expected else 0,
        currencies=tuple(counted.currencies or ()) if expected else (),
        basis_prices=counted.basis_prices,
        code_prices=counted.code_prices,
        stock_prices=counted.stock_prices,
        multiplied=multiplied.multiplied if multiplied else 0,
        multiplied_by=multiplied.factor if multiplied else 0,
        multiplied_header=multiplied.header if multiplied else "",
        whole_prices=counted.whole_prices,
        smallest=float(counted.smallest or 0),
        largest=float(counted.largest or 0),
        unit_said=unit_said,
        scale=float(scale),
        counted_keys=counted.counted_keys,
        alike_keys=counted.alike_keys,
        short_keys=counted.short_keys,
    )


async def respelled(connection: AsyncConnection, parameters: Mapping[str, object]) -> tuple[int, tuple[WorstRow, ...]]:
    """(new items whose key is a missing item's but for its spelling, up to five of them)."""
    row = (await connection.execute(text(RESPELLED), parameters)).one()
    return row.respelled, tuple(WorstRow.model_validate(found) for found in row.worst or ())


FIRST = f"""
SELECT count(*) FILTER (WHERE currency IS DISTINCT FROM CAST(:expected AS text)) AS other_currency,
       array_agg(DISTINCT currency) FILTER (WHERE currency <> CAST(:expected AS text)) AS currencies,
       count(*) FILTER (WHERE price IN (1, 10, 100, 1000, 10000)) AS basis_prices,
       count(*) FILTER (WHERE price >= 10 AND trim_scale(price)::text IN (
           ltrim(supplier_sku, '0'), ltrim(coalesce(barcode, ''), '0'))) AS code_prices,
       count(*) FILTER (WHERE price = stock AND price > 0) AS stock_prices,
       count(*) FILTER (WHERE price / CAST(:scale AS numeric) = trunc(price / CAST(:scale AS numeric))) AS whole_prices,
       min(price / CAST(:scale AS numeric)) FILTER (WHERE price > 0) AS smallest,
       max(price / CAST(:scale AS numeric)) AS largest,
       count(*) > 0 AND bool_and(supplier_sku ~ '^[1-9][0-9]{{0,6}}$')
           AND min(CASE WHEN supplier_sku ~ '^[1-9][0-9]{{0,6}}$' THEN supplier_sku::int END) = 1
           AND max(CASE WHEN supplier_sku ~ '^[1-9][0-9]{{0,6}}$' THEN supplier_sku::int END) <= count(*) * 1.1
           AS counted_keys,
       (SELECT coalesce(sum(alike), 0)::int FROM (
            SELECT count(*) AS alike FROM staged_items WHERE batch_id = :batch GROUP BY {BARE} HAVING count(*) > 1
       ) twins) AS alike_keys,
       count(*) FILTER (WHERE length(supplier_sku) = 1) AS short_keys
FROM staged_items WHERE batch_id = :batch
"""

MULTIPLIED = f"""
WITH cells AS (
    SELECT price, header, {amount_in("characteristics ->> header")} AS amount
    FROM (SELECT price, characteristics FROM staged_items WHERE batch_id = :batch
          ORDER BY row_number LIMIT 500) looked_at
    CROSS JOIN LATERAL jsonb_object_keys(characteristics) AS header
), counted AS (
    SELECT header, factor, count(*) AS hits
    FROM cells CROSS JOIN (VALUES (100), (1000)) AS factors (factor)
    WHERE amount > 0 AND price = amount * factor GROUP BY header, factor
)
SELECT header, factor, (hits * greatest((SELECT count(*) FROM staged_items WHERE batch_id = :batch), 1)
                        / least((SELECT count(*) FROM staged_items WHERE batch_id = :batch), 500))::int AS multiplied
FROM counted ORDER BY hits DESC, header LIMIT 1
"""
"""Looks at 500 rows and scales up."""

RESPELLED = f"""
WITH fresh AS MATERIALIZED (
    SELECT row_number, supplier_sku, left(name, 200) AS name, {BARE} AS bare
    FROM staged_items staged
    WHERE batch_id = :batch AND NOT EXISTS (
        SELECT FROM supplier_items item WHERE item.supplier_id = :supplier AND item.supplier_sku = staged.supplier_sku)
), gone AS MATERIALIZED (
    SELECT supplier_sku, {BARE} AS bare FROM supplier_items item
    WHERE supplier_id = :supplier AND active AND missing_since IS NULL AND NOT EXISTS (
        SELECT FROM staged_items staged WHERE staged.batch_id = :batch AND staged.supplier_sku = item.supplier_sku)
), pairs AS MATERIALIZED (
    SELECT DISTINCT ON (fresh.supplier_sku) fresh.row_number, fresh.supplier_sku, fresh.name, gone.supplier_sku AS old
    FROM fresh JOIN gone USING (bare) WHERE bare <> '' ORDER BY fresh.supplier_sku, gone.supplier_sku
)
SELECT (SELECT count(*) FROM pairs) AS respelled,
       (SELECT jsonb_agg(row) FROM (
            SELECT row_number, supplier_sku, name, old, supplier_sku AS new FROM pairs ORDER BY row_number LIMIT 5) row
       ) AS worst
"""
