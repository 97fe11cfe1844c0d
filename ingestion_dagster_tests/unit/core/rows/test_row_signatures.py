"""What stands below a table, such as a signature, is no item and no mistake; a bad item below it stays a mistake."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.rows.types import ItemRow, NotAnItem, RowReject
from ingestion_dagster_tests.unit.row_sheets import mapped, outcomes

BY_CODE = mapped(["supplier_sku", "name", "price"])
WIDE = mapped(["supplier_sku", "name", "price", "currency", "stock"])
UNIT = mapped(["supplier_sku", "name", "unit", "price"])
BY_NAME = mapped(["name", "unit", "price"], key="name")


def good(sheet: MappedSheet) -> list[Any]:
    values = {"supplier_sku": "A-1", "name": "Pencil", "price": 1.5, "currency": "EUR", "stock": 3, "unit": "pcs"}
    return [values[field] for field in sheet.fields]


def below(sheet: MappedSheet, *rows: list[Any], gap: int = 2) -> list[Any]:
    """Outcomes of `rows`, which stand `gap` blank rows below four items."""
    wide = len(sheet.headers)
    body = [good(sheet)] * 4 + [[None] * wide] * gap + [(row + [None] * wide)[:wide] for row in rows]
    return outcomes(body, sheet, typed=True)[4 + gap :]


SIGNATURES = [
    ["Менеджер ____", "Иванов И.И."],
    ["Менеджер", "____", "Иванов И.И."],
    ["Менеджер", None, "Иванов"],
    [None, "Менеджер ____ Иванов И.И."],
    [None, None, "Менеджер ____"],
    [None, None, "____ Иванов"],
    ["Менеджер по продажам", "Иванов И.И.", "12.05.2024"],
    ["Менеджер ____", "Иванов", "+7 900 123-45-67"],
    ["Подпись", "____________", "М.П."],
    ["Директор ООО «Ромашка»", "_______", "/Петрова А.С./"],
    ["Отпустил ______", "Получил _____"],
    ["Date: 12.05.2024", "Signature ______"],
    ["Signature:", "J. Smith", "2024-05-12"],
    ["J. Smith", "Sales", "2024-05-12"],
    ["Ann Lee", None, "+44 20 7946 0018"],
    ["Ansprechpartner", "A. Weber", "(030) 123 45 67"],
    ["Unterschrift", "_______", "Datum: 12.05.2024"],
    ["Unterschrift ........................", None, "Stempel"],
    ["İmza", "________", "Tarih: 12.05.2024"],
    ["Firma", "________", "Fecha"],
    ["Подпись", None, "____"],
]


@pytest.mark.parametrize("sheet", [BY_CODE, WIDE, UNIT, BY_NAME], ids=["code", "wide", "unit", "name"])
@pytest.mark.parametrize("row", SIGNATURES, ids=str)
def test_a_signature_below_the_table_is_no_mistake(sheet: MappedSheet, row: list[Any]) -> None:
    (found,) = below(sheet, row)
    assert isinstance(found, NotAnItem), found


@pytest.mark.parametrize(
    "row",
    [
        ["A-99", "Cable 3 m", "on request"],
        ["A-99", "Cable 3 m", None],
        ["A-99", "Cable", "____"],
        ["A-99", "Director chair", "ask"],
        ["4006381333931", "Manager", "12.05.2024"],
        ["ABC", "Cable 3 m", "12,5,0"],
        ["A-7", "Иванов И.И.", "12.05.2024"],
        ["Hammer", "big", "price on request"],
        ["Director chair", "200 cm", "x"],
    ],
    ids=str,
)
@pytest.mark.parametrize("signed", [False, True])
def test_a_bad_item_stays_a_mistake_also_at_the_end_of_the_list_and_above_a_signature(
    row: list[Any], signed: bool
) -> None:
    after = [[None, None, None], ["Менеджер ____", None, None]] if signed else []
    assert isinstance(below(BY_CODE, row, *after)[0], RowReject)
    assert isinstance(below(BY_CODE, row, *after, gap=0)[0], RowReject)


def test_a_row_that_only_might_be_a_signature_is_a_mistake_where_items_follow() -> None:
    rows = [["Ann Lee", None, "+44 20 7946 0018"], good(BY_CODE)]
    assert [type(found) for found in below(BY_CODE, *rows)] == [RowReject, ItemRow]
    assert [type(found) for found in below(BY_CODE, rows[0], gap=0)] == [RowReject]


def test_several_lines_of_a_signature_are_all_recognised() -> None:
    rows = [
        ["Менеджер", "____", "Иванов И.И."],
        [None, None, "подпись"],
        ["Петров", None, "12.05.2024"],
        [None, None, "Москва"],
    ]
    assert {type(found) for found in below(BY_CODE, *rows)} == {NotAnItem}


CELLS = st.sampled_from(
    [None, "", "A-1", "Pencil", 1.5, "ask", "Менеджер ____", "Подпись", "____", "J. Smith", "12.05.2024", "Total"]
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=60))
def test_every_row_comes_once_and_in_order(rows: list[list[Any]]) -> None:
    found = outcomes(rows, BY_CODE, typed=True)
    assert [one.row_number if isinstance(one, ItemRow) else one.row for one in found] == list(range(1, len(rows) + 1))


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=12))
def test_a_good_row_is_an_item_whatever_stands_around_it(rows: list[list[Any]]) -> None:
    found = outcomes([*rows, good(BY_CODE), *rows], BY_CODE, typed=True)
    assert isinstance(found[len(rows)], ItemRow)
