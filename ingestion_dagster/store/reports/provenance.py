"""What is on record about one price: item, history, batches, snapshots, mapping. Reads only."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

MOST_KEYS = 200_000
"""Keys that near matches are looked for in."""


async def item(connection: AsyncConnection, supplier_id: UUID, sku: str) -> dict[str, Any] | None:
    """The supplier's item with this key as the catalogue shows it, in or out of the list."""
    row = (
        await connection.execute(
            text("SELECT * FROM supplier_items_current WHERE supplier_id = :supplier AND supplier_sku = :sku"),
            {"supplier": supplier_id, "sku": sku},
        )
    ).first()
    return dict(row._mapping) if row else None


async def keys(connection: AsyncConnection, supplier_id: UUID) -> list[str]:
    """Keys of the supplier's items."""
    rows = await connection.execute(
        text("SELECT supplier_sku FROM supplier_items WHERE supplier_id = :supplier ORDER BY supplier_sku LIMIT :most"),
        {"supplier": supplier_id, "most": MOST_KEYS},
    )
    return list(rows.scalars())


async def history(connection: AsyncConnection, item_id: int) -> list[dict[str, Any]]:
    """Every price the item had, newest first: how long, and in which batch, snapshot, row (1-based) and column."""
    rows = await connection.execute(text(HISTORY), {"item": item_id})
    return [dict(row._mapping) for row in rows]


async def absences(connection: AsyncConnection, item_id: int) -> list[dict[str, Any]]:
    """When the item was not in the list, newest first."""
    rows = await connection.execute(
        text(
            "SELECT missing_since, returned_at, batch_id FROM item_absences WHERE supplier_item_id = :item"
            " ORDER BY id DESC"
        ),
        {"item": item_id},
    )
    return [dict(row._mapping) for row in rows]


async def batch(connection: AsyncConnection, batch_id: int) -> dict[str, Any]:
    """A batch with the snapshot it read."""
    return dict((await connection.execute(text(BATCH), {"batch": batch_id})).one()._mapping)


async def remembered(connection: AsyncConnection, mapping_id: int) -> dict[str, Any] | None:
    """Who confirmed a mapping, and when."""
    row = (
        await connection.execute(
            text("SELECT id, signature, confirmed_by, updated_at FROM column_mappings WHERE id = :id"),
            {"id": mapping_id},
        )
    ).first()
    return dict(row._mapping) if row else None


async def rejects_of_key(connection: AsyncConnection, batch_id: int, sku: str) -> list[dict[str, Any]]:
    """Rows with this key that the batch did not take."""
    rows = await connection.execute(
        text(
            "SELECT row_number, cell, raw, error_message FROM parsing_logs"
            " WHERE batch_id = :batch AND supplier_sku = :sku ORDER BY row_number LIMIT 20"
        ),
        {"batch": batch_id, "sku": sku},
    )
    return [dict(row._mapping) for row in rows]


HISTORY = """
SELECT known.price, known.currency, known.valid_from, known.valid_to, known.batch_id, known.row_number,
       known.column_index, known.printed_price, known.price_basis, batch.snapshot_id
FROM price_validity known JOIN ingestion_batches batch ON batch.id = known.batch_id
WHERE known.supplier_item_id = :item
ORDER BY known.valid_from DESC, known.price_history_id DESC
"""

BATCH = """
SELECT batch.id, batch.state, batch.mapping, batch.mapping_id, batch.created_at, batch.decided_at, batch.run_id,
       batch.task_id, snapshot.id AS snapshot_id, snapshot.sha256, snapshot.size_bytes, snapshot.filename,
       snapshot.source, snapshot.fetched_at, snapshot.deleted_at
FROM ingestion_batches batch JOIN sheet_snapshots snapshot ON snapshot.id = batch.snapshot_id
WHERE batch.id = :batch
"""
