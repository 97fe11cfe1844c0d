"""Small mapped sheets for the row tests."""

from collections.abc import Sequence
from typing import Any

from ingestion_dagster.core.mapped_sheet import FieldColumn, MappedSheet, NumberStyle, ReadingHints
from ingestion_dagster.core.rows.read import ItemRow, NotAnItem, RowReject, read_rows
from ingestion_dagster.core.sheets import CellValue, Sheet

HEADERS = {
    "supplier_sku": "SKU", "name": "Name", "price": "Price", "currency": "Currency", "stock": "Stock", "barcode": "EAN",
    "brand": "Brand", "category": "Group", "unit": "Unit", "description": "Text", "url_image": "Image",
}  # fmt: skip

Outcome = ItemRow | RowReject | NotAnItem


def mapped(fields: Sequence[str], more: Sequence[str] = (), **changes: Any) -> MappedSheet:
    """A sheet whose columns are `fields`, then `more` as characteristics, under one header row."""
    headers = [HEADERS[field] for field in fields] + list(more)
    given: dict[str, Any] = {
        "sheet": "list",
        "is_pricelist": True,
        "header_row_index": 0,
        "header_rows": (0,),
        "first_data_row": 1,
        "headers": tuple(headers),
        "fields": {f: FieldColumn(column=c, header=HEADERS[f], confidence=1) for c, f in enumerate(fields)},
        "characteristics": {header: len(fields) + c for c, header in enumerate(more)},
        "currency": "EUR",
        "number_styles": {"price": NumberStyle(decimal="."), "stock": NumberStyle(decimal=".")},
    }
    return MappedSheet(**(given | changes))


def outcomes(
    rows: Sequence[Sequence[CellValue]],
    understood: MappedSheet,
    hints: ReadingHints | None = None,
    typed: bool = False,
    **sheet: Any,
) -> list[Outcome]:
    """What reading `rows` below the header row gives."""
    every: list[list[CellValue]] = [list(understood.headers), *(list(row) for row in rows)]
    opened = Sheet("list", lambda: every, typed, **sheet)
    return list(read_rows(opened, understood, hints or ReadingHints()))


def items(*args: Any, **kwargs: Any) -> list[ItemRow]:
    """Only items; fails where there is anything else."""
    found = outcomes(*args, **kwargs)
    assert all(isinstance(row, ItemRow) for row in found), found
    return [row for row in found if isinstance(row, ItemRow)]


def item(row: Sequence[CellValue], understood: MappedSheet, **kwargs: Any) -> ItemRow:
    """The one item of one row."""
    (found,) = items([row], understood, **kwargs)
    return found


def reject(row: Sequence[CellValue], understood: MappedSheet, **kwargs: Any) -> RowReject:
    """The one reject of one row."""
    (found,) = outcomes([row], understood, **kwargs)
    assert isinstance(found, RowReject), found
    return found
