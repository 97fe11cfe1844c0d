"""A list as a batch read it, opened again from the snapshot store. Fetches nothing."""

from typing import Any

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.mapped import MappedSheet
from ingestion_dagster.core.sheets import Sheet, Workbook
from ingestion_dagster.core.supplier import Supplier
from ingestion_dagster.core.walk import SheetSnapshot
from ingestion_dagster.fetching import open_snapshot
from ingestion_dagster.workplace import Workplace


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


def open_list(place: Workplace, supplier: Supplier, batch: dict[str, Any]) -> Workbook:
    """The workbook that the batch read. Raises SourceRejected where its bytes are gone."""
    return open_snapshot(place, snapshot_of(batch, supplier), supplier)


def tab_of(workbook: Workbook, mapped: MappedSheet) -> Sheet:
    """The tab that was read. Raises SheetError where the workbook does not have it."""
    try:
        return workbook.sheet(mapped.sheet)
    except KeyError as error:
        raise SheetError(str(error.args[0])) from None
