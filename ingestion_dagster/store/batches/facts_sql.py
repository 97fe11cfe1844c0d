"""The statements of `facts.py`: a staged batch joined with what is stored. No code."""

from ingestion_dagster.core.fields import COMPARED
from ingestion_dagster.store.batches.merge import COMPARABLE

COUNTED = f"""
SELECT count(staged.supplier_sku) AS staged,
       count(*) FILTER (WHERE staged.supplier_sku = item.supplier_sku) AS matched,
       count(*) FILTER (WHERE price <> old_price AND {COMPARABLE}) AS changed,
       count(*) FILTER (WHERE staged.supplier_sku = item.supplier_sku AND old_currency IS NOT NULL
                          AND old_currency IS DISTINCT FROM currency) AS currency_changes,
       count(DISTINCT price) AS distinct_prices,
       count(*) FILTER (WHERE price = 0) AS zero_prices,
       count(*) FILTER (WHERE listed) AS known,
       count(DISTINCT old_price) FILTER (WHERE listed) AS distinct_before,
       count(*) FILTER (WHERE listed AND staged.supplier_sku IS NULL) AS absent
FROM (SELECT supplier_sku, price, currency FROM staged_items WHERE batch_id = :batch) staged
FULL JOIN (
    SELECT supplier_sku, current_price AS old_price, currency AS old_currency,
           active AND missing_since IS NULL AS listed
    FROM supplier_items WHERE supplier_id = :supplier
) item ON item.supplier_sku = staged.supplier_sku
"""
"""One look at both lists; the other statements are for what this one finds. `absent` includes rejected rows."""

JUMPED = "(ratio >= :factor OR ratio <= 1 / CAST(:factor AS numeric) OR (old_price > 0 AND price = 0))"
OTHER_CURRENCY = "(old_currency IS NOT NULL AND old_currency IS DISTINCT FROM currency)"


def _five(condition: str) -> str:
    """The five worst rows of `judged` as JSON, in the terms of `core.guards.WorstRow`."""
    return f"""(
    SELECT jsonb_agg(row) FROM (
        SELECT judged.row_number, supplier_sku, left(staged.name, 200) AS name,
               concat_ws(' ', trim_scale(old_price)::text, old_currency) AS old,
               concat_ws(' ', trim_scale(judged.price)::text, judged.currency) AS new
        FROM (SELECT * FROM judged WHERE {condition}
              ORDER BY abs(ln(CASE WHEN ratio > 0 THEN ratio ELSE 1000000 END)) DESC, row_number LIMIT 5) judged
        JOIN staged_items staged USING (supplier_sku)
        WHERE staged.batch_id = :batch
        ORDER BY abs(ln(CASE WHEN ratio > 0 THEN ratio ELSE 1000000 END)) DESC, judged.row_number
    ) row)"""


CHANGED = f"""
WITH judged AS MATERIALIZED (
    SELECT *, price <> old_price AND {COMPARABLE} AS changed,
           price <> old_price AND {COMPARABLE} AND (price = above OR price = below) AS slipped,
           CASE WHEN old_price > 0 AND price > 0 AND {COMPARABLE} THEN price / old_price END AS ratio
    FROM (
        SELECT staged.row_number, staged.supplier_sku, staged.price, staged.currency,
               item.current_price AS old_price, item.currency AS old_currency, item.id AS item_id,
               lag(item.current_price) OVER sheet AS above, lead(item.current_price) OVER sheet AS below
        FROM staged_items staged
        LEFT JOIN supplier_items item ON item.supplier_id = :supplier AND item.supplier_sku = staged.supplier_sku
        WHERE staged.batch_id = :batch
        WINDOW sheet AS (ORDER BY staged.row_number)
    ) listed
    WHERE item_id IS NOT NULL AND (price <> old_price OR {OTHER_CURRENCY})
)
SELECT count(*) FILTER (WHERE slipped) AS slipped,
       count(*) FILTER (WHERE {JUMPED}) AS jumps,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(ratio - 1)) FILTER (WHERE ratio <> 1) AS median_change,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY 100 * (ratio - 1)) FILTER (WHERE ratio <> 1) AS median_percent,
       array_agg(DISTINCT old_currency || ' to ' || coalesce(currency, 'none')) FILTER (WHERE {OTHER_CURRENCY})
           AS currencies,
       {_five(JUMPED)} AS worst_jumps,
       {_five("changed")} AS worst_changes,
       {_five(OTHER_CURRENCY)} AS worst_currency,
       {_five("slipped")} AS worst_slipped
FROM judged
"""
"""Known items with another price or currency; `slipped` has what its neighbour in the sheet cost before."""

GONE = """
    NOT EXISTS (SELECT FROM staged_items staged
                WHERE staged.batch_id = :batch AND staged.supplier_sku = item.supplier_sku)
    AND NOT EXISTS (SELECT FROM parsing_logs reject
                    WHERE reject.batch_id = :batch AND reject.supplier_sku = item.supplier_sku)
"""

MISSING = f"""
WITH gone AS MATERIALIZED (
    SELECT supplier_sku, name, current_price, currency FROM supplier_items item
    WHERE supplier_id = :supplier AND active AND missing_since IS NULL AND {GONE}
)
SELECT (SELECT count(*) FROM gone) AS missing,
       (SELECT jsonb_agg(row) FROM (
            SELECT supplier_sku, left(name, 200) AS name,
                   concat_ws(' ', trim_scale(current_price)::text, currency) AS old
            FROM gone ORDER BY current_price DESC, supplier_sku LIMIT 5) row) AS worst
"""

OUTLIERS = """
WITH ranked AS (
    SELECT price, lag(price) OVER by_price AS below, lead(price) OVER by_price AS above,
           row_number() OVER by_price AS from_below, count(*) OVER () AS rows
    FROM staged_items WHERE batch_id = :batch AND price > 0 WINDOW by_price AS (ORDER BY price)
), edges AS MATERIALIZED (
    SELECT min(price) FILTER (WHERE price >= below * :factor AND rows - from_below < greatest(rows / 200, 1)) AS high,
           max(price) FILTER (WHERE price * :factor <= above AND from_below <= greatest(rows / 200, 1)) AS low
    FROM ranked WHERE rows >= 20
), far AS MATERIALIZED (
    SELECT row_number, supplier_sku, left(name, 200) AS name, price, currency FROM staged_items
    WHERE batch_id = :batch AND (price >= (SELECT high FROM edges) OR (price > 0 AND price <= (SELECT low FROM edges)))
), alone AS (
    SELECT * FROM far WHERE NOT EXISTS (
        SELECT FROM supplier_items item WHERE item.supplier_id = :supplier AND item.supplier_sku = far.supplier_sku)
)
SELECT (SELECT count(*) FROM alone) AS outliers,
       (SELECT jsonb_agg(row) FROM (
            SELECT row_number, supplier_sku, name, concat_ws(' ', trim_scale(price)::text, currency) AS new
            FROM alone ORDER BY row_number LIMIT 5) row) AS worst
"""
"""New items at either end of the list with a wide gap to all the others: at most 0.5% of the rows of a list of twenty
or more, so that a second price class is no outlier."""


def amount_in(cell: str) -> str:
    """The number that a text says, whatever its decimal mark and grouping; NULL where it says none."""
    bare = f"regexp_replace({cell}, '[^0-9.,]', '', 'g')"
    return rf"""CASE
        WHEN {bare} ~ '^\d{{1,14}}([.,]\d{{1,4}})?$' THEN replace({bare}, ',', '.')::numeric
        WHEN {bare} ~ '^\d{{1,3}}([.,]\d{{3}})+[.,]\d{{1,2}}$'
            THEN replace(regexp_replace({bare}, '[.,](?=\d{{3}}[.,])', '', 'g'), ',', '.')::numeric END"""


COPIED = f"""
WITH changed AS MATERIALIZED (
    SELECT staged.price, item.current_price AS old_price, item.characteristics AS was, staged.characteristics AS now
    FROM staged_items staged
    JOIN supplier_items item ON item.supplier_id = :supplier AND item.supplier_sku = staged.supplier_sku
    WHERE staged.batch_id = :batch AND staged.price <> item.current_price
      AND (item.currency IS NULL OR staged.currency IS NULL OR item.currency = staged.currency)
    ORDER BY staged.row_number
), cells AS (
    SELECT header, price, old_price,
           {amount_in("was ->> header")} AS amount_before, {amount_in("now ->> header")} AS amount
    FROM (SELECT * FROM changed LIMIT 1000) looked_at CROSS JOIN LATERAL jsonb_object_keys(was || now) AS header
), counted AS (
    SELECT header, count(*) FILTER (WHERE amount_before = price) AS stood,
           count(*) FILTER (WHERE amount = price AND amount_before IS DISTINCT FROM old_price) AS stands
    FROM cells GROUP BY header
)
SELECT header, (greatest(stood, stands) * greatest((SELECT count(*) FROM changed), 1)
                / least((SELECT count(*) FROM changed), 1000))::int AS copied
FROM counted WHERE greatest(stood, stands) > 0 ORDER BY greatest(stood, stands) DESC, header LIMIT 1
"""
"""Looks at 1,000 changed rows and scales up. `stood`: the new price is what another column said before; `stands`: what
another column says now, where that column did not always repeat the price."""

LEVEL = """
SELECT (now.middle / nullif(before.middle, 0))::float8 AS level
FROM (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS middle, count(*) AS rows,
             mode() WITHIN GROUP (ORDER BY currency) AS currency
      FROM staged_items WHERE batch_id = :batch AND price > 0) now,
     (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY current_price) AS middle, count(*) AS rows,
             mode() WITHIN GROUP (ORDER BY currency) AS currency
      FROM supplier_items
      WHERE supplier_id = :supplier AND active AND missing_since IS NULL AND current_price > 0) before
WHERE least(now.rows, before.rows) >= 10
  AND (now.currency IS NULL OR before.currency IS NULL OR now.currency = before.currency)
"""
"""The middle price of the list by that of the catalogue, for a list whose items cannot be compared one by one."""

IN_FORCE = """
SELECT batch.mapping -> 'qualifiers' AS price_kind, batch.mapping ->> 'signature' AS signature, batch.questions
FROM suppliers supplier JOIN ingestion_batches batch ON batch.id = supplier.last_batch_id
WHERE supplier.id = :supplier
"""

_DIFFERING = ", ".join(
    f"CASE WHEN item.{column} IS DISTINCT FROM staged.{column} THEN '{column}' END"
    for column in COMPARED
    if column != "currency"
)

COMPARISON = f"""
    SELECT staged.row_number, staged.supplier_sku, staged.name, staged.price, staged.currency, staged.printed_price,
           staged.price_basis, item.id AS item_id, item.current_price AS old_price, item.currency AS old_currency,
           (item.current_price, item.currency) IS DISTINCT FROM (staged.price, staged.currency) AS price_differs,
           item.missing_since IS NOT NULL OR NOT item.active AS returns,
           array_remove(ARRAY[{_DIFFERING}], NULL) AS differing
    FROM staged_items staged
    LEFT JOIN supplier_items item ON item.supplier_id = :supplier AND item.supplier_sku = staged.supplier_sku
    WHERE staged.batch_id = :batch
"""

VANISHED_ITEMS = f"""
    SELECT supplier_sku, name, current_price, currency FROM supplier_items item
    WHERE supplier_id = :supplier AND active AND missing_since IS NULL AND {GONE}
"""

TOTALS = f"""
WITH compared AS MATERIALIZED ({COMPARISON})
SELECT count(*) FILTER (WHERE item_id IS NULL) AS inserted,
       count(*) FILTER (WHERE item_id IS NOT NULL AND price_differs) AS prices,
       count(*) FILTER (WHERE item_id IS NOT NULL AND NOT price_differs AND cardinality(differing) > 0) AS other,
       count(*) FILTER (WHERE returns) AS returned,
       count(*) FILTER (WHERE item_id IS NOT NULL AND NOT price_differs AND cardinality(differing) = 0
                          AND NOT returns) AS unchanged,
       (SELECT count(*) FROM ({VANISHED_ITEMS}) gone) AS vanished
FROM compared
"""

CHANGES = f"""
WITH compared AS MATERIALIZED ({COMPARISON}), told AS (
    SELECT CASE WHEN item_id IS NULL THEN 'insert' WHEN price_differs THEN 'price' ELSE 'other' END AS kind,
           row_number, supplier_sku, name, old_price, old_currency, price, currency, printed_price, price_basis,
           CASE WHEN old_price > 0 AND {COMPARABLE}
                THEN round((price / old_price - 1) * 100, 2) END AS percent,
           CASE WHEN item_id IS NULL THEN ARRAY[]::text[] ELSE differing END AS differing, returns
    FROM compared WHERE item_id IS NULL OR price_differs OR cardinality(differing) > 0 OR returns
    UNION ALL
    SELECT 'vanished', NULL, supplier_sku, name, current_price, currency, NULL, NULL, NULL, NULL, NULL,
           ARRAY[]::text[], false
    FROM ({VANISHED_ITEMS}) gone
), ranked AS (
    SELECT told.*, row_number() OVER (
        PARTITION BY kind ORDER BY abs(percent) DESC NULLS LAST, told.row_number, supplier_sku) AS place
    FROM told
)
SELECT kind, row_number, supplier_sku, left(name, 200) AS name, trim_scale(old_price) AS old_price, old_currency,
       trim_scale(price) AS price, currency, trim_scale(printed_price) AS printed_price, price_basis, percent,
       differing, coalesce(returns, false) AS returns
FROM ranked WHERE place <= :limit
ORDER BY array_position(ARRAY['price', 'other', 'insert', 'vanished'], kind), place
"""
