from datetime import date, datetime, time
from typing import Any

import pytest

from ingestion_dagster.core.sheets import CellError, CellValue
from ingestion_dagster.sources.google.cells import cell_value, imports_of, is_padded


def number(value: float, kind: str = "", pattern: str = "", shown: str | None = None) -> dict[str, Any]:
    cell: dict[str, Any] = {"effectiveValue": {"numberValue": value}}
    if kind:
        cell["effectiveFormat"] = {"numberFormat": {"type": kind, "pattern": pattern}}
    return cell | ({"formattedValue": shown} if shown is not None else {})


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ({}, None),
        ({"effectiveValue": {"stringValue": "00123"}}, "00123"),
        ({"effectiveValue": {"stringValue": ""}}, None),
        ({"effectiveValue": {"boolValue": False}}, False),
        (number(12.0), 12),
        (number(12), 12),
        (number(4011200296908), 4011200296908),
        (number(0.1 + 0.2), 0.30000000000000004),
        (number(2.5555, "CURRENCY", '"$"0.00', "$2.56"), 2.5555),
        (number(0.2, "PERCENT", "0%", "20%"), 0.2),
        (number(123, "NUMBER", "00000", "00123"), "00123"),
        (number(12345678, "NUMBER", "000-000-00", "123-456-78"), "123-456-78"),
        (number(123, "TEXT", "@", "123"), "123"),
        (number(5, "NUMBER", "0.00", "5.00"), 5),
        (number(46028, "DATE", "yyyy-mm-dd", "2026-01-06"), date(2026, 1, 6)),
        (number(46028.5, "DATE_TIME", "yyyy-mm-dd hh:mm", "x"), datetime(2026, 1, 6, 12)),
        (number(0.75, "TIME", "hh:mm", "18:00"), time(18)),
        (number(-1, "DATE", "yyyy", "x"), -1),
        (number(1e300, "DATE", "yyyy", "x"), 1e300),
        ({"effectiveValue": {"errorValue": {"type": "REF", "message": "#REF!"}}}, CellError("#REF!")),
        ({"effectiveValue": {"errorValue": {"type": "SOMETHING_NEW"}}}, CellError("#ERROR!")),
    ],
)
def test_each_kind_of_cell(cell: dict[str, Any], value: CellValue) -> None:
    found = cell_value(cell)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("pattern", ["00", "00000", "000-000", "00 00", '"A-"0000', r"00\-00"])
def test_formats_that_only_pad_make_an_identifier(pattern: str) -> None:
    assert is_padded(pattern)


@pytest.mark.parametrize("pattern", ["", "0", "0.00", "00.00", "#,##0", "#,##0.00", "0%", "00%", "#00", "yyyy", "@"])
def test_other_formats_do_not(pattern: str) -> None:
    assert not is_padded(pattern)


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        ('=IMPORTRANGE("1abc";"A1:B")', {"IMPORTRANGE"}),
        ("=if(now()>1, importdata(A1), 2)", {"NOW", "IMPORTDATA"}),
        ('="IMPORTRANGE(x)"', set()),
        ("=SUM(A1:A9)", set()),
        ("=NOWHERE(1)", set()),
    ],
)
def test_functions_whose_values_change_unedited_are_noticed(formula: str, found: set[str]) -> None:
    assert imports_of(formula) == found
