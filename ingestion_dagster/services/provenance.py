"""Where a price comes from: the chain from the catalogue back to a cell, read again from kept bytes. Writes nothing."""

from collections.abc import Sequence
from typing import NamedTuple

from ingestion_dagster.core.errors import DataIngestionError, SourceRejected
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.reports.provenance import (
    Batch,
    EarlierKey,
    Origin,
    PastPrice,
    PriceStep,
    Provenance,
    Reading,
    Step,
)
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow
from ingestion_dagster.core.sheets import CellError, CellValue, Sheet, cell_address, column_letter
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.core.values.cell_text import raw_text
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.stored_lists import open_list, tab_of
from ingestion_dagster.store.batches import batches, rejects
from ingestion_dagster.store.batches.types import ReadList, Transition
from ingestion_dagster.store.catalogue import rekeys, suppliers
from ingestion_dagster.store.database import connected
from ingestion_dagster.store.reports import provenance


async def why(deployment: Deployment, key: str, sku: str) -> Provenance:
    """The chain behind the price of item `sku` of supplier `key`; `sku` may be a key that the item had before.

    Raises SourceRejected where there is no such item, with near matches or with the reason its row was not taken.
    """
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        supplier = await suppliers.by_key(connection, key)
        newest = await rejects.newest_judged(connection, supplier.id)
        refused = await provenance.rejects_of_key(connection, newest.id, sku) if newest else []
        item = await provenance.item(connection, supplier.id, sku)
        if item is None and (key_now := await rekeys.key_now(connection, supplier.id, sku)) is not None:
            item = await provenance.item(connection, supplier.id, key_now)
        if item is None:
            raise SourceRejected(_unknown(key, sku, refused, await provenance.keys(connection, supplier.id)))
        history = await provenance.history(connection, item.id)
        stepped = await provenance.steps(connection, item.id)
        absences = await provenance.absences(connection, item.id)
        earlier = await rekeys.of_item(connection, item.id)
        batch = await provenance.batch(connection, history[0].batch_id)
        steps = await batches.transitions(connection, batch.id)
        mapping = await provenance.remembered(connection, batch.mapping_id) if batch.mapping_id else None
        force = await provenance.batch(connection, supplier.last_batch_id) if supplier.last_batch_id else None
    origin = _origin(deployment, supplier, batch, history[0], _key_at(item.supplier_sku, earlier, history[0]))
    latest = None
    if force is not None and force.id != batch.id and item.missing_since is None and not refused:
        latest = _latest(deployment, supplier, force, item)
    return Provenance(
        supplier=key,
        supplier_sku=item.supplier_sku,
        name=item.name,
        price=item.current_price,
        currency=item.currency,
        printed_price=history[0].printed_price,
        price_basis=history[0].price_basis,
        active=item.active,
        missing_since=item.missing_since,
        last_seen_at=item.last_ingested_at,
        origin=origin,
        latest=latest,
        reading=_reading(batch, mapping),
        batch=_batch(batch, steps),
        history=tuple(PastPrice.model_validate(known, from_attributes=True) for known in history),
        steps=tuple(PriceStep.model_validate(known, from_attributes=True) for known in stepped),
        absences=tuple(absences),
        earlier_keys=tuple(
            EarlierKey(supplier_sku=row.former_sku, until=row.rekeyed_at, batch_id=row.batch_id) for row in earlier
        ),
        rejected=tuple(f"row {row.row_number}: {row.error_message}" for row in refused),
    )


def _unknown(key: str, sku: str, refused: Sequence[provenance.RefusedRow], known: list[str]) -> str:
    if refused:
        told = " ".join(f"row {row.row_number}: {row.error_message}" for row in refused)
        return f"{key} has no price for {sku!r}: its last list names it, but {told}"
    from rapidfuzz import fuzz, process

    folded = {name: name.casefold() for name in known}
    near = process.extract(sku.casefold(), folded, scorer=fuzz.ratio, limit=5, score_cutoff=60)
    if not near:
        return f"{key} has no item {sku!r}" + ("" if known else "; none of its lists was loaded yet")
    return f"{key} has no item {sku!r}; did you mean {', '.join(repr(name) for _, _, name in near)}?"


def _key_at(key: str, earlier: Sequence[rekeys.ItemRekey], known: provenance.KnownPrice) -> str:
    """The key that the item had when the price came into force. `earlier`: newest first."""
    for row in earlier:
        if row.rekeyed_at > known.valid_from:
            key = row.former_sku
    return key


def _origin(
    deployment: Deployment, supplier: Supplier, batch: ReadList, known: provenance.KnownPrice, key: str
) -> Origin:
    """The cell that the history names, with what stands there."""
    mapped = MappedSheet.model_validate(batch.mapping)
    row, column = known.row_number - 1, known.column_index
    place = _place(batch, mapped, row, column)
    try:
        sheet = tab_of(open_list(deployment, supplier, batch), mapped)
        found = _row_item(sheet, mapped, supplier, row)
        cell = _cell(sheet, row, column)
    except DataIngestionError as error:
        note = f"the cell cannot be read again: {error}; this is what is on record"
        return place.model_copy(update={"note": note})
    if cell is None:
        return place.model_copy(update={"agrees": False, "note": f"the list has no row {row + 1}"})
    price = found.price if found is not None and found.supplier_sku == key else None
    agrees = price == known.price
    note = "" if agrees else "today's rules and settings read this row differently; `ingestion what-if` shows more"
    return place.model_copy(update={**cell._asdict(), "reads_as": price, "agrees": agrees, "note": note})


def _latest(deployment: Deployment, supplier: Supplier, batch: ReadList, item: provenance.ItemNow) -> Origin | None:
    """The item's cell in the list in force; None where today's rules do not find it there or it cannot be read."""
    mapped = MappedSheet.model_validate(batch.mapping)
    try:
        sheet = tab_of(open_list(deployment, supplier, batch), mapped)
        rows = (row for row in read_rows(sheet, mapped, supplier.hints()) if isinstance(row, ItemRow))
        own = (row for row in rows if row.supplier_sku == item.supplier_sku)
        found = next(own, None)
        if found is not None and mapped.rows_are_steps:
            found = min((found, *own), key=lambda row: row.from_quantity or 0)
        if found is None:
            return None
        cell = _cell(sheet, found.row_number, found.price_column)
    except DataIngestionError:
        return None
    told = cell._asdict() if cell else {}
    told |= {"reads_as": found.price, "agrees": found.price == item.current_price}
    return _place(batch, mapped, found.row_number, found.price_column).model_copy(update=told)


def _place(batch: ReadList, mapped: MappedSheet, row: int, column: int) -> Origin:
    """The cell as it is on record, not read again."""
    headers = mapped.reading_at(row).headers
    header = headers[column] if column < len(headers) else ""
    return Origin(
        batch_id=batch.id,
        snapshot_id=batch.snapshot_id,
        sha256=batch.sha256,
        filename=batch.filename,
        source=batch.source,
        received_at=batch.fetched_at,
        tab=mapped.sheet,
        cell=cell_address(row, column),
        header=header or column_letter(column),
    )


def _row_item(sheet: Sheet, mapped: MappedSheet, supplier: Supplier, row: int) -> ItemRow | None:
    """What today's rules make of one row of the list."""
    for found in read_rows(sheet, mapped, supplier.hints()):
        number = found.row_number if isinstance(found, ItemRow) else found.row
        if number == row:
            return found if isinstance(found, ItemRow) else None
        if number > row:
            break
    return None


class _Cell(NamedTuple):
    """Fields of an `Origin` that only the list itself tells."""

    raw: str | None
    kind: str
    number_format: str | None


def _cell(sheet: Sheet, row: int, column: int) -> _Cell | None:
    """What stands in the cell, exactly as the file keeps it; None where the list has no such row."""
    for number, cells in enumerate(sheet.rows()):
        if number == row:
            value = cells[column] if column < len(cells) else None
            shown = value if isinstance(value, str) else raw_text(value)
            return _Cell(shown, _kind(value), sheet.number_format(row, column))
    return None


def _kind(value: CellValue) -> str:
    if value is None:
        return "empty"
    if isinstance(value, str):
        return "text"
    if isinstance(value, CellError):
        return "error"
    if isinstance(value, bool):
        return "logical"
    return "number" if isinstance(value, int | float) else "date"


def _reading(batch: ReadList, mapping: provenance.Confirmation | None) -> Reading:
    mapped = MappedSheet.model_validate(batch.mapping)
    price, style = mapped.fields.get("price"), mapped.number_styles.get("price")
    return Reading(
        mapping_id=batch.mapping_id,
        confirmed_by=mapping.confirmed_by if mapping else None,
        confirmed_at=mapping.updated_at if mapping else None,
        signature=mapped.signature,
        confidence=price.confidence if price else 0.0,
        evidence=price.evidence if price else (),
        qualifiers=mapped.qualifiers,
        decimal=style.decimal if style else None,
        thousands=style.thousands if style else None,
        number_evidence=style.evidence if style else "the cells are numbers",
        currency_evidence=mapped.currency_evidence,
        price_terms=mapped.price_terms.evidence,
        key=mapped.key,
    )


def _batch(batch: ReadList, steps: Sequence[Transition]) -> Batch:
    approvals = [step for step in steps if step.to_state == "approved"]
    return Batch(
        id=batch.id,
        state=batch.state,
        run_id=batch.run_id,
        steps=tuple(Step.model_validate(step, from_attributes=True) for step in steps),
        approved_by=approvals[-1].actor if approvals else None,
        approved_at=approvals[-1].at if approvals else None,
    )
