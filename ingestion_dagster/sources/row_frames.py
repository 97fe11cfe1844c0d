"""Rows as JSON between the process that opens a container and the one that uses it. No pickle: the bytes were near
something hostile.

A value JSON does not know (a date, an error cell) travels as an object of one key.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from ingestion_dagster.core.sheets import CellError, CellValue, Row

_SAFE_INT = 2**53
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME
UNCACHED_FORMULA = CellError("#FORMULA")
"""A formula whose result the file does not hold."""
TOO_LONG = CellError("#TOO LONG")
"""A text longer than the limit on one cell."""


def clean_row(row: list[Any], offset: int = 0) -> Row:
    """Empty texts become None, whole floats become int (a reader gives 5.0 for 5), `offset` cells stand before."""
    cells: Row = [
        None if v == "" else v if v.__class__ is str else _number(v) if v.__class__ is float else v for v in row
    ]
    return [None] * offset + cells if offset else cells


def _number(value: float) -> CellValue:
    if value.is_integer():
        return int(value) if -_SAFE_INT < value < _SAFE_INT else value
    return value if -1e308 < value < 1e308 else CellError("#NUM!")


def encode_rows(rows: list[Row]) -> bytes:
    """Rows as JSON; the first byte says whether there is anything that `decode_rows` must turn back."""
    special = False

    def describe(value: object) -> dict[str, str]:
        nonlocal special
        special = True
        return _described(value)

    body = orjson.dumps(rows, describe, _OPTIONS)
    return (b"1" if special else b"0") + body


def _described(value: object) -> dict[str, str]:
    match value:
        case dt.datetime():
            return {"datetime": value.isoformat()}
        case dt.date():
            return {"date": value.isoformat()}
        case dt.time():
            return {"time": value.isoformat()}
        case CellError():
            return {"error": value.code}
        case dt.timedelta():
            return {"text": str(value)}
        case _:
            return {"text": str(value)}


_READ_BACK: dict[str, Callable[[str], CellValue]] = {
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "error": CellError,
    "text": str,
}


def decode_rows(frame: bytes) -> list[Row]:
    """What `encode_rows` made, as rows."""
    rows: list[list[Any]] = orjson.loads(memoryview(frame)[1:])
    if frame[:1] == b"0":
        return rows
    return [[_turned_back(cell) if isinstance(cell, dict) else cell for cell in row] for row in rows]


def _turned_back(cell: dict[str, str]) -> CellValue:
    ((kind, text),) = cell.items()
    return _READ_BACK[kind](text)


def stream_rows(frames: list[bytes]) -> Iterator[Row]:
    """All rows of a tab, decoded frame by frame: the frames are a tenth of the size of the rows."""
    for frame in frames:
        yield from decode_rows(frame)
