"""A person's decision about a batch, in Dagster: the op of `review_batch`, and the events by which the supplier's asset
shows what was decided, here or on the command line. The decision itself is made in `services/review.py`.
"""

from collections.abc import Sequence
from enum import Enum

import dagster as dg
from pydantic import Field

from ingestion_dagster.core.errors import DataIngestionError
from ingestion_dagster.core.guards.facts import GuardResult
from ingestion_dagster.core.steps import LoadSummary
from ingestion_dagster.defs.check_events import ITEMS, Event, evaluations, log_events
from ingestion_dagster.defs.load_ops import summary_metadata
from ingestion_dagster.defs.metadata import description, log_line, plain
from ingestion_dagster.defs.resources import IngestionResource
from ingestion_dagster.defs.run_tags import BATCH, SUPPLIER
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.map import mapping_in_words
from ingestion_dagster.pipeline.stored_lists import damage_of
from ingestion_dagster.services import review
from ingestion_dagster.store.batches import batches
from ingestion_dagster.store.database import connected


class Decision(Enum):
    """What a person says about a batch. In run config Dagster wants the names as they stand here."""

    approve = "approve"
    reject = "reject"


class Review(dg.Config):
    """Which batch, what is decided, and why. `token`: as the held batch shows it. `by`: who decided, for the record.
    `force`: how many known items the list has no price for, asked for where those are more than half."""

    batch_id: int
    decision: Decision
    token: str = Field(description="As `how_to_decide` of the held list shows it, and `ingestion batch show`.")
    note: str = ""
    by: str = ""
    force: int = 0


@dg.op
async def decide_batch(context: dg.OpExecutionContext, config: Review, ingestion: IngestionResource) -> None:
    """Approve or reject one held batch; the supplier's asset shows it."""
    actor = config.by or f"dagster run {context.run_id[:8]}"
    try:
        await review.check_token(ingestion.deployment, config.batch_id, config.token)
        key, events = await decide(
            ingestion.deployment, config.batch_id, config.decision, actor, config.note or None, config.force or None
        )
    except DataIngestionError as error:
        raise dg.Failure(
            description=log_line(str(error)), metadata={"error_type": type(error).__name__}, allow_retries=False
        ) from error
    context.instance.add_run_tags(context.run_id, {SUPPLIER: key, BATCH: str(config.batch_id)})
    log_events(context, events)
    context.log.info(log_line(f"{key}: batch {config.batch_id}: {config.decision.value} by {actor}"))


async def decide(
    deployment: Deployment, batch_id: int, decision: Decision, actor: str, note: str | None, force: int | None = None
) -> tuple[str, Sequence[Event]]:
    """Do it; the supplier's key, and what Dagster is to be told. Raises what `reviewing` raises."""
    if decision is Decision.reject:
        key = await review.reject(deployment, batch_id, actor, note)
        return key, [_rejected(key, batch_id, actor, note)]
    summary = await review.approve(deployment, batch_id, actor, note, force)
    return summary.supplier_key, await approval_events(deployment, summary, actor, note)


async def approval_events(
    deployment: Deployment, summary: LoadSummary, actor: str, note: str | None
) -> Sequence[Event]:
    """The materialization that the load did not bring, and the checks as they stand now."""
    mapping = await mapping_in_words(deployment, summary.batch_id)
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        batch = await batches.get(connection, summary.batch_id)
    judged = [GuardResult.model_validate(guard) for guard in batch.guards]
    decided: dict[str, dg.MetadataValue | int | float | str] = {
        "approved_by": plain(actor),
        "note": plain(note or ""),
        "run_that_held_it": batch.run_id or "",
    }
    if damage := await damage_of(deployment, summary.supplier_key, batch.snapshot_id):
        decided["damaged_snapshot"] = plain(damage)
    materialized = dg.AssetMaterialization(
        asset_key=ITEMS,
        partition=summary.supplier_key,
        description=description(f"batch {summary.batch_id}, approved by {actor}"),
        metadata={**summary_metadata(summary, mapping), **decided},
    )
    return [materialized, *evaluations(summary.batch_id, "applied", judged, summary.supplier_key)]


def _rejected(key: str, batch_id: int, actor: str, note: str | None) -> dg.AssetObservation:
    return dg.AssetObservation(
        asset_key=ITEMS,
        partition=key,
        description=description(f"batch {batch_id} was rejected by {actor}; the catalogue is unchanged"),
        metadata={"batch_id": batch_id, "status": "rejected", "rejected_by": plain(actor), "note": plain(note or "")},
    )


def show_decision(dagster_instance: dg.DagsterInstance, key: str, batch_id: int, events: Sequence[Event]) -> None:
    """Write down in Dagster what was decided outside of it, as a run of `review_batch` with these events.

    A run of its own for each decision: Dagster keeps one result per check, supplier and run, and events without a run
    all count as one run.
    """

    @dg.op(name="decide_batch")
    def decided(context: dg.OpExecutionContext) -> None:
        log_events(context, events)

    @dg.job(name="review_batch", executor_def=dg.in_process_executor)
    def review_batch() -> None:
        decided()

    dagster_instance.add_dynamic_partitions("suppliers", [key])
    review_batch.execute_in_process(
        instance=dagster_instance,
        tags={SUPPLIER: key, BATCH: str(batch_id)},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
