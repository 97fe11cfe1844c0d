"""`ingestion enqueue`: a load asked of the daemon; and waiting, for whoever asks, until it is done."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ingestion_dagster.cli.loads.load import Keys, tell_outcome
from ingestion_dagster.cli.show.output import AsJson, complain, print_json, print_table, progress
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.services import enqueue as requests
from ingestion_dagster.settings import settings

Wait = Annotated[bool, typer.Option("--wait", help="Wait for the outcomes; exit 1 where one is a failure.")]
Timeout = Annotated[float, typer.Option(min=1, metavar="SECONDS", help="With --wait: how long at most; then exit 1.")]


def enqueue(
    keys: Keys,
    high: Annotated[bool, typer.Option("--high", help="Before everything that waits.")] = False,
    wait: Wait = False,
    timeout: Timeout = 3600.0,
    as_json: AsJson = False,
) -> None:
    """Put a request per supplier on the queue; the running daemon loads it. A paused supplier is refused."""
    with open_deployment(settings()) as deployment:
        sent = requests.enqueue(deployment, keys, high=high)
        if wait:
            wait_for(deployment, [task_id for task_id, _ in sent], timeout, as_json)
            return
    if as_json:
        print_json([{"task_id": task_id, "supplier": key} for task_id, key in sent])
    else:
        print_table("On the queue", ("task_id", "supplier"), sent)


def wait_for(deployment: Deployment, task_ids: Sequence[str], timeout: float, as_json: bool) -> None:
    """Tell each outcome when it is there; exit 1 where one is a failure, or none came in time."""
    from ingestion_dagster.services.waiting import outcomes

    def done(result: JsonObject) -> None:
        if as_json:
            print_json(result)
        else:
            tell_outcome(result)

    with progress(f"waiting for {len(task_ids):,} …") as status:
        waited = asyncio.run(outcomes(deployment, task_ids, timeout, status.update, done))
    for task_id, where in waited.open.items():
        complain(f"{task_id} has no outcome after {timeout:g} s: {where}")
    if waited.open or any(result["status"] == "failure" for result in waited.results.values()):
        sys.exit(1)
