"""Products: looked up, and moved from draft to active to archived."""

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store.catalogue import products, suppliers
from ingestion_dagster.store.catalogue.products import Product, ProductLine
from ingestion_dagster.store.database import Database


def listed(deployment: Deployment, status: str | None, supplier: str | None, limit: int) -> list[ProductLine]:
    """Products by number, all or some of them. Raises SourceRejected for a supplier that there is not."""

    async def _list(database: Database) -> list[ProductLine]:
        async with database.transaction() as connection:
            if supplier is not None:
                await suppliers.by_key(connection, supplier)
            return await products.listed(connection, status, supplier, limit)

    return deployment.run(_list)


def get(deployment: Deployment, sku: str) -> Product:
    """One product with its items and its history."""

    async def _get(database: Database) -> Product:
        async with database.transaction() as connection:
            return await products.get(connection, sku)

    return deployment.run(_get)


def move(deployment: Deployment, sku: str, status: str, actor: str, reason: str | None) -> str:
    """To another status; the product's name."""

    async def _move(database: Database) -> str:
        async with database.transaction() as connection:
            return await products.move(connection, sku, status, actor, reason)

    return deployment.run(_move)
