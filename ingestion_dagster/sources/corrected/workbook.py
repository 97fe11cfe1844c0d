"""Marks put into a supplier's own XLSX workbook, by openpyxl. Runs in the limited process only: it opens foreign files.

Tabs, styles, merges, formulas and comments stay; macros, pictures and shapes are not carried over. No file is
written. What is marked is decided in `core/corrections/markup.py`; a workbook that cannot be kept is written anew by
`new_workbook.py`.
"""

import io
import warnings
import zipfile
from typing import Any

from openpyxl import load_workbook
from openpyxl.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.workbook import Workbook
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from ingestion_dagster.core.corrections.markup import Markup
from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.sheets import column_letter
from ingestion_dagster.core.words.correction_words import our_headers, our_tabs

WRONG = PatternFill("solid", fgColor="FFFFC7CE")
REASON = PatternFill("solid", fgColor="FFFFEB9C")
BOLD = Font(bold=True)
WRAPPED = Alignment(wrap_text=True, vertical="top")
AUTHOR = "ingestion"
MOST_COMMENTS = 2_000
"""Cells with a comment; further ones are coloured only. Spreadsheet programs draw every comment when they open."""
_COMMENT_WIDTH, _COMMENT_HEIGHT = 320, 90
_REASON_WIDTH = 60


def mark_workbook(data: bytes, markup: Markup) -> bytes:
    """The workbook with its wrong cells marked, the reasons beside the table, and a summary as its last tab.

    Raises SheetError where the tab is not in it as a sheet of cells.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of every extension that it leaves out
        book = load_workbook(io.BytesIO(data))
        tab = book[markup.tab] if markup.tab in book.sheetnames else None
        if not isinstance(tab, Worksheet):
            raise SheetError(f"tab {markup.tab!r} cannot be marked: it is no sheet of cells")
        _remove_earlier_marks(book, tab, markup)
        _mark_cells(tab, markup)
        _write_reasons(tab, markup)
        _add_summary(book, markup)
        return _saved(book)


def _remove_earlier_marks(book: Workbook, tab: Worksheet, markup: Markup) -> None:
    """A marked list that was sent back: old reasons, colours, comments and summary go."""
    if markup.header_row is None or tab.cell(markup.header_row + 1, markup.column + 1).value not in our_headers():
        return
    for row in tab.iter_rows():
        for cell in row:
            if isinstance(cell, MergedCell):
                continue
            if cell.column == markup.column + 1 and cell.row > markup.header_row + 1:
                cell.value, cell.fill = None, PatternFill()
            if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb == WRONG.fgColor.rgb:
                cell.fill = PatternFill()
            if cell.comment and cell.comment.author == AUTHOR:
                cell.comment = None
    for title in set(book.sheetnames) & our_tabs():
        book.remove(book[title])


def _mark_cells(tab: Worksheet, markup: Markup) -> None:
    anchors = _merge_anchors(tab)
    for number, (row, column, text) in enumerate(markup.cells):
        cell = tab.cell(*anchors.get((row + 1, column + 1), (row + 1, column + 1)))
        cell.fill = WRONG
        if number < MOST_COMMENTS:
            before, author = (cell.comment.text, cell.comment.author) if cell.comment else ("", AUTHOR)
            if text not in before:
                cell.comment = comment(f"{before}\n\n{text}" if before else text, author)


def comment(text: str, author: str = AUTHOR) -> Comment:
    """A comment that is large enough to be read."""
    return Comment(text, author, _COMMENT_HEIGHT, _COMMENT_WIDTH)


def _merge_anchors(tab: Worksheet) -> dict[tuple[int, int], tuple[int, int]]:
    """Where the content of a merged area is: only its first cell can hold any."""
    return {
        (row, column): (area.min_row, area.min_col)
        for area in tab.merged_cells.ranges
        if area.size["rows"] * area.size["columns"] <= 100_000
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }


def _write_reasons(tab: Worksheet, markup: Markup) -> None:
    column = markup.column + 1
    if markup.header_row is not None:
        header = tab.cell(markup.header_row + 1, column)
        if not isinstance(header, MergedCell):
            _write(header, markup.header)
            header.font, header.fill = BOLD, REASON
    for row, text in markup.reasons:
        cell = tab.cell(row + 1, column)
        _write(cell, text)
        cell.fill, cell.alignment = REASON, WRAPPED
    dimension = tab.column_dimensions[column_letter(markup.column)]
    dimension.width, dimension.hidden = _REASON_WIDTH, False


def _write(cell: Any, value: str | int | None) -> None:
    """A text is written as text, whatever openpyxl would make of it."""
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"


def _add_summary(book: Workbook, markup: Markup) -> None:
    tab = book.create_sheet(free_title(markup.summary_tab, book.sheetnames))
    for row_number, line in enumerate(markup.summary, 1):
        for column_number, value in enumerate(line, 1):
            _write(tab.cell(row_number, column_number), value)
    tab.cell(1, 1).font = BOLD
    for letter, width in zip("ABCDE", SUMMARY_WIDTHS, strict=True):
        tab.column_dimensions[letter].width = width


SUMMARY_WIDTHS = (28, 14, 24, 28, 90)


def free_title(wanted: str, taken: list[str]) -> str:
    """A tab name that the workbook does not have yet; names differ by more than letter case."""
    known = {title.casefold() for title in taken}
    title, number = wanted, 1
    while title.casefold() in known:
        number += 1
        title = f"{wanted} {number}"
    return title


class _InMemory(ExcelWriter):  # type: ignore[misc]
    """openpyxl's writer without its temporary files, which the limited process may not have."""

    def write_worksheet(self, tab: Any) -> None:
        tab._drawing = SpreadsheetDrawing()
        tab._drawing.charts, tab._drawing.images = tab._charts, tab._images
        out = io.BytesIO()
        writer = WorksheetWriter(tab, out)
        writer.write()
        tab._rels = writer._rels
        self._archive.writestr(tab.path[1:], out.getvalue())
        self.manifest.append(tab)


def _saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    _InMemory(book, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)).save()
    return out.getvalue()
