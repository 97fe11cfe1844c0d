"""The sensor that turns queue messages into runs. The protocol is in `services/queue.py`; here it meets Dagster."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import dagster as dg

from ingestion_dagster.core.errors import StoreError, StoreUnavailable
from ingestion_dagster.core.requests.leases import RunState
from ingestion_dagster.defs.jobs import ingest_supplier
from ingestion_dagster.defs.metadata import log_line
from ingestion_dagster.defs.partitions import suppliers as suppliers_partitions
from ingestion_dagster.defs.resources import IngestionResource
from ingestion_dagster.defs.run_tags import ATTEMPT, FENCE, REQUEST, TASK
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.logs import logger
from ingestion_dagster.services.alerts import send_alerts
from ingestion_dagster.services.queue import Memory, Tick, tick
from ingestion_dagster.settings import settings
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database, connected
from ingestion_dagster.store.requests import Lease

if TYPE_CHECKING:
    from ingestion_dagster.redis_store.mailbox import Mailbox

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


TICK_SECONDS = 45
"""Dagster gives a sensor 60 seconds and then forgets what it returned."""
SETTINGS_LOOKED_AT_EVERY = 120
"""Ticks between two looks at Redis's settings: about ten minutes."""

_memory = Memory()


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
    return look(context, ingestion.deployment)


def look(context: dg.SensorEvaluationContext, deployment: Deployment) -> dg.SensorResult | dg.SkipReason:
    """One tick at `place`. No error leaves it: Dagster repeats a failed tick, and that says less than this one does."""
    try:
        return asyncio.run(_evaluate(context, deployment))
    except StoreError as error:
        return _nothing_taken(context, f"nothing was taken and nothing handed out: {error}")
    except TimeoutError:
        return _nothing_taken(
            context,
            f"the tick was ended after {TICK_SECONDS} s, the next takes less: a server is too slow",
        )
    except Exception as error:
        context.log.exception("the tick failed; nothing is lost, the next one goes on")
        return _nothing_taken(context, f"the tick failed: {type(error).__name__}: {error}")


def _nothing_taken(context: dg.SensorEvaluationContext, why: str) -> dg.SkipReason:
    why = log_line(why)
    context.log.warning(why)
    logger(settings().log_format).warning("tick without effect", reason=why)
    return dg.SkipReason(why)


async def _evaluate(context: dg.SensorEvaluationContext, deployment: Deployment) -> dg.SensorResult | dg.SkipReason:
    def run_of(lease: Lease) -> RunState:
        return run_state(context.instance, lease)

    with deployment.mailbox() as mailbox:
        if unsafe := _unsafe_redis(context, deployment, mailbox):
            return _nothing_taken(context, f"INGESTION_STRICT_REDIS is on and Redis may lose messages: {unsafe}")
        async with asyncio.timeout(TICK_SECONDS), connected(deployment.database_url, deployment.limits) as database:
            done = await tick(deployment, mailbox, database, run_of, _memory)
            if not _worth_telling(done) and _mail_comes(
                mailbox, deployment.settings.sensor_wait_seconds, done.deferred
            ):
                done = await tick(deployment, mailbox, database, run_of, _memory)
            await send_alerts(deployment, database)
            new_keys = await _new_partitions(context.instance, database)
    _tell(context, done, deployment.settings.log_format)
    for lease in done.lost_runs:
        _end_run(context, lease)
    if not done.to_start and not new_keys:
        return dg.SkipReason(log_line(_in_words(done)))
    return dg.SensorResult(
        run_requests=[_run_request(lease, deployment.settings.job_timeout) for lease in done.to_start],
        dynamic_partitions_requests=[suppliers_partitions.build_add_request(new_keys)] if new_keys else None,
    )


def _mail_comes(mailbox: "Mailbox", seconds: float, passed_over: int) -> bool:
    """Whether there is mail within so many seconds. A Redis that is away was told of by the tick."""
    try:
        return mailbox.wait_for_work(seconds, passed_over=passed_over)
    except StoreUnavailable:
        return False


def _unsafe_redis(context: dg.SensorEvaluationContext, deployment: Deployment, mailbox: "Mailbox") -> str:
    """Settings of Redis that could lose messages; warned of now and then, returned where they are not accepted."""
    if _memory.ticks % SETTINGS_LOOKED_AT_EVERY and not deployment.settings.strict_redis:
        return ""
    try:
        unsafe = "; ".join(mailbox.unsafe_settings())
    except StoreUnavailable:
        return ""  # the tick says that Redis is away
    if unsafe:
        context.log.warning(log_line(f"Redis may lose messages: {unsafe}"))
    return unsafe if deployment.settings.strict_redis else ""


def _tell(context: dg.SensorEvaluationContext, done: Tick, log_format: str) -> None:
    log = logger(log_format)
    for letter in done.dead:
        context.log.warning(log_line(f"dead letter {letter.request_id} ({letter.task_id}): {letter.reason}"))
        log.warning("dead letter", task_id=letter.task_id, request_id=letter.request_id, reason=letter.reason)
    for task_id, state in done.reaped:
        context.log.warning(log_line(f"request {task_id}: its run is gone; now {state}"))
        log.warning("run is gone", task_id=task_id, state=state)
    for trouble in done.troubles:
        context.log.warning(log_line(trouble))
        log.warning("trouble", reason=trouble)
    for lease in done.to_start:
        known = {"task_id": lease.task_id, "supplier": lease.supplier_key, "attempt": lease.attempt}
        log.info("run asked for", run_key=lease.run_key, **known)


def _end_run(context: dg.SensorEvaluationContext, lease: Lease) -> None:
    """Best effort: its fence is gone, so it cannot commit; but as long as it stands it takes its supplier's place."""
    instance = context.instance
    try:
        for record in instance.get_run_records(dg.RunsFilter(tags={"dagster/run_key": lease.run_key}), limit=1):
            run = record.dagster_run
            with suppress(Exception):  # its machine may be gone
                instance.run_launcher.terminate(run.run_id)
            found = instance.get_run_by_id(run.run_id)
            if found is not None and not found.is_finished:
                instance.report_run_failed(found, "Its lease is over; the request was given to another attempt.")
    except Exception as error:
        context.log.warning(
            log_line(f"the run of {lease.task_id} (attempt {lease.attempt}) could not be ended: {error}")
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
            # The net below the run's own limit and below its lease, for a machine that is gone.
            "dagster/max_runtime": str(timeout + 60),
        },
    )


def _worth_telling(done: Tick) -> bool:
    return bool(done.to_start or done.recorded or done.reaped)


def _in_words(done: Tick) -> str:
    words = [f"{len(done.recorded)} messages taken" if done.recorded else ""]
    words.append("so many requests wait that mail stays in Redis" if done.full else "")
    words.append(f"{done.deferred} messages wait for what another session has locked" if done.deferred else "")
    words.append(f"{done.waiting} requests waiting for their supplier or their time; nothing new to start")
    return "; ".join([*done.troubles, *filter(None, words)])
