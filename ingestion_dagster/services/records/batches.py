"""Batches and remembered columns, looked up. Deciding about a batch is `services/review.py`'s."""

import asyncio

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.stored_lists import damage_of
from ingestion_dagster.store.batches import batches, mappings
from ingestion_dagster.store.batches.mappings import KeptMapping
from ingestion_dagster.store.batches.types import Batch, BatchLine, MappedBatch, RejectCount, Transition
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database


def listed(deployment: Deployment, state: str | None, supplier: str | None, limit: int) -> list[BatchLine]:
    """Batches, newest first, all or some of them. Raises SourceRejected for a supplier that there is not."""

    async def _list(database: Database) -> list[BatchLine]:
        async with database.transaction() as connection:
            if supplier is not None:
                await suppliers.by_key(connection, supplier)
            return await batches.listed(connection, state, supplier, limit)

    return deployment.run(_list)


def get(deployment: Deployment, batch_id: int) -> Batch:
    """One batch."""

    async def _get(database: Database) -> Batch:
        async with database.transaction() as connection:
            return await batches.get(connection, batch_id)

    return deployment.run(_get)


def with_history(deployment: Deployment, batch_id: int) -> tuple[Batch, list[Transition], list[RejectCount]]:
    """One batch, how it came to its state, and its rejected rows by kind."""

    async def _get(database: Database) -> tuple[Batch, list[Transition], list[RejectCount]]:
        async with database.transaction() as connection:
            batch = await batches.get(connection, batch_id)
            moves = await batches.transitions(connection, batch_id)
            return batch, moves, await batches.errors_by_code(connection, batch_id)

    return deployment.run(_get)


def damage(deployment: Deployment, key: str, batch: Batch) -> str | None:
    """What is wrong with the stored list that the batch was read from, in words; None where nothing is."""
    return asyncio.run(damage_of(deployment, key, batch.snapshot_id))


def columns_of(deployment: Deployment, key: str) -> tuple[MappedBatch | None, list[KeptMapping]]:
    """How the supplier's newest list was understood, None before the first; and the columns that were confirmed."""

    async def _get(database: Database) -> tuple[MappedBatch | None, list[KeptMapping]]:
        async with database.transaction() as connection:
            supplier = await suppliers.by_key(connection, key)
            newest = await batches.newest_mapped(connection, supplier.id)
            return newest, await mappings.listed(connection, supplier.id)

    return deployment.run(_get)
