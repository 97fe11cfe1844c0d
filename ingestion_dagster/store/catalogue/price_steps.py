"""Prices by quantity: folded from rows when they are staged, compared by the guards, taken into `price_steps` with the
merge. Nothing is done for a list, and a supplier, without steps.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.guards.facts import WorstRow
from ingestion_dagster.store.records import records


@dataclass(frozen=True, slots=True)
class StepJumps:
    """How many steps moved as when a decimal point moves, and five of them."""

    jumps: int
    worst: tuple[WorstRow, ...]


@dataclass(frozen=True, slots=True)
class StepChange:
    """What a merge would do to the price from one quantity on: open, change or close it."""

    row_number: int | None
    supplier_sku: str
    name: str
    from_quantity: int
    old_price: Decimal | None
    old_currency: str | None
    price: Decimal | None
    currency: str | None
    percent: Decimal | None
    """Change of the price; None where the two cannot be compared."""


async def fold_rows(connection: AsyncConnection, batch_id: int) -> int:
    """Make one staged row of the rows of each key: the one with the least quantity, the prices of all in `price_steps`.

    Returns how many rows were folded into another. Duplicates must have been settled before.
    """
    await connection.execute(text(FOLD), {"batch": batch_id})
    return (await connection.execute(text(DROP_FOLDED), {"batch": batch_id})).rowcount


async def merge_steps(connection: AsyncConnection, batch_id: int, supplier_id: UUID, staged: int, at: datetime) -> int:
    """Close the steps that changed or went, open those that changed or came; how many were opened or closed for good.

    `staged`: how many staged rows have steps. Runs inside the merge's transaction, after its items.
    """
    parameters = {"batch": batch_id, "supplier": supplier_id, "at": at}
    known = (await connection.execute(text(KNOWN), {"supplier": supplier_id})).scalar_one()
    if not staged and not known:
        return 0
    closed = (await connection.execute(text(CLOSE), parameters)).rowcount if known else 0
    opened = (await connection.execute(text(OPEN), parameters)).rowcount if staged else 0
    return max(closed, opened)


async def jumps(connection: AsyncConnection, batch_id: int, supplier_id: UUID, factor: float) -> StepJumps | None:
    """Steps that moved as when a decimal point moves; None where the supplier has no steps yet."""
    if not (await connection.execute(text(KNOWN), {"supplier": supplier_id})).scalar_one():
        return None
    parameters = {"batch": batch_id, "supplier": supplier_id, "factor": factor}
    row = (await connection.execute(text(JUMPS), parameters)).one()
    return StepJumps(row.jumps, tuple(WorstRow.model_validate(found) for found in row.worst or ()))


async def changes_of(connection: AsyncConnection, batch_id: int, supplier_id: UUID, limit: int) -> list[StepChange]:
    """Steps that a merge of the batch would change, open or close, the largest changes first."""
    rows = await connection.execute(text(CHANGES), {"batch": batch_id, "supplier": supplier_id, "limit": limit})
    return records(StepChange, rows)


FOLD = """
WITH stepped AS (
    SELECT supplier_sku, (array_agg(row_number ORDER BY from_quantity, row_number))[1] AS first_row,
           jsonb_agg(jsonb_build_array(from_quantity, price, price_column, printed_price, price_basis, row_number,
                                       currency) ORDER BY from_quantity) AS steps
    FROM staged_items WHERE batch_id = :batch GROUP BY supplier_sku HAVING count(*) > 1
)
UPDATE staged_items staged SET price_steps = stepped.steps
FROM stepped WHERE staged.batch_id = :batch AND staged.row_number = stepped.first_row
"""

DROP_FOLDED = """
DELETE FROM staged_items staged USING staged_items kept
WHERE staged.batch_id = :batch AND kept.batch_id = :batch AND kept.supplier_sku = staged.supplier_sku
  AND kept.price_steps IS NOT NULL AND staged.price_steps IS NULL
"""

KNOWN = "SELECT EXISTS (SELECT FROM price_steps WHERE supplier_id = :supplier AND valid_to IS NULL)"

INCOMING = """
    SELECT item.id AS item_id, staged.supplier_sku, staged.name, coalesce(step ->> 6, staged.currency) AS currency,
           (step ->> 0)::int AS from_quantity,
           (step ->> 1)::numeric AS price, (step ->> 2)::int AS column_index, (step ->> 3)::numeric AS printed_price,
           (step ->> 4)::int AS price_basis, (step ->> 5)::int AS row_number
    FROM (SELECT * FROM staged_items WHERE batch_id = :batch AND price_steps IS NOT NULL) staged
    JOIN supplier_items item ON item.supplier_id = :supplier AND item.supplier_sku = staged.supplier_sku
    CROSS JOIN LATERAL jsonb_array_elements(staged.price_steps) AS step
"""
"""The staged steps of items that are in the catalogue."""

LISTED = """
    SELECT item.id FROM staged_items staged
    JOIN supplier_items item ON item.supplier_id = :supplier AND item.supplier_sku = staged.supplier_sku
    WHERE staged.batch_id = :batch
"""
"""Items that the list has: one that is missing keeps its steps as it keeps its price."""

CLOSE = f"""
WITH incoming AS MATERIALIZED ({INCOMING}), listed AS MATERIALIZED ({LISTED})
UPDATE price_steps step SET valid_to = :at
WHERE step.supplier_id = :supplier AND step.valid_to IS NULL
  AND step.supplier_item_id IN (SELECT id FROM listed)
  AND NOT EXISTS (SELECT FROM incoming
                  WHERE incoming.item_id = step.supplier_item_id AND incoming.from_quantity = step.from_quantity
                    AND (incoming.price, incoming.currency) IS NOT DISTINCT FROM (step.price, step.currency))
"""

OPEN = f"""
INSERT INTO price_steps (supplier_id, supplier_item_id, from_quantity, price, currency, batch_id, row_number,
                         column_index, printed_price, price_basis, valid_from)
SELECT :supplier, item_id, from_quantity, price, currency, :batch, row_number, column_index, printed_price,
       price_basis, :at
FROM ({INCOMING}) incoming
WHERE NOT EXISTS (SELECT FROM price_steps step
                  WHERE step.supplier_id = :supplier AND step.supplier_item_id = incoming.item_id
                    AND step.from_quantity = incoming.from_quantity AND step.valid_to IS NULL)
"""

COMPARED = f"""
    SELECT incoming.row_number, coalesce(incoming.supplier_sku, item.supplier_sku) AS supplier_sku,
           left(coalesce(incoming.name, item.name), 200) AS name,
           coalesce(incoming.from_quantity, step.from_quantity) AS from_quantity,
           step.price AS old_price, step.currency AS old_currency, incoming.price, incoming.currency,
           CASE WHEN step.price > 0 AND incoming.price > 0 AND step.currency IS NOT DISTINCT FROM incoming.currency
                THEN incoming.price / step.price END AS ratio
    FROM ({INCOMING}) incoming
    FULL JOIN (SELECT * FROM price_steps WHERE supplier_id = :supplier AND valid_to IS NULL
                 AND supplier_item_id IN ({LISTED})) step
        ON step.supplier_item_id = incoming.item_id AND step.from_quantity = incoming.from_quantity
    LEFT JOIN supplier_items item ON item.id = step.supplier_item_id
    WHERE (step.price, step.currency) IS DISTINCT FROM (incoming.price, incoming.currency)
"""

JUMPS = f"""
WITH jumped AS MATERIALIZED (
    SELECT compared.* FROM ({COMPARED}) compared
    LEFT JOIN staged_items staged ON staged.batch_id = :batch AND staged.supplier_sku = compared.supplier_sku
    WHERE (ratio >= :factor OR ratio <= 1 / CAST(:factor AS numeric))
      AND compared.from_quantity IS DISTINCT FROM (staged.price_steps -> 0 ->> 0)::int
)
SELECT count(*) AS jumps,
       (SELECT jsonb_agg(row) FROM (
            SELECT row_number, supplier_sku, name || ' (from ' || from_quantity || ')' AS name,
                   concat_ws(' ', trim_scale(old_price)::text, old_currency) AS old,
                   concat_ws(' ', trim_scale(price)::text, currency) AS new
            FROM jumped ORDER BY abs(ln(ratio)) DESC, row_number LIMIT 5) row) AS worst
FROM jumped
"""
"""The smallest step is the item's price, which is judged as that."""

CHANGES = f"""
SELECT row_number, supplier_sku, name, from_quantity, trim_scale(old_price) AS old_price, old_currency,
       trim_scale(price) AS price, currency, round((ratio - 1) * 100, 2) AS percent
FROM ({COMPARED}) compared
ORDER BY abs(ln(ratio)) DESC NULLS LAST, supplier_sku, from_quantity LIMIT :limit
"""
