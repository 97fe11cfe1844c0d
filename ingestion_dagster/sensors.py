"""The sensor that turns queue messages into runs. The protocol is in `dispatch.py`; here it meets Dagster."""

import asyncio

import dagster as dg

from ingestion_dagster.core.errors import DataIngestionError
from ingestion_dagster.core.leases import RunState
from ingestion_dagster.dispatch import Tick, tick
from ingestion_dagster.jobs import ingest_supplier
from ingestion_dagster.partitions import suppliers as suppliers_partitions
from ingestion_dagster.resources import IngestionResource
from ingestion_dagster.store import suppliers
from ingestion_dagster.store.database import Database, connected
from ingestion_dagster.store.requests import Lease
from ingestion_dagster.tags import ATTEMPT, FENCE, REQUEST, TASK
from ingestion_dagster.workplace import Workplace

RUN_STATES: dict[dg.DagsterRunStatus, RunState] = {
    dg.DagsterRunStatus.QUEUED: "waiting",
    dg.DagsterRunStatus.NOT_STARTED: "waiting",
    dg.DagsterRunStatus.MANAGED: "waiting",
    dg.DagsterRunStatus.STARTING: "running",
    dg.DagsterRunStatus.STARTED: "running",
    dg.DagsterRunStatus.SUCCESS: "succeeded",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELING: "cancelled",
    dg.DagsterRunStatus.CANCELED: "cancelled",
}


@dg.sensor(
    job=ingest_supplier,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Messages on the Redis queue become runs, one per supplier at a time.",
)
def ingestion_queue(
    context: dg.SensorEvaluationContext, ingestion: IngestionResource
) -> dg.SensorResult | dg.SkipReason:
    """One tick. It waits a few seconds for mail, because Dagster looks here only every five."""
    try:
        return asyncio.run(_evaluate(context, ingestion.place))
    except DataIngestionError as error:
        return dg.SkipReason(f"nothing was taken: {error}")


async def _evaluate(context: dg.SensorEvaluationContext, place: Workplace) -> dg.SensorResult | dg.SkipReason:
    with place.mailbox() as mailbox:
        async with connected(place.database_url, place.limits) as database:
            done = await tick(place, mailbox, database, lambda lease: run_state(context.instance, lease))
            if (
                not done.to_start
                and _nothing_happened(done)
                and mailbox.wait_for_work(place.settings.sensor_wait_seconds)
            ):
                done = await tick(place, mailbox, database, lambda lease: run_state(context.instance, lease))
            for letter in done.dead:
                context.log.warning(f"dead letter {letter.request_id} ({letter.task_id}): {letter.reason}")
            for task_id, state in done.reaped:
                context.log.warning(f"request {task_id}: its run is gone; now {state}")
            new_keys = await _new_partitions(context.instance, database)
    if not done.to_start and not new_keys:
        return dg.SkipReason(_in_words(done))
    return dg.SensorResult(
        run_requests=[_run_request(lease, place.settings.job_timeout) for lease in done.to_start],
        dynamic_partitions_requests=[suppliers_partitions.build_add_request(new_keys)] if new_keys else None,
    )


def run_state(instance: dg.DagsterInstance, lease: Lease) -> RunState:
    """What Dagster knows of the lease's run."""
    found = instance.get_run_records(dg.RunsFilter(tags={"dagster/run_key": lease.run_key}), limit=1)
    return RUN_STATES[found[0].dagster_run.status] if found else "absent"


async def _new_partitions(instance: dg.DagsterInstance, database: Database) -> list[str]:
    """Registered suppliers that Dagster does not show yet. Keys are never taken away: history hangs on them."""
    async with database.transaction() as connection:
        registered = [supplier.key for supplier in await suppliers.every(connection)]
    known = set(instance.get_dynamic_partitions("suppliers"))
    return [key for key in registered if key not in known]


def _run_request(lease: Lease, timeout: int) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=lease.run_key,
        partition_key=lease.supplier_key,
        tags={
            TASK: lease.task_id,
            REQUEST: str(lease.request_id),
            FENCE: str(lease.fence),
            ATTEMPT: str(lease.attempt),
            "dagster/priority": str(lease.priority),
            "dagster/max_runtime": str(timeout),
        },
    )


def _nothing_happened(done: Tick) -> bool:
    return not done.recorded and not done.reaped


def _in_words(done: Tick) -> str:
    taken = f"{len(done.recorded)} messages taken, " if done.recorded else ""
    return f"{taken}{done.waiting} requests waiting for their supplier or their time; nothing new to start"
