"""Waiting for what becomes of requests: the record is asked until each has an outcome. Who works is elsewhere."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.steps import failure_object
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import connected
from ingestion_dagster.store.requests import Whereabouts

PAUSE = 1.0
NOBODY_AFTER = 20.0
"""Seconds after which a message that nobody took means that no daemon is at work."""
IN_REDIS = "waits in Redis"
NOBODY = "nobody takes messages from the queue; is `ingestion up`, or Dagster's daemon, running?"


@dataclass
class Waited:
    """Outcomes by task_id as the queue publishes them, and in words where those are that have none."""

    results: dict[str, JsonObject] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)


async def outcomes(
    deployment: Deployment,
    task_ids: Sequence[str],
    seconds: float,
    tell: Callable[[str], None],
    done: Callable[[JsonObject], None],
) -> Waited:
    """Wait at most `seconds` for the outcomes of `task_ids`; each is handed to `done` when it is there."""
    begun, waited = time.monotonic(), Waited(open=dict.fromkeys(task_ids, IN_REDIS))
    async with connected(deployment.database_url, deployment.limits) as database:
        while True:
            async with database.transaction() as connection:
                found = await requests.whereabouts(connection, list(waited.open))
            for one in found:
                if (result := _result_of(one)) is not None:
                    waited.results[one.task_id] = result
                    del waited.open[one.task_id]
                    done(result)
                elif one.task_id in waited.open:
                    waited.open[one.task_id] = _where(one)
            if not waited.open:
                return waited
            if time.monotonic() - begun > seconds:
                hint = {IN_REDIS: f"{IN_REDIS}; {NOBODY}"}
                return Waited(waited.results, {task: hint.get(where, where) for task, where in waited.open.items()})
            tell(_in_words(waited, len(task_ids), time.monotonic() - begun))
            await asyncio.sleep(PAUSE)


def _result_of(one: Whereabouts) -> JsonObject | None:
    """What was published, or would have been: a message that was refused may have no result of its own."""
    if one.state in ("applied", "held", "dead", "superseded") and one.result is not None:
        return one.result
    if one.state != "dead":
        return None
    return failure_object(
        task_id=one.task_id,
        supplier=one.supplier,
        supplier_id=None,
        run_id=None,
        error_type=one.error_type or "MalformedRequest",
        message=one.last_error or "",
        retry_count=0,
        processed_at="",
    )


def _where(one: Whereabouts) -> str:
    if one.state == "leased":
        return "at work"
    if not one.active:
        return f"its supplier is paused: ingestion supplier resume {one.supplier}"
    if one.state == "retry_wait":
        return f"to be tried again ({one.last_error})"
    return "replaced by a newer request that is at work" if one.state == "superseded" else "waits for its turn"


def _in_words(waited: Waited, asked: int, seconds: float) -> str:
    if seconds > NOBODY_AFTER and not waited.results and set(waited.open.values()) == {IN_REDIS}:
        return NOBODY
    task_id, where = next(iter(waited.open.items()))
    return f"{len(waited.results):,} of {asked:,} done; {task_id}: {where} …"
