"""`ingestion refresh`: ask for the lists that changed, now."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from ingestion_dagster.cli.output import AsJson, print_json, progress, say, tinted
from ingestion_dagster.settings import settings
from ingestion_dagster.workplace import workplace


def refresh(
    everything: Annotated[
        bool, typer.Option("--all", help="Also the Google Sheets that nobody edited since they were read.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a request per active supplier on the queue, except for Google Sheets that nobody edited."""
    from ingestion_dagster import refreshing

    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    with workplace(settings()) as place, progress("asking Google which sheets were edited …"):
        done = asyncio.run(refreshing.refresh(place, moment, everything=everything))
    if as_json:
        print_json(asdict(done) | {"moment": moment})
        return
    if done.trouble:
        say(tinted("Google could not be asked which sheets were edited: ", "yellow"), done.trouble)
    waiting = f", unchanged and waiting for a decision: {len(done.waiting)}" if done.waiting else ""
    say(f"asked of the queue: {len(done.asked)}, unchanged: {len(done.unchanged)}{waiting}")
