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

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import Sheet, Workbook
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.text.delimiters import declared_delimiter, detect_delimiter
from ingestion_dagster.sources.text.encodings import Encoding, detect_encoding
from ingestion_dagster.sources.text.mojibake import find_repair
from ingestion_dagster.sources.text.quoting import (
    NO_DELIMITER,
    Lines,
    Shape,
    are_lines_wrapped,
    is_escaped,
    is_padded,
    unwrapped,
)
from ingestion_dagster.sources.text.rows import SAMPLE_LINES, Reading, read_lines, row_notes, told_by, unclosed_quotes
from ingestion_dagster.sources.written_cells import hide_entities

_SAMPLE_CHARS = 2_000_000
_LINE_BYTES = 4_000_000
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
    wrapped = are_lines_wrapped(sample) and detect_delimiter(_joined(list(unwrapped(iter(sample))))) is not None
    if wrapped:
        lines = partial(_unwrapped, lines)
        sample = _sample(lines)
        notes.append("each line stood in quotation marks once more: they were taken off")
    declared = declared_delimiter(sample[0])
    chosen = _given_delimiter(delimiter) or declared or detect_delimiter(_joined(sample))
    if chosen is None:
        notes.append(_no_delimiter(sample))
    shape = Shape(chosen or NO_DELIMITER, is_padded("".join(sample), chosen or NO_DELIMITER), entities=b"&" in data)
    shape = shape._replace(escaped=is_escaped(sample, shape))
    reading = told_by(Reading(lines, shape, bool(declared), wrapped_lines=wrapped), sample, data, found.name)
    if shape.escaped:
        notes.append("a backslash stands before quotation marks that are text: read so")
    if data.count(b'"') % 2 and (broken := unclosed_quotes(reading)):
        notes.append(f"a quotation mark opens in line {broken} and never closes: read as an ordinary character")
    notes += row_notes(reading)
    sheet = Sheet(name=name, open_rows=partial(read_lines, reading, limits), typed=False, notes=tuple(notes))
    return Workbook((sheet,), "csv", found.name.removesuffix("-sig"), chosen, tuple(notes))


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
        for line in islice(lines(), SAMPLE_LINES):
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
