"""The code location: everything Dagster sees, put together. `defs` is what workspace.yaml and the tools load."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from ingestion_dagster.defs.assets import supplier_items, supplier_sheet
from ingestion_dagster.defs.checks import supplier_checks
from ingestion_dagster.defs.jobs import (
    ingest_supplier,
    refresh_suppliers,
    reload_supplier,
    review_batch,
    sweep_old_lists,
    sync_registry,
)
from ingestion_dagster.defs.resources import IngestionResource, ReferenceStore
from ingestion_dagster.defs.schedules import refresh_all_suppliers, sweep_every_night, sync_registry_every_hour
from ingestion_dagster.defs.sensors import ingestion_queue


def build_definitions(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions, with some resources replaced (tests, the command line)."""
    return dg.Definitions(
        assets=[supplier_sheet, supplier_items],
        asset_checks=supplier_checks,
        jobs=[ingest_supplier, reload_supplier, review_batch, sweep_old_lists, refresh_suppliers, sync_registry],
        sensors=[ingestion_queue],
        schedules=[refresh_all_suppliers, sweep_every_night, sync_registry_every_hour],
        resources={
            "ingestion": IngestionResource(),
            "io_manager": ReferenceStore(),
            **(resources or {}),
        },
        # A process per op costs 8 CPU-seconds a run; a killed one could go on writing beside its successor.
        executor=dg.in_process_executor,
    )


defs = build_definitions()
