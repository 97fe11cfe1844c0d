"""XLS (BIFF): xlrd tells types, formats, hidden parts and merges, and reads damaged containers; calamine is the
second opinion for what xlrd refuses."""

import io
from collections.abc import Iterator

import xlrd

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.sheets import CellError, CellValue, Row
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.row_frames import clean_row
from ingestion_dagster.sources.workbooks.container_checks import refuse_encrypted_ole2
from ingestion_dagster.sources.workbooks.number_formats import FormatRuns
from ingestion_dagster.sources.workbooks.tab import Tab

_FIRST_SECTOR = 512
_BEGIN_OF_FILE = b"\x09\x08"


def read_biff(data: bytes, limits: Limits) -> Iterator[Tab]:
    """The worksheets of an XLS file, in order. Raises SourceRejected."""
    refuse_encrypted_ole2(data)
    book, notes = _open_book(data)
    if book is None:
        yield from _second_opinion(data, limits)
        return
    for index in range(book.nsheets):
        tab = _tab(book, index)
        tab.notes = notes
        yield tab
        book.unload_sheet(index)


def _second_opinion(data: bytes, limits: Limits) -> Iterator[Tab]:
    from ingestion_dagster.sources.workbooks.zipped import tabs_by_calamine

    try:
        yield from tabs_by_calamine(data, limits)
    except SourceRejected as error:
        raise SourceRejected(
            "the XLS file is too damaged to be read; open it in a spreadsheet program and save it as XLSX"
        ) from error


def _open_book(data: bytes) -> "tuple[xlrd.book.Book | None, list[str]]":
    """The workbook with formats; without them where their records are what is damaged; around the container where
    that is. The last works because most programs write the workbook as the first stream, in one piece."""
    attempts = [(data, True, []), (data, False, ["formats and hidden parts are damaged and were not read"])]
    if data[_FIRST_SECTOR : _FIRST_SECTOR + 2] == _BEGIN_OF_FILE:
        attempts.append((data[_FIRST_SECTOR:], True, ["the file's container is damaged; the sheets in it are whole"]))
    for stream, formatting, notes in attempts:
        try:
            return _attempt(stream, formatting), notes
        except (MemoryError, SourceRejected):
            raise
        except Exception as error:
            # xlrd meets damaged records with errors of any kind: struct, index, assertion, its own.
            if "encrypted" in str(error).lower():
                raise SourceRejected("the workbook is password protected; ask for it without a password") from error
    return None, []


def _attempt(stream: bytes, formatting: bool) -> "xlrd.book.Book":
    """Open and load every sheet, so that damage shows here."""
    book = xlrd.open_workbook(
        file_contents=stream,
        logfile=io.StringIO(),
        formatting_info=formatting,
        on_demand=True,
        ragged_rows=True,
        ignore_workbook_corruption=True,
    )
    for index in range(book.nsheets):
        book.sheet_by_index(index)
    return book


def _tab(book: "xlrd.book.Book", index: int) -> Tab:
    sheet = book.sheet_by_index(index)
    formats = _formats(book, sheet) if book.formatting_info else None
    return Tab(
        name=sheet.name,
        rows=_rows(sheet, book.datemode),
        width=sheet.ncols,
        hidden=sheet.visibility != 0,
        merges=[(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells],
        hidden_rows=sorted(row for row, info in sheet.rowinfo_map.items() if info.hidden),
        hidden_columns=sorted(column for column, info in sheet.colinfo_map.items() if info.hidden),
        formats=formats,
        name_may_change=True,
    )


def _rows(sheet: "xlrd.sheet.Sheet", datemode: int) -> Iterator[Row]:
    """Rows without trailing blanks; blank rows at the end are only formatting and are left out."""
    pending = 0
    for number in range(sheet.nrows):
        types, values = sheet.row_types(number), sheet.row_values(number)
        plain = max(types, default=0) <= xlrd.XL_CELL_NUMBER
        row = clean_row(
            values if plain else [_value(kind, value, datemode) for kind, value in zip(types, values, strict=True)]
        )
        while row and row[-1] is None:
            row.pop()
        if not row:
            pending += 1
            continue
        yield from ([] for _ in range(pending))
        pending = 0
        yield row


def _value(kind: int, value: object, datemode: int) -> CellValue:
    if kind == xlrd.XL_CELL_DATE:
        return _date(float(value), datemode)  # type: ignore[arg-type]
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return CellError(str(xlrd.error_text_from_code.get(value, "#ERROR")))
    return value if isinstance(value, str | float) else str(value)


def _date(number: float, datemode: int) -> CellValue:
    """A serial day as the calendar has it; a number that is no day stays a number."""
    try:
        moment = xlrd.xldate_as_datetime(number, datemode)
    except (xlrd.XLDateError, OverflowError, ValueError):
        return number
    if 0 <= number < 1:
        clock: CellValue = moment.time()
        return clock
    day: CellValue = moment.date() if number.is_integer() else moment
    return day


def _formats(book: "xlrd.book.Book", sheet: "xlrd.sheet.Sheet") -> dict[str, object]:
    runs = FormatRuns([_code(book, style.format_key) for style in book.xf_list])
    before = None
    # xlrd gives styles cell by cell; its own rows of them are what makes equal rows cheap.
    for row, styles in enumerate(sheet._cell_xf_indexes):
        if styles != before:
            for column, style in enumerate(styles):
                runs.add(row, column, style)
        before = styles
    return runs.as_json()


def _code(book: "xlrd.book.Book", key: int) -> str | None:
    known = book.format_map.get(key)
    code: str | None = known.format_str if known else None
    return None if not code or code.lower() == "general" else code
