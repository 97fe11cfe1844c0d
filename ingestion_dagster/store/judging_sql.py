"""The statements of `judging.py`: a staged batch joined with what is stored. No code."""

from ingestion_dagster.store.items import COMPARED

JOINED = """
    SELECT staged.row_number, staged.supplier_sku, staged.name, staged.price, staged.currency,
           item.id AS item_id, item.current_price AS old_price, item.currency AS old_currency,
           CASE WHEN item.current_price > 0 AND staged.price > 0 THEN staged.price / item.current_price END AS ratio
    FROM staged_items staged
    LEFT JOIN supplier_items item ON item.supplier_id = :supplier AND item.supplier_sku = staged.supplier_sku
    WHERE staged.batch_id = :batch
"""

JUMPED = "(ratio >= :factor OR ratio <= 1 / CAST(:factor AS numeric) OR (old_price > 0 AND price = 0))"
OTHER_CURRENCY = "(old_currency IS NOT NULL AND old_currency IS DISTINCT FROM currency)"


def _five(condition: str) -> str:
    """The five worst rows of `judged` as JSON, in the terms of `core.guards.WorstRow`."""
    return f"""(
    SELECT jsonb_agg(row) FROM (
        SELECT row_number, supplier_sku, left(name, 200) AS name,
               concat_ws(' ', trim_scale(old_price)::text, old_currency) AS old,
               concat_ws(' ', trim_scale(price)::text, currency) AS new
        FROM judged WHERE item_id IS NOT NULL AND {condition}
        ORDER BY abs(ln(CASE WHEN ratio > 0 THEN ratio ELSE 1000000 END)) DESC, row_number LIMIT 5
    ) row)"""


FACTS = f"""
WITH judged AS MATERIALIZED (
    SELECT joined.*, price <> old_price AS changed,
           price <> old_price AND (price = lag(old_price) OVER sheet OR price = lead(old_price) OVER sheet) AS slipped
    FROM ({JOINED}) joined WINDOW sheet AS (ORDER BY row_number)
)
SELECT count(*) AS staged, count(item_id) AS matched,
       count(*) FILTER (WHERE changed) AS changed,
       count(*) FILTER (WHERE slipped) AS slipped,
       count(*) FILTER (WHERE {OTHER_CURRENCY}) AS currency_changes,
       count(*) FILTER (WHERE {JUMPED}) AS jumps,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(ratio - 1)) FILTER (WHERE ratio <> 1) AS median_change,
       count(DISTINCT price) AS distinct_prices,
       count(*) FILTER (WHERE price = 0) AS zero_prices,
       {_five(JUMPED)} AS worst_jumps,
       {_five("changed")} AS worst_changes,
       {_five(OTHER_CURRENCY)} AS worst_currency,
       {_five("slipped")} AS worst_slipped
FROM judged
"""

GONE = """
    NOT EXISTS (SELECT FROM staged_items staged
                WHERE staged.batch_id = :batch AND staged.supplier_sku = item.supplier_sku)
    AND NOT EXISTS (SELECT FROM parsing_logs reject
                    WHERE reject.batch_id = :batch AND reject.supplier_sku = item.supplier_sku)
"""

MISSING = f"""
WITH known AS MATERIALIZED (
    SELECT supplier_sku, name, current_price, currency FROM supplier_items
    WHERE supplier_id = :supplier AND active AND missing_since IS NULL
), gone AS MATERIALIZED (
    SELECT * FROM known item WHERE {GONE}
)
SELECT (SELECT count(*) FROM known) AS known,
       (SELECT count(DISTINCT current_price) FROM known) AS distinct_before,
       (SELECT count(*) FROM gone) AS missing,
       (SELECT jsonb_agg(row) FROM (
            SELECT supplier_sku, left(name, 200) AS name,
                   concat_ws(' ', trim_scale(current_price)::text, currency) AS old
            FROM gone ORDER BY current_price DESC, supplier_sku LIMIT 5) row) AS worst
"""

OUTLIERS = f"""
WITH judged AS MATERIALIZED ({JOINED}), ranked AS (
    SELECT price, lag(price) OVER by_price AS below, lead(price) OVER by_price AS above,
           row_number() OVER by_price AS from_below, count(*) OVER () AS rows
    FROM judged WHERE price > 0 WINDOW by_price AS (ORDER BY price)
), edges AS MATERIALIZED (
    SELECT min(price) FILTER (WHERE price >= below * :factor AND rows - from_below < greatest(rows / 200, 1)) AS high,
           max(price) FILTER (WHERE price * :factor <= above AND from_below <= greatest(rows / 200, 1)) AS low
    FROM ranked WHERE rows >= 20
), alone AS (
    SELECT judged.* FROM judged, edges WHERE item_id IS NULL AND (price >= high OR (price > 0 AND price <= low))
)
SELECT (SELECT count(*) FROM alone) AS outliers,
       (SELECT jsonb_agg(row) FROM (
            SELECT row_number, supplier_sku, left(name, 200) AS name,
                   concat_ws(' ', trim_scale(price)::text, currency) AS new
            FROM alone ORDER BY row_number LIMIT 5) row) AS worst
"""
"""New items at either end of the list with a wide gap to all the others: at most 0.5% of the rows of a list of twenty
or more, so that a second price class is no outlier."""


def _amount(cell: str) -> str:
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
    ORDER BY staged.row_number
), cells AS (
    SELECT header, price, old_price, {_amount("was ->> header")} AS amount_before, {_amount("now ->> header")} AS amount
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

IN_FORCE = """
SELECT batch.total_rows, batch.rejected_rows, (batch.report ->> 'duplicates')::int AS duplicates,
       batch.mapping -> 'qualifiers' AS price_kind, batch.mapping ->> 'signature' AS signature, batch.questions
FROM suppliers supplier JOIN ingestion_batches batch ON batch.id = supplier.last_batch_id
WHERE supplier.id = :supplier
"""

_DIFFERING = ", ".join(
    f"CASE WHEN item.{column} IS DISTINCT FROM staged.{column} THEN '{column}' END"
    for column in COMPARED
    if column != "currency"
)

COMPARISON = f"""
    SELECT staged.row_number, staged.supplier_sku, staged.name, staged.price, staged.currency,
           item.id AS item_id, item.current_price AS old_price, item.currency AS old_currency,
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
           row_number, supplier_sku, name, old_price, old_currency, price, currency,
           CASE WHEN old_price > 0 AND old_currency IS NOT DISTINCT FROM currency
                THEN round((price / old_price - 1) * 100, 2) END AS percent,
           CASE WHEN item_id IS NULL THEN ARRAY[]::text[] ELSE differing END AS differing, returns
    FROM compared WHERE item_id IS NULL OR price_differs OR cardinality(differing) > 0 OR returns
    UNION ALL
    SELECT 'vanished', NULL, supplier_sku, name, current_price, currency, NULL, NULL, NULL, ARRAY[]::text[], false
    FROM ({VANISHED_ITEMS}) gone
), ranked AS (
    SELECT told.*, row_number() OVER (
        PARTITION BY kind ORDER BY abs(percent) DESC NULLS LAST, told.row_number, supplier_sku) AS place
    FROM told
)
SELECT kind, row_number, supplier_sku, left(name, 200) AS name, trim_scale(old_price) AS old_price, old_currency,
       trim_scale(price) AS price, currency, percent, differing, coalesce(returns, false) AS returns
FROM ranked WHERE place <= :limit
ORDER BY array_position(ARRAY['price', 'other', 'insert', 'vanished'], kind), place
"""
