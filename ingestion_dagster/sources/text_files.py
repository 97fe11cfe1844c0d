"""Text files (CSV, TSV, TXT) as a sheet: decoded and split into records while they are read, never held as rows.

A record is a row, blank lines included. What encoding and delimiter a file has is decided in `encodings.py` and
`delimiters.py`.
"""

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import Row, Sheet, Workbook
from ingestion_dagster.sources.delimiters import declared_delimiter, delimiter_name, detect_delimiter
from ingestion_dagster.sources.encodings import Encoding, detect_encoding
from ingestion_dagster.sources.limits import Limits

_SAMPLE_LINES = 400
_RECORD_LINES = 1_000
"""A quoted cell over more lines than this is an unclosed quotation mark."""


def open_text(
    data: bytes, name: str, limits: Limits, encoding: str | None = None, delimiter: str | None = None
) -> Workbook:
    """A text file as a workbook of one sheet called `name`.

    `encoding` and `delimiter` are what the supplier's settings say; they win. Raises SourceRejected for an encoding
    that does not exist or does not fit.
    """
    found = _given_encoding(encoding) if encoding else detect_encoding(data)
    lines = partial(_lines, data, found)
    sample = list(islice(lines(), _SAMPLE_LINES))
    declared = declared_delimiter(sample[0]) if sample else None
    chosen = delimiter or declared or detect_delimiter("".join(sample))
    notes = list(found.notes)
    if chosen is None:
        notes.append("no column separator found: read as one column")
    records = partial(_records, lines, chosen or "\x1f", bool(declared), limits)
    sheet = Sheet(name=name, open_rows=records, typed=False, notes=tuple(notes))
    return Workbook((sheet,), "csv", found.name.removesuffix("-sig"), chosen, tuple(notes))


def _given_encoding(name: str) -> Encoding:
    try:
        known = codecs.lookup(name).name
    except LookupError:
        raise SourceRejected(f"there is no text encoding called {name!r}; use for example utf-8 or cp1251") from None
    return Encoding("utf-8-sig" if known == "utf-8" else known, "replace")


def _lines(data: bytes, encoding: Encoding) -> Iterator[str]:
    return io.TextIOWrapper(io.BytesIO(data), encoding.name, encoding.errors, newline="")


def _records(
    lines: Callable[[], Iterator[str]], delimiter: str, skip_declaration: bool, limits: Limits
) -> Iterator[Row]:
    """Rows of the file; empty cells are None. Raises SheetError where a limit is broken."""
    source = lines()
    if skip_declaration:
        next(source, None)
        yield []
    for number, record in enumerate(_split(source, delimiter, limits), 1 + skip_declaration):
        if len(record) > limits.columns:
            raise SheetError(
                f"row {number} has {len(record)} columns, more than the {limits.columns} allowed; "
                f"is {delimiter_name(delimiter)} really the separator?"
            )
        yield [cell or None for cell in record]


def _split(source: Iterator[str], delimiter: str, limits: Limits) -> Iterable[list[str]]:
    """Records by the csv module; a quotation mark that never closes costs its own line only."""
    waiting: deque[str] = deque()
    taken: list[str] = []

    def feed() -> Iterator[str]:
        while True:
            line = waiting.popleft() if waiting else next(source, None)
            if line is None:
                return
            taken.append(line)
            if len(taken) > _RECORD_LINES:
                raise csv.Error("a quotation mark is not closed")
            yield line

    while True:
        try:
            for record in csv.reader(feed(), delimiter=delimiter, strict=True):
                taken.clear()
                yield record
        except csv.Error:
            waiting.extendleft(reversed(taken[1:]))
            first = taken[0]
            taken.clear()
            yield _lenient(first, delimiter)
            continue
        return


def _lenient(line: str, delimiter: str) -> list[str]:
    """One line whose quotation marks do not pair up: they are ordinary characters."""
    return next(csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
