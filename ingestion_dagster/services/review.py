"""A person's word about a batch: approve exactly what was judged, or reject it. What becomes of the rows is in
`pipeline/upsert.py`; who may ask (command line, Dagster job) is not known here.
"""

import time
from hmac import compare_digest

from ingestion_dagster.core.columns.drift import remember
from ingestion_dagster.core.errors import StaleSnapshot, StoreRejected
from ingestion_dagster.core.guards.facts import Facts
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.steps import LoadSummary, SheetSnapshot, result_object
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.map import fingerprint_of
from ingestion_dagster.pipeline.upsert import apply, check_content, facts_of, locked_batch
from ingestion_dagster.services import queue
from ingestion_dagster.store import requests
from ingestion_dagster.store.batches import batches, judgements, mappings, merge, snapshots
from ingestion_dagster.store.batches.types import Batch
from ingestion_dagster.store.catalogue import rekeys, suppliers
from ingestion_dagster.store.database import Connection, Database, connected


async def approve(
    deployment: Deployment, batch_id: int, actor: str, note: str | None = None, force: int | None = None
) -> LoadSummary:
    """Take the held (or planned) batch into the catalogue, exactly as it was judged; its mapping is remembered.

    `force`: how many known items get no price, where those are more than half. Raises StaleSnapshot where something
    newer was loaded since, StoreRejected where that number is not given, or the batch was decided already, was never
    judged, or its staged rows are not the judged ones.
    """
    started = time.perf_counter()
    async with connected(deployment.database_url, deployment.limits) as database:
        async with database.transaction() as connection:
            batch = await _undecided(connection, batch_id)
            await merge.check_order(connection, batch_id)
            await rekeys.check_keys(connection, batch)
            await check_content(connection, batch)
            supplier = await suppliers.by_id(connection, batch.supplier_id)
            _check_loss(batch, await facts_of(connection, batch, supplier), force)
            await batches.move(connection, batch_id, "approved", actor, note)
            summary = await apply(connection, deployment, supplier, batch, actor)
            await _remember(connection, batch, actor)
            summary = summary.model_copy(update={"timings": {"merge": round(time.perf_counter() - started, 4)}})
            await requests.settle_held(connection, batch_id, "applied", result=_outcome(summary))
        await _tidy(deployment, database, batch_id)
    return summary


def _check_loss(batch: Batch, facts: Facts, force: int | None) -> None:
    """An empty or nearly empty list is not approved in passing: its approver has to know how much goes."""
    if not facts.loses_most or force == facts.absent:
        return
    unread = facts.absent - facts.missing
    typed = "" if force is None else f" (not {force})"
    raise StoreRejected(
        f"batch {batch.id} has no price for {facts.absent}{typed} of the {facts.known} known items of"
        f" {batch.supplier_key}: {facts.missing} are not in the list, {unread} stand in rows that could not be read;"
        f" where that is meant, type their number: `ingestion batch approve {batch.id} --force {facts.absent}`"
        f" (in Dagster `force: {facts.absent}`)"
    )


async def reject(deployment: Deployment, batch_id: int, actor: str, note: str | None = None) -> str:
    """Refuse the batch: the catalogue stays as it is. Returns the supplier's key; raises StoreRejected as `approve`."""
    async with connected(deployment.database_url, deployment.limits) as database:
        async with database.transaction() as connection:
            batch = await _undecided(connection, batch_id)
            reason = f"rejected by {actor}" + (f": {note}" if note else "")
            await batches.move(connection, batch_id, "rejected", actor, reason)
            await requests.settle_held(connection, batch_id, "dead", "BatchRejected", f"batch {batch_id} was {reason}")
        await _tidy(deployment, database, batch_id)
    return batch.supplier_key


async def decision_token(deployment: Deployment, batch_id: int) -> str:
    """What has to be known to decide about the batch from where nobody can be asked who he is."""
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        return str((await batches.get(connection, batch_id)).decision_token)


async def check_token(deployment: Deployment, batch_id: int, token: str) -> None:
    """Raises StoreRejected where `token` is not the batch's: a number can be guessed, a token has to be seen."""
    if not compare_digest(
        (await decision_token(deployment, batch_id)).encode(), token.strip().lower().encode(errors="replace")
    ):
        raise StoreRejected(
            f"the token is not that of batch {batch_id}; nothing was decided. The held list shows it in Dagster"
            " (Catalog, supplier_items, Partitions) under `how_to_decide`, and so does"
            f" `ingestion batch show {batch_id}`"
        )


async def _undecided(connection: Connection, batch_id: int) -> Batch:
    """The batch, if it still waits for a decision; nobody else decides until the transaction ends."""
    batch = await locked_batch(connection, batch_id)
    if batch.state in ("held", "staged", "approved"):
        return batch
    if batch.state == "rejected" and str(batch.reason).startswith("overtaken"):
        raise StaleSnapshot(
            f"batch {batch_id} is {batch.reason}, which has a newer list of {batch.supplier_key}; nothing was changed"
        )
    last = (await batches.transitions(connection, batch_id))[-1]
    raise StoreRejected(f"batch {batch_id} is {batch.state} already ({last.actor}, {last.at:%Y-%m-%d %H:%M} UTC)")


async def _remember(connection: Connection, batch: Batch, actor: str) -> None:
    """The approved columns are the answer for the next list. What is in force counts as read with that answer, so that
    the same bytes tomorrow are the same list."""
    mapped = MappedSheet.model_validate(batch.mapping)
    await mappings.keep(connection, batch.supplier_id, remember(mapped, confirmed_by=actor), actor)
    known = await mappings.confirmed(connection, batch.supplier_id)
    snapshot: SheetSnapshot = await snapshots.get(connection, batch.snapshot_id, batch.supplier_key)
    supplier = await suppliers.by_id(connection, batch.supplier_id)
    await judgements.set_fingerprint(
        connection, batch.id, fingerprint_of(snapshot, supplier, known.version if known else 0)
    )


def _outcome(summary: LoadSummary) -> JsonObject:
    """What changes in the result of the request that was held."""
    whole = result_object(summary, task_id="", supplier_id="", run_id=None, retry_count=0, processed_at="")
    return {name: whole[name] for name in ("status", "batch_id", "statistics", "errors")}


async def _tidy(deployment: Deployment, database: Database, batch_id: int) -> None:
    """Staged rows go, the new result is published (or by the sensor's next tick, where Redis does not answer now)."""
    async with database.transaction() as connection:
        await batches.sweep_staged(connection, batch_id)
    await queue.publish_soon(deployment)
