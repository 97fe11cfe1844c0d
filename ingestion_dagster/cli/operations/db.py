"""`ingestion db`: migrations of the catalogue."""

from typing import Annotated

import typer

from ingestion_dagster.cli.show.output import AsJson, print_json, say
from ingestion_dagster.deployment import open_deployment_as_it_is
from ingestion_dagster.services.records import schema
from ingestion_dagster.settings import settings

app = typer.Typer(help="Migrations of the catalogue database.", no_args_is_help=True)


@app.command()
def upgrade(revision: Annotated[str, typer.Argument(help="A revision, or head.")] = "head") -> None:
    """Bring the catalogue to the newest schema (or to REVISION)."""
    with open_deployment_as_it_is(settings()) as deployment:
        before, after = schema.upgrade(deployment, revision)
    say(f"catalogue at {after}" + ("" if before == after else f" (was {before or 'empty'})"))


@app.command()
def downgrade(revision: Annotated[str, typer.Argument(help="A revision, or base for an empty database.")]) -> None:
    """Take the catalogue back to REVISION. Tables that it did not have yet are dropped with their content.

    It stays there until `ingestion db upgrade`: other commands refuse to use it.
    """
    with open_deployment_as_it_is(settings()) as deployment:
        after = schema.downgrade(deployment, revision)
        say(f"catalogue at {after or 'base (empty)'}")


@app.command()
def current(as_json: AsJson = False) -> None:
    """Which schema the catalogue has, and which one this program knows."""
    with open_deployment_as_it_is(settings()) as deployment:
        found, newest = schema.current(deployment), schema.newest()
    if as_json:
        print_json({"current": found, "head": newest})
    else:
        say(f"catalogue at {found or 'base (empty)'}, newest is {newest}")
