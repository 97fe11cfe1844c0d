"""What happens by the clock. Loading is stopped until somebody starts it in the UI; sweeping runs."""

import dagster as dg

from ingestion_dagster.jobs import ingest_supplier, sweep_old_lists
from ingestion_dagster.resources import IngestionResource
from ingestion_dagster.store import suppliers
from ingestion_dagster.store.database import Database


@dg.schedule(
    job=ingest_supplier,
    cron_schedule="0 5 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every active supplier's list, every morning at five (UTC).",
)
def refresh_all_suppliers(
    context: dg.ScheduleEvaluationContext, ingestion: IngestionResource
) -> list[dg.RunRequest] | dg.SkipReason:
    """One run per active supplier that Dagster knows as a partition."""

    async def _keys(database: Database) -> list[str]:
        async with database.transaction() as connection:
            return [supplier.key for supplier in await suppliers.every(connection, active_only=True)]

    known = set(context.instance.get_dynamic_partitions("suppliers"))
    moment = context.scheduled_execution_time.isoformat()
    keys = [key for key in ingestion.place.run(_keys) if key in known]
    if not keys:
        return dg.SkipReason("no active supplier is registered")
    return [dg.RunRequest(run_key=f"refresh:{moment}:{key}", partition_key=key) for key in keys]


sweep_every_night = dg.ScheduleDefinition(
    name="sweep_every_night",
    job=sweep_old_lists,
    cron_schedule="30 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Old snapshots, staged rows and references, every night at half past three (UTC).",
)
