"""Products: made as drafts for new items, and moved from state to state by people. Which item is which product is not
decided here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import StoreRejected
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.store.records import records
from ingestion_dagster.store.states import ProductStatus

ALLOWED = {"draft": ("active", "archived"), "active": ("archived",), "archived": ("active",)}
"""From which status a product may go where. Nothing returns to draft: others may already refer to it."""


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A product as a list of products tells of it."""

    internal_sku: str
    name: str
    status: ProductStatus
    items: int
    """How many are linked."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LinkedItem:
    """A supplier's item that is a product."""

    supplier: str
    supplier_sku: str
    name: str
    price: str
    """As text, without zeros at its end."""
    currency: str | None
    missing_since: datetime | None


@dataclass(frozen=True, slots=True)
class ProductTransition:
    """One step of a product's way: when, who, why."""

    at: datetime
    from_status: ProductStatus | None
    to_status: ProductStatus
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Product:
    """A product with its items' prices and its history."""

    id: UUID
    internal_sku: str
    name: str
    status: ProductStatus
    created_at: datetime
    updated_at: datetime
    category: str | None
    items: Sequence[LinkedItem]
    transitions: Sequence[ProductTransition]


async def draft_new(connection: AsyncConnection, supplier: Supplier, batch_id: int) -> int:
    """A draft product for every item that the batch brought, linked to it, in the merge's transaction; how many.

    Its number is `<supplier key>:<supplier's number>`, so that no two suppliers' items meet by accident.
    """
    made = await connection.execute(
        text(DRAFT), {"supplier": supplier.id, "key": supplier.key, "reason": f"batch {batch_id}"}
    )
    return int(made.scalar_one())


async def move(connection: AsyncConnection, sku: str, to_status: str, actor: str, reason: str | None = None) -> str:
    """Take the product to `to_status`; its name. Raises StoreRejected where there is none or it may not go there."""
    product = (
        await connection.execute(
            text("SELECT id, name, status FROM products WHERE internal_sku = :sku FOR UPDATE"), {"sku": sku}
        )
    ).first()
    if product is None:
        raise StoreRejected(f"there is no product {sku!r}; `ingestion product list` shows them")
    if product.status == to_status:
        raise StoreRejected(f"product {sku!r} is {to_status} already")
    if to_status not in ALLOWED[product.status]:
        raise StoreRejected(f"product {sku!r} is {product.status}; it cannot become {to_status}")
    await connection.execute(
        text("UPDATE products SET status = CAST(:status AS product_status), updated_at = now() WHERE id = :id"),
        {"id": product.id, "status": to_status},
    )
    await connection.execute(
        text(
            "INSERT INTO product_transitions (product_id, from_status, to_status, actor, reason)"
            " VALUES (:id, CAST(:old AS product_status), CAST(:new AS product_status), :actor, :reason)"
        ),
        {"id": product.id, "old": product.status, "new": to_status, "actor": actor, "reason": reason},
    )
    return str(product.name)


async def listed(
    connection: AsyncConnection, status: str | None = None, key: str | None = None, limit: int = 50
) -> list[ProductLine]:
    """Products by number; `key` keeps those with an item of that supplier."""
    rows = await connection.execute(
        text(
            "SELECT p.internal_sku, p.name, p.status::text AS status, count(i.id) AS items, p.created_at, p.updated_at"
            " FROM products p LEFT JOIN supplier_items i ON i.product_id = p.id"
            " LEFT JOIN suppliers s ON s.id = i.supplier_id"
            " WHERE (CAST(:status AS text) IS NULL OR p.status::text = :status)"
            " GROUP BY p.id HAVING CAST(:key AS text) IS NULL OR bool_or(s.key = :key)"
            " ORDER BY p.internal_sku LIMIT :limit"
        ),
        {"status": status, "key": key, "limit": limit},
    )
    return records(ProductLine, rows)


async def get(connection: AsyncConnection, sku: str) -> Product:
    """The product. Raises StoreRejected where there is none."""
    row = (
        await connection.execute(
            text(
                "SELECT p.id, p.internal_sku, p.name, p.status::text AS status, p.created_at, p.updated_at,"
                " c.name AS category FROM products p LEFT JOIN categories c ON c.id = p.category_id"
                " WHERE p.internal_sku = :sku"
            ),
            {"sku": sku},
        )
    ).first()
    if row is None:
        raise StoreRejected(f"there is no product {sku!r}; `ingestion product list` shows them")
    items = await connection.execute(
        text(
            "SELECT s.key AS supplier, i.supplier_sku, i.name, trim_scale(i.current_price)::text AS price, i.currency,"
            " i.missing_since FROM supplier_items i JOIN suppliers s ON s.id = i.supplier_id"
            " WHERE i.product_id = :id ORDER BY s.key, i.supplier_sku"
        ),
        {"id": row.id},
    )
    moves = await connection.execute(
        text(
            "SELECT at, from_status::text AS from_status, to_status::text AS to_status, actor, reason"
            " FROM product_transitions WHERE product_id = :id ORDER BY id"
        ),
        {"id": row.id},
    )
    return Product(**row._mapping, items=records(LinkedItem, items), transitions=records(ProductTransition, moves))


DRAFT = """
WITH fresh AS (
    SELECT id, :key || ':' || supplier_sku AS sku, name FROM supplier_items
    WHERE supplier_id = :supplier AND created_at = now() AND product_id IS NULL ORDER BY supplier_sku
), made AS (
    INSERT INTO products (internal_sku, name) SELECT sku, name FROM fresh
    ON CONFLICT (internal_sku) DO NOTHING RETURNING id, internal_sku
), noted AS (
    INSERT INTO product_transitions (product_id, to_status, actor, reason) SELECT id, 'draft', 'load', :reason FROM made
), linked AS (
    UPDATE supplier_items item SET product_id = made.id
    FROM fresh JOIN made ON made.internal_sku = fresh.sku WHERE item.id = fresh.id
)
SELECT count(*) FROM made
"""
"""An item is new where it was created in this transaction: `now()` is the transaction's own moment."""
