"""XLSX, XLSM, XLSB and ODS: values by calamine, everything beside them by a look into the package."""

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import chain, repeat
from typing import Any

import python_calamine

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import Row, cell_address
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.row_frames import clean_row
from ingestion_dagster.sources.workbooks.container_checks import (
    open_package,
    refuse_document_types,
    refuse_encrypted_ods,
)
from ingestion_dagster.sources.workbooks.ods_cells import OdsDetails, read_ods_details, repeats_much
from ingestion_dagster.sources.workbooks.tab import Tab
from ingestion_dagster.sources.workbooks.xlsx_cells import CellDetails, column_formats, read_details, stretching_cell
from ingestion_dagster.sources.workbooks.xlsx_package import style_codes, tab_parts


def read_zipped(kind: str, data: bytes, limits: Limits) -> Iterator[Tab]:
    """The tabs of a zipped workbook, in order."""
    with open_package(data, limits) as package, ThreadPoolExecutor(1) as beside:
        refuse_encrypted_ods(package)
        refuse_document_types(package)
        # calamine parses without the interpreter's lock, so details are found at the same time.
        details = _xlsx_details(package, beside) if kind == "xlsx" else {}
        ods_details = beside.submit(read_ods_details, package) if kind == "ods" else None
        if ods_details and repeats_much(package):
            ods_details.result()
        for number, tab in enumerate(tabs_by_calamine(data, limits)):
            if tab.name in details:
                _add_details(tab, details[tab.name].result())
            elif kind == "xlsb":
                tab.notes.append("XLSB: error cells look empty and number formats are unknown; ask for XLSX")
            elif ods_details and number < len(ods_details.result()):
                _add_ods_details(tab, ods_details.result()[number])
            yield tab


def tabs_by_calamine(data: bytes, limits: Limits) -> Iterator[Tab]:
    """Values, merges and hidden tabs as calamine sees them; charts and macro sheets are left out."""
    book = _open_book(data)
    for meta in book.sheets_metadata:
        if meta.typ == python_calamine.SheetTypeEnum.WorkSheet:
            yield _tab(book, meta, limits)


def formats_of_column(data: bytes, tab: str, column: int, limits: Limits) -> dict[str, object]:
    """All number formats down one column of an XLSX tab, for a caller who needs more than the head's."""
    with open_package(data, limits) as package:
        return column_formats(package, tab_parts(package)[tab], style_codes(package), column).formats.as_json()


def stretched_tab(data: bytes, limits: Limits) -> dict[str, str]:
    """`{"tab", "cell"}` of the first XLSX tab that one far cell stretches; empty where there is none."""
    with open_package(data, limits) as package:
        for tab, part in tab_parts(package).items():
            if cell := stretching_cell(package, part):
                return {"tab": tab, "cell": cell}
    return {}


def _xlsx_details(package: zipfile.ZipFile, beside: Executor) -> dict[str, Future[CellDetails]]:
    codes = style_codes(package)
    return {name: beside.submit(read_details, package, part, codes) for name, part in tab_parts(package).items()}


def _open_book(data: bytes) -> python_calamine.CalamineWorkbook:
    try:
        return python_calamine.load_workbook(io.BytesIO(data))
    except python_calamine.PasswordError:
        raise SourceRejected("the workbook is password protected; ask for it without a password") from None
    except python_calamine.CalamineError as error:
        raise SourceRejected(
            f"the workbook is damaged: {error}; open it in a spreadsheet program and save it again"
        ) from error


def _tab(book: python_calamine.CalamineWorkbook, meta: python_calamine.SheetMetadata, limits: Limits) -> Tab:
    try:
        sheet = book.get_sheet_by_name(meta.name)
    except python_calamine.CalamineError as error:
        raise SourceRejected(f"tab {meta.name!r} is damaged: {error}") from error
    start, end = sheet.start or (0, 0), sheet.end or (-1, -1)
    if (end[0] + 1) * (end[1] + 1) > limits.cells or end[0] >= limits.rows:
        raise SheetError(
            f"tab {meta.name!r} reaches down to {cell_address(*end)}, more than {limits.cells:,} cells; "
            "delete stray cells far below or to the right of the list"
        )
    return Tab(
        name=meta.name,
        rows=_rows(sheet, start),
        width=end[1] + 1,
        hidden=meta.visible != python_calamine.SheetVisibleEnum.Visible,
        merges=[(*first, *last) for first, last in sheet.merged_cell_ranges or ()],
    )


def _rows(sheet: Any, start: tuple[int, int]) -> Iterator[Row]:
    """All rows from the sheet's first row and column on: calamine itself begins at the first used column."""
    if sheet.end is None:
        return iter(())
    offset = start[1]
    return (clean_row(row, offset) for row in sheet.iter_rows())


def _add_ods_details(tab: Tab, details: OdsDetails) -> None:
    tab.errors, tab.merges, tab.formats = details.errors, details.merges, details.formats.as_json()
    tab.hidden_rows = sorted(details.hidden_rows)
    tab.hidden_columns = sorted(column for column in details.hidden_columns if column < tab.width)
    tab.hidden = details.hidden


def _add_details(tab: Tab, details: CellDetails) -> None:
    tab.errors = details.errors
    tab.formats, tab.formats_until = details.formats.as_json(), details.until_row
    tab.hidden_rows = sorted(details.hidden_rows)
    tab.hidden_columns = sorted(column for column in details.hidden_columns if column < tab.width)
    # Formulas at the very end of a list may stand alone in their rows: calamine has not seen those rows.
    last = max(details.errors, default=-1)
    tab.rows = _padded(tab.rows, last + 1)


def _padded(rows: Iterator[Row], least: int) -> Iterator[Row]:
    count = 0
    for row in rows:
        count += 1
        yield row
    if least - count > 0:
        yield from chain([] for _ in repeat(None, least - count))
