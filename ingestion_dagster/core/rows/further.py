"""Fields that no code names (`FURTHER` of `core/fields.py`): read by their kind alone, alike on both ways."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ingestion_dagster.core.fields import FURTHER, TABLE, Kind
from ingestion_dagster.core.sheets import CellError, CellValue
from ingestion_dagster.core.values.cell_text import cell_text, raw_text

_MOST: Final = 2**31 - 1
_WHOLE: Final = re.compile(r"[0-9]{1,10}")


class FurtherValues(NamedTuple):
    """The values of all further fields in their order, and the text of cells that are no value of their field."""

    values: tuple[str | int | None, ...]
    unread: dict[str, str]
    """Characteristic -> text."""


FurtherReader = Callable[[Any], FurtherValues]
"""The cells of a row, padded to the plan's width -> its further values."""
NONE: Final[tuple[None, ...]] = (None,) * len(FURTHER)


def further_reader(columns: dict[str, int], width: int) -> FurtherReader | None:
    """Reads the further fields that have a column; None where none has."""
    readers = [(field, columns[field], KINDS[TABLE[field].kind]) for field in FURTHER]
    if all(column >= width for _, column, _ in readers):
        return None

    def read(cells: Any) -> FurtherValues:
        values, unread = [], {}
        for field, column, read_cell in readers:
            value = read_cell(cells[column])
            values.append(value)
            if value is None and (text := _unread(cells[column])):
                unread[f"{field}_text"] = text
        return FurtherValues(tuple(values), unread)

    return read


def _text(value: CellValue) -> str | None:
    return cell_text(value) or None


def _integer(value: CellValue) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        return int(text) if _WHOLE.fullmatch(text) and int(text) <= _MOST else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= _MOST and value == int(value) else None


def _unread(value: CellValue) -> str:
    return "" if value is None or isinstance(value, CellError) else raw_text(value).strip()


KINDS: Final[dict[Kind, Callable[[CellValue], str | int | None]]] = {"text": _text, "integer": _integer}
"""How a cell of a further field is read; a kind that is not here needs code of its own."""
