"""The ops of a load: each calls its step in `pipeline/`, says what it did, and hands a reference on."""

import dagster as dg

from ingestion_dagster.core.steps import Attempt, LoadSummary, MappedSnapshot, QuotaUse, SheetSnapshot, StagedBatch
from ingestion_dagster.defs.failures import FETCH_RETRIES, translated
from ingestion_dagster.defs.metadata import as_json, bullets, how_to_decide, log_line, plain, table
from ingestion_dagster.defs.resources import IngestionResource
from ingestion_dagster.defs.run_tags import ATTEMPT, FENCE, REQUEST, SNAPSHOT, TASK
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline import fetch, map, upsert, validate
from ingestion_dagster.services.queue import publish_soon
from ingestion_dagster.services.review import decision_token
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import connected


def attempt_of(context: dg.OpExecutionContext) -> Attempt:
    """For whom this run works. A run re-executed by a person does not speak for the request it once answered."""
    tags = context.run.tags
    if REQUEST not in tags or "dagster/parent_run_id" in tags:
        return Attempt(task_id=f"run:{context.run_id}", run_id=context.run_id)
    return Attempt(
        task_id=tags[TASK],
        run_id=context.run_id,
        request_id=int(tags[REQUEST]),
        fence=int(tags[FENCE]),
        number=int(tags.get(ATTEMPT, "1")),
    )


async def _begin(deployment: Deployment, attempt: Attempt) -> None:
    """Take up the request and start its clock."""
    if attempt.request_id is None or attempt.fence is None:
        return
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        await requests.begin(
            connection, attempt.request_id, attempt.fence, str(attempt.run_id), deployment.settings.job_timeout + 30
        )


@dg.op(retry_policy=FETCH_RETRIES, out=dg.Out(SheetSnapshot))
async def fetch_sheet(context: dg.OpExecutionContext, ingestion: IngestionResource) -> SheetSnapshot:
    """Bring the supplier's list here, unchanged, and keep its bytes under their sha256."""
    key, attempt = context.partition_key, attempt_of(context)
    async with translated(context, ingestion.deployment, attempt):
        await _begin(ingestion.deployment, attempt)
        snapshot = await fetch.fetch(ingestion.deployment, key)
    context.log.info(
        log_line(
            f"{key}: fetched {snapshot.filename}, {snapshot.size_bytes:,} bytes"
            f" in {snapshot.timings['fetch']:.2f} s (snapshot {snapshot.id})"
        )
    )
    context.add_output_metadata(
        {
            "snapshot_id": snapshot.id,
            "sha256": snapshot.sha256,
            "file": plain(snapshot.filename),
            "size_bytes": snapshot.size_bytes,
            "seconds": snapshot.timings["fetch"],
            **quota_metadata(snapshot.quota),
        }
    )
    for note in snapshot.notes:
        context.log.warning(log_line(f"{key}: {note}"))
    return snapshot


def quota_metadata(used: QuotaUse | None) -> dict[str, int | float]:
    """What a Google Sheet took of the shared read quota, and what is left."""
    if used is None:
        return {}
    return {
        "google_reads": used.reads,
        "google_quota_wait_seconds": used.waited,
        "google_reads_left_user": used.left_user,
        "google_reads_left_project": used.left_project,
    }


@dg.op(ins={"snapshot": dg.In(SheetSnapshot)}, out=dg.Out(MappedSnapshot))
async def map_columns(
    context: dg.OpExecutionContext, snapshot: SheetSnapshot, ingestion: IngestionResource
) -> MappedSnapshot:
    """Find the table in the sheet and what each column means."""
    key = context.partition_key
    async with translated(context, ingestion.deployment, attempt_of(context)):
        if SNAPSHOT in context.run.tags:
            snapshot = await fetch.stored_snapshot(ingestion.deployment, key, int(context.run.tags[SNAPSHOT]))
        understood = await map.map_columns(ingestion.deployment, snapshot, reread=not fetches(context))
    seconds = understood.timings["map"]
    if understood.mapped is None:
        context.log.info(
            log_line(f"{key}: the list and the way it is read are the same as last time ({seconds:.2f} s)")
        )
    else:
        mapped = understood.mapped
        columns = ", ".join(f"{name}={found.header or found.column!r}" for name, found in mapped.fields.items())
        sure = f"{mapped.decision} with {mapped.confidence:.2f}"
        context.log.info(log_line(f"{key}: tab {mapped.sheet!r}, {sure}: {columns} ({seconds:.2f} s)"))
        for question in mapped.questions:
            context.log.warning(log_line(f"{key}: {question.message}"))
    return understood


def fetches(context: dg.OpExecutionContext) -> bool:
    """Whether this run brings a fresh list; one of `supplier_items` alone re-reads the stored list."""
    selected = context.run.asset_selection
    if selected:  # empty or None where a job's whole selection runs
        return dg.AssetKey("supplier_sheet") in selected
    return context.job_name != "reload_supplier"


@dg.op(ins={"understood": dg.In(MappedSnapshot)}, out=dg.Out(StagedBatch))
async def validate_rows(
    context: dg.OpExecutionContext, understood: MappedSnapshot, ingestion: IngestionResource
) -> StagedBatch:
    """Read every row: good ones are staged, bad ones are logged with their cell and the reason."""
    key, attempt = context.partition_key, attempt_of(context)
    async with translated(context, ingestion.deployment, attempt):
        staged = await validate.validate_rows(ingestion.deployment, understood, attempt)
    if staged.state == "staged":
        context.log.info(
            log_line(
                f"{key}: batch {staged.batch_id} has {staged.accepted_rows:,} rows staged,"
                f" {staged.rejected_rows:,} rejected ({staged.timings['validate']:.2f} s)"
            )
        )
    return staged


@dg.op(ins={"staged": dg.In(StagedBatch)}, out=dg.Out(LoadSummary))
async def upsert_items(
    context: dg.OpExecutionContext, staged: StagedBatch, ingestion: IngestionResource
) -> LoadSummary:
    """Judge the batch; then hold it for a person, or take it into the catalogue in one transaction."""
    key, attempt = context.partition_key, attempt_of(context)
    async with translated(context, ingestion.deployment, attempt, staged.batch_id):
        summary = await upsert.upsert_items(ingestion.deployment, staged, attempt)
        mapping = await map.mapping_in_words(ingestion.deployment, summary.batch_id)
    if attempt.request_id is not None and (trouble := await publish_soon(ingestion.deployment)):
        context.log.warning(log_line(f"{key}: the result is on record but not in Redis yet: {trouble}"))
    context.log.info(
        log_line(
            f"{key}: {summary.status}: {summary.inserted:,} inserted, {summary.updated:,} updated,"
            f" {summary.unchanged:,} unchanged, {summary.missing:,} missing, {summary.rejected_rows:,} rejected"
            f" ({summary.timings['merge']:.2f} s)"
        )
    )
    for reason in summary.reasons:
        context.log.warning(log_line(f"{key}: held: {reason}"))
    told = summary_metadata(summary, mapping)
    if summary.status == "held":
        told["how_to_decide"] = how_to_decide(
            summary.batch_id, await decision_token(ingestion.deployment, summary.batch_id)
        )
    context.add_output_metadata(told)
    return summary


def _price_change(summary: LoadSummary) -> float | str:
    """A number that Dagster plots, or why there is none."""
    if summary.median_price_change is None and summary.currencies:
        return f"cannot be compared: {', '.join(summary.currencies)}"
    return summary.median_price_change or 0.0


def summary_metadata(summary: LoadSummary, mapping: dict[str, str]) -> dict[str, dg.MetadataValue | int | float | str]:
    """Standard names, plain numbers (Dagster plots them), and the reasons as people read them."""
    metadata: dict[str, dg.MetadataValue | int | float | str] = {"status": summary.status, "batch_id": summary.batch_id}
    if summary.reasons:
        metadata["held_because"] = bullets(summary.reasons)
    metadata |= {
        "dagster/row_count": summary.accepted_rows,
        "inserted": summary.inserted,
        "updated": summary.updated,
        "unchanged": summary.unchanged,
        "missing": summary.missing,
        "rejected": summary.rejected_rows,
        "price_change": _price_change(summary),
        "prices_changed": summary.price_changes,
        "mapping": as_json(mapping),
        "seconds": round(sum(summary.timings.values()), 3),
    }
    if summary.rekeyed:
        metadata["rekeyed"] = summary.rekeyed
    if summary.currencies:
        metadata["currency_changed"] = ", ".join(summary.currencies)
    if summary.errors:
        metadata["rejects"] = table(
            {"reason": "string", "rows": "int", "for example": "string"},
            [(error.error_type, error.count, error.sample_message) for error in summary.errors[:20]],
        )
    return metadata
