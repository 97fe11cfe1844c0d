"""`ingestion metrics`: the figures of queue and loads for a monitoring system."""

from pathlib import Path
from typing import Annotated

import typer

from ingestion_dagster.core.errors import DataIngestionError
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.services import metrics as figures
from ingestion_dagster.settings import settings


def metrics(
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Replace this file in one step, for a textfile collector.")
    ] = None,
) -> None:
    """Print figures in the OpenMetrics text format: queue, ages, outcomes, rows, durations, quota."""
    with open_deployment(settings()) as deployment:
        text = figures.collect(deployment)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        figures.write(text, out)
    except OSError as error:
        raise DataIngestionError(f"{out} cannot be written: {error.strerror}") from error
