"""The op of the nightly sweep. What may be removed is decided in `services/retention.py` and its statements."""

import dagster as dg

from ingestion_dagster.defs.metadata import log_line
from ingestion_dagster.defs.resources import IngestionResource
from ingestion_dagster.services import retention


@dg.op
async def sweep_storage(context: dg.OpExecutionContext, ingestion: IngestionResource) -> None:
    """Old snapshots that no price in force was read from, staged rows of decided batches, references of old runs."""
    swept = await retention.sweep(ingestion.deployment)
    context.log.info(
        log_line(", ".join(f"{name.replace('_', ' ')}: {count:,}" for name, count in swept.as_json().items()))
    )
    context.add_output_metadata(swept.as_json())
