"""Text files (CSV, TSV, TXT) as a sheet: decoded and split into records while they are read, never held as rows.

A record is a row, blank lines included. What encoding and delimiter a file has is decided in `encodings.py` and
`delimiters.py`.
"""

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import CellValue, Row, Sheet, Workbook
from ingestion_dagster.sources.cell_frames import TOO_LONG
from ingestion_dagster.sources.delimiters import declared_delimiter, delimiter_name, detect_delimiter
from ingestion_dagster.sources.encodings import Encoding, detect_encoding
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.mojibake import find_repair


class _Shape(NamedTuple):
    """What the csv module has to know."""

    delimiter: str
    padded: bool


Lines = Callable[[], Iterator[str]]

_SAMPLE_LINES = 400
_SAMPLE_CHARS = 2_000_000
_LINE_BYTES = 4_000_000
_RECORD_LINES = 1_000
"""A quoted cell over more lines than this is an unclosed quotation mark."""
_NO_DELIMITER = "\x1f"
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
    declared = declared_delimiter(sample[0])
    chosen = _given_delimiter(delimiter) or declared or detect_delimiter("".join(sample))
    if chosen is None:
        notes.append("no column separator found: read as one column")
    shape = _Shape(chosen or _NO_DELIMITER, _is_padded(sample, chosen or _NO_DELIMITER))
    if data.count(b'"') % 2 and (broken := _unclosed_quotes(lines, shape)):
        notes.append(f"a quotation mark opens in line {broken} and never closes: read as an ordinary character")
    records = partial(_records, lines, shape, bool(declared), limits)
    sheet = Sheet(name=name, open_rows=records, typed=False, notes=tuple(notes))
    return Workbook((sheet,), "csv", found.name.removesuffix("-sig"), chosen, tuple(notes))


def _is_padded(sample: list[str], delimiter: str) -> bool:
    """Whether quotation marks stand behind a blank (`a, "b"`), which the csv module must be told."""
    text = "".join(sample)
    return text.count(f'{delimiter} "') > text.count(f'{delimiter}"')


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


def _records(lines: Lines, shape: _Shape, skip_declaration: bool, limits: Limits) -> Iterator[Row]:
    """Rows of the file; empty cells are None. Raises SheetError where a limit is broken."""
    source = lines()
    if skip_declaration:
        next(source, None)
        yield []
    number = int(skip_declaration)
    try:
        for record in _split(source, shape, limits.cell_characters, []):
            number += 1
            if len(record) > limits.columns:
                raise SheetError(
                    f"row {number} has {len(record)} columns, more than the {limits.columns} allowed; "
                    f"is {delimiter_name(shape.delimiter)} really the separator?"
                )
            if number > limits.rows:
                raise SheetError(f"the file has more than {limits.rows:,} rows; split it")
            yield [cell or None for cell in record]
    except UnicodeError as error:
        raise SourceRejected(f"row {number + 1} cannot be decoded: {error}") from error


def _split(source: Iterator[str], shape: _Shape, longest: int, unclosed: list[int]) -> Iterator[list[CellValue]]:
    """Records by the csv module; a quotation mark that never closes costs its own line only, whose number (from 1)
    is added to `unclosed`."""
    waiting: deque[str] = deque()
    taken: list[str] = []
    done = 0

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
            for record in csv.reader(feed(), delimiter=shape.delimiter, skipinitialspace=shape.padded, strict=True):
                cells = record if len(taken) == 1 and len(taken[0]) <= longest else _short_cells(record, longest)
                done += len(taken)
                taken.clear()
                yield cells  # type: ignore[misc]
        except csv.Error:
            waiting.extendleft(reversed(taken[1:]))
            first = taken[0]
            taken.clear()
            done += 1
            cells, closed = _lenient(first, shape)
            if not closed:
                unclosed.append(done)
            yield _short_cells(cells, longest)
            continue
        return


def _lenient(line: str, shape: _Shape) -> tuple[list[str], bool]:
    """One line whose quotation marks do not pair up, and whether they at least close.

    `"a" b;c` only has text behind a closed quotation mark; where one never closes, it is an ordinary character.
    """
    marker = "\x00end"
    marked = line.rstrip("\r\n") + shape.delimiter + marker
    record = next(csv.reader([marked], delimiter=shape.delimiter, skipinitialspace=shape.padded), [])
    if record[-1:] == [marker]:
        return record[:-1], True
    return next(csv.reader([line], delimiter=shape.delimiter, quoting=csv.QUOTE_NONE), []), False


def _short_cells(record: list[str], longest: int) -> list[CellValue]:
    return [cell if len(cell) <= longest else TOO_LONG for cell in record]


def _unclosed_quotes(lines: Lines, shape: _Shape) -> str:
    """Line numbers (at most three) whose quotation mark never closes, joined; empty where there is none."""
    unclosed: list[int] = []
    for _ in _split(lines(), shape, 1 << 30, unclosed):
        if len(unclosed) == 3:
            break
    return ", ".join(map(str, unclosed))
