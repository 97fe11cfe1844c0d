"""How the rows of one text file are read, told by its first records, and the rows by that: streamed, never held.

Encodings, repairs and the separator are found in `reader.py`.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.layout.header_rows import find_header
from ingestion_dagster.core.layout.sampling import take_sample
from ingestion_dagster.core.sheets import CUT_OFF, SHIFTED, Row, Sheet, column_letter
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.row_frames import TOO_LONG
from ingestion_dagster.sources.text.cut_files import is_cut_off, last_line
from ingestion_dagster.sources.text.delimiters import delimiter_name
from ingestion_dagster.sources.text.quoting import NO_DELIMITER, Lines, Shape, split_records, unwrapped, usual_numbers
from ingestion_dagster.sources.text.ragged_rows import Fit, find_fit
from ingestion_dagster.sources.written_cells import unwrap

SAMPLE_LINES = 400
_WRAPPING = ("=", "'")
_LINES_ASKED = 200_000
"""Lines that are looked through for quotation marks that never close."""


class Reading(NamedTuple):
    """How the rows of one file are read."""

    lines: Lines
    shape: Shape
    declared: bool
    """The first line only says what separates."""
    fit: Fit | None = None
    wrapped_lines: bool = False
    """`lines` stand in quotation marks once more in the file."""
    cut_off: bool = False
    """The file ends in the middle of its last row."""
    too_wide: int = 0
    """Rows of the sample that do not fit."""
    wrapped_cells: bool = False
    """Some cell may be `="00012"` or begin with an apostrophe."""


def told_by(reading: Reading, sample: list[str], data: bytes, encoding: str) -> Reading:
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
    cut_off, too_wide = False, 0
    if fit is not None:
        wide = [row for row in records[fit.first_row : fit.until] if len(row) > fit.width]
        too_wide = sum(fit.fitted(row, shape.delimiter)[-1] == SHIFTED for row in wide)
    if fit is not None and (last := last_line(data, encoding)) is not None:
        broken: list[int] = []
        line = iter([last])
        cells = next(split_records(unwrapped(line) if reading.wrapped_lines else line, shape, broken), [])
        whole = records[fit.first_row : fit.until]
        whole = whole[:-1] if len(sample) < SAMPLE_LINES else whole
        cut_off = is_cut_off(cells, not broken, [row for row in whole if any(row)], len(data))
    return reading._replace(
        shape=shape,
        fit=fit,
        cut_off=cut_off,
        too_wide=too_wide,
        wrapped_cells=_may_wrap(data, shape.delimiter.encode()),
    )


def _may_wrap(data: bytes, delimiter: bytes) -> bool:
    """Whether a cell may begin with `=` or an apostrophe: a quick look that may say yes wrongly."""
    starts = (delimiter, b"\n", b"\r", b'"', b"\x00")
    marks = (b"'", b"=")
    return data[:1] in marks or any(start + mark in data for start in starts for mark in marks)


def row_notes(reading: Reading) -> list[str]:
    fit, notes = reading.fit, []
    if fit is not None and fit.divided:
        columns = " and ".join(column_letter(column) for column in sorted({column for column, _ in fit.divided}))
        notes.append(
            f"the comma that separates the cells also stands inside the numbers of column {columns}, without quotation "
            "marks: put together again"
        )
    if fit is not None and fit.leading:
        notes.append("every row begins with a separator that the header has not: taken off")
    if reading.too_wide:
        notes.append(
            f"{reading.too_wide} of the first rows have more cells than the table has columns, so that nothing says "
            f"which value stands where: a {delimiter_name(reading.shape.delimiter)} inside texts or numbers? Ask for "
            "quotation marks around them, or for another separator"
        )
    if reading.cut_off:
        notes.append("the file ends in the middle of its last row: it was cut off; ask for the whole file")
    return notes


def read_lines(reading: Reading, limits: Limits) -> Iterator[Row]:
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


def _body(reading: Reading) -> Iterator[str]:
    source = reading.lines()
    if reading.declared:
        next(source, None)
    return source


def unclosed_quotes(reading: Reading) -> str:
    """Line numbers (at most three) whose quotation mark never closes, joined; empty where there is none."""
    unclosed: list[int] = []
    for _ in islice(split_records(reading.lines(), reading.shape, unclosed), _LINES_ASKED):
        if len(unclosed) == 3:
            break
    return ", ".join(map(str, unclosed))
