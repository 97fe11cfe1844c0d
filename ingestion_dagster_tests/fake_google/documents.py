"""Documents as a test writes them down, and as sheets.v4 objects. Which part is asked for is decided elsewhere."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from ingestion_dagster.core.sheets import CellError
from ingestion_dagster_tests.fake_google.shown import format_type, serial, shown

Value = str | int | float | bool | date | CellError | None
SHEET_TYPE: Final = "application/vnd.google-apps.spreadsheet"
OFFICE_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ERROR_TYPES: Final = {
    "#NULL!": "NULL_VALUE",
    "#DIV/0!": "DIVIDE_BY_ZERO",
    "#VALUE!": "VALUE",
    "#REF!": "REF",
    "#NAME?": "NAME",
    "#NUM!": "NUM",
    "#N/A": "N_A",
    "#ERROR!": "ERROR",
    "Loading...": "LOADING",
}


@dataclass
class FakeCell:
    """A cell with more than a value."""

    value: Value = None
    pattern: str = ""
    shown: str | None = None
    formula: str | None = None


Cell = Value | FakeCell


@dataclass
class FakeTab:
    """One tab. Rows may be ragged."""

    title: str
    rows: list[list[Cell]] = field(default_factory=list)
    gid: int = 0
    hidden: bool = False
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    """first row, first column, last row, last column; 0-based, both ends included."""
    hidden_rows: Iterable[int] = ()
    filtered_rows: Iterable[int] = ()
    hidden_columns: Iterable[int] = ()
    row_count: int = 0
    column_count: int = 0
    chart: bool = False
    """A tab that is one chart and has no grid."""

    def __post_init__(self) -> None:
        self.row_count = max(self.row_count, len(self.rows), 1)
        self.column_count = max(self.column_count, *(len(row) for row in self.rows), 1) if self.rows else 26


@dataclass
class FakeDocument:
    """One document and who may read it."""

    key: str
    title: str
    tabs: list[FakeTab]
    locale: str = "en_US"
    time_zone: str = "Europe/Minsk"
    shared: bool = True
    """With the robot."""
    public: bool = False
    """With everybody who has the link."""
    office: bool = False
    """An uploaded XLSX file: Drive has it, Sheets refuses it."""
    trashed: bool = False
    modified_time: str = "2026-01-05T08:00:00.000Z"
    version: int = 1

    def __post_init__(self) -> None:
        taken = {tab.gid for tab in self.tabs if tab.gid}
        for number, tab in enumerate(self.tabs):
            if number and not tab.gid:
                tab.gid = next(gid for gid in range(1000 + number, 10**9) if gid not in taken)
            taken.add(tab.gid)

    def edit(self, tab: int, row: int, column: int, value: Cell, when: str = "2026-01-06T08:00:00.000Z") -> None:
        """Somebody changes a cell: Drive's time and version move too."""
        self.tabs[tab].rows[row][column] = value
        self.modified_time, self.version = when, self.version + 1


@dataclass(frozen=True)
class Area:
    """A range of one tab, ends excluded."""

    tab: FakeTab
    rows: range
    columns: range


def parse_area(document: FakeDocument, text: str) -> Area | str:
    """A range in A1 notation, clipped to the grid; or the message Google answers with."""
    name, mark, cells = text.rpartition("!")
    if not mark:
        name, cells = (text, "") if _titled(document, text) else ("", text)
    tab = _titled(document, name) if name else next(tab for tab in document.tabs if not tab.hidden)
    found = re.fullmatch(r"([A-Z]*)(\d*)(?::([A-Z]*)(\d*))?", cells)
    if tab is None or not found or (not cells and not name):
        return f"Unable to parse range: {text}"
    first_column, first_row, last_column, last_row = found.groups()
    if not cells:
        return Area(tab, range(tab.row_count), range(tab.column_count))
    single = ":" not in cells
    top, left = int(first_row or 1) - 1, _column(first_column) if first_column else 0
    if top >= tab.row_count or left >= tab.column_count:
        return f"Range ({text}) exceeds grid limits. Max rows: {tab.row_count}, max columns: {tab.column_count}"
    bottom = top + 1 if single else int(last_row or tab.row_count)
    right = left + 1 if single else (_column(last_column) + 1 if last_column else tab.column_count)
    return Area(tab, range(top, min(bottom, tab.row_count)), range(left, min(right, tab.column_count)))


def _titled(document: FakeDocument, name: str) -> FakeTab | None:
    if name.startswith("'") and name.endswith("'") and len(name) > 1:
        name = name[1:-1].replace("''", "'")
    return next((tab for tab in document.tabs if tab.title == name), None)


def _column(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def spreadsheet(document: FakeDocument, areas: Sequence[Area], with_cells: bool) -> dict[str, Any]:
    """A Spreadsheet object: the tabs of `areas`, or all where there are none."""
    tabs = [tab for tab in document.tabs if not areas or any(area.tab is tab for area in areas)]
    return {
        "spreadsheetId": document.key,
        "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{document.key}/edit",
        "properties": {
            "title": document.title,
            "locale": document.locale,
            "timeZone": document.time_zone,
            "autoRecalc": "ON_CHANGE",
        },
        "sheets": [_sheet(document, tab, [a for a in areas if a.tab is tab], with_cells) for tab in tabs],
    }


def _sheet(document: FakeDocument, tab: FakeTab, areas: list[Area], with_cells: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "sheetId": tab.gid,
        "title": tab.title,
        "index": document.tabs.index(tab),
        "sheetType": "OBJECT" if tab.chart else "GRID",
    }
    if tab.hidden:
        properties["hidden"] = True
    if tab.chart:
        return {"properties": properties}
    properties["gridProperties"] = {"rowCount": tab.row_count, "columnCount": tab.column_count}
    sheet: dict[str, Any] = {"properties": properties}
    if tab.merges:
        sheet["merges"] = [
            ({"sheetId": tab.gid} if tab.gid else {})  # Google leaves a zero out here, though not in `properties`
            | {
                "startRowIndex": top,
                "startColumnIndex": left,
                "endRowIndex": bottom + 1,
                "endColumnIndex": right + 1,
            }
            for top, left, bottom, right in tab.merges
        ]
    if with_cells:
        whole = Area(tab, range(tab.row_count), range(tab.column_count))
        sheet["data"] = [_grid(document, area) for area in areas or [whole]]
    return sheet


def _grid(document: FakeDocument, area: Area) -> dict[str, Any]:
    """A GridData object. Rows and cells that are empty to the end are left out, as Google does."""
    tab = area.tab
    grid: dict[str, Any] = {}
    if area.rows.start:
        grid["startRow"] = area.rows.start
    if area.columns.start:
        grid["startColumn"] = area.columns.start
    rows = [_row(document, tab, row, area.columns) for row in area.rows if row < len(tab.rows)]
    while rows and not rows[-1]:
        rows.pop()
    if rows:
        grid["rowData"] = rows
    grid["rowMetadata"] = [_dimension(row in set(tab.hidden_rows), row in set(tab.filtered_rows)) for row in area.rows]
    grid["columnMetadata"] = [_dimension(column in set(tab.hidden_columns), False) for column in area.columns]
    return grid


def _dimension(by_user: bool, by_filter: bool) -> dict[str, Any]:
    return (
        {"pixelSize": 21}
        | ({"hiddenByUser": True} if by_user else {})
        | ({"hiddenByFilter": True} if by_filter else {})
    )


def _row(document: FakeDocument, tab: FakeTab, row: int, columns: range) -> dict[str, Any]:
    cells = tab.rows[row]
    values = [cell_data(cells[column], document.locale) for column in columns if column < len(cells)]
    while values and not values[-1]:
        values.pop()
    return {"values": values} if values else {}


def cell_data(cell: Cell, locale: str) -> dict[str, Any]:
    """A CellData object."""
    full = cell if isinstance(cell, FakeCell) else FakeCell(cell)
    effective = _effective(full.value)
    if effective is None:
        return {}
    pattern = full.pattern or ("yyyy-mm-dd" if isinstance(full.value, date) else "")
    data: dict[str, Any] = {
        "userEnteredValue": {"formulaValue": full.formula} if full.formula else effective,
        "effectiveValue": effective,
        "formattedValue": cell_text(full, locale),
    }
    if pattern:
        number_format = {"type": format_type(pattern), "pattern": pattern}
        data["userEnteredFormat"] = {"numberFormat": number_format}
        data["effectiveFormat"] = {"numberFormat": number_format, "verticalAlignment": "BOTTOM"}
    else:
        data["effectiveFormat"] = {"verticalAlignment": "BOTTOM"}
    return data


def _effective(value: Value) -> dict[str, Any] | None:
    if value is None:
        return None
    if isinstance(value, CellError):
        return {"errorValue": {"type": _ERROR_TYPES[value.code], "message": f"{value.code} happened"}}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int | float):
        return {"numberValue": value}
    return {"numberValue": serial(value)} if isinstance(value, date) else {"stringValue": value}


def cell_text(cell: Cell, locale: str) -> str:
    """What the cell shows."""
    full = cell if isinstance(cell, FakeCell) else FakeCell(cell)
    value = full.value
    if full.shown is not None:
        return full.shown
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, date):
        return shown(serial(value), full.pattern or "yyyy-mm-dd", locale)
    return shown(value, full.pattern, locale) if isinstance(value, int | float) else str(value)


def bare_value(cell: Cell) -> Any:
    """The value without its format: what values.get calls UNFORMATTED_VALUE."""
    value = cell.value if isinstance(cell, FakeCell) else cell
    if isinstance(value, CellError):
        return value.code
    return serial(value) if isinstance(value, date) else value
