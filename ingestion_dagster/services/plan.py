"""What a load would change: everything up to the merge, and then a look instead of a step. Writes no catalogue row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from ingestion_dagster.core.guards import evaluate
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.steps import Attempt, MappedSnapshot
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.upsert import judge, locked_batch
from ingestion_dagster.pipeline.validate import validate_rows
from ingestion_dagster.store.batches import batches, facts, judgements, merge
from ingestion_dagster.store.batches.types import RejectCount
from ingestion_dagster.store.catalogue import price_steps, rekeys, suppliers
from ingestion_dagster.store.database import Connection, connected


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen. `status`: apply, hold, unchanged (it is the list in force) or rejected (by a person)."""

    supplier: str
    status: str
    snapshot_id: int
    batch_id: int | None = None
    total_rows: int = 0
    rejected_rows: int = 0
    counts: facts.MergeTotals | None = None
    """None where nothing was compared."""
    changes: Sequence[facts.ItemChange] = ()
    steps: Sequence[price_steps.StepChange] = ()
    """Prices by quantity that would change."""
    rejects: Sequence[RejectCount] = ()
    guards: Sequence[JsonObject] = ()
    """Those that would hold it, a `GuardResult` each."""

    def as_json(self) -> dict[str, Any]:
        """With the command that makes it happen."""
        apply = f"ingestion batch approve {self.batch_id}" if self.batch_id is not None else None
        return {**asdict(self), "counts": asdict(self.counts) if self.counts else {}, "apply_with": apply}


async def plan(deployment: Deployment, key: str, limit: int = 20) -> Plan:
    """Fetch, read and judge the supplier's list; the staged batch stays, so that exactly it can be approved.

    Raises what a load raises. `limit`: rows told of each kind of change.
    """
    snapshot = await fetch(deployment, key)
    understood = await map_columns(deployment, snapshot)
    if understood.mapped is None and understood.stopped_batch_id is None:
        return Plan(supplier=key, status="unchanged", snapshot_id=snapshot.id)
    batch_id = await _staged(deployment, understood)
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        return await _looked_at(connection, batch_id, limit)


async def _staged(deployment: Deployment, understood: MappedSnapshot) -> int:
    if understood.stopped_batch_id is not None:
        return understood.stopped_batch_id
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        made = await judgements.planned(connection, understood.snapshot.supplier_key, understood.fingerprint)
    if made is not None:
        return made
    return (await validate_rows(deployment, understood, Attempt(f"plan:{uuid4().hex[:12]}"))).batch_id


async def _looked_at(connection: Connection, batch_id: int, limit: int) -> Plan:
    batch = await locked_batch(connection, batch_id)
    if batch.state == "rejected":
        return Plan(
            supplier=batch.supplier_key,
            status="rejected",
            snapshot_id=batch.snapshot_id,
            batch_id=None,
            total_rows=batch.total_rows,
            rejected_rows=batch.rejected_rows,
            guards=[guard for guard in batch.guards if guard["tripped"]],
        )
    await merge.check_order(connection, batch_id)
    await rekeys.check_keys(connection, batch)
    supplier = await suppliers.by_id(connection, batch.supplier_id)
    results = (await judge(connection, batch, supplier)).results
    if batch.content_hash is None:
        await judgements.seal(connection, batch_id)
    stopped = evaluate.tripped(results)
    return Plan(
        supplier=supplier.key,
        status="hold" if stopped else "apply",
        snapshot_id=batch.snapshot_id,
        batch_id=batch_id,
        total_rows=batch.total_rows,
        rejected_rows=batch.rejected_rows,
        counts=await facts.totals_of(connection, batch),
        changes=await facts.changes_of(connection, batch, limit),
        steps=await price_steps.changes_of(connection, batch_id, supplier.id, limit),
        rejects=await batches.errors_by_code(connection, batch_id),
        guards=evaluate.as_json(stopped),
    )
