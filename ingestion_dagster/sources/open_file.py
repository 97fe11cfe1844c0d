"""Bytes to a `Workbook`: what a file is, decided by its content, and which reader opens it.

How each kind is read is in its own module; nothing here understands what the cells mean.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import orjson

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import Range, Sheet, Workbook
from ingestion_dagster.sources.file_kind import Kind, file_kind
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.reading_budget import within_budget
from ingestion_dagster.sources.row_frames import stream_rows
from ingestion_dagster.sources.sandbox.process import TooMuchMemory, run_limited
from ingestion_dagster.sources.text.reader import open_text
from ingestion_dagster.sources.workbooks.number_formats import FormatLookup

if TYPE_CHECKING:
    from ingestion_dagster.core.mapped_sheet import ReadingHints

__all__ = ["Limits", "open_workbook"]

_KEPT = 2
_FORMATS = {"mhtml": "html", "xlsb": "xlsx"}
"""Kinds that `Workbook.format` calls by a simpler name."""
_recent: OrderedDict[tuple[object, ...], Workbook] = OrderedDict()
_lock = threading.Lock()


def open_workbook(
    data: bytes, filename: str, hints: "ReadingHints | None" = None, limits: Limits | None = None
) -> Workbook:
    """Open any price-list file. The extension of `filename` is not trusted, its stem names a text file's only tab.

    The last two workbooks are kept, so that the next step of a run does not parse again. Raises SourceRejected or
    SheetError with what a person can do about it; nothing else, whatever the bytes are.
    """
    limits = limits or Limits()
    encoding, delimiter = (hints.encoding, hints.delimiter) if hints else (None, None)
    key = (hashlib.sha256(data).digest(), filename, encoding, delimiter, limits)
    with _lock:
        if key in _recent:
            _recent.move_to_end(key)
            return within_budget(_recent[key], limits)
    workbook = _open(data, filename, encoding, delimiter, limits)
    with _lock:
        _recent[key] = workbook
        while len(_recent) > _KEPT:
            _recent.popitem(last=False)
    return within_budget(workbook, limits)


def _open(data: bytes, filename: str, encoding: str | None, delimiter: str | None, limits: Limits) -> Workbook:
    kind = file_kind(data)
    if kind == "text":
        _refuse_size(data, limits.text_bytes)
        return open_text(data, PurePath(filename).stem or "Sheet1", limits, encoding, delimiter)
    _refuse_size(data, limits.file_bytes)
    return _open_container(data, kind, limits)


def _refuse_size(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise SourceRejected(
            f"the file has {len(data) / 1e6:.0f} MB, more than the {limit / 1e6:.0f} MB allowed; ask for a smaller one"
        )


def _open_container(data: bytes, kind: Kind, limits: Limits) -> Workbook:
    try:
        frames = run_limited({"task": "read", "kind": kind}, data, limits)
    except TooMuchMemory as error:
        raise _explained(error, data, kind, limits) from error
    sheets = tuple(_sheets(frames, data, kind, limits))
    if not sheets:
        raise SourceRejected("the workbook has no tab with cells, only charts or macros")
    return Workbook(sheets, _FORMATS.get(kind, kind))


def _explained(error: SourceRejected, data: bytes, kind: Kind, limits: Limits) -> SourceRejected:
    """A few cells that need much memory are far apart: name the cell that a person has to delete."""
    if kind != "xlsx":
        return error
    try:
        ((_, body),) = run_limited({"task": "stretch"}, data, limits)
    except (SourceRejected, SheetError):
        return error
    found = orjson.loads(body)
    if not found:
        return error
    return SourceRejected(
        f"tab {found['tab']!r}: the stray cell {found['cell']} far from the list makes it too large to open; delete it"
    )


def _sheets(frames: list[tuple[bytes, bytes]], data: bytes, kind: Kind, limits: Limits) -> Iterator[Sheet]:
    rows: list[bytes] = []
    for letter, body in frames:
        if letter == b"R":
            rows.append(body)
        else:
            yield _sheet(rows, orjson.loads(body), data, kind, limits)
            rows = []


def _sheet(rows: list[bytes], found: dict[str, Any], data: bytes, kind: Kind, limits: Limits) -> Sheet:
    more = partial(_column_formats, data, found["name"], limits) if found["formats_until"] is not None else None
    return Sheet(
        name=found["name"],
        open_rows=partial(stream_rows, rows),
        typed=found["typed"],
        hidden=found["hidden"],
        merges=tuple(Range(*area) for area in found["merges"]),
        hidden_rows=frozenset(found["hidden_rows"]),
        hidden_columns=frozenset(found["hidden_columns"]),
        number_format=FormatLookup(found["formats"], found["formats_until"], more),
        notes=tuple(found["notes"]),
    )


def _column_formats(data: bytes, tab: str, limits: Limits, column: int) -> dict[str, Any]:
    ((_, body),) = run_limited({"task": "formats", "tab": tab, "column": column}, data, limits)
    formats: dict[str, Any] = orjson.loads(body)
    return formats
