"""Bytes to a `Workbook`: what a file is, decided by its content, and which reader opens it.

How each kind is read is in its own module; nothing here understands what the cells mean.
"""

import io
from pathlib import PurePath
from typing import TYPE_CHECKING

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.sheets import Range, Row, Sheet, Workbook
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.text_files import open_text

if TYPE_CHECKING:
    from ingestion_dagster.core.mapped import ReadingHints

__all__ = ["Limits", "open_workbook"]


def open_workbook(
    data: bytes, filename: str, hints: "ReadingHints | None" = None, limits: Limits | None = None
) -> Workbook:
    """Open any price-list file. The extension of `filename` is not trusted, only shown.

    Raises SourceRejected or SheetError with what a person can do about it.
    """
    limits = limits or Limits()
    if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return _open_spreadsheet(data)
    return open_text(
        data, PurePath(filename).stem, limits, hints.encoding if hints else None, hints.delimiter if hints else None
    )


def _open_spreadsheet(data: bytes) -> Workbook:
    import python_calamine

    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        sheets = []
        for meta in book.sheets_metadata:
            sheet = book.get_sheet_by_name(meta.name)
            rows: list[Row] = [[None if v == "" else v for v in r] for r in sheet.to_python(skip_empty_area=False)]
            merges = tuple(Range(*a, *b) for a, b in sheet.merged_cell_ranges or ())
            hidden = meta.visible != python_calamine.SheetVisibleEnum.Visible
            sheets.append(Sheet(meta.name, rows.__iter__, True, hidden=hidden, merges=merges))
    except python_calamine.CalamineError as error:
        raise SourceRejected(f"the workbook cannot be opened: {error}") from error
    return Workbook(tuple(sheets), "xlsx" if data[:2] == b"PK" else "xls")
