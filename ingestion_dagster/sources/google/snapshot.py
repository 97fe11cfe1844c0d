"""Google's answers as a file: the same content gives the same bytes, and opening it needs no Google.

gzip over canonical JSON lines: a head (the answer without cells, and what was gathered from rows), then the cells
in blocks of rows. Of a cell only what says something is kept, so that a colour changed on an empty cell is no change.
"""

import gzip
import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Self

import orjson

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.sheets import Range, Row, Sheet, Workbook
from ingestion_dagster.sources.google.cells import cell_value, imports_of, is_loading, number_pattern
from ingestion_dagster.sources.google.wire import parse_json

FORMAT: Final = "google_sheets"
VERSION: Final = 1
BLOCK_ROWS: Final = 2000
_EMPTY: Final[dict[str, Any]] = {}


@dataclass
class Grid:
    """What was gathered from one tab's rows while they were written."""

    gid: int
    rows: int = 0
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    depends_on: set[str] = field(default_factory=set)
    loading: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "gid": self.gid,
            "rows": self.rows,
            "hiddenRows": self.hidden_rows,
            "hiddenColumns": self.hidden_columns,
            "dependsOn": sorted(self.depends_on),
            "loading": self.loading,
        }


class SnapshotWriter:
    """Writes one document. Rows are given tab by tab from the top; how they were asked for leaves no trace.

    A context manager: what was begun is closed also where an answer breaks off.
    """

    def __init__(self, key: str, properties: dict[str, Any]) -> None:
        """`properties`: the document's SpreadsheetProperties."""
        self._document = {"key": key, "properties": properties}
        self._blocks = io.BytesIO()
        self._gzip = _gzip_into(self._blocks)
        self._tabs: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._gzip.close()

    def tab(self, tab: dict[str, Any], pieces: Iterable[dict[str, Any]]) -> None:
        """One tab: its Sheet object, and its GridData pieces, which follow each other without gap or overlap.

        The pieces are used up.
        """
        grid = Grid(tab["properties"].get("sheetId", 0))
        pending: list[list[dict[str, Any]]] = []
        start = 0
        for number, piece in enumerate(pieces):
            first = int(piece.get("startRow", 0))
            _note_hidden(grid, piece, first, columns=number == 0)
            for offset, row in enumerate(piece.get("rowData", ())):
                cells = _trimmed(row, grid)
                if cells:
                    while start + len(pending) < first + offset:
                        pending.append([])
                        start = self._flush(grid, start, pending)
                    pending.append(cells)
                    start = self._flush(grid, start, pending)
                    grid.rows = first + offset + 1
        self._flush(grid, start, pending, last=True)
        self._tabs.append(_tab_head(tab) | grid.as_json())

    def _flush(self, grid: Grid, start: int, pending: list[list[dict[str, Any]]], last: bool = False) -> int:
        if pending and (last or len(pending) == BLOCK_ROWS):
            self._gzip.write(_line({"gid": grid.gid, "row": start, "rows": pending}))
            start += len(pending)
            pending.clear()
        return start

    def finish(self) -> bytes:
        """The snapshot."""
        self._gzip.close()
        head = {"format": FORMAT, "version": VERSION, "document": self._document, "tabs": self._tabs}
        whole = io.BytesIO()
        with _gzip_into(whole) as compressed:
            compressed.write(_line(head))
        return whole.getvalue() + self._blocks.getvalue()


def _tab_head(tab: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a Sheet object. Its size is not: empty rows added below are no change."""
    about = tab["properties"]
    size = about.get("gridProperties", {})
    ends = {"startRowIndex": 0, "startColumnIndex": 0, "endRowIndex": size.get("rowCount", 1)}
    ends["endColumnIndex"] = size.get("columnCount", 1)  # an end that is absent is unbounded
    return {
        "properties": {name: about[name] for name in ("sheetId", "title", "hidden") if name in about},
        "merges": [ends | merge for merge in tab.get("merges", ())],
    }


def _gzip_into(target: io.BytesIO) -> gzip.GzipFile:
    return gzip.GzipFile(filename="", fileobj=target, mode="wb", compresslevel=6, mtime=0)


def _line(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _note_hidden(grid: Grid, piece: dict[str, Any], first_row: int, columns: bool) -> None:
    for offset, meta in enumerate(piece.get("rowMetadata", ())):
        if meta and (meta.get("hiddenByUser") or meta.get("hiddenByFilter")):
            grid.hidden_rows.append(first_row + offset)
    if columns:
        first = int(piece.get("startColumn", 0))
        for offset, meta in enumerate(piece.get("columnMetadata", ())):
            if meta and (meta.get("hiddenByUser") or meta.get("hiddenByFilter")):
                grid.hidden_columns.append(first + offset)


def _trimmed(row: dict[str, Any], grid: Grid) -> list[dict[str, Any]]:
    """A row's cells up to the last that holds a value; a cell without value becomes `{}`.

    Works in the answer's own objects: a copy of a large one would cost its memory twice, and a second or more of
    garbage collection.
    """
    cells: list[dict[str, Any]] = row.get("values", [])
    filled = 0
    for position, cell in enumerate(cells):
        entered = cell.pop("userEnteredValue", None)
        if entered:
            grid.depends_on |= imports_of(entered.get("formulaValue", ""))
        value = cell.get("effectiveValue")
        if not value:
            cells[position] = _EMPTY
            continue
        filled = position + 1
        if "errorValue" in value:
            grid.loading += is_loading(cell)
    del cells[filled:]
    return cells


def open_google_snapshot(data: bytes) -> Workbook:
    """The tabs that were read, in their order. Rows are unpacked as they are walked, never held whole.

    Raises SourceRejected where `data` is no such snapshot.
    """
    head = _head(data)
    properties = head["document"]["properties"]
    return Workbook(tuple(_sheet(data, tab, properties) for tab in head["tabs"]), FORMAT)


@dataclass(frozen=True)
class SnapshotFacts:
    """What a snapshot says without opening its cells."""

    key: str
    title: str
    tabs: tuple[str, ...]
    """Titles of the tabs that were read."""
    depends_on: frozenset[str]
    """Functions in it whose values change unedited (IMPORTRANGE, TODAY …): then Drive's times prove nothing."""


def snapshot_facts(data: bytes) -> SnapshotFacts:
    """The head of a snapshot. Raises SourceRejected where `data` is no such snapshot."""
    head = _head(data)
    return SnapshotFacts(
        head["document"]["key"],
        head["document"]["properties"].get("title", ""),
        tuple(tab["properties"].get("title", "") for tab in head["tabs"]),
        frozenset(name for tab in head["tabs"] for name in tab["dependsOn"]),
    )


def _head(data: bytes) -> dict[str, Any]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as lines:
            head = orjson.loads(lines.readline())
    except (OSError, EOFError, ValueError):
        raise _damaged() from None
    if not isinstance(head, dict) or head.get("format") != FORMAT or head.get("version") != VERSION:
        raise SourceRejected("The stored snapshot is not one of a Google Sheet, or is of a newer version")
    return head


def _damaged() -> SourceRejected:
    return SourceRejected("The stored snapshot of the Google Sheet is damaged: load the sheet again")


def _sheet(data: bytes, tab: dict[str, Any], document: dict[str, Any]) -> Sheet:
    gid = tab["gid"]
    formats = cache(lambda: _formats(data, gid))

    def number_format(row: int, column: int) -> str | None:
        starts, patterns = formats().get(column, ((), ()))
        at = bisect_right(starts, row) - 1
        return patterns[at] if at >= 0 else None

    loading = tab["loading"]
    return Sheet(
        name=tab["properties"].get("title", ""),
        open_rows=lambda: _rows(data, gid),
        typed=True,
        hidden=tab["properties"].get("hidden", False),
        merges=tuple(_range(merge) for merge in tab["merges"]),
        hidden_rows=frozenset(tab["hiddenRows"]),
        hidden_columns=frozenset(tab["hiddenColumns"]),
        number_format=number_format,
        locale=document.get("locale"),
        time_zone=document.get("timeZone"),
        notes=(f"{loading} cells were still loading when the sheet was read",) if loading else (),
    )


def _range(merge: dict[str, int]) -> Range:
    """Google's ends are exclusive."""
    return Range(
        merge["startRowIndex"], merge["startColumnIndex"], merge["endRowIndex"] - 1, merge["endColumnIndex"] - 1
    )


def _blocks(data: bytes, gid: int) -> Iterator[tuple[int, list[list[dict[str, Any]]]]]:
    """One tab's blocks of rows; other tabs' lines are passed over unparsed."""
    wanted = b'{"gid":%d,' % gid
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as lines:
            for line in lines:
                if line.startswith(wanted):
                    block = parse_json(line)
                    yield block["row"], block["rows"]
    except (OSError, EOFError, ValueError):
        raise _damaged() from None


def _rows(data: bytes, gid: int) -> Iterator[Row]:
    for _, rows in _blocks(data, gid):
        for cells in rows:
            yield [cell_value(cell) if cell else None for cell in cells]


def _formats(data: bytes, gid: int) -> dict[int, tuple[list[int], list[str | None]]]:
    """column -> (rows where the number format changes, the format from there on); empty cells change nothing."""
    columns: dict[int, tuple[list[int], list[str | None]]] = {}
    for start, rows in _blocks(data, gid):
        for row, cells in enumerate(rows, start):
            for column, cell in enumerate(cells):
                if not cell:
                    continue
                pattern = number_pattern(cell)
                starts, patterns = columns.setdefault(column, ([], []))
                if not patterns or patterns[-1] != pattern:
                    starts.append(row)
                    patterns.append(pattern)
    return columns
