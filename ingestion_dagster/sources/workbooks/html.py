"""HTML tables that carry the name `.xls`, and web archives (MHTML) as Excel saves them. Every table is a tab.

Runs only inside the limited process.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import Row
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.text.encodings import detect_encoding
from ingestion_dagster.sources.workbooks.tab import Tab

_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f\xa0]+")
_SILENT = ("script", "style", "head", "noscript")
_VOID_SILENT = ("br", "p", "div", "li")
_ROWSPAN, _COLSPAN = 65_534, 1_000


def read_html(data: bytes, limits: Limits) -> Iterator[Tab]:
    """The tables of a page with at least two rows or columns, outermost first. Raises SourceRejected for a page
    without any."""
    text, notes = _decoded(data)
    tables = _tables(text, limits)
    if not tables:
        title = _TITLE.search(text)
        called = f" ({' '.join(title[1].split())!r})" if title else ""
        raise SourceRejected(
            f"this is a web page{called} without a table, not a sheet; was it saved instead of the price list?"
        )
    for number, table in enumerate(tables, 1):
        yield table.tab("Table" if len(tables) == 1 else f"Table {number}", notes)


def read_mhtml(data: bytes, limits: Limits) -> Iterator[Tab]:
    """The tables of every page inside a web archive."""
    import email

    parts = [part for part in email.message_from_bytes(data).walk() if part.get_content_type() == "text/html"]
    pages = [part.get_payload(decode=True) for part in parts]
    found = 0
    for page in pages:
        if isinstance(page, bytes) and b"<t" in page:
            try:
                for tab in read_html(page, limits):
                    found += 1
                    tab.name = f"Table {found}"
                    yield tab
            except SourceRejected:
                continue
    if not found:
        raise SourceRejected(
            "this is a web archive without a table, not a sheet; ask for the price list as XLSX or CSV"
        )


def _decoded(data: bytes) -> tuple[str, list[str]]:
    """The page's text by its own declaration where that holds, else by its bytes."""
    found = detect_encoding(data)
    declared = _CHARSET.search(data[:4_000])
    if (
        declared
        and found.name not in ("utf-8", "utf-8-sig", "utf-16", "utf-32")
        and not found.name.startswith("utf-16")
    ):
        try:
            return data.decode(declared[1].decode("ascii")), []
        except (LookupError, UnicodeDecodeError):
            pass
    return data.decode(found.name, found.errors), list(found.notes)


class _Table:
    """Cells of one table, laid out with their spans."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.rows: list[Row] = []
        self.merges: list[tuple[int, int, int, int]] = []
        self.hidden_rows: list[int] = []
        self.open_spans: dict[int, int] = {}
        self.texts: list[str] | None = None
        self.span = (1, 1)
        self.cells = 0

    def start_row(self, hidden: bool) -> None:
        self.end_cell()
        self.rows.append([])
        if hidden:
            self.hidden_rows.append(len(self.rows) - 1)

    def start_cell(self, colspan: int, rowspan: int) -> None:
        self.end_cell()
        if not self.rows:
            self.rows.append([])
        self.texts, self.span = [], (min(max(colspan, 1), _COLSPAN), min(max(rowspan, 1), _ROWSPAN))

    def end_cell(self) -> None:
        if self.texts is None:
            return
        text = "\n".join(_BLANKS.sub(" ", line).strip() for line in "".join(self.texts).split("\x00")).strip()
        self.texts = None
        row, number = self.rows[-1], len(self.rows) - 1
        while self.open_spans.get(len(row), -1) >= number:
            row.append(None)
        first, (colspan, rowspan) = len(row), self.span
        row.append(text or None)
        row.extend([None] * (colspan - 1))
        if rowspan > 1:
            self.open_spans.update(dict.fromkeys(range(first, first + colspan), number + rowspan - 1))
        if colspan > 1 or rowspan > 1:
            self.merges.append((number, first, number + rowspan - 1, first + colspan - 1))
        self._check(row, colspan)

    def _check(self, row: Row, added: int) -> None:
        self.cells += added
        if len(row) > self.limits.columns:
            raise SheetError(f"a table row has more than {self.limits.columns} columns")
        if self.cells > self.limits.cells:
            raise SourceRejected(f"the page has more than {self.limits.cells:,} cells; split it")

    def worth_showing(self) -> bool:
        return sum(any(row) for row in self.rows) > 1 or max(map(len, self.rows), default=0) > 1

    def tab(self, name: str, notes: list[str]) -> Tab:
        last = len(self.rows) - 1
        merges = [(top, left, min(bottom, last), right) for top, left, bottom, right in self.merges]
        width = max(map(len, self.rows), default=0)
        return Tab(name, iter(self.rows), width, False, False, merges, self.hidden_rows, notes=notes)


class _Reader(HTMLParser):
    """Collects tables; a table inside a cell becomes a table of its own."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(convert_charrefs=True)
        self.limits = limits
        self.open: list[_Table] = []
        self.done: list[_Table] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            if len(self.done) >= self.limits.tabs or len(self.open) > 50:
                raise SourceRejected(f"the page has more than {self.limits.tabs} tables")
            table = _Table(self.limits)
            self.open.append(table)
            self.done.append(table)
        elif tag in _SILENT:
            self.silent += 1
        elif self.open and tag == "tr":
            self.open[-1].start_row("display:none" in (dict(attrs).get("style") or "").replace(" ", "").lower())
        elif self.open and tag in ("td", "th"):
            named = dict(attrs)
            self.open[-1].start_cell(_number(named.get("colspan")), _number(named.get("rowspan")))
        elif tag in _VOID_SILENT:
            self._add("\x00")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif self.open and tag == "table":
            self.open.pop().end_cell()
        elif self.open and tag in ("td", "th", "tr"):
            self.open[-1].end_cell()

    def handle_data(self, data: str) -> None:
        self._add(data.replace("\x00", ""))

    def _add(self, text: str) -> None:
        if self.open and not self.silent and self.open[-1].texts is not None:
            self.open[-1].texts.append(text)


def _number(text: str | None) -> int:
    return int(text) if text and text.strip().isascii() and text.strip().isdecimal() and len(text) < 7 else 1


def _tables(text: str, limits: Limits) -> list[_Table]:
    reader = _Reader(limits)
    try:
        reader.feed(text)
        reader.close()
    except AssertionError as error:
        raise SourceRejected(f"the HTML is damaged: {error}") from error
    for table in reader.open:
        table.end_cell()
    return [table for table in reader.done if table.worth_showing()]
