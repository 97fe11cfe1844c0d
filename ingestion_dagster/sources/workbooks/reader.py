"""Spreadsheet containers to tabs of encoded rows. Runs only inside the limited process (`sources/sandbox/worker.py`),
because the readers may abort, hang or swallow memory on a hostile file.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import islice

import orjson

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import CellError, Row, column_letter
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.row_frames import TOO_LONG, encode_rows
from ingestion_dagster.sources.text.mojibake import Repair, find_repair
from ingestion_dagster.sources.workbooks.tab import Tab
from ingestion_dagster.sources.written_cells import as_meant

_FRAME_BYTES = 8_000_000
FIRST_FRAME, FRAME = 200, 4_000
"""Rows per frame: the first is small because most questions are about the top of a tab."""

Send = Callable[[bytes, bytes], None]
_WRITTEN = re.compile(rb"""&#?[A-Za-z0-9]{2,8};|"='|"=\\\\"|"=[-+]?[0-9]|"'[^"' ]*[0-9]""")
"""Some text of a frame may be written for other programs (`sources/written_cells.py`)."""


def read_tabs(kind: str, data: bytes, limits: Limits) -> Iterator[Tab]:
    """The tabs of a container of this kind, in order. Each tab must be consumed before the next is asked for."""
    if kind in ("xlsx", "xlsb", "ods"):
        from ingestion_dagster.sources.workbooks.zipped import read_zipped

        return read_zipped(kind, data, limits)
    if kind == "xls":
        from ingestion_dagster.sources.workbooks.xls import read_biff

        return read_biff(data, limits)
    from ingestion_dagster.sources.workbooks.html import read_html, read_mhtml
    from ingestion_dagster.sources.workbooks.xml_2003 import read_spreadsheet_xml

    readers = {"html": read_html, "mhtml": read_mhtml, "xml": read_spreadsheet_xml}
    return readers[kind](data, limits)


def send_tabs(tabs: Iterator[Tab], limits: Limits, send: Send) -> None:
    """Send every tab: its rows in frames (`R`), then what is known about it (`T`)."""
    cells = 0
    for number, tab in enumerate(tabs, 1):
        if number > limits.tabs:
            raise SourceRejected(f"the workbook has more than {limits.tabs} tabs")
        if tab.width > limits.columns:
            raise SheetError(
                f"tab {tab.name!r} reaches column {column_letter(tab.width - 1)}; at most {limits.columns} columns "
                "are read. Delete what stands far to the right"
            )
        tab.merges = _merges_apart(tab, limits)
        first_row, size = 0, FIRST_FRAME
        repair: Repair | None = None
        while batch := list(islice(tab.rows, size)):
            if first_row == 0:
                repair = _find_repair(batch, tab)
            if repair is not None and repair.line is not None:
                _repair_texts(batch, repair.line)
            _send_batch(batch, first_row, tab, limits, send)
            first_row, size = first_row + len(batch), FRAME
            cells += len(batch) * max(tab.width, 1)
            if cells > limits.cells or first_row > limits.rows:
                raise SourceRejected(
                    f"the workbook has more than {limits.cells:,} cells or {limits.rows:,} rows; split it, or delete "
                    "stray cells far below the list"
                )
        send(b"T", _tab_json(tab))


def _send_batch(batch: list[Row], first_row: int, tab: Tab, limits: Limits, send: Send) -> None:
    if tab.errors:
        _mark_errors(batch, first_row, tab.errors)
    encoded = encode_rows(batch)
    if _WRITTEN.search(encoded):
        _take_as_meant(batch)
        encoded = encode_rows(batch)
    if len(encoded) > limits.cell_characters and _cut_long_texts(batch, limits.cell_characters):
        encoded = encode_rows(batch)
    _send_rows(batch, encoded, send)


def _send_rows(batch: list[Row], encoded: bytes, send: Send) -> None:
    """Rows in frames that are small enough to be unpacked one after the other."""
    if len(encoded) <= _FRAME_BYTES or len(batch) < 2:
        send(b"R", encoded)
        return
    for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
        _send_rows(half, encode_rows(half), send)


def _merges_apart(tab: Tab, limits: Limits) -> list[tuple[int, int, int, int]]:
    """The tab's merged areas, of those with the same first cell the first: the format allows no others."""
    apart = list({area[:2]: area for area in reversed(tab.merges)}.values())[::-1]
    if len(apart) > limits.merges:
        raise SheetError(
            f"tab {tab.name!r} has {len(apart):,} merged areas, more than the {limits.merges:,} allowed; undo the "
            "merges in what is no part of the list"
        )
    return apart


def _take_as_meant(batch: list[Row]) -> None:
    for row in batch:
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                row[column] = as_meant(cell) or None


def _find_repair(batch: list[Row], tab: Tab) -> Repair | None:
    """What is wrong with the letters of the tab, told by its top; the tab's notes then say so."""
    repair = find_repair(cell for row in batch for cell in row if isinstance(cell, str))
    if repair is not None:
        tab.notes = [*tab.notes, repair.note]
        if repair.line is not None and tab.name_may_change:
            tab.name = repair.line(tab.name)
    return repair


def _repair_texts(batch: list[Row], line: Callable[[str], str]) -> None:
    for row in batch:
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                row[column] = line(cell)


def _mark_errors(batch: list[Row], first_row: int, errors: dict[int, dict[int, str]]) -> None:
    for row_number, cells in enumerate(batch, first_row):
        for column, code in errors.get(row_number, {}).items():
            cells.extend([None] * (column + 1 - len(cells)))
            cells[column] = CellError(code)


def _cut_long_texts(batch: list[Row], limit: int) -> bool:
    changed = False
    for row in batch:
        for column, cell in enumerate(row):
            if isinstance(cell, str) and len(cell) > limit:
                row[column] = TOO_LONG
                changed = True
    return changed


def _tab_json(tab: Tab) -> bytes:
    return orjson.dumps({item.name: getattr(tab, item.name) for item in fields(tab) if item.name not in _NOT_SENT})


_NOT_SENT = ("rows", "errors", "name_may_change")
