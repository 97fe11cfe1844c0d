"""The registered suppliers: looked up, registered, changed, paused. What a setting may say is in `core/suppliers`."""

from collections.abc import Callable, Iterable
from typing import Any

from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store import requests
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database
from ingestion_dagster.store.requests.reports import OpenRequests


def every(deployment: Deployment) -> list[Supplier]:
    """All suppliers by key."""

    async def _every(database: Database) -> list[Supplier]:
        async with database.transaction() as connection:
            return await suppliers.every(connection)

    return deployment.run(_every)


def by_keys(deployment: Deployment, keys: Iterable[str]) -> list[Supplier]:
    """These suppliers in this order. Raises SourceRejected with near names where there is none of that name."""

    async def _by_keys(database: Database) -> list[Supplier]:
        async with database.transaction() as connection:
            return [await suppliers.by_key(connection, key) for key in keys]

    return deployment.run(_by_keys)


def register(
    deployment: Deployment,
    key: str,
    name: str,
    source_type: str,
    source: dict[str, Any],
    given: dict[str, Any],
    email: str | None,
) -> Supplier:
    """Add the supplier, or change where its list comes from."""

    async def _add(database: Database) -> Supplier:
        async with database.transaction() as connection:
            return await suppliers.register(connection, key, name, source_type, source, given, email)

    return deployment.run(_add)


def edit(deployment: Deployment, key: str, change: Callable[[Supplier], Supplier]) -> tuple[Supplier, Supplier]:
    """The supplier before and after `change`, which nobody else can change meanwhile."""

    async def _edit(database: Database) -> tuple[Supplier, Supplier]:
        async with database.transaction() as connection:
            before = await suppliers.by_key(connection, key, for_update=True)
            after = change(before)
            await suppliers.replace(connection, after)
            return before, after

    return deployment.run(_edit)


def set_active(deployment: Deployment, key: str, active: bool) -> OpenRequests:
    """Pause or resume; how many of its requests are not finished."""

    async def _change(database: Database) -> OpenRequests:
        async with database.transaction() as connection:
            await suppliers.set_active(connection, key, active)
            return await requests.open_requests(connection, key)

    return deployment.run(_change)
