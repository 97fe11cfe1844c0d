"""Text files (CSV, TSV, TXT) as a sheet: decoded and split into records while they are read, never held as rows.

A record is a row, blank lines included. What encoding and delimiter a file has is decided in `encodings.py` and
`delimiters.py`, how its quotation marks are used in `quoting.py`, what of a row that does not fit in `ragged_rows.py`.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.header_rows import find_header
from ingestion_dagster.core.sampling import take_sample
from ingestion_dagster.core.sheets import CUT_OFF, SHIFTED, Row, Sheet, Workbook, column_letter
from ingestion_dagster.sources.cell_frames import TOO_LONG
from ingestion_dagster.sources.cut_files import is_cut_off, last_line
from ingestion_dagster.sources.delimiters import declared_delimiter, delimiter_name, detect_delimiter
from ingestion_dagster.sources.encodings import Encoding, detect_encoding
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.loose_quotes import split_loosely
from ingestion_dagster.sources.mojibake import find_repair
from ingestion_dagster.sources.quoting import (
    NO_DELIMITER,
    Lines,
    Shape,
    are_lines_wrapped,
    is_escaped,
    is_padded,
    split_records,
    unwrapped,
    usual_numbers,
)
from ingestion_dagster.sources.ragged_rows import Fit, find_fit
from ingestion_dagster.sources.written_cells import hide_entities, unwrap


class _Reading(NamedTuple):
    """How the rows of one file are read."""

    lines: Lines
    shape: Shape
    declared: bool
    """The first line only says what separates."""
    fit: Fit | None = None
    cut_off: bool = False
    """The file ends in the middle of its last row."""
    wrapped_cells: bool = False
    """Some cell may be `="00012"` or begin with an apostrophe."""


_SAMPLE_LINES = 400
_SAMPLE_CHARS = 2_000_000
_LINE_BYTES = 4_000_000
_WRAPPING = ("=", "'")
csv.field_size_limit(1 << 30)  # its default of 131072 raises; long cells are cut by `Limits.cell_characters`


def open_text(
    data: bytes, name: str, limits: Limits, encoding: str | None = None, delimiter: str | None = None
) -> Workbook:
    """A text file as a workbook of one sheet called `name`.

    `encoding` and `delimiter` are what the supplier's settings say; they win. Raises SourceRejected for an encoding
    or delimiter that does not exist and for what is no text.
    """
    _refuse_endless_lines(data)
    found = _given_encoding(encoding) if encoding else detect_encoding(data)
    lines: Lines = partial(_lines, data, found)
    sample = _sample(lines)
    notes = list(found.notes)
    if repair := find_repair(sample):
        notes.append(repair.note)
        if repair.line:
            lines = partial(_repaired, lines, repair.line)
            sample = _sample(lines)
    _refuse_binary(sample)
    if are_lines_wrapped(sample) and detect_delimiter(_joined(list(unwrapped(iter(sample))))):
        lines = partial(_unwrapped, lines)
        sample = _sample(lines)
        notes.append("each line stood in quotation marks once more: they were taken off")
    declared = declared_delimiter(sample[0])
    chosen = _given_delimiter(delimiter) or declared or detect_delimiter(_joined(sample))
    if chosen is None:
        notes.append(_no_delimiter(sample))
    shape = Shape(chosen or NO_DELIMITER, is_padded("".join(sample), chosen or NO_DELIMITER), entities=b"&" in data)
    shape = shape._replace(escaped=is_escaped(sample, shape))
    reading = _reading(_Reading(lines, shape, bool(declared)), sample, data, found.name, limits)
    if shape.escaped:
        notes.append("a backslash stands before quotation marks that are text: read so")
    if data.count(b'"') % 2 and (broken := _unclosed_quotes(reading)):
        notes.append(f"a quotation mark opens in line {broken} and never closes: read as an ordinary character")
    notes += _row_notes(reading)
    sheet = Sheet(name=name, open_rows=partial(_rows, reading, limits), typed=False, notes=tuple(notes))
    return Workbook((sheet,), "csv", found.name.removesuffix("-sig"), chosen, tuple(notes))


def _reading(reading: _Reading, sample: list[str], data: bytes, encoding: str, limits: Limits) -> _Reading:
    """The reading with what the sample's records tell."""
    shape = reading.shape
    records = list(split_records(iter(sample[int(reading.declared) :]), shape, []))
    if reading.declared:
        records.insert(0, [])
    shape = shape._replace(usual=usual_numbers(records))
    fit = None
    if shape.delimiter != NO_DELIMITER:
        header: tuple[int, ...] = ()
        if len({len(record) for record in records if any(record)}) > 1:
            header = find_header(take_sample(Sheet("", lambda: [[*record] for record in records], False)), ()).rows
        fit = find_fit(records, header, shape.delimiter, "".join(sample))
    cut_off = False
    if fit is not None and (last := last_line(data, encoding)) is not None:
        cells, closed = split_loosely(last, shape.delimiter, shape.padded)
        whole = records[fit.first_row : fit.until]
        whole = whole[:-1] if len(sample) < _SAMPLE_LINES else whole
        cut_off = is_cut_off(cells, closed, [row for row in whole if any(row)], len(data))
    return reading._replace(
        shape=shape, fit=fit, cut_off=cut_off, wrapped_cells=_may_wrap(data, shape.delimiter.encode())
    )


def _may_wrap(data: bytes, delimiter: bytes) -> bool:
    """Whether a cell may begin with `=` or an apostrophe: a quick look that may say yes wrongly."""
    starts = (delimiter, b"\n", b"\r", b'"', b"\x00")
    marks = (b"'", b"=")
    return data[:1] in marks or any(start + mark in data for start in starts for mark in marks)


def _row_notes(reading: _Reading) -> list[str]:
    fit, notes = reading.fit, []
    if fit is not None and fit.divided:
        columns = " and ".join(column_letter(column) for column in sorted({column for column, _ in fit.divided}))
        notes.append(
            f"the comma that separates the cells also stands inside the numbers of column {columns}, without quotation "
            "marks: put together again"
        )
    if reading.cut_off:
        notes.append("the file ends in the middle of its last row: it was cut off; ask for the whole file")
    return notes


def _no_delimiter(sample: list[str]) -> str:
    if sum('"' in line for line in sample) > len(sample) / 2:
        return "no column separator found, perhaps because of the quotation marks in its lines: read as one column"
    return "no column separator found: read as one column"


def _joined(sample: list[str]) -> str:
    return hide_entities("".join(sample))


def _unwrapped(lines: Lines) -> Iterator[str]:
    return unwrapped(lines())


def _given_encoding(name: str) -> Encoding:
    try:
        known = codecs.lookup(name)
        "".encode(name)
    except (LookupError, ValueError, TypeError):
        raise SourceRejected(f"there is no text encoding called {name!r}; use for example utf-8 or cp1251") from None
    return Encoding("utf-8-sig" if known.name == "utf-8" else known.name, "replace")


def _given_delimiter(text: str | None) -> str | None:
    """A delimiter as settings spell it: the character, `\\t`, or its name."""
    if not text:
        return None
    named = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
    char = named.get(text.strip().lower() or text, text)
    if len(char) != 1 or char in '\r\n"':
        raise SourceRejected(f"{text!r} is no column separator; give one character such as ; or tab")
    return char


def _lines(data: bytes, encoding: Encoding) -> Iterator[str]:
    return io.TextIOWrapper(io.BytesIO(data), encoding.name, encoding.errors, newline="")


def _repaired(lines: Lines, repair: Callable[[str], str]) -> Iterator[str]:
    return map(repair, lines())


def _refuse_endless_lines(data: bytes) -> None:
    """A line is held whole, so none may be as long as a file."""
    start = 0
    while start + _LINE_BYTES < len(data):
        window = start + _LINE_BYTES
        end = max(data.rfind(b"\n", start, window), data.rfind(b"\r", start, window))
        if end < 0:
            raise SourceRejected(
                f"a line is longer than {_LINE_BYTES // 1_000_000} MB: this is not a sheet of rows; ask for XLSX or CSV"
            )
        start = end + 1


def _sample(lines: Lines) -> list[str]:
    """The first lines. Raises SheetError where they are blank."""
    sample: list[str] = []
    characters = 0
    try:
        for line in islice(lines(), _SAMPLE_LINES):
            sample.append(line)
            characters += len(line)
            if characters > _SAMPLE_CHARS:
                break
    except UnicodeError as error:
        raise SourceRejected(f"the text cannot be decoded: {error}") from error
    if not any(line.strip("\ufeff \t\r\n\x00") for line in sample):
        raise SheetError("the file has no text in its first lines; is it the right one?")
    return sample


def _refuse_binary(sample: list[str]) -> None:
    text = "".join(sample)[:20_000]
    strange = sum((char < " " and char not in "\t\r\n\f\v\x1a\x1f") or "\x7f" <= char < "\xa0" for char in text)
    if strange * 20 > len(text) or text.count("\ufffd") * 5 > len(text):
        raise SourceRejected("this is neither a text table nor a known spreadsheet; ask for the list as XLSX or CSV")


def _rows(reading: _Reading, limits: Limits) -> Iterator[Row]:
    """Rows of the file; empty cells are None. Raises SheetError where a limit is broken."""
    shape, fit = reading.shape, reading.fit
    number = int(reading.declared)
    if number:
        yield []
    width = fit.width if fit is not None else limits.columns
    longest = limits.cell_characters
    last: Row | None = None
    try:
        for record in split_records(_body(reading), shape, []):
            if len(record) > limits.columns:
                raise SheetError(
                    f"row {number + 1} has {len(record)} columns, more than the {limits.columns} allowed; "
                    f"is {delimiter_name(shape.delimiter)} really the separator?"
                )
            number += 1
            if number > limits.rows:
                raise SheetError(f"the file has more than {limits.rows:,} rows; split it")
            row: Row = [*record]
            if fit is not None and (len(record) > width or fit.habits is not None) and fit.holds(number - 1):
                if len(record) > width:
                    row = fit.fitted(record, shape.delimiter)
                elif fit.is_doubtful(record):
                    row.append(SHIFTED)
            if reading.wrapped_cells:
                row = [unwrap(cell) if cell.__class__ is str and cell[:1] in _WRAPPING else cell for cell in row]
            if len("".join(record)) > longest:
                row = [TOO_LONG if cell.__class__ is str and len(cell) > longest else cell for cell in row]
            row = [cell or None for cell in row]
            if not reading.cut_off:
                yield row
                continue
            if last is not None:
                yield last
            last = row
    except UnicodeError as error:
        raise SourceRejected(f"row {number + 1} cannot be decoded: {error}") from error
    if last is not None:
        yield [*last[:-1], CUT_OFF]


def _body(reading: _Reading) -> Iterator[str]:
    source = reading.lines()
    if reading.declared:
        next(source, None)
    return source


def _unclosed_quotes(reading: _Reading) -> str:
    """Line numbers (at most three) whose quotation mark never closes, joined; empty where there is none."""
    unclosed: list[int] = []
    for _ in split_records(reading.lines(), reading.shape, unclosed):
        if len(unclosed) == 3:
            break
    return ", ".join(map(str, unclosed))
