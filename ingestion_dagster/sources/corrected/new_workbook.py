"""A marked list as a new XLSX workbook: for lists in another format, and for workbooks that cannot be kept.

Values, merges, hidden rows and columns and number formats are the list's; colours and further tabs are not.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingestion_dagster.core.corrections.markup import Markup, SummaryCell
from ingestion_dagster.core.sheets import CellError, CellValue, Sheet, cell_address, column_letter

_LONGEST = 32_767
"""Characters that a cell of XLSX can hold."""
_SPECIAL = frozenset("=+-@#")
"""First characters of texts that openpyxl or a spreadsheet program would take for a formula or an error."""
_TITLE_LENGTH = 31
_PROGRESS_EVERY = 5_000


def write_workbook(sheet: Sheet, markup: Markup, path: Path, progress: Callable[[int], None]) -> None:
    """Write the tab with its marks and the summary to `path`, row by row. `progress` is told how many rows are done."""
    from openpyxl import Workbook

    from ingestion_dagster.sources.corrected.workbook import SUMMARY_WIDTHS, free_title

    book = Workbook(write_only=True)
    title = _title(sheet.name)
    tab = book.create_sheet(title)
    for column in sheet.hidden_columns:
        tab.column_dimensions[column_letter(column)].hidden = True
    for row in sheet.hidden_rows:
        tab.row_dimensions[row + 1].hidden = True
    tab.column_dimensions[column_letter(markup.column)].width = 60
    for area in sheet.merges:
        if area.first_row != area.last_row or area.first_column != area.last_column:
            tab.merged_cells.add(
                f"{cell_address(area.first_row, area.first_column)}:{cell_address(area.last_row, area.last_column)}"
            )
    for number, cells in enumerate(_marked_rows(tab, sheet, markup)):
        tab.append(cells)
        if number % _PROGRESS_EVERY == 0:
            progress(number)
    summary = book.create_sheet(free_title(markup.summary_tab, [title]))
    for letter, width in zip("ABCDE", SUMMARY_WIDTHS, strict=True):
        summary.column_dimensions[letter].width = width
    for line in markup.summary:
        summary.append([_cell(summary, value) for value in line])
    book.save(path)


def _title(name: str) -> str:
    """A tab name that XLSX allows."""
    title = "".join(" " if character in "[]:*?/\\" or not character.isprintable() else character for character in name)
    return title.strip(" '")[:_TITLE_LENGTH] or "Sheet1"


def _marked_rows(tab: Any, sheet: Sheet, markup: Markup) -> Iterator[list[Any]]:
    from ingestion_dagster.sources.corrected.workbook import BOLD, MOST_COMMENTS, REASON, WRAPPED, WRONG, comment

    wrong: defaultdict[int, dict[int, tuple[int, str]]] = defaultdict(dict)
    for number, (row, column, text) in enumerate(markup.cells):
        wrong[row][column] = (number, text)
    reasons = dict(markup.reasons)
    for number, values in enumerate(sheet.rows()):
        cells = [_own_cell(tab, sheet, number, column, value) for column, value in enumerate(values)]
        if number in wrong or number in reasons or number == markup.header_row:
            cells += [None] * (markup.column + 1 - len(cells))
            for column, (place, text) in wrong.get(number, {}).items():
                cells[column] = _cell(tab, cells[column]) if isinstance(cells[column], str | None) else cells[column]
                cells[column].fill = WRONG
                if place < MOST_COMMENTS:
                    cells[column].comment = comment(text)
            if number == markup.header_row:
                cells[markup.column] = _cell(tab, markup.header)
                cells[markup.column].font, cells[markup.column].fill = BOLD, REASON
            elif number in reasons:
                cells[markup.column] = _cell(tab, reasons[number])
                cells[markup.column].fill, cells[markup.column].alignment = REASON, WRAPPED
        yield cells


def _own_cell(tab: Any, sheet: Sheet, row: int, column: int, value: CellValue) -> Any:
    """One of the list's own cells; a text stays a text even where it looks like a formula or a number."""
    if value is None or value == "":
        return None
    if type(value) is str and value[0] not in _SPECIAL and value.isprintable() and len(value) <= _LONGEST:
        return value
    cell = _cell(tab, value.code if isinstance(value, CellError) else value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        cell.number_format = sheet.number_format(row, column) or "General"
    elif isinstance(value, dt.datetime | dt.date | dt.time):
        cell.number_format = sheet.number_format(row, column) or cell.number_format
    return cell


def _cell(tab: Any, value: CellValue | SummaryCell) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if not isinstance(value, str):
        return WriteOnlyCell(tab, value)
    cell = WriteOnlyCell(tab, ILLEGAL_CHARACTERS_RE.sub(" ", value)[:_LONGEST])
    cell.data_type = "s"
    if value[:1] in _SPECIAL:
        cell.quotePrefix = True
    return cell
