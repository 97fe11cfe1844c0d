"""The jobs people and the sensor start. What runs in them is the assets'."""

import dagster as dg

from ingestion_dagster.defs.assets import supplier_items, supplier_sheet
from ingestion_dagster.defs.review_ops import decide_batch
from ingestion_dagster.defs.scheduled_ops import read_registry, refresh_lists
from ingestion_dagster.defs.sweep_ops import sweep_storage

ingest_supplier = dg.define_asset_job(
    "ingest_supplier",
    selection=dg.AssetSelection.assets(supplier_sheet, supplier_items),
    description="Fetch a supplier's list and load it.",
)

reload_supplier = dg.define_asset_job(
    "reload_supplier",
    selection=dg.AssetSelection.assets(supplier_items),
    description="Load a supplier's stored list again with today's rules; fetches nothing.",
)


@dg.job(
    description="Approve or reject a held batch: paste what `how_to_decide` of the held list shows, and write a note."
)
def review_batch() -> None:
    """Exactly the rows that were judged are applied; a batch that something newer overtook is refused."""
    decide_batch()


@dg.job(description="Remove what retention allows: old snapshots, staged rows, references of old runs.")
def sweep_old_lists() -> None:
    """Never a list that a price in force was read from, never history."""
    sweep_storage()


@dg.job(description="Ask Google which sheets were edited, and the queue for every list that may differ.")
def refresh_suppliers() -> None:
    """One request to Drive for a thousand sheets; lists that nobody edited are noted as unchanged."""
    refresh_lists()


@dg.job(description="Keep the suppliers in step with the registry sheet: add, change, pause, never delete.")
def sync_registry() -> None:
    """A sheet that cannot be read, or is empty, changes nothing."""
    read_registry()
