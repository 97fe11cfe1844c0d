"""The ops of a refresh and of reading the registry sheet. They call `services/refresh.py` and `services/registry.py`
and tell what came of it. Loading itself is asked of the queue.
"""

from datetime import UTC, datetime

import dagster as dg

from ingestion_dagster.core.errors import DataIngestionError
from ingestion_dagster.defs.assets import supplier_sheet
from ingestion_dagster.defs.metadata import as_json, log_line, table
from ingestion_dagster.defs.resources import IngestionResource
from ingestion_dagster.services.refresh import Refreshed, refresh
from ingestion_dagster.services.registry import RegistryOutcome, sync_registry


class Moment(dg.Config):
    """Which refresh or reading this is. A run with the same one again loads nothing twice; empty means now."""

    moment: str = ""


class RefreshConfig(Moment):
    """`everything`: read every list, also those that nobody edited."""

    everything: bool = False


def moment_of(time: datetime) -> str:
    """`20261123T050000Z`, part of task ids."""
    return f"{time.astimezone(UTC):%Y%m%dT%H%M%SZ}"


@dg.op(out=dg.Out(dg.Nothing))
async def refresh_lists(context: dg.OpExecutionContext, config: RefreshConfig, ingestion: IngestionResource) -> None:
    """Ask Google which sheets were edited, and the queue for the lists that may differ."""
    moment = config.moment or moment_of(datetime.now(UTC))
    try:
        done = await refresh(ingestion.deployment, moment, context.run_id, everything=config.everything)
    except DataIngestionError as error:
        raise _failure(error) from error
    if done.trouble:
        context.log.warning(log_line(f"Google could not be asked which sheets were edited: {done.trouble}"))
    for trouble in done.other_troubles:
        context.log.warning(log_line(trouble))
    context.log.info(log_line(in_words(done)))
    for key in done.unchanged:
        context.log_event(
            dg.AssetObservation(
                asset_key=supplier_sheet.key, partition=key, metadata={"status": "nobody edited it", "moment": moment}
            )
        )
    context.add_output_metadata(
        {"asked": len(done.asked), "unchanged": len(done.unchanged), "waiting": len(done.waiting), "moment": moment}
    )


def in_words(done: Refreshed) -> str:
    """One line."""
    waiting = f", {len(done.waiting)} unchanged and held" if done.waiting else ""
    return f"{len(done.asked)} lists asked of the queue, {len(done.unchanged)} unchanged{waiting}"


@dg.op(out=dg.Out(dg.Nothing))
async def read_registry(context: dg.OpExecutionContext, config: Moment, ingestion: IngestionResource) -> None:
    """Keep the suppliers in step with the registry sheet."""
    try:
        done = await sync_registry(ingestion.deployment, config.moment or moment_of(datetime.now(UTC)))
    except DataIngestionError as error:
        raise _failure(error) from error
    context.log.info(log_line(registry_in_words(done)))
    for problem in done.as_json()["problems"]:
        context.log.warning(log_line(f"registry sheet, cell {problem['cell'] or '?'}: {problem['message']}"))
    context.add_output_metadata(_registry_metadata(done))


def registry_in_words(done: RegistryOutcome) -> str:
    """One line."""
    return (
        f"{len(done.added)} suppliers added, {len(done.updated)} changed, {len(done.paused)} paused,"
        f" {done.unchanged} as they were; {len(done.problems)} problems"
    )


def _registry_metadata(done: RegistryOutcome) -> dict[str, dg.MetadataValue | int]:
    told = done.as_json()
    metadata: dict[str, dg.MetadataValue | int] = {
        "added": len(done.added),
        "updated": len(done.updated),
        "paused": len(done.paused),
        "unchanged": done.unchanged,
        "suppliers": as_json({name: list(told[name]) for name in ("added", "updated", "paused", "asked")}),
    }
    if done.problems:
        metadata["problems"] = table(
            {"row": "int", "cell": "string", "problem": "string"},
            [(one["row"] or 0, one["cell"], one["message"]) for one in told["problems"]],
        )
    return metadata


def _failure(error: DataIngestionError) -> dg.Failure:
    return dg.Failure(
        description=log_line(str(error)),
        metadata={"error_type": type(error).__name__, "retryable": error.retryable},
        allow_retries=False,
    )
