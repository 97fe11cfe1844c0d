"""`ingestion refresh`: ask for the lists that changed, now."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ingestion_dagster.cli.loads.enqueue import Timeout, Wait, wait_for
from ingestion_dagster.cli.show.output import AsJson, print_json, progress, say, tinted
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.settings import settings

if TYPE_CHECKING:
    from ingestion_dagster.services.refresh import Refreshed


def refresh(
    everything: Annotated[
        bool, typer.Option("--all", help="Also the lists that nobody edited since they were read.")
    ] = False,
    wait: Wait = False,
    timeout: Timeout = 3600.0,
    as_json: AsJson = False,
) -> None:
    """Put a request per active supplier on the queue, except for Google Sheets (and lists of a source that can tell)
    that nobody edited."""
    from ingestion_dagster.services import refresh as refreshing

    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    with open_deployment(settings()) as deployment:
        with progress("asking Google which sheets were edited …"):
            done = asyncio.run(refreshing.refresh(deployment, moment, everything=everything))
        _tell(done, moment, as_json)
        if wait and done.asked:
            wait_for(deployment, [refreshing.task_of(moment, key) for key in done.asked], timeout, as_json)


def _tell(done: "Refreshed", moment: str, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done) | {"moment": moment})
        return
    if done.trouble:
        say(tinted("Google could not be asked which sheets were edited: ", "yellow"), done.trouble)
    waiting = f", unchanged and waiting for a decision: {len(done.waiting)}" if done.waiting else ""
    say(f"asked of the queue: {len(done.asked)}, unchanged: {len(done.unchanged)}{waiting}")
    for trouble in done.other_troubles:
        say(tinted(trouble, "yellow"))
