"""The command line `ingestion`: which commands there are, and how failures are told. What they do is elsewhere."""

import sys

import typer

from ingestion_dagster.cli import batch, db, load, mapping, product, queue, registry, supplier, up
from ingestion_dagster.cli.errors import show_errors
from ingestion_dagster.cli.inspect import inspect
from ingestion_dagster.cli.metrics import metrics
from ingestion_dagster.cli.output import complain
from ingestion_dagster.cli.plan import plan
from ingestion_dagster.cli.refresh import refresh
from ingestion_dagster.cli.what_if import compare_with_applied
from ingestion_dagster.cli.why import why
from ingestion_dagster.core.errors import DataIngestionError
from ingestion_dagster.local.errors import ServicesFailed

app = typer.Typer(
    name="ingestion",
    help="Supplier price lists from Google Sheets, XLSX and CSV into trustworthy PostgreSQL rows.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(up.up)
app.command()(load.load)
app.command()(load.enqueue)
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


def main() -> None:
    """Run; an expected failure is one line on standard error and exit code 1."""
    try:
        app()
    except (DataIngestionError, ServicesFailed) as error:
        complain(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
