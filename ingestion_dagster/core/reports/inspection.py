"""A whole workbook looked at for a person: what was understood, all rows read and counted, some of them kept to show.

Nothing is printed here and no file is opened.
"""

from collections import Counter
from typing import Any, Final, NamedTuple

import orjson

from ingestion_dagster.core.fields import FIELDS
from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.rows.read import ItemRow, NotAnItem, RowReject, read_rows
from ingestion_dagster.core.sheets import Row, Sheet, Workbook

_SAMPLE: Final = 5
_REJECTS: Final = 8
_TOP_BELOW_HEADER: Final = 9
_TOP_ABOVE_HEADER: Final = 3
_MEANING: Final = ("printed_price", "price_basis", "from_quantity")
_SHOWN: Final = (*(field for field in FIELDS if field in ItemRow._fields), *_MEANING)


class Inspection(NamedTuple):
    """One tab as it was understood. `top` holds some rows from the top with their numbers, to be shown as a grid."""

    mapped: MappedSheet
    accepted: int
    rejected: int
    not_items: dict[str, int]
    """Rows that are no items, by kind."""
    sample: tuple[ItemRow, ...]
    rejects: tuple[RowReject, ...]
    reject_codes: dict[str, int]
    top: tuple[tuple[int, Row], ...]
    kinds: dict[int, str]
    """Row number -> kind, for rows of `top` that are no items."""


def inspect_workbook(workbook: Workbook, hints: ReadingHints) -> Inspection:
    """Understand the workbook's price list and read all of its rows. Raises SheetError as `understand` does."""
    mapped = understand(workbook, hints)
    sheet = workbook.sheet(mapped.sheet)
    top = _top(sheet, mapped)
    if not mapped.is_pricelist:
        return Inspection(mapped, 0, 0, {}, (), (), {}, top, {})
    return _with_rows(sheet, mapped, hints, top)


def _top(sheet: Sheet, mapped: MappedSheet) -> tuple[tuple[int, Row], ...]:
    """The rows around the header and the first of the data; of what is no price list, its first rows."""
    if not mapped.is_pricelist:
        return tuple(enumerate(sheet.head(_TOP_ABOVE_HEADER + _TOP_BELOW_HEADER)))
    first = max(0, (mapped.header_row_index if mapped.header_row_index >= 0 else 0) - _TOP_ABOVE_HEADER)
    last = mapped.first_data_row + _TOP_BELOW_HEADER
    return tuple((number, row) for number, row in enumerate(sheet.head(last)) if number >= first)


def _with_rows(sheet: Sheet, mapped: MappedSheet, hints: ReadingHints, top: tuple[tuple[int, Row], ...]) -> Inspection:
    sample: list[ItemRow] = []
    rejects: list[RowReject] = []
    accepted = 0
    reject_codes: Counter[str] = Counter()
    not_items: Counter[str] = Counter()
    kinds: dict[int, str] = {}
    for row in read_rows(sheet, mapped, hints):
        if isinstance(row, ItemRow):
            accepted += 1
            if len(sample) < _SAMPLE:
                sample.append(row)
        elif isinstance(row, RowReject):
            reject_codes[row.code] += 1
            kinds.setdefault(row.row, "reject") if row.row < mapped.first_data_row + _TOP_BELOW_HEADER else None
            if len(rejects) < _REJECTS:
                rejects.append(row)
        else:
            assert isinstance(row, NotAnItem)
            not_items[row.kind] += 1
            if row.row < mapped.first_data_row + _TOP_BELOW_HEADER:
                kinds[row.row] = row.kind
    return Inspection(
        mapped=mapped,
        accepted=accepted,
        rejected=reject_codes.total(),
        not_items=dict(not_items),
        sample=tuple(sample),
        rejects=tuple(rejects),
        reject_codes=dict(reject_codes),
        top=top,
        kinds=kinds,
    )


def as_json(inspection: Inspection, source: str) -> dict[str, Any]:
    """The object that `ingestion inspect --json` prints, as the contract describes it."""
    mapped = inspection.mapped
    columns = mapped.mapping()
    style = mapped.number_styles.get("price")
    return {
        "source": source,
        "sheet": mapped.sheet,
        "is_pricelist": mapped.is_pricelist,
        "header_row_index": mapped.header_row_index,
        "header_rows": list(mapped.header_rows),
        "mapping": {field: columns.get(field) for field in FIELDS},
        "confidence": mapped.confidence,
        "decision": mapped.decision,
        "key": mapped.key if mapped.is_pricelist else None,
        "currency": mapped.currency,
        "decimal": style.decimal if style else None,
        "fields": {field: found.model_dump(mode="json") for field, found in mapped.fields.items()},
        "alternatives": {field: list(others) for field, others in mapped.alternatives.items()},
        "rows": inspection.accepted + inspection.rejected,
        "accepted": inspection.accepted,
        "rejected": inspection.rejected,
        "sample": [sample_item(item) for item in inspection.sample],
        "questions": [question.model_dump(mode="json") for question in mapped.questions],
        "rejects": [
            {"row": r.row, "cell": r.cell, "field": r.field, "code": r.code, "message": r.message}
            for r in inspection.rejects
        ],
        "not_items": inspection.not_items,
        "qualifiers": mapped.qualifiers,
        "steps": [
            {"column": column, "header": mapped.headers[column], "from_quantity": quantity}
            for column, quantity in mapped.steps.columns
        ],
        "quantity_column": mapped.steps.quantity_column,
        "price_terms": mapped.price_terms.model_dump(mode="json"),
        "characteristics": mapped.characteristics,
        "language": mapped.language,
        "signature": mapped.signature,
        "notes": list(mapped.notes),
        "other_sheets": list(mapped.other_sheets),
    }


def failure_json(source: str, sheet: str | None, error: str) -> dict[str, Any]:
    """The object for a file or tab that could not be read."""
    return {
        "source": source,
        "sheet": sheet,
        "is_pricelist": False,
        "header_row_index": -1,
        "header_rows": [],
        "mapping": dict.fromkeys(FIELDS),
        "confidence": 0.0,
        "decision": "refuse",
        "key": None,
        "currency": None,
        "decimal": None,
        "fields": {},
        "alternatives": {},
        "rows": 0,
        "accepted": 0,
        "rejected": 0,
        "sample": [],
        "questions": [],
        "error": error,
    }


def sample_item(item: ItemRow) -> dict[str, Any]:
    """An item's row number and its filled fields; amounts as text, so that no digit is lost."""
    shown: dict[str, Any] = {"row": item.row_number}
    for field in _SHOWN:
        value = getattr(item, field)
        if value is not None:
            shown[field] = value if isinstance(value, int) else str(value)
    if item.price_steps is not None:
        shown["price_steps"] = {str(step[0]): str(step[1]) for step in orjson.loads(item.price_steps)}
    return shown
