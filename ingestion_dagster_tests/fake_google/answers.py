"""What each address answers, given the documents. Pure of HTTP: a query in, an answer or a failure out."""

import csv
import io
import re
from typing import Any
from urllib.parse import unquote

from ingestion_dagster_tests.fake_google import documents as docs
from ingestion_dagster_tests.fake_google.discovery import (
    InvalidMask,
    Mask,
    Method,
    apply_mask,
    check_answer,
    check_query,
    method,
    parse_mask,
)
from ingestion_dagster_tests.fake_google.documents import Area, FakeCell, FakeDocument
from ingestion_dagster_tests.fake_google.faults import Failure, google_error, page, redirect

Query = dict[str, list[str]]

GET = method("sheets.v4", "spreadsheets", "get")
VALUES_GET = method("sheets.v4", "spreadsheets", "values", "get")
VALUES_BATCH_GET = method("sheets.v4", "spreadsheets", "values", "batchGet")
FILES_LIST = method("drive.v3", "files", "list")

_PATHS = (
    (re.compile(r"/v4/spreadsheets/([^/:]+)/values:batchGet"), VALUES_BATCH_GET),
    (re.compile(r"/v4/spreadsheets/([^/:]+)/values/([^/]+)"), VALUES_GET),
    (re.compile(r"/v4/spreadsheets/([^/:]+)"), GET),
    (re.compile(r"/drive/v3/files"), FILES_LIST),
)
_CLAUSES = re.compile(r"(?:mimeType = '([^']+)'|trashed = (true|false))")


def find(path: str) -> tuple[Method, list[str]] | None:
    """The method behind an address, and the parts of the address."""
    for pattern, found in _PATHS:
        match = pattern.fullmatch(path)
        if match:
            return found, [unquote(part) for part in match.groups()]
    return None


def answer(asked: Method, parts: list[str], query: Query, library: dict[str, FakeDocument]) -> Failure | dict[str, Any]:
    """The answer to an authorised request."""
    wrong = check_query(asked, query)
    if wrong:
        return google_error(400, "INVALID_ARGUMENT", wrong)
    try:
        mask = parse_mask(asked, query["fields"][0]) if "fields" in query else {}
    except InvalidMask as error:
        return google_error(400, "INVALID_ARGUMENT", str(error))
    if asked is FILES_LIST:
        whole = _files(query, library)
    else:
        document = _document(parts[0], library)
        whole = document if isinstance(document, Failure) else _of_document(asked, parts, query, document, mask)
    if isinstance(whole, Failure):
        return whole
    check_answer(asked, whole)
    masked: dict[str, Any] = apply_mask(whole, mask)
    return masked


def _document(key: str, library: dict[str, FakeDocument]) -> FakeDocument | Failure:
    document = library.get(key)
    if document is None or document.trashed:
        return google_error(404, "NOT_FOUND", "Requested entity was not found.")
    if not document.shared:
        return google_error(403, "PERMISSION_DENIED", "The caller does not have permission")
    if document.office:
        return google_error(400, "FAILED_PRECONDITION", "This operation is not supported for this document")
    return document


def _of_document(
    asked: Method, parts: list[str], query: Query, document: FakeDocument, mask: Mask
) -> Failure | dict[str, Any]:
    texts = [parts[1]] if asked is VALUES_GET else query.get("ranges", [])
    areas: list[Area] = []
    for text in texts:
        area = docs.parse_area(document, text)
        if isinstance(area, str):
            return google_error(400, "INVALID_ARGUMENT", area)
        areas.append(area)
    if asked is GET:
        with_cells = "data" in mask.get("sheets", {"data": {}}) if mask else query.get("includeGridData") == ["true"]
        return docs.spreadsheet(document, areas, with_cells)
    ranges = [_value_range(document, area, query) for area in areas]
    return ranges[0] if asked is VALUES_GET else {"spreadsheetId": document.key, "valueRanges": ranges}


def _value_range(document: FakeDocument, area: Area, query: Query) -> dict[str, Any]:
    """Values without the blanks at the end of rows and of the range, as Google leaves them out."""
    render = query.get("valueRenderOption", ["FORMATTED_VALUE"])[0]
    as_text = query.get("dateTimeRenderOption", ["SERIAL_NUMBER"])[0] == "FORMATTED_STRING"
    rows: list[list[Any]] = []
    for row in area.rows:
        cells = area.tab.rows[row] if row < len(area.tab.rows) else []
        values = [_rendered(cells[c], document.locale, render, as_text) for c in area.columns if c < len(cells)]
        while values and values[-1] == "":
            values.pop()
        rows.append(values)
    while rows and not rows[-1]:
        rows.pop()
    if query.get("majorDimension", ["ROWS"])[0] == "COLUMNS":
        width = max((len(row) for row in rows), default=0)
        rows = [[row[c] if c < len(row) else "" for row in rows] for c in range(width)]
    answer: dict[str, Any] = {"range": _a1(area), "majorDimension": query.get("majorDimension", ["ROWS"])[0]}
    return answer | ({"values": rows} if rows else {})


def _rendered(cell: docs.Cell, locale: str, render: str, dates_as_text: bool) -> Any:
    full = cell if isinstance(cell, FakeCell) else FakeCell(cell)
    if full.value is None:
        return ""
    if render == "FORMULA" and full.formula:
        return full.formula
    is_date = hasattr(full.value, "year")
    if render == "FORMATTED_VALUE" or (is_date and dates_as_text):
        return docs.cell_text(full, locale)
    return docs.bare_value(full)


def _a1(area: Area) -> str:
    from ingestion_dagster.core.sheets import cell_address

    title = area.tab.title if area.tab.title.isalnum() else "'" + area.tab.title.replace("'", "''") + "'"
    first = cell_address(area.rows.start, area.columns.start)
    return f"{title}!{first}:{cell_address(area.rows.stop - 1, area.columns.stop - 1)}"


def _files(query: Query, library: dict[str, FakeDocument]) -> Failure | dict[str, Any]:
    wanted_type, trashed = None, None
    for clause in query.get("q", [""])[0].split(" and ") if query.get("q") else []:
        match = _CLAUSES.fullmatch(clause)
        if not match:
            return google_error(400, "INVALID_ARGUMENT", "Invalid Value")
        wanted_type, trashed = match.group(1) or wanted_type, match.group(2) or trashed
    found = [
        document
        for document in library.values()
        if document.shared
        and (wanted_type is None or wanted_type == (docs.OFFICE_TYPE if document.office else docs.SHEET_TYPE))
        and (trashed is None or document.trashed == (trashed == "true"))
    ]
    start = int(query.get("pageToken", ["0"])[0].removeprefix("page-"))
    end = start + int(query.get("pageSize", ["100"])[0])
    answer: dict[str, Any] = {"kind": "drive#fileList", "incompleteSearch": False}
    if end < len(found):
        answer["nextPageToken"] = f"page-{end}"
    return answer | {"files": [_file(document) for document in found[start:end]]}


def _file(document: FakeDocument) -> dict[str, Any]:
    return {
        "kind": "drive#file",
        "id": document.key,
        "name": document.title,
        "mimeType": docs.OFFICE_TYPE if document.office else docs.SHEET_TYPE,
        "modifiedTime": document.modified_time,
        "version": str(document.version),
        "trashed": document.trashed,
    }


def export(path: str, query: Query, library: dict[str, FakeDocument]) -> Failure:
    """The export address of the web site: no token, redirects, pages instead of error objects."""
    match = re.fullmatch(r"/(spreadsheets/d|fake-usercontent)/([^/]+)/export", path)
    document = library.get(match.group(2)) if match else None
    if match is None or document is None or document.trashed:
        return page(404, "<!DOCTYPE html><html><title>Page Not Found</title></html>")
    if not document.public:
        return redirect("https://accounts.google.com/v3/signin/identifier?continue=https%3A%2F%2Fdocs.google.com")
    wanted, gid = query.get("format", [""])[0], query.get("gid", [""])[0]
    tab = next((tab for tab in document.tabs if not gid or str(tab.gid) == gid), None)
    if wanted not in ("csv", "xlsx") or set(query) - {"format", "gid"} or tab is None:
        return page(400, "<!DOCTYPE html><html><title>Bad Request</title></html>")
    if match.group(1) == "spreadsheets/d":
        text = "&".join(f"{name}={values[0]}" for name, values in query.items())
        return redirect(f"/fake-usercontent/{document.key}/export?{text}", 307)
    return _csv(document, tab) if wanted == "csv" else _xlsx(document)


def _csv(document: FakeDocument, tab: docs.FakeTab) -> Failure:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in tab.rows:
        cells = [docs.cell_text(cell, document.locale) for cell in row]
        writer.writerow(cells + [""] * (tab.column_count - len(cells)))
    return Failure(200, text.getvalue().encode(), "text/csv")


def _xlsx(document: FakeDocument) -> Failure:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for tab in document.tabs:
        sheet = book.create_sheet(tab.title)
        for row, cells in enumerate(tab.rows, 1):
            for column, cell in enumerate(cells, 1):
                full = cell if isinstance(cell, FakeCell) else FakeCell(cell)
                placed = sheet.cell(row, column, full.value)
                if full.pattern:
                    placed.number_format = full.pattern
    data = io.BytesIO()
    book.save(data)
    return Failure(200, data.getvalue(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
