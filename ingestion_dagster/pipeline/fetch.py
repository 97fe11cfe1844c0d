"""Step `fetch_sheet`: the list as it is at its source now, its bytes kept under their sha256.

How a source is read is in `sources/`; kept lists are opened in `stored_lists.py`.
"""

import traceback
from pathlib import PurePath

from ingestion_dagster.core.errors import DataIngestionError, SourceRejected, SourceUnavailable
from ingestion_dagster.core.steps import SheetSnapshot, Timings
from ingestion_dagster.core.suppliers.built_in_sources import BUILT_IN
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.google_access import SHARE_OF_FETCH
from ingestion_dagster.pipeline.stored_lists import limits_of
from ingestion_dagster.pipeline.timing import timed
from ingestion_dagster.sources.installed import source as source_called
from ingestion_dagster.sources.source import Fetched, Order, Source
from ingestion_dagster.store.batches import snapshots
from ingestion_dagster.store.catalogue import drive_states, suppliers
from ingestion_dagster.store.database import connected


async def fetch(deployment: Deployment, supplier_key: str) -> SheetSnapshot:
    """Bring the supplier's list here and keep its bytes."""
    timings: Timings = {}
    with timed(timings, "fetch"):
        async with connected(deployment.database_url, deployment.limits) as database:
            async with database.transaction() as connection:
                supplier = await suppliers.by_key(connection, supplier_key)
                listed = await drive_states.listed(connection, supplier.id)  # before the list is read
            fetched = fetch_list(deployment, supplier)
            data, filename = fetched.data, fetched.filename
            sha256, _ = deployment.snapshots.put(data)
            async with database.transaction() as connection:
                await snapshots.lock_bytes(connection, sha256)
                _, path = deployment.snapshots.put(data)  # the sweep may have removed what was there a moment ago
                snapshot_id = await snapshots.record(
                    connection, supplier.id, sha256, path, len(data), filename, supplier.source
                )
                await drive_states.read(connection, supplier.id, None if fetched.changes_unedited else listed)
    return SheetSnapshot(
        id=snapshot_id,
        supplier_key=supplier_key,
        sha256=sha256,
        size_bytes=len(data),
        filename=filename,
        quota=fetched.quota,
        notes=fetched.notes,
        timings=timings,
    )


async def stored_snapshot(deployment: Deployment, supplier_key: str, snapshot_id: int) -> SheetSnapshot:
    """The reference to an earlier snapshot of the supplier, to be read again."""
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        return await snapshots.get(connection, snapshot_id, supplier_key)


def fetch_list(deployment: Deployment, supplier: Supplier) -> Fetched:
    """The list as it is at its source now. Raises SourceUnavailable or SourceRejected."""
    source = source_called(supplier.source_type)
    if supplier.source_type in BUILT_IN:
        return source.fetch(order_of(deployment, supplier))
    return _fetched_by_a_stranger(source, order_of(deployment, supplier))


def order_of(deployment: Deployment, supplier: Supplier) -> Order:
    """What a source is told."""
    known = deployment.settings
    seconds = SHARE_OF_FETCH * known.job_timeout
    return Order(supplier, deployment.allowed, limits_of(known), seconds, deployment)


def _fetched_by_a_stranger(source: Source, order: Order) -> Fetched:
    """By another package's code: its address is checked again, and what it did not expect is told without its words,
    which may hold a password."""
    source.type.checked(order.supplier.source, order.allowed)
    try:
        fetched = source.fetch(order)
        if not isinstance(fetched, Fetched) or not isinstance(fetched.data, bytes):
            raise TypeError("no list came of it")
    except DataIngestionError:
        raise
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        raise SourceUnavailable(
            f"the source {source.type.name!r} failed with {type(error).__name__} ({PurePath(where.filename).name},"
            f" line {where.lineno}), which its authors did not expect; tell them, or try again"
        ) from None
    largest = order.limits.text_bytes
    if len(fetched.data) > largest:
        raise SourceRejected(f"the list has {len(fetched.data):,} bytes; at most {largest:,} are read")
    return fetched._replace(filename=PurePath(fetched.filename.replace("\\", "/")).name or order.supplier.key)
