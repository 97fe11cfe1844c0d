"""What happens by the clock. Loading is stopped until somebody starts it in the UI; sweeping runs."""

import dagster as dg

from ingestion_dagster.defs.jobs import refresh_suppliers, sweep_old_lists, sync_registry
from ingestion_dagster.defs.scheduled_ops import Moment, RefreshConfig, moment_of


@dg.schedule(
    job=refresh_suppliers,
    cron_schedule="0 5 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every active supplier's list, every morning at five (UTC); Google Sheets nobody edited are not read.",
)
def refresh_all_suppliers(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run that asks Google, in an op; the loads follow from the queue."""
    moment = moment_of(context.scheduled_execution_time)
    return dg.RunRequest(
        run_key=f"refresh:{moment}", run_config=dg.RunConfig(ops={"refresh_lists": RefreshConfig(moment=moment)})
    )


@dg.schedule(
    job=sync_registry,
    cron_schedule="15 * * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="The registry sheet, a quarter past every hour.",
)
def sync_registry_every_hour(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run that reads the sheet, in an op."""
    moment = moment_of(context.scheduled_execution_time)
    return dg.RunRequest(
        run_key=f"registry:{moment}", run_config=dg.RunConfig(ops={"read_registry": Moment(moment=moment)})
    )


sweep_every_night = dg.ScheduleDefinition(
    name="sweep_every_night",
    job=sweep_old_lists,
    cron_schedule="30 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Old snapshots, staged rows and references, every night at half past three (UTC).",
)
