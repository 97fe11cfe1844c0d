"""The requests that bring a document here: all of it at once, else its outline and then rows in parts.

Every part is one `spreadsheets.get`, so values, formats and errors of a row are of one moment. Two `values` calls
per range would cost as many reads, know neither formats nor errors, and could be of different moments.
"""

from collections.abc import Iterator
from typing import Any, Final

from ingestion_dagster.core.sheets import column_letter
from ingestion_dagster.sources.google.errors import GoogleRejected, GoogleUnavailable, unreadable_error
from ingestion_dagster.sources.google.http import ReadingClient
from ingestion_dagster.sources.google.tabs import Tab, is_pattern, quoted
from ingestion_dagster.sources.google.wire import AnswerTooLarge

PART_CELLS: Final = 100_000
"""Grid cells per read of a document that is too large for one answer."""

_OUTLINE: Final = (
    "spreadsheetId,properties(title,locale,timeZone),"
    "sheets(properties(sheetId,title,sheetType,hidden,gridProperties(rowCount,columnCount)),merges{data})"
)
OUTLINE_FIELDS: Final = _OUTLINE.format(data="")
WHOLE_FIELDS: Final = _OUTLINE.format(
    data=",data(startRow,startColumn,"
    "rowMetadata(hiddenByUser,hiddenByFilter),columnMetadata(hiddenByUser,hiddenByFilter),"
    "rowData(values(effectiveValue,formattedValue,effectiveFormat(numberFormat),userEnteredValue(formulaValue))))"
)


def read_whole(reader: ReadingClient, key: str, name: str | None) -> dict[str, Any] | None:
    """The document, or its one tab `name`, in one read. None where less has to be asked for.

    Google answers 5xx or nothing at all to what is too large for it. So those count as "too large" here, once all
    attempts or half of the sheet's time are used.
    """
    params: dict[str, Any] = {"fields": WHOLE_FIELDS}
    if name and not is_pattern(name):
        params["ranges"] = [quoted(name)]
    reader.retries.reserve = reader.retries.policy.deadline / 2
    try:
        return _document(reader, key, params)
    except AnswerTooLarge:
        return None
    except GoogleRejected as error:
        if error.rule != "no such tab":
            raise
        return None  # the outline tells whether it is only spelled differently, and which tabs there are
    except GoogleUnavailable as error:
        if error.rule not in ("timed out", "server error", "request timeout"):
            raise
        return None
    finally:
        reader.retries.reserve = 0.0


def read_outline(reader: ReadingClient, key: str) -> dict[str, Any]:
    """The document without cells: tabs, their sizes and merges."""
    return _document(reader, key, {"fields": OUTLINE_FIELDS})


def read_in_parts(reader: ReadingClient, key: str, tab: Tab) -> Iterator[dict[str, Any]]:
    """One tab's GridData by ranges of rows, `tab` being from the outline. Each part after the first repeats a row.

    A size that changed, or a repeated row that differs, means that somebody inserted, removed or sorted rows
    meanwhile: then the parts do not belong together, and the read fails as a passing fault.
    """
    rows, columns = _size(tab)
    height = max(2, PART_CELLS // max(columns, 1))
    first, repeated = 0, None
    while first < rows:
        last = min(first + height, rows)
        area = f"{quoted(tab['properties']['title'])}!A{first + 1}:{column_letter(columns - 1)}{last}"
        try:
            answer = _document(reader, key, {"fields": WHOLE_FIELDS, "ranges": [area]})
        except AnswerTooLarge:
            if height == 2:
                raise
            height = max(2, height // 4)
            continue
        part = _part(answer, tab)
        if part is None or (first and _row(part, 0) != repeated):
            raise GoogleUnavailable("edited meanwhile", f"{reader.retries.subject.what} was edited while it was read.")
        repeated = _row(part, last - 1 - first)
        yield _without_first_row(part) if first else part
        first = last if last == rows else last - 1


def _document(reader: ReadingClient, key: str, params: dict[str, Any]) -> dict[str, Any]:
    """A Spreadsheet object, and certainly that of `key`."""
    answer: dict[str, Any] = reader.spreadsheets_get(key, params)
    if answer.get("spreadsheetId") != key or not isinstance(answer.get("sheets"), list):
        raise unreadable_error(reader.retries.subject)
    return answer


def _size(tab: Tab) -> tuple[int, int]:
    size = tab["properties"].get("gridProperties", {})
    return int(size.get("rowCount", 0)), int(size.get("columnCount", 0))


def _part(answer: dict[str, Any], tab: Tab) -> dict[str, Any] | None:
    """The GridData of `tab`; None where the tab is gone or its size is another one."""
    gid = tab["properties"].get("sheetId", 0)
    for sheet in answer["sheets"]:
        if sheet["properties"].get("sheetId", 0) == gid and _size(sheet) == _size(tab):
            data: list[dict[str, Any]] = sheet.get("data") or [{}]
            return data[0]
    return None


def _row(part: dict[str, Any], offset: int) -> list[Any]:
    """What a row says, told from the top of its part; formats of empty cells aside."""
    rows = part.get("rowData", ())
    cells = rows[offset].get("values", ()) if offset < len(rows) else ()
    values = [(cell.get("effectiveValue"), cell.get("formattedValue")) for cell in cells]
    while values and values[-1][0] is None:
        values.pop()
    return values


def _without_first_row(part: dict[str, Any]) -> dict[str, Any]:
    return part | {
        "startRow": part.get("startRow", 0) + 1,
        "rowData": part.get("rowData", [])[1:],
        "rowMetadata": part.get("rowMetadata", [])[1:],
    }
