"""Step `map_columns`: what the columns of a kept list are, unless it is the list in force, which is not read again.

What a sheet means is decided in `core/mapping`; here it meets what is on record of the supplier.
"""

import hashlib

from ingestion_dagster.core.columns.drift import RememberedMapping
from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.mapped_sheet import MappedSheet, PriceProfile
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.sheets import Workbook, column_letter
from ingestion_dagster.core.steps import MappedSnapshot, SheetSnapshot
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.stored_lists import open_snapshot
from ingestion_dagster.pipeline.timing import timed
from ingestion_dagster.store.batches import batches, judgements, mappings
from ingestion_dagster.store.batches.types import BatchInForce
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import connected


async def map_columns(deployment: Deployment, snapshot: SheetSnapshot, *, reread: bool = False) -> MappedSnapshot:
    """Understand the sheet, unless bytes and rules are those of the list in force. `reread` reads in any case.

    Raises SheetError where it is no price list that can be understood.
    """
    timings = dict(snapshot.timings)
    mapping_id, mapped = None, None
    with timed(timings, "map"):
        async with (
            connected(deployment.database_url, deployment.limits) as database,
            database.transaction() as connection,
        ):
            supplier = await suppliers.by_key(connection, snapshot.supplier_key)
            remembered = await mappings.confirmed(connection, supplier.id)
            force = await batches.in_force(connection, supplier.id)
            fingerprint = fingerprint_of(snapshot, supplier, remembered.version if remembered else 0)
            known_batch = None if reread else await judgements.of_same_list(connection, supplier.id, fingerprint)
        if known_batch is None:
            workbook = open_snapshot(deployment, snapshot, supplier)
            mapping_id, mapped = _understood(workbook, supplier, remembered, _profile_of(force))
    if mapped is not None and mapped.decision == "refuse":
        raise SheetError(_why_refused(mapped))
    return MappedSnapshot(
        snapshot=snapshot,
        fingerprint=fingerprint,
        mapped=mapped,
        mapping_id=mapping_id,
        stopped_batch_id=known_batch.batch_id if known_batch and known_batch.state != "applied" else None,
        timings=timings,
    )


def fingerprint_of(snapshot: SheetSnapshot, supplier: Supplier, mapping_version: int) -> str:
    """Of the bytes and of everything that decides how they are read."""
    content = f"{snapshot.sha256}:{snapshot.filename}:{supplier.reading_rules()}:{mapping_version}"
    return hashlib.sha256(content.encode()).hexdigest()


def _understood(
    workbook: Workbook, supplier: Supplier, remembered: mappings.Remembered | None, profile: PriceProfile | None
) -> tuple[int | None, MappedSheet]:
    """With what was confirmed last or, where the supplier returned to another known layout, with that one's answer.

    `profile`: of the prices in force, for an answer about columns that says nothing of prices.
    """
    if remembered is None:
        return None, understand(workbook, supplier.hints())
    mapped = understand(workbook, supplier.hints(), _with_prices(remembered.mapping, profile))
    mapping_id, mapping = remembered.for_signature(mapped.signature)
    if mapping is not remembered.mapping:
        mapped = understand(workbook, supplier.hints(), _with_prices(mapping, profile))
    return mapping_id, mapped


def _profile_of(force: BatchInForce | None) -> PriceProfile | None:
    if force is None or force.mapping is None:
        return None
    return MappedSheet.model_validate(force.mapping).price_profile


def _with_prices(mapping: RememberedMapping, profile: PriceProfile | None) -> RememberedMapping:
    return mapping if mapping.price_profile else mapping.model_copy(update={"price_profile": profile})


def _why_refused(mapped: MappedSheet) -> str:
    reasons = [question.message for question in mapped.questions] or list(mapped.notes)
    return " ".join(reasons) or f"tab {mapped.sheet!r} is not a price list"


async def mapping_in_words(deployment: Deployment, batch_id: int) -> dict[str, str]:
    """field -> header, of this batch or, where nothing was read, of the batch in force."""
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        batch = await batches.get(connection, batch_id)
        if batch.mapping is None and batch.last_batch_id is not None:
            batch = await batches.get(connection, batch.last_batch_id)
    if batch.mapping is None:
        return {}
    fields = MappedSheet.model_validate(batch.mapping).fields
    return {name: found.header or column_letter(found.column) for name, found in fields.items()}
