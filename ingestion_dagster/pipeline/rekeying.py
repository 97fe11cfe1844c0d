"""Items that get another key: a staged list is read by its old key too, so that the items behind both stay the same.

The change is carried out with the merge (`upsert.py`); what is decided without a list is in `core/guards/rekeying.py`.
"""

from itertools import islice

from ingestion_dagster.core.columns.overrides import field_named
from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.guards.rekeying import (
    FormerKey,
    Rekey,
    followed_key,
    key_title,
    known_by_values,
    one_to_one,
    read_by,
)
from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow, RowReject
from ingestion_dagster.core.sheets import Sheet
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.store.batches import batches, mappings
from ingestion_dagster.store.catalogue import rekeys
from ingestion_dagster.store.database import Connection

LOOKED_AT = 500
"""Rows that a column's values are judged by."""


async def note_rekey(
    connection: Connection, batch_id: int, supplier: Supplier, sheet: Sheet, mapped: MappedSheet
) -> None:
    """Write down with the staged batch how its items were known before, where that is another key than now."""
    force = await batches.in_force(connection, supplier.id)
    if force is None or force.mapping is None:
        return
    then = MappedSheet.model_validate(force.mapping)
    same, former = followed_key(then, mapped)
    if former is None and await rekeys.looks_known(connection, batch_id, supplier.id):
        return
    known = await rekeys.known_keys(connection, supplier.id)
    now = await rekeys.keys_by_row(connection, batch_id)
    direct = len({key for _, key in now} & known)
    pairs = _pairs(sheet, mapped, supplier.hints(), former, now, known) if former else {}
    if former is None or len(pairs) <= direct:
        former = None if 2 * direct >= min(len(known), len(now)) else _by_values(sheet, mapped, known)
        pairs = _pairs(sheet, mapped, supplier.hints(), former, now, known) if former else {}
    if len(pairs) <= direct and (direct or same):
        return
    rekey = Rekey(
        before=key_title(then) if former is None else key_title(read_by(mapped, former)),
        now=key_title(mapped),
        found=bool(pairs),
        confirmed=bool(former and former.by_header) and await _confirmed(connection, supplier, mapped),
    )
    await rekeys.note(connection, batch_id, rekey, pairs)


def _by_values(sheet: Sheet, mapped: MappedSheet, known: set[str]) -> FormerKey | None:
    first = mapped.first_data_row
    rows = [row for row in islice(sheet.rows(), first, first + LOOKED_AT) if any(row)]
    return known_by_values(rows, mapped, known)


def _pairs(
    sheet: Sheet,
    mapped: MappedSheet,
    hints: ReadingHints,
    former: FormerKey,
    now: list[tuple[int, str]],
    known: set[str],
) -> dict[str, str]:
    """Old key -> new key of the items that the list names by both."""
    olds: dict[int, str] = {}
    try:
        for row in read_rows(sheet, read_by(mapped, former), hints):
            if isinstance(row, ItemRow):
                olds[row.row_number] = row.supplier_sku
            elif isinstance(row, RowReject) and row.supplier_sku:
                olds[row.row] = row.supplier_sku
    except SheetError:  # hardly a row has an old key: nothing to be found again, and no reason to refuse the list
        return {}
    return one_to_one(olds, now, known)


async def _confirmed(connection: Connection, supplier: Supplier, mapped: MappedSheet) -> bool:
    """Whether a person, or a setting, said that this column is the key."""
    if mapped.key in {field_named(name) for name in supplier.hints().column_mapping}:
        return True
    remembered = await mappings.confirmed(connection, supplier.id)
    if remembered is None:
        return False
    _, answer = remembered.for_signature(mapped.signature)
    column = mapped.column(mapped.key)
    return answer.signature == mapped.signature and column is not None and answer.fields.get(mapped.key) == column
