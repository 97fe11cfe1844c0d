"""Excel 2003 XML ("SpreadsheetML"), often named `.xls`: one XML file with types and formats. Runs only inside the
limited process.
"""

import contextlib
import datetime as dt
from collections.abc import Iterator
from xml.parsers import expat

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import CellError, CellValue, Row
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.row_frames import clean_row
from ingestion_dagster.sources.workbooks.number_formats import FormatRuns
from ingestion_dagster.sources.workbooks.tab import Tab
from ingestion_dagster.sources.workbooks.xlsx_package import new_parser

_NAMED_FORMATS = {
    "general number": None,
    "fixed": "0.00",
    "standard": "#,##0.00",
    "percent": "0.00%",
    "scientific": "0.00E+00",
    "euro currency": "#,##0.00 [$€]",
}
"""Names the format uses for built-in codes; "Currency" is the reader's own currency and tells nothing."""


def read_spreadsheet_xml(data: bytes, limits: Limits) -> Iterator[Tab]:
    """All worksheets, in order. Raises SourceRejected where the XML is damaged."""
    reader = _Reader(limits)
    parser = new_parser(reader.start, reader.end)
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise SourceRejected(f"the workbook is damaged: {error}") from error
    return iter(reader.tabs)


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.tabs: list[Tab] = []
        self.rows: list[Row] = []
        self.styles: dict[str, int] = {}
        self.codes: list[str | None] = []
        self.formats = FormatRuns(self.codes)
        self.row = self.column = -1
        self.covered = 0
        self.kind = ""
        self.texts: list[str] | None = None
        self.cells = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        named = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        if tag == "Cell":
            self._cell(named)
        elif tag == "Data":
            self.kind, self.texts = named.get("Type", "String"), []
        elif tag == "Row":
            self._row(named)
        elif tag == "Worksheet":
            self.row, self.rows, self.formats = -1, [], FormatRuns(self.codes)
            self.tabs.append(Tab(named.get("Name", f"Sheet{len(self.tabs) + 1}"), iter(()), 0))
        elif tag == "Style":
            self.styles[named.get("ID", "")] = len(self.codes)
            self.codes.append(None)
        elif tag == "NumberFormat" and self.codes:
            code = named.get("Format", "")
            self.codes[-1] = _NAMED_FORMATS.get(code.lower(), code if code.lower() not in ("", "general") else None)
        elif tag == "Column" and self.tabs:
            self._column(named)

    def text(self, text: str) -> None:
        if self.texts is not None:
            self.texts.append(text)

    def end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if tag == "Data" and self.texts is not None:
            value, self.texts = "".join(self.texts), None
            if self.rows and self.column >= 0:
                cells = self.rows[self.row]
                cells.extend([None] * (self.column + 1 - len(cells)))
                cells[self.column] = clean_row([_typed(value, self.kind)])[0]
        elif tag == "Worksheet" and self.tabs:
            tab = self.tabs[-1]
            tab.rows, tab.width = iter(self.rows), max(map(len, self.rows), default=0)
            tab.formats = self.formats.as_json()

    def _row(self, named: dict[str, str]) -> None:
        self.row = _position(named.get("Index"), self.row + 1)
        self.column, self.covered = -1, 0
        if self.row >= self.limits.rows:
            raise SourceRejected(f"the workbook has more than {self.limits.rows:,} rows")
        self.rows.extend([] for _ in range(self.row + 1 - len(self.rows)))
        if named.get("Hidden") == "1" and self.tabs:
            self.tabs[-1].hidden_rows.append(self.row)

    def _cell(self, named: dict[str, str]) -> None:
        self.column = _position(named.get("Index"), self.column + 1 + self.covered)
        self.cells += 1
        if self.column >= self.limits.columns:
            raise SheetError(f"the sheet has more than {self.limits.columns} columns")
        if self.cells > self.limits.cells:
            raise SourceRejected(f"the workbook has more than {self.limits.cells:,} cells")
        self.formats.add(self.row, self.column, self.styles.get(named.get("StyleID", ""), -1))
        across, down = _count(named.get("MergeAcross")), _count(named.get("MergeDown"))
        self.covered = across
        if (across or down) and self.tabs:
            self.tabs[-1].merges.append((self.row, self.column, self.row + down, self.column + across))

    def _column(self, named: dict[str, str]) -> None:
        hidden = self.tabs[-1].hidden_columns
        first = _position(named.get("Index"), hidden[-1] + 1 if hidden else 0)
        if named.get("Hidden") == "1":
            hidden.extend(range(first, min(first + _count(named.get("Span")) + 1, self.limits.columns)))


def _position(text: str | None, following: int) -> int:
    return int(text) - 1 if text and text.isascii() and text.isdecimal() and 0 < int(text) < 10_000_000 else following


def _count(text: str | None) -> int:
    return min(int(text), 100_000) if text and text.isascii() and text.isdecimal() and len(text) < 8 else 0


def _typed(text: str, kind: str) -> CellValue:
    if kind == "Number":
        with contextlib.suppress(ValueError):
            return float(text)
    elif kind == "DateTime":
        with contextlib.suppress(ValueError):
            moment = dt.datetime.fromisoformat(text.strip())
            return moment.date() if moment.time() == dt.time() else moment
    elif kind == "Boolean":
        return text.strip() == "1"
    elif kind == "Error":
        return CellError(text.strip()[:20] or "#ERROR")
    return text
