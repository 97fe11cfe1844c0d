"""`ingestion registry`: the sheet that lists the suppliers."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from ingestion_dagster.cli.show.output import AsJson, print_json, print_table, progress, say
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.settings import settings

app = typer.Typer(help="The Google Sheet that lists the suppliers (INGESTION_REGISTRY_SHEET).", no_args_is_help=True)


@app.callback()
def registry() -> None:
    """One subcommand today; without this, typer would drop its name."""


@app.command()
def sync(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add, change and pause suppliers as the registry sheet says; new ones are loaded. Nobody is ever deleted."""
    from ingestion_dagster.services.registry import sync_registry

    with open_deployment(settings()) as deployment, progress("reading the registry sheet …"):
        done = asyncio.run(sync_registry(deployment, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", dry_run=dry_run))
    told = done.as_json()
    if as_json:
        print_json(told | {"dry_run": dry_run})
        return
    print_table(
        "What would change" if dry_run else "What changed",
        ("supplier", "change"),
        [(key, change) for change in ("added", "updated", "paused") for key in told[change]],
        empty="nothing",
    )
    print_table(
        "Rows that need care",
        ("row", "cell", "problem"),
        [(problem["row"] or "", problem["cell"], problem["message"]) for problem in told["problems"]],
        empty="every row is fine",
    )
    loaded = f"; {len(done.asked)} lists are loaded now" if done.asked and not dry_run else ""
    say(f"{done.unchanged} suppliers stay as they are{loaded}")
