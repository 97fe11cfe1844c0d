"""What the demo looks up in the catalogue, in SQL as anybody would write it. Showing it is the others' part."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store.database import Database


def rejects(deployment: Deployment, tasks: Sequence[str]) -> list[tuple[Any, ...]]:
    """Supplier, cell, text and reason of every rejected row of these tasks."""
    return _rows(deployment, REJECTS, tasks=list(tasks))


def one_history(deployment: Deployment) -> list[tuple[Any, ...]]:
    """Supplier, key, name, price, from, until and row of one item whose price changed."""
    return _rows(deployment, HISTORY)


def prices(deployment: Deployment, key: str) -> list[tuple[str, str]]:
    """Key and price of the supplier's active items."""
    return [(str(sku), str(price)) for sku, price in _rows(deployment, PRICES, key=key)]


def wrong_prices(deployment: Deployment, key: str) -> int:
    """How many prices of the supplier's history come from a batch that was never applied."""
    return int(_rows(deployment, WRONG, key=key)[0][0])


def moved(deployment: Deployment) -> tuple[Any, ...]:
    """Equal as long as nothing moves."""
    return _rows(deployment, MOVED)[0]


def _rows(deployment: Deployment, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    async def _select(database: Database) -> list[tuple[Any, ...]]:
        async with database.transaction() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    return deployment.run(_select)


REJECTS = """
SELECT s.key, p.cell, p.raw, p.error_message FROM parsing_logs p JOIN suppliers s ON s.id = p.supplier_id
WHERE p.task_id = ANY(:tasks) ORDER BY s.key, p.row_number
"""
HISTORY = """
SELECT s.key, i.supplier_sku, i.name, concat_ws(' ', trim_scale(v.price)::text, v.currency),
v.valid_from, v.valid_to, v.row_number FROM price_validity v
JOIN supplier_items i ON i.id = v.supplier_item_id JOIN suppliers s ON s.id = i.supplier_id
WHERE i.id = (SELECT supplier_item_id FROM price_history GROUP BY 1
HAVING count(*) > 1 ORDER BY 1 LIMIT 1) ORDER BY v.valid_from
"""
PRICES = """
SELECT item.supplier_sku, concat_ws(' ', trim_scale(item.current_price)::text, item.currency)
FROM supplier_items item JOIN suppliers supplier ON supplier.id = item.supplier_id
WHERE supplier.key = :key AND item.active ORDER BY item.supplier_sku
"""
WRONG = """
SELECT count(*) FROM price_history known JOIN ingestion_batches batch ON batch.id = known.batch_id
JOIN suppliers supplier ON supplier.id = batch.supplier_id
WHERE supplier.key = :key AND batch.state <> 'applied'
"""
MOVED = """
SELECT (SELECT count(*) FROM sheet_snapshots), (SELECT count(*) FROM batch_transitions),
       (SELECT string_agg(concat_ws(':', id, state, attempt, run_id), ',' ORDER BY id) FROM ingestion_requests)
"""
