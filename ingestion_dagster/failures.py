"""What an error means to Dagster and to the queue, decided in one place.

A permanent error fails the op without a retry and makes the request a dead letter; a passing one is retried by
the op (fetch only), then by the queue with growing waits.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dagster as dg

from ingestion_dagster.core.errors import DataIngestionError, LeaseLost
from ingestion_dagster.core.retries import retry_wait
from ingestion_dagster.dispatch import publish_soon
from ingestion_dagster.loading import Errand
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import connected
from ingestion_dagster.workplace import Workplace

FETCH_RETRIES = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""Only fetching is repeated inside a run; everything after it is repeated as a whole, by the queue."""


@asynccontextmanager
async def translated(context: dg.OpExecutionContext, place: Workplace, errand: Errand) -> AsyncIterator[None]:
    """Expected errors become a `Failure` with advice; the last try of a request's run is reported to the queue."""
    try:
        yield
    except DataIngestionError as error:
        final = not error.retryable or not _will_retry(context)
        if final:
            await _report(context, place, errand, error)
        raise dg.Failure(
            description=f"{context.partition_key}: {error}",
            metadata={"error_type": type(error).__name__, "retryable": error.retryable},
            allow_retries=not final,
        ) from error


def _will_retry(context: dg.OpExecutionContext) -> bool:
    policy = context.op_def.retry_policy
    return policy is not None and context.retry_number < policy.max_retries


async def _report(context: dg.OpExecutionContext, place: Workplace, errand: Errand, error: DataIngestionError) -> None:
    """Tell the queue. A database that does not answer now is no reason to hide the first error: the lease runs out."""
    if errand.request_id is None or errand.fence is None or isinstance(error, LeaseLost):
        return
    wait = retry_wait(errand.attempt, place.settings.retry_base_seconds, place.settings.retry_cap_seconds)
    try:
        async with connected(place.database_url, place.limits) as database, database.transaction() as connection:
            state = await requests.give_back(connection, errand.request_id, errand.fence, error, wait, errand.run_id)
        context.log.info(f"request {errand.task_id}: {state or 'no longer ours'}")
        if state == "dead":
            await publish_soon(place)
    except DataIngestionError as second:
        context.log.warning(f"request {errand.task_id} could not be given back ({second}); its lease runs out")
