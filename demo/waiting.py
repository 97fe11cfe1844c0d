"""The demo's patience: it waits for results as long as something moves, however slow the machine, and no longer.

What it asks for and shows is in `__main__.py`.
"""

import time
from collections.abc import Sequence
from typing import Any

import orjson
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo import catalogue
from ingestion_dagster.cli.show.output import console
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.instance.processes import Running

STANDSTILL = 180.0
"""Seconds in which nothing at all moves; a busy machine takes a good part of that until the daemon's first tick."""
LOOK_EVERY = 2.0


def results_of(deployment: Deployment, running: Running, tasks: Sequence[str], title: str) -> dict[str, dict[str, Any]]:
    """task_id -> result, as they come. What has none when nothing moves any more, or a process is gone, is left out."""
    results: dict[str, dict[str, Any]] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    seen, since, looked = None, time.monotonic(), 0.0
    with (
        deployment.mailbox() as mailbox,
        Progress(*columns, console=console, transient=not console.is_terminal) as progress,
    ):
        bar = progress.add_task(title, total=len(tasks))
        while len(results) < len(tasks) and time.monotonic() - since < STANDSTILL and running.ended() is None:
            for task_id in tasks:
                found = mailbox.result(task_id) if task_id not in results else None
                if found:
                    results[task_id] = orjson.loads(found)
                    progress.advance(bar)
            if time.monotonic() - looked >= LOOK_EVERY:
                looked = time.monotonic()
                now = (len(results), catalogue.moved(deployment))
                if now != seen:
                    seen, since = now, looked
            time.sleep(0.1)
    return results
