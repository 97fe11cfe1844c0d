"""What calamine does not tell about the cells of an XLSX tab: formats, error cells, formulas without a result,
hidden rows and columns.

Every tab is looked over at the speed of a byte search; the XML parser runs only over the head and over tabs that
hold something worth marking.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.sheets import column_index, column_letter
from ingestion_dagster.sources.row_frames import UNCACHED_FORMULA
from ingestion_dagster.sources.workbooks.number_formats import FormatRuns
from ingestion_dagster.sources.workbooks.xlsx_package import Attributes, StopParsing, new_parser

_CHUNK = 1 << 20
_HEAD_ROWS = 300
_SMALL = 200_000
_ADDRESS = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_ERROR_TYPE = re.compile(rb"""\st=["']e["']""")
_ERROR_TEXT = re.compile(rb"(?:\s*<f[^>]*(?:/>|>[^<]*</f>))?\s*<v>([^<]{1,40})</v>")
_NO_RESULT = re.compile(rb"<c\s([^>]*)>\s*<f[^>]*+(?:(?<=/)>|>[^<]*+</f>)\s*+(?:<v\s*/>|<v>\s*+</v>)?+\s*+</c>")
_HIDDEN_ROW = re.compile(rb"""<row\s([^>]*\bhidden=["'](?:1|true)["'][^>]*)>""")
_CELL = re.compile(rb"""<c r="([A-Z]{1,3})(\d{1,7})\"""")
_REFERENCE = re.compile(rb"""\br=["']([A-Za-z0-9]{1,10})["']""")
_TEXT_TYPE = re.compile(rb"""\bt=["'](?:str|e)["']""")


@dataclass
class CellDetails:
    """What was found on one tab; positions are 0-based. `until_row` is None where the whole tab was parsed."""

    formats: FormatRuns
    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    """row -> column -> `#REF!`, or the code for a formula without a result."""
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    until_row: int | None = None


def read_details(package: zipfile.ZipFile, part: str, codes: list[str | None]) -> CellDetails:
    """The details of the tab in `part`. Formats reach at least to the head's end, everything else is complete."""
    if package.getinfo(part).file_size <= _SMALL:
        return _parse(_chunks(package, part), codes, None)
    details = _parse(_chunks(package, part), codes, _HEAD_ROWS)
    if details.until_row is None:
        return details
    if not _search(_chunks(package, part), details):
        return _parse(_chunks(package, part), codes, None)
    if not any(codes):
        details.until_row = None
    return details


def column_formats(package: zipfile.ZipFile, part: str, codes: list[str | None], column: int) -> CellDetails:
    """Formats of one column over all rows, by a byte search that must agree with the parser over the head."""
    head = _parse(_chunks(package, part), codes, _HEAD_ROWS)
    searched = CellDetails(FormatRuns(codes))
    _search_styles(_chunks(package, part), column, searched.formats)
    if searched.formats.until(column, _HEAD_ROWS) == head.formats.until(column, _HEAD_ROWS):
        return searched
    return _parse(_chunks(package, part), codes, None)


def stretching_cell(package: zipfile.ZipFile, part: str) -> str | None:
    """The address of the cell that makes a tab far larger than what it holds; None where the cells are dense."""
    count, last_row, last_column, lowest, rightmost = 0, 0, 0, "", ""
    for chunk in _chunks(package, part):
        for found in _CELL.finditer(chunk):
            count += 1
            row, column = int(found[2]), column_index(found[1].decode())
            if row > last_row:
                last_row, lowest = row, f"{found[1].decode()}{row}"
            if column > last_column:
                last_column, rightmost = column, f"{found[1].decode()}{row}"
    if last_row * (last_column + 1) < 50 * count:
        return None
    return lowest if last_row > 20 * count else rightmost


def _search_styles(chunks: Iterator[bytes], column: int, formats: FormatRuns) -> None:
    pattern = re.compile(rb'<c r="%s(\d{1,7})"(?: s="(\d{1,6})")?' % column_letter(column).encode())
    carried = b""
    for chunk in chunks:
        window = carried + chunk
        for found in pattern.finditer(window):
            formats.add(int(found[1]) - 1, column, int(found[2] or 0))
        cut = window.rfind(b"<c ")
        carried = window[cut:] if len(window) - _CHUNK < cut else window[-400:]


def _chunks(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    with package.open(part) as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def _search(chunks: Iterator[bytes], details: CellDetails) -> bool:
    """Error cells, formulas without a result and hidden rows by a byte search; False where the XML is written in a
    way that only a parser follows (prefixed names, cells without addresses)."""
    carried = b""
    for chunk in chunks:
        window = carried + chunk
        if b":c " in window or b":row " in window:
            return False
        if not (_search_rows(window, details) and _search_cells(window, details)):
            return False
        cut = max(window.rfind(b"</c>"), window.rfind(b"<row "))
        carried = window[max(cut, len(window) - _CHUNK) :] if cut >= 0 else window[-400:]
    return True


def _search_rows(window: bytes, details: CellDetails) -> bool:
    if b"hidden=" in window:
        for found in _HIDDEN_ROW.finditer(window):
            reference = _REFERENCE.search(found[1])
            if reference is None or not reference[1].isdigit():
                return False
            details.hidden_rows.add(int(reference[1]) - 1)
    return True


def _search_cells(window: bytes, details: CellDetails) -> bool:
    if b't="e"' in window or b"t='e'" in window:
        for found in _ERROR_TYPE.finditer(window):
            start, end = window.rfind(b"<c ", 0, found.start() + 1), window.find(b">", found.end())
            if start >= 0 and end >= 0 and b">" not in window[start : found.start()]:
                text = _ERROR_TEXT.match(window, end + 1)
                code = text[1].decode("utf-8", "replace").strip() if text else "#ERROR"
                if not _mark(details, window[start:end], code[:20]):
                    return False
    if b"<f" in window:
        for found in _NO_RESULT.finditer(window):
            # A text formula may well result in an empty text; any other must have left a value.
            if not _TEXT_TYPE.search(found[1]) and not _mark(details, found[1], UNCACHED_FORMULA.code):
                return False
    return True


def _mark(details: CellDetails, attributes: bytes, code: str) -> bool:
    reference = _REFERENCE.search(attributes)
    address = _ADDRESS.fullmatch(reference[1].decode()) if reference else None
    if address is None:
        return False
    details.errors.setdefault(int(address[2]) - 1, {})[column_index(address[1])] = code
    return True


class _CellWalk:
    """Handlers over `<row>`, `<c>`, `<f>`, `<v>`: they run for every cell, so they are kept bare."""

    def __init__(self, details: CellDetails, until_row: int | None) -> None:
        self.details = details
        self.until_row = until_row
        self.row = -1
        self.column = -1
        self.cell_type = ""
        self.formula = self.inside_value = self.valued = False

    def start(self, name: str, attributes: Attributes) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._cell(attributes)
        elif name == "v":
            self.inside_value = True
        elif name == "row":
            self._row(attributes)
        elif name == "f":
            self.formula = True
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            self._hidden_columns(attributes)

    def text(self, text: str) -> None:
        if self.inside_value:
            self.valued = self.valued or not text.isspace()
            if self.cell_type == "e" and text.strip():
                self._error(text.strip()[:20])

    def end(self, name: str) -> None:
        if name == "v" or name.endswith(":v"):
            self.inside_value = False
        elif (name == "c" or name.endswith(":c")) and self.formula and not self.valued and self._must_have_value():
            self._error(UNCACHED_FORMULA.code)

    def _must_have_value(self) -> bool:
        """A text formula may well result in an empty text; any other must have left a value."""
        return self.cell_type not in ("str", "e")

    def _row(self, attributes: Attributes) -> None:
        number = attributes.get("r", "")
        self.row = int(number) - 1 if number.isdecimal() and len(number) < 9 else self.row + 1
        self.column = -1
        if attributes.get("hidden") in ("1", "true"):
            self.details.hidden_rows.add(self.row)
        if self.until_row is not None and self.row >= self.until_row:
            self.details.until_row = self.until_row
            raise StopParsing

    def _cell(self, attributes: Attributes) -> None:
        self.column += 1
        if address := _ADDRESS.fullmatch(attributes.get("r", "")):
            self.column, self.row = column_index(address[1]), int(address[2]) - 1
        style = attributes.get("s", "0")
        self.details.formats.add(self.row, self.column, int(style) if style.isdecimal() else 0)
        self.cell_type = attributes.get("t", "")
        self.formula = self.inside_value = self.valued = False
        if self.cell_type == "e":
            self._error("#ERROR")

    def _error(self, code: str) -> None:
        self.details.errors.setdefault(self.row, {})[self.column] = code

    def _hidden_columns(self, attributes: Attributes) -> None:
        first, last = attributes.get("min", "0"), attributes.get("max", "0")
        if first.isdecimal() and last.isdecimal():
            self.details.hidden_columns.update(range(int(first) - 1, min(int(last), 16_384)))


def _parse(chunks: Iterator[bytes], codes: list[str | None], until_row: int | None) -> CellDetails:
    details = CellDetails(FormatRuns(codes))
    walk = _CellWalk(details, until_row)
    parser = new_parser(walk.start, walk.end)
    parser.CharacterDataHandler = walk.text
    try:
        for chunk in chunks:
            parser.Parse(chunk)
        parser.Parse(b"", True)
    except StopParsing:
        pass
    except expat.ExpatError as error:
        raise SourceRejected(f"the workbook is damaged: {error}") from error
    return details
