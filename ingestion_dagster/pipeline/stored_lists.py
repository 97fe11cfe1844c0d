"""A list as a batch read it, opened again from the snapshot store. Fetches nothing."""

from typing import Any

from ingestion_dagster.core.errors import SheetError, SourceError, SourceRejected
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.sheets import Sheet, Workbook
from ingestion_dagster.core.steps import SheetSnapshot
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import open_snapshot, stored_bytes
from ingestion_dagster.store.batches import snapshots
from ingestion_dagster.store.database import connected


def snapshot_of(batch: dict[str, Any], supplier: Supplier) -> SheetSnapshot:
    """The snapshot of a batch (a row with the snapshot's columns). Raises SourceRejected where its bytes are gone."""
    if batch["deleted_at"] is not None:
        raise SourceRejected(f"its bytes were removed on {batch['deleted_at']:%Y-%m-%d} (retention)")
    return SheetSnapshot(
        id=batch["snapshot_id"],
        supplier_key=supplier.key,
        sha256=batch["sha256"],
        size_bytes=batch["size_bytes"],
        filename=batch["filename"],
    )


async def damage_of(deployment: Deployment, supplier_key: str, snapshot_id: int) -> str | None:
    """What is the matter with the kept bytes of a list, and what to do; None where they are what was received or were
    removed on purpose. A batch is decided without them, but why its prices are what they are is then not known."""
    try:
        async with (
            connected(deployment.database_url, deployment.limits) as database,
            database.transaction() as connection,
        ):
            snapshot = await snapshots.get(connection, snapshot_id, supplier_key)
    except SourceRejected:
        return None
    try:
        stored_bytes(deployment, snapshot)
    except SourceError as error:
        return str(error)
    return None


def open_list(deployment: Deployment, supplier: Supplier, batch: dict[str, Any]) -> Workbook:
    """The workbook that the batch read. Raises SourceRejected where its bytes are gone."""
    return open_snapshot(deployment, snapshot_of(batch, supplier), supplier)


def tab_of(workbook: Workbook, mapped: MappedSheet) -> Sheet:
    """The tab that was read. Raises SheetError where the workbook does not have it."""
    try:
        return workbook.sheet(mapped.sheet)
    except KeyError as error:
        raise SheetError(str(error.args[0])) from None
