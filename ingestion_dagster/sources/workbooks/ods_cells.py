"""What calamine does not tell about the cells of an ODS file: currencies, error cells, merges, hidden parts."""

import re
import zipfile
import zlib
from dataclasses import dataclass, field

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import cell_address
from ingestion_dagster.sources.workbooks.number_formats import FormatRuns
from ingestion_dagster.sources.workbooks.ods_styles import OdsStyles
from ingestion_dagster.sources.workbooks.xlsx_package import Attributes, parse_xml

_TALLEST, _WIDEST = 1_048_576, 16_384
_STYLED_COLUMNS = 1_024
_ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"}
_MANY = re.compile(rb"""number-(?:rows|columns)-repeated=["'][0-9]{5,}["']""")
_MOST_REPEATS = 10_000
"""Rows or cells with content that one element may stand for."""
_CHUNK = 1 << 20
_HIDDEN = ("collapse", "filter")


@dataclass
class OdsDetails:
    """What was found on one tab; positions are 0-based."""

    formats: FormatRuns
    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    hidden: bool = False


def read_ods_details(package: zipfile.ZipFile) -> list[OdsDetails]:
    """The details of every tab, in order. Raises SourceRejected where the content is no XML."""
    walk = _Walk()
    try:
        if "styles.xml" in package.namelist():
            with package.open("styles.xml") as part:
                parse_xml(part, walk.start_style, walk.styles.end, walk.styles.text)
        with package.open("content.xml") as part:
            parse_xml(part, walk.start, walk.end, walk.text)
    except (KeyError, zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
        raise SourceRejected(f"the workbook is damaged: {error}") from error
    return walk.tabs


def repeats_much(package: zipfile.ZipFile) -> bool:
    """Whether any row or cell stands for thousands of its kind: then `read_ods_details` must look at it before a reader
    writes it out. Empty ones to the end of the sheet are usual."""
    carried = b""
    try:
        with package.open("content.xml") as part:
            while chunk := part.read(_CHUNK):
                if _MANY.search(carried + chunk):
                    return True
                carried = chunk[-100:]
    except (KeyError, zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError):
        return False
    return False


class _Walk:
    """Handlers over tables, rows and cells, which may be repeated by a number."""

    def __init__(self) -> None:
        self.tabs: list[OdsDetails] = []
        self.codes: list[str | None] = [None]
        self.known: dict[str | None, int] = {None: 0}
        self.hidden_styles: set[str] = set()
        self.styles = OdsStyles()
        self.column_styles: dict[int, str] = {}
        self.style = ""
        self.row = self.column = self.table_column = 0
        self.row_repeats = self.cell_repeats = 1
        self.formula_texts: list[str] | None = None
        self.error = False

    def start_style(self, name: str, attributes: Attributes) -> None:
        """An element of the styles alone."""
        self.styles.start(name, {key.rpartition(":")[2]: value for key, value in attributes.items()})

    def start(self, name: str, attributes: Attributes) -> None:
        named = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        if name in ("table-cell", "covered-table-cell"):
            self._cell(named, attributes.get("calcext:value-type") == "error")
        elif name == "table-row" and self.tabs:
            self.column, self.row_repeats = 0, _count(named.get("number-rows-repeated"), _TALLEST)
            if named.get("visibility") in _HIDDEN and self.row_repeats < 100_000:
                self.tabs[-1].hidden_rows.update(range(self.row, self.row + self.row_repeats))
        elif name == "table":
            self.row = self.table_column = 0
            self.column_styles = {}
            hidden = named.get("style-name", "") in self.hidden_styles
            self.tabs.append(OdsDetails(FormatRuns(self.codes), hidden=hidden))
        elif name == "table-column" and self.tabs:
            repeats = _count(named.get("number-columns-repeated"), _WIDEST)
            if named.get("visibility") in _HIDDEN:
                self.tabs[-1].hidden_columns.update(range(self.table_column, self.table_column + repeats))
            if style := named.get("default-cell-style-name"):
                upto = min(self.table_column + repeats, _STYLED_COLUMNS)
                self.column_styles |= dict.fromkeys(range(self.table_column, upto), style)
            self.table_column += repeats
        elif name == "style":
            self.style = named.get("name", "")
        elif name == "table-properties" and named.get("display") == "false":
            self.hidden_styles.add(self.style)
        if not self.tabs:
            self.styles.start(name, named)

    def text(self, text: str) -> None:
        if not self.tabs:
            self.styles.text(text)
        if self.formula_texts is not None:
            self.formula_texts.append(text)

    def end(self, name: str) -> None:
        if not self.tabs:
            self.styles.end(name)
        if name in ("table-cell", "covered-table-cell") and self.tabs:
            if self.formula_texts is not None:
                self._formula_done("".join(self.formula_texts).strip())
            self.column += self.cell_repeats
        elif name == "table-row":
            self.row += self.row_repeats

    def _cell(self, named: Attributes, error: bool) -> None:
        self.cell_repeats = _count(named.get("number-columns-repeated"), _WIDEST)
        if not self.tabs:
            return
        tab = self.tabs[-1]
        if "value-type" in named or error:
            if max(self.cell_repeats, self.row_repeats) > _MOST_REPEATS:
                cell, cells = cell_address(self.row, self.column), self.cell_repeats * self.row_repeats
                raise SheetError(
                    f"cell {cell} is repeated over {cells:,} cells, as in no real list; delete what stands below or to "
                    "the right of the list"
                )
            tab.formats.add(self.row, self.column, self._style(named))
        if error or "formula" in named:
            # Older writers mark a failed formula by nothing but its text, beside a value of 0.
            self.formula_texts, self.error = [], error
        across, down = (
            _count(named.get("number-columns-spanned"), _WIDEST),
            _count(named.get("number-rows-spanned"), 65_536),
        )
        if across > 1 or down > 1:
            tab.merges.append((self.row, self.column, self.row + down - 1, self.column + across - 1))

    def _formula_done(self, text: str) -> None:
        self.formula_texts = None
        if self.error or text in _ERRORS or text.startswith("Err:"):
            self.tabs[-1].errors.setdefault(self.row, {})[self.column] = text[:20] or "#ERROR"

    def _style(self, named: Attributes) -> int:
        """Index of a format code that says what the cell's type says."""
        code: str | None = None
        if named.get("value-type") == "currency" and named.get("currency", "").isalpha():
            code = f"#,##0.00 [${named['currency'][:10]}]"
        elif named.get("value-type") == "percentage":
            code = "0.00%"
        elif named.get("value-type") == "float":
            code = self.styles.code_of(named.get("style-name") or self.column_styles.get(self.column, ""))
        if code not in self.known:
            self.known[code] = len(self.codes)
            self.codes.append(code)
        return self.known[code]


def _count(text: str | None, limit: int) -> int:
    if not text or not text.isascii() or not text.isdecimal():
        return 1
    return min(int(text), limit) if len(text) < 19 else limit
