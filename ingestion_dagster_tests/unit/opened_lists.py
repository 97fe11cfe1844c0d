"""The same made-up table as a CSV file and as a workbook, opened as a supplier's file is. Used by the unit tests."""

import csv
import io
from collections.abc import Sequence

from openpyxl import Workbook as ExcelWorkbook

from ingestion_dagster.core.columns.assign_columns import Mapping, map_columns
from ingestion_dagster.core.layout.find_table import find_table
from ingestion_dagster.core.layout.sampling import take_sample
from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.sheets import CellValue, Workbook
from ingestion_dagster.sources.open_file import open_workbook

FORMATS = ("csv", "xlsx")
Rows = Sequence[Sequence[CellValue]]


def columns_of(headers: Sequence[str], *columns: Sequence[CellValue]) -> list[list[CellValue]]:
    """Rows from a header and its columns."""
    return [list(headers), *(list(row) for row in zip(*columns, strict=True))]


def opened(rows: Rows, format: str = "csv") -> Workbook:
    """`rows` written to a file of that format and opened again. Semicolons part the cells of a CSV file."""
    return open_workbook(as_csv(rows) if format == "csv" else as_xlsx(rows), f"list.{format}", ReadingHints())


def as_csv(rows: Rows) -> bytes:
    """Semicolons and UTF-8; numbers with a decimal point."""
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode()


def as_xlsx(rows: Rows, hidden: str = "", formats: dict[str, str] | None = None) -> bytes:
    """One tab; numbers as numbers. `hidden` are letters of hidden columns, `formats` number formats by letter."""
    book = ExcelWorkbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    for letter in hidden:
        book.active.column_dimensions[letter].hidden = True
    for letter, code in (formats or {}).items():
        for cell in book.active[letter][1:]:
            cell.number_format = code
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read(rows: Rows, format: str = "csv", **hints: object) -> MappedSheet:
    """What is understood of `rows`."""
    return understand(opened(rows, format), ReadingHints(**hints))


def read_xlsx(rows: Rows, hidden: str = "", formats: dict[str, str] | None = None, **hints: object) -> MappedSheet:
    """What is understood of `rows` in a workbook with hidden columns or number formats."""
    given = ReadingHints(**hints)
    return understand(open_workbook(as_xlsx(rows, hidden, formats), "list.xlsx", given), given)


def mapped_columns(rows: Rows, format: str = "csv") -> Mapping:
    """The mapping itself, with what every column was taken for."""
    sheet = opened(rows, format).sheets[0]
    return map_columns(find_table(sheet, take_sample(sheet), ReadingHints()))
