"""The command line `ingestion`: which commands there are, and how failures are told. What they do is elsewhere."""

import sys
from typing import Annotated

import click
import typer

from ingestion_dagster.cli.catalogue import product
from ingestion_dagster.cli.catalogue.why import why
from ingestion_dagster.cli.lists.errors import show_errors
from ingestion_dagster.cli.lists.inspect import inspect
from ingestion_dagster.cli.lists.plan import plan
from ingestion_dagster.cli.lists.what_if import compare_with_applied
from ingestion_dagster.cli.loads import batch, load, queue
from ingestion_dagster.cli.loads.enqueue import enqueue
from ingestion_dagster.cli.loads.refresh import refresh
from ingestion_dagster.cli.operations import db, up
from ingestion_dagster.cli.operations.metrics import metrics
from ingestion_dagster.cli.operations.webserver import webserver
from ingestion_dagster.cli.show.output import complain, say
from ingestion_dagster.cli.suppliers import mapping, registry, supplier
from ingestion_dagster.core.disk_errors import advice
from ingestion_dagster.core.errors import DataIngestionError, ServicesFailed

app = typer.Typer(
    name="ingestion",
    help="Supplier price lists from Google Sheets, XLSX and CSV into trustworthy PostgreSQL rows.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(up.up)
app.command()(webserver)
app.command()(load.load)
app.command()(enqueue)
app.command()(inspect)
app.command()(metrics)
app.command()(plan)
app.command()(refresh)
app.command("errors")(show_errors)
app.command()(why)
app.command("what-if")(compare_with_applied)
app.add_typer(supplier.app, name="supplier")
app.add_typer(registry.app, name="registry")
app.add_typer(queue.app, name="queue")
app.add_typer(batch.app, name="batch")
app.add_typer(mapping.app, name="mapping")
app.add_typer(product.app, name="product")
app.add_typer(db.app, name="db")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"ingestion_dagster {version('ingestion-dagster')}")
        raise typer.Exit


@app.callback()
def ingestion(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Supplier price lists from Google Sheets, XLSX and CSV into trustworthy PostgreSQL rows."""


def main() -> None:
    """Run; an expected failure is one line on standard error and exit code 1, wrong usage one line and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        sys.exit(error.exit_code)  # the help was printed when it was raised
    except click.UsageError as error:
        _explain_usage(error)
        sys.exit(error.exit_code)
    except (DataIngestionError, ServicesFailed, click.ClickException) as error:
        complain(error)
        sys.exit(1)
    except OSError as error:
        why = advice(error)
        if why is None:
            raise
        complain(f"{error.filename or 'a file'}: {why}")
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    if isinstance(code, int) and code:
        sys.exit(code)


def _explain_usage(error: click.UsageError) -> None:
    message = error.format_message().rstrip(".")
    command = error.ctx.command_path if error.ctx else "ingestion"
    complain(f"{message}; `{command} --help` shows how it is used")
