"""Step `fetch_sheet`: the list as it is at its source now, its bytes kept under their sha256.

How a source is read is in `sources/`; kept lists are opened in `stored_lists.py`.
"""

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.steps import SheetSnapshot, Timings
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.google_access import Fetched, fetch_google, source_of
from ingestion_dagster.pipeline.stored_lists import limits_of
from ingestion_dagster.pipeline.timing import timed
from ingestion_dagster.sources.inbox import read_inbox_file
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
    if supplier.source_type == "google_sheets":
        return fetch_google(deployment, source_of(supplier), supplier.key, bool(supplier.source.get("public")))
    path = supplier.source.get("file_path")
    if not path:
        raise SourceRejected(f"supplier {supplier.key!r} has no file_path; set one with `ingestion supplier add`")
    return Fetched(*read_inbox_file(str(path), deployment.settings.inbox_path, limits_of(deployment.settings)))
