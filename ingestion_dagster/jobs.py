"""The jobs people and the sensor start. What runs in them is the assets'."""

import dagster as dg

from ingestion_dagster.assets import supplier_items, supplier_sheet

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
