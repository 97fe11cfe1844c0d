"""What an error means to Dagster and to the queue, decided in one place; and how long a run may take.

A permanent error fails the op without a retry and makes the request a dead letter; a passing one is retried by
the op (fetch only), then by the queue with growing waits.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import dagster as dg

from ingestion_dagster.core.errors import DataIngestionError, LeaseLost, RunTimedOut, SourceUnavailable
from ingestion_dagster.core.requests.leases import retry_wait
from ingestion_dagster.core.steps import Attempt
from ingestion_dagster.defs.check_events import ITEMS, log_events, not_judged
from ingestion_dagster.defs.metadata import log_line
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.logs import at_work
from ingestion_dagster.services.queue import publish_soon
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import connected

FETCH_RETRIES = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""Only fetching is repeated inside a run; everything after it is repeated as a whole, by the queue."""
REPORT_WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds between the tries to tell the queue what went wrong: a database that restarts is away for a moment."""
LAST_GRACE = 15.0
"""Seconds for a step that does not yield, after it was asked to end and before its process is killed."""

_begun: dict[str, float] = {}
"""Run id -> when this process began it. A run is one process; a warm worker forgets the earlier ones."""


@asynccontextmanager
async def translated(
    context: dg.OpExecutionContext, deployment: Deployment, attempt: Attempt, batch_id: int | None = None
) -> AsyncIterator[None]:
    """Expected errors become a `Failure` with advice; the last try of a request's run is reported to the queue.

    A step of a request's run ends when the run's time is over, whether it waits, works or hangs.
    """
    with at_work(context.op_def.name, context.partition_key, attempt, batch_id, deployment.settings.log_format):
        try:
            async with _in_time(context.run_id, deployment.settings.job_timeout, attempt):
                yield
        except DataIngestionError as error:
            await _fail(context, deployment, attempt, error)
        except (dg.Failure, dg.RetryRequested):
            raise
        except Exception as error:
            # A defect of ours, or of the machine. The run shows the traceback, the queue the reason.
            unexpected = _unexpected(error)
            _fail_checks(context, unexpected)
            await _report(context, deployment, attempt, unexpected)
            raise


async def _fail(
    context: dg.OpExecutionContext, deployment: Deployment, attempt: Attempt, error: DataIngestionError
) -> None:
    tried_enough = isinstance(error, RunTimedOut) or (isinstance(error, SourceUnavailable) and error.tried_again)
    final = tried_enough or not error.retryable or not _will_retry(context)
    if final:
        _fail_checks(context, error)
        await _report(context, deployment, attempt, error)
    raise dg.Failure(
        description=log_line(f"{context.partition_key}: {error}"),
        metadata={"error_type": type(error).__name__, "retryable": error.retryable},
        allow_retries=not final,
    ) from error


def _fail_checks(context: dg.OpExecutionContext, error: DataIngestionError) -> None:
    """The supplier's own checks say why there is nothing to see, where this run was to bring its items."""
    selected = context.run.asset_selection
    if selected and ITEMS not in selected:
        return
    log_events(context, not_judged(context.partition_key, str(error)))


def _will_retry(context: dg.OpExecutionContext) -> bool:
    policy = context.op_def.retry_policy
    return policy is not None and context.retry_number < policy.max_retries


def _unexpected(error: Exception) -> DataIngestionError:
    """Under its own name, and tried again: nobody knows that it is permanent."""
    kind = type("Unexpected" + type(error).__name__, (DataIngestionError,), {"retryable": True})
    return kind(f"unexpected: {type(error).__name__}: {str(error)[:500]}")  # type: ignore[no-any-return]


@asynccontextmanager
async def _in_time(run_id: str, seconds: float, attempt: Attempt) -> AsyncIterator[None]:
    """Raises RunTimedOut when the run, not only this step, has taken its time. Only requests are bounded."""
    if attempt.request_id is None:
        yield
        return
    if run_id not in _begun:
        _begun.clear()
        _begun[run_id] = time.monotonic()
    left = max(0.0, seconds - (time.monotonic() - _begun[run_id]))
    try:
        with _watched(left):
            async with asyncio.timeout(left) as limit:
                yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise RunTimedOut(f"the run took longer than {seconds:.0f} s (INGESTION_JOB_TIMEOUT) and was ended") from error


@contextmanager
def _watched(seconds: float) -> Iterator[None]:
    """A step that never yields to the loop is asked to end, then killed: it may not outlive its lease."""
    over = threading.Event()

    def _watch() -> None:
        for number, wait in ((signal.SIGTERM, seconds + 5.0), (signal.SIGKILL, LAST_GRACE)):
            if over.wait(wait):
                return
            os.kill(os.getpid(), number)

    threading.Thread(target=_watch, name="time of the run", daemon=True).start()
    try:
        yield
    finally:
        over.set()


async def _report(
    context: dg.OpExecutionContext, deployment: Deployment, attempt: Attempt, error: DataIngestionError
) -> None:
    """Tell the queue. A database that does not answer now is no reason to hide the first error: the lease runs out."""
    if attempt.request_id is None or attempt.fence is None or isinstance(error, LeaseLost):
        return
    state = None
    for number, pause in enumerate((*REPORT_WAITS, None)):
        try:
            state = await _give_back(deployment, attempt, error)
            break
        except DataIngestionError as second:
            if pause is None or not second.retryable:
                context.log.warning(
                    log_line(
                        f"request {attempt.task_id} could not be given back after {number + 1} tries ({second}); its"
                        " lease runs out"
                    )
                )
                return
            await asyncio.sleep(pause)
    context.log.info(log_line(f"request {attempt.task_id}: {state or 'no longer ours'}"))
    if state == "dead":
        await publish_soon(deployment)


async def _give_back(deployment: Deployment, attempt: Attempt, error: DataIngestionError) -> str | None:
    assert attempt.request_id is not None
    assert attempt.fence is not None
    known = deployment.settings
    wait = retry_wait(attempt.number, known.retry_base_seconds, known.retry_cap_seconds)
    if isinstance(error, SourceUnavailable) and error.retry_after:
        wait = max(wait, min(error.retry_after, known.retry_cap_seconds))
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        return await requests.give_back(connection, attempt.request_id, attempt.fence, error, wait, attempt.run_id)
