"""A marked text file: the supplier's own CSV with one more column, in the same encoding, delimiter and line end."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingestion_dagster.core.corrections.markup import Markup
from ingestion_dagster.core.sheets import Row, Workbook

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
FALLBACK = "utf-8-sig"
"""Holds every text, and spreadsheet programs know it by its first bytes."""
_PROGRESS_EVERY = 20_000


def write_text(data: bytes, workbook: Workbook, markup: Markup, path: Path, progress: Callable[[int], None]) -> str:
    """Write the list in `data` with its reasons to `path`; the encoding that was used.

    It is the list's own, or UTF-8 with a byte order mark where that cannot hold the reasons.
    """
    encoding = own_encoding(data, workbook)
    try:
        _write(data, workbook, markup, path, encoding, progress)
    except UnicodeEncodeError:
        encoding = FALLBACK
        _write(data, workbook, markup, path, encoding, progress)
    return encoding


def own_encoding(data: bytes, workbook: Workbook) -> str:
    """The encoding of the file, with its byte order mark where it has one."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    return workbook.encoding or "utf-8"


def _write(
    data: bytes, workbook: Workbook, markup: Markup, path: Path, encoding: str, progress: Callable[[int], None]
) -> None:
    delimiter = workbook.delimiter or ","
    line_end = "\r\n" if b"\r" in data[:100_000] or b"\r" in data[-1_000:] else "\n"
    declared = _declares_separator(data)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end)
        for number, row in enumerate(_marked(workbook.sheets[0].rows(), markup)):
            if number == 0 and declared:
                file.write(f"sep={delimiter}{line_end}")
            elif row:
                writer.writerow(row)
            else:
                file.write(line_end)
            if number % _PROGRESS_EVERY == 0:
                progress(number)


def _declares_separator(data: bytes) -> bool:
    """Whether the first line is Excel's `sep=;`, which reading keeps as an empty row."""
    return data[:16].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").lower().startswith((b"sep=", b'"sep='))


def _marked(rows: Iterator[Row], markup: Markup) -> Iterator[list[Any]]:
    """From the header on every row has the extra column; lines above it and blank lines stay as they are."""
    reasons = {row: text.replace("\n", " ") for row, text in markup.reasons}
    first = markup.header_row if markup.header_row is not None else min(reasons, default=0)
    for number, row in enumerate(rows):
        cells: list[Any] = ["" if value is None else value for value in row]
        if number >= first and (cells or number in reasons or number == markup.header_row):
            cells += [""] * (markup.column + 1 - len(cells))
            cells[markup.column] = markup.header if number == markup.header_row else reasons.get(number, "")
        yield cells
