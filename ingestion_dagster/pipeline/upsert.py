"""Step `upsert_items`: a staged batch is judged, then held or taken into the catalogue, in one transaction with the
acknowledgement of its request. A person's word about a held batch is in `services/review.py`.
"""

from typing import Any, NamedTuple

from ingestion_dagster.core.errors import DataIngestionError, SheetError, StoreRejected
from ingestion_dagster.core.guards import evaluate
from ingestion_dagster.core.guards.facts import Facts, GuardResult
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.steps import Attempt, ErrorCount, LoadSummary, StagedBatch, result_object
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.timing import timed
from ingestion_dagster.store import requests
from ingestion_dagster.store.batches import batches, judgements, merge
from ingestion_dagster.store.batches import facts as judging
from ingestion_dagster.store.batches.types import Batch
from ingestion_dagster.store.catalogue import products, rekeys, suppliers
from ingestion_dagster.store.database import Connection, Database, connected


async def upsert_items(deployment: Deployment, staged: StagedBatch, attempt: Attempt) -> LoadSummary:
    """Judge the batch, then hold it or take it into the catalogue; the acknowledgement is in the same transaction.

    Raises LeaseLost (and writes nothing) where another attempt owns the request.
    """
    timings = dict(staged.timings)
    async with connected(deployment.database_url, deployment.limits) as database:
        try:
            async with database.transaction() as connection:
                with timed(timings, "merge"):
                    summary = await _decide(connection, deployment, staged)
                summary = summary.model_copy(update={"timings": timings})
                await _acknowledge(connection, summary, attempt)
        except DataIngestionError as error:
            if not error.retryable:
                await _mark_failed(database, staged.batch_id, str(error))
            raise
        if summary.status in ("success", "partial_success"):
            async with database.transaction() as connection:
                await batches.sweep_staged(connection, staged.batch_id)
    return summary


async def _decide(connection: Connection, deployment: Deployment, staged: StagedBatch) -> LoadSummary:
    batch = await locked_batch(connection, staged.batch_id)
    if batch.state == "unchanged":
        await merge.mark_seen(connection, batch.supplier_id, None)
        return _summary(batch, "unchanged", unchanged=batch.accepted_rows)
    if staged.state == "stopped" and batch.state == "applied":
        return _summary(batch, "unchanged", unchanged=batch.accepted_rows)
    if staged.state == "stopped" and batch.state == "rejected":
        raise SheetError(
            f"this very list was rejected as batch {batch.id} ({batch.reason}); the supplier has to send another,"
            f" or `ingestion load {batch.supplier_key} --snapshot {batch.snapshot_id}` reads it once more"
        )
    await merge.check_order(connection, batch.id)
    await rekeys.check_keys(connection, batch)
    supplier = await suppliers.by_id(connection, batch.supplier_id)
    if batch.state in ("staged", "held"):
        judged = await judge(connection, batch, supplier)
        stopped = evaluate.tripped(judged.results)
        if stopped:
            if batch.state == "staged":
                reason = " ".join(result.message for result in stopped)
                await batches.move(connection, batch.id, "held", "guards", reason)
            return _held(batch, judged, await _errors(connection, batch.id))
        if batch.state == "held":
            await check_content(connection, batch)
            await batches.move(connection, batch.id, "approved", "guards", "the thresholds were changed")
    return await apply(connection, deployment, supplier, batch)


class Judgement(NamedTuple):
    """What was counted, and what every guard says of it."""

    facts: Facts
    results: list[GuardResult]


def _held(batch: Batch, judged: Judgement, errors: tuple[ErrorCount, ...]) -> LoadSummary:
    """Nothing was changed; the prices are told as they would change."""
    median = judged.facts.median_percent
    return _summary(
        batch,
        "held",
        price_changes=judged.facts.changed + judged.facts.currency_changes,
        median_price_change=None if median is None else round(median, 2),
        currencies=judged.facts.currencies,
        reasons=tuple(result.message for result in evaluate.tripped(judged.results)),
        errors=errors,
    )


async def locked_batch(connection: Connection, batch_id: int) -> Batch:
    """The batch as it is once nobody else can decide about its supplier's lists, until the transaction ends."""
    supplier_id = (await batches.get(connection, batch_id)).supplier_id
    await merge.lock_supplier(connection, supplier_id)
    return await batches.get(connection, batch_id)


async def check_content(connection: Connection, batch: Batch) -> None:
    """Raises StoreRejected where the staged rows are not the ones that were judged."""
    again = f"`ingestion load {batch.supplier_key}` reads the list again"
    if batch.content_hash is None:
        raise StoreRejected(f"batch {batch.id} was never judged, its load was interrupted; {again}")
    if await judgements.content_hash(connection, batch.id) != batch.content_hash:
        raise StoreRejected(f"the staged rows of batch {batch.id} are not those that were judged; {again}")


async def _errors(connection: Connection, batch_id: int) -> tuple[ErrorCount, ...]:
    return tuple(
        ErrorCount(error_type=one.error_type, count=one.count, sample_message=one.sample_message)
        for one in await batches.errors_by_code(connection, batch_id)
    )


async def apply(
    connection: Connection, deployment: Deployment, supplier: Supplier, batch: Batch, actor: str = "load"
) -> LoadSummary:
    """Take a judged batch into the catalogue; what it overtakes is closed. In the caller's transaction."""
    grace = supplier.settings.missing_grace or deployment.settings.missing_grace_loads
    rekeyed = await rekeys.carry_out(connection, batch)
    merged = await merge.merge(connection, batch.id, grace, actor)
    if supplier.settings.draft_products:
        await products.draft_new(connection, supplier, batch.id)
    for overtaken in await judgements.close_overtaken(connection, supplier.id, batch.id):
        await requests.settle_held(
            connection, overtaken, "superseded", "StaleSnapshot", f"overtaken by batch {batch.id}"
        )
    return _summary(
        batch,
        "partial_success" if batch.rejected_rows else "success",
        inserted=merged.inserted,
        updated=merged.updated,
        unchanged=merged.unchanged,
        missing=merged.missing,
        price_changes=merged.price_changes,
        median_price_change=merged.median_change,
        currencies=merged.currencies,
        rekeyed=rekeyed,
        errors=await _errors(connection, batch.id),
    )


async def facts_of(connection: Connection, batch: Batch, supplier: Supplier) -> Facts:
    """What is to be known of the staged batch beside what is stored."""
    mapped = MappedSheet.model_validate(batch.mapping)
    return await judging.facts_of(connection, batch, supplier.settings.guards, mapped, supplier.expected_currency())


async def judge(connection: Connection, batch: Batch, supplier: Supplier) -> Judgement:
    """What every guard says of the staged batch; written down with the hash of the rows that were judged."""
    mapped = MappedSheet.model_validate(batch.mapping)
    facts = await facts_of(connection, batch, supplier)
    results = evaluate.evaluate(facts, supplier.settings.guards, mapped)
    questions = [question.model_dump(mode="json") for question in mapped.questions]
    await judgements.record_judgement(connection, batch.id, evaluate.as_json(results), questions)
    if evaluate.tripped(results) and batch.content_hash is None:
        await judgements.seal(connection, batch.id)
    return Judgement(facts, results)


def _summary(batch: Batch, status: str, **more: Any) -> LoadSummary:
    return LoadSummary(
        supplier_key=batch.supplier_key,
        batch_id=batch.id,
        status=status,
        total_rows=batch.total_rows,
        accepted_rows=batch.total_rows - batch.rejected_rows,
        rejected_rows=batch.rejected_rows,
        **more,
    )


async def _acknowledge(connection: Connection, summary: LoadSummary, attempt: Attempt) -> None:
    """Effect and acknowledgement commit together: the request's state is the last statement of the transaction."""
    if attempt.request_id is None or attempt.fence is None:
        return
    supplier_id = await requests.supplier_of(connection, attempt.request_id)
    result = result_object(
        summary,
        task_id=attempt.task_id,
        supplier_id=str(supplier_id),
        run_id=attempt.run_id,
        retry_count=attempt.number - 1,
        processed_at="",
    )
    state = "held" if summary.status == "held" else "applied"
    await requests.acknowledge(connection, attempt.request_id, attempt.fence, state, summary.batch_id, result)


async def _mark_failed(database: Database, batch_id: int, reason: str) -> None:
    async with database.transaction() as connection:
        await batches.fail_unfinished(connection, batch_id, "load", reason)
