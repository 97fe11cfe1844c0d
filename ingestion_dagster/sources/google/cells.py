"""One cell of a Google answer as a typed value, and what its format and formula say about it. No files, no requests."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from ingestion_dagster.core.sheets import CellError, CellValue
from ingestion_dagster.sources.written_cells import as_meant

IMPORTS: Final = frozenset(
    {
        "IMPORTRANGE",
        "IMPORTDATA",
        "IMPORTHTML",
        "IMPORTXML",
        "IMPORTFEED",
        "GOOGLEFINANCE",
        "GOOGLETRANSLATE",
        "QUERY",
        "NOW",
        "TODAY",
        "RAND",
        "RANDBETWEEN",
        "RANDARRAY",
    }
)
"""Functions whose values change without anybody editing the document, so that Drive's times prove nothing.

QUERY is among them because its source can be another document's range inside an IMPORTRANGE.
"""

_FUNCTION: Final = re.compile(r"\b([A-Z]+)\s*\(")
_QUOTED: Final = re.compile(r'"[^"]*"')
_PADDED: Final = re.compile(r'(?:"[^"]*"|\\.|[ \-./])*0{2,}(?:(?:"[^"]*"|\\.|[ \-./])*0+)*')
_EPOCH: Final = datetime(1899, 12, 30)  # day 0 of a serial number, sheets.v4 DateTimeRenderOption
_LAST_DAY: Final = 2_958_466.0
_LARGEST_EXACT: Final = 2**53
_ERRORS: Final = {
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": "#LOADING!",
}


def cell_value(cell: dict[str, Any]) -> CellValue:
    """The value of a CellData object.

    Numbers are the effective value, unrounded. A number that is shown as text (`@`) or padded with zeros (`00000`)
    is an identifier and comes as shown: `00123`. Dates come as dates. An empty text is an empty cell.
    """
    value = cell.get("effectiveValue")
    if not value:
        return None
    if "stringValue" in value:
        return as_meant(value["stringValue"]) or None
    if "numberValue" in value:
        return _number(value["numberValue"], cell)
    if "boolValue" in value:
        return bool(value["boolValue"])
    if "errorValue" in value:
        return CellError(_ERRORS.get(value["errorValue"].get("type", ""), "#ERROR!"))
    return None


def _number(number: float, cell: dict[str, Any]) -> CellValue:
    form = cell.get("effectiveFormat", {}).get("numberFormat")
    if form:
        kind, shown = form.get("type", ""), cell.get("formattedValue")
        if shown and (kind == "TEXT" or (kind == "NUMBER" and is_padded(form.get("pattern", "")))):
            return str(shown)
        if kind in ("DATE", "DATE_TIME", "TIME"):
            return _moment(number, kind)
    if isinstance(number, int) or not number.is_integer() or abs(number) >= _LARGEST_EXACT:
        return number
    return int(number)


def _moment(serial: float, kind: str) -> CellValue:
    if not 0 <= serial < _LAST_DAY:
        return serial
    moment = _EPOCH + timedelta(milliseconds=round(serial * 86_400_000))
    if kind == "DATE":
        return date(moment.year, moment.month, moment.day)
    if kind == "TIME" and serial < 1:
        return time(moment.hour, moment.minute, moment.second)
    return moment


def is_padded(pattern: str) -> bool:
    """Whether a number format only pads with zeros: `00000`, `000-00`, not `0`, `0.00` or `#,##0`."""
    return "0.0" not in pattern and _PADDED.fullmatch(pattern) is not None


def number_pattern(cell: dict[str, Any]) -> str | None:
    """The cell's number format code, None where it is the automatic one."""
    form = cell.get("effectiveFormat", {}).get("numberFormat")
    return (form.get("pattern") or None) if form else None


def imports_of(formula: str) -> frozenset[str]:
    """Which of IMPORTS a formula calls."""
    if "(" not in formula:
        return frozenset()
    return IMPORTS.intersection(_FUNCTION.findall(_QUOTED.sub("", formula.upper())))


def is_loading(cell: dict[str, Any]) -> bool:
    """Whether the cell was still waiting for its import when it was read."""
    error = cell.get("effectiveValue", {}).get("errorValue")
    return bool(error) and error.get("type") == "LOADING"
