"""Waiting for what becomes of requests: the record is asked until each has an outcome. Who works is elsewhere."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingestion_dagster.core.steps import failure_object
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import connected

PAUSE = 1.0
NOBODY_AFTER = 20.0
"""Seconds after which a message that nobody took means that no daemon is at work."""
IN_REDIS = "waits in Redis"
NOBODY = "nobody takes messages from the queue; is `ingestion up`, or Dagster's daemon, running?"


@dataclass
class Waited:
    """Outcomes by task_id as the queue publishes them, and in words where those are that have none."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)


async def outcomes(
    deployment: Deployment,
    task_ids: Sequence[str],
    seconds: float,
    tell: Callable[[str], None],
    done: Callable[[dict[str, Any]], None],
) -> Waited:
    """Wait at most `seconds` for the outcomes of `task_ids`; each is handed to `done` when it is there."""
    begun, waited = time.monotonic(), Waited(open=dict.fromkeys(task_ids, IN_REDIS))
    async with connected(deployment.database_url, deployment.limits) as database:
        while True:
            async with database.transaction() as connection:
                found = await requests.whereabouts(connection, list(waited.open))
            for row in found:
                if (result := _result_of(row)) is not None:
                    waited.results[row["task_id"]] = result
                    del waited.open[row["task_id"]]
                    done(result)
                elif row["task_id"] in waited.open:
                    waited.open[row["task_id"]] = _where(row)
            if not waited.open:
                return waited
            if time.monotonic() - begun > seconds:
                hint = {IN_REDIS: f"{IN_REDIS}; {NOBODY}"}
                return Waited(waited.results, {task: hint.get(where, where) for task, where in waited.open.items()})
            tell(_in_words(waited, len(task_ids), time.monotonic() - begun))
            await asyncio.sleep(PAUSE)


def _result_of(row: dict[str, Any]) -> dict[str, Any] | None:
    """What was published, or would have been: a message that was refused may have no result of its own."""
    if row["state"] in ("applied", "held", "dead", "superseded") and row["result"] is not None:
        return dict(row["result"])
    if row["state"] != "dead":
        return None
    return failure_object(
        task_id=row["task_id"],
        supplier=row["supplier"],
        supplier_id=None,
        run_id=None,
        error_type=row["error_type"] or "MalformedRequest",
        message=row["last_error"] or "",
        retry_count=0,
        processed_at="",
    )


def _where(row: dict[str, Any]) -> str:
    if row["state"] == "leased":
        return "at work"
    if not row["active"]:
        return f"its supplier is paused: ingestion supplier resume {row['supplier']}"
    if row["state"] == "retry_wait":
        return f"to be tried again ({row['last_error']})"
    return "replaced by a newer request that is at work" if row["state"] == "superseded" else "waits for its turn"


def _in_words(waited: Waited, asked: int, seconds: float) -> str:
    if seconds > NOBODY_AFTER and not waited.results and set(waited.open.values()) == {IN_REDIS}:
        return NOBODY
    task_id, where = next(iter(waited.open.items()))
    return f"{len(waited.results):,} of {asked:,} done; {task_id}: {where} …"
