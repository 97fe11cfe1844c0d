"""Stored lists read again with today's code and settings, one at a time, beside what was applied. Writes nothing."""

from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

from ingestion_dagster.core.errors import DataIngestionError
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.reports.what_if import ListResult, Rejected, mapping_changes, price_changes, reject_changes
from ingestion_dagster.core.rows.duplicates import Offer, Settled, settle
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow, RowReject
from ingestion_dagster.core.steps import SheetSnapshot
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.stored_lists import open_snapshot, snapshot_of, tab_of
from ingestion_dagster.store.batches import rejects
from ingestion_dagster.store.batches.types import ReadList
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import connected
from ingestion_dagster.store.reports import applied


async def chosen(deployment: Deployment, keys: Sequence[str]) -> list[Supplier]:
    """The suppliers called `keys`, or all that are not paused. Raises SourceRejected for an unknown key."""
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        if keys:
            return [await suppliers.by_key(connection, key) for key in dict.fromkeys(keys)]
        return await suppliers.every(connection, active_only=True)


async def what_if(deployment: Deployment, supplier: Supplier, last: int) -> AsyncIterator[ListResult]:
    """The supplier's `last` applied lists, newest first, each read again and compared."""
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        batches = await applied.lists(connection, supplier.id, last)
    for batch in batches:
        yield await _compared(deployment, supplier, batch)


async def _compared(deployment: Deployment, supplier: Supplier, batch: ReadList) -> ListResult:
    result = partial(
        ListResult,
        supplier=supplier.key,
        snapshot_id=batch.snapshot_id,
        batch_id=batch.id,
        received_at=batch.fetched_at,
    )
    try:
        snapshot = snapshot_of(batch, supplier)
    except DataIngestionError as error:
        return result(outcome="skipped", note=str(error))
    try:
        understood = await map_columns(deployment, snapshot, reread=True)
        assert understood.mapped is not None  # `reread` always reads
        settled, refused = _read(deployment, supplier, snapshot, understood.mapped)
    except DataIngestionError as error:
        if error.retryable:
            raise
        return result(outcome="different", note=f"it would not be read: {error}")
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        then = await applied.prices_after(connection, supplier.id, batch)
        logged = await rejects.rejects_of(connection, batch.id)
    mapping = mapping_changes(MappedSheet.model_validate(batch.mapping), understood.mapped)
    refused_then = [row.supplier_sku for row in logged if row.supplier_sku]
    price_count, prices = price_changes(then, settled.offers, refused_then)
    rejects_then = [Rejected(row.row_number, row.code, row.error_message) for row in logged]
    reject_count, reject_rows = reject_changes(rejects_then, refused)
    return result(
        outcome="different" if mapping or price_count or reject_count else "same",
        mapping=mapping,
        prices=prices,
        price_count=price_count,
        rejects=reject_rows,
        reject_count=reject_count,
    )


def _read(
    deployment: Deployment, supplier: Supplier, snapshot: SheetSnapshot, mapped: MappedSheet
) -> tuple[Settled, list[Rejected]]:
    """Every row as today's rules read it. Of an item only key, price, currency and row are kept."""
    refused: list[Rejected] = []
    sheet = tab_of(open_snapshot(deployment, snapshot, supplier), mapped)

    def items() -> Iterator[ItemRow]:
        for row in read_rows(sheet, mapped, supplier.hints()):
            if isinstance(row, ItemRow):
                yield row
            elif isinstance(row, RowReject):
                refused.append(Rejected(row.row + 1, row.code, row.message))

    settled = settle(items(), supplier.settings.duplicates)
    refused += [_conflict(offer) for offer in settled.conflicting]
    return settled, refused


def _conflict(offer: Offer) -> Rejected:
    message = f"{offer.supplier_sku} stands in several rows with different values"
    return Rejected(offer.row + 1, "duplicate_key", message)
