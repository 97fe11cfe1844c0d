"""Rows of a mapped sheet: items, rejects with what a supplier is told, and rows that are no items."""

import json
from datetime import date
from decimal import Decimal

import pytest

from ingestion_dagster.core.mapped_sheet import NumberStyle, ReadingHints
from ingestion_dagster.core.rows.read import ItemRow, NotAnItem, RowReject
from ingestion_dagster.core.sheets import SHIFTED, CellError, CellValue, Range
from ingestion_dagster_tests.unit.row_sheets import item, items, mapped, outcomes, reject

SIMPLE = mapped(("supplier_sku", "name", "price"))
WITH_STOCK = mapped(("supplier_sku", "name", "price", "stock"))


def test_a_row_has_the_columns_that_are_copied_in_their_order() -> None:
    assert ItemRow._fields == (
        "row_number", "supplier_sku", "name", "price", "currency", "stock", "barcode", "brand", "category", "unit",
        "description", "url_image", "characteristics", "price_column", "printed_price",
            "price_basis", "from_quantity", "price_steps",
    )  # fmt: skip


def test_all_fields_of_a_text_row_arrive() -> None:
    understood = mapped(
        ("supplier_sku", "name", "price", "currency", "stock", "barcode", "brand", "category", "unit", "description",
         "url_image"),
        ("Size", "Colour"),
    )  # fmt: skip
    row = [
        "00123",
        "Bolt",
        "1234.50",
        "USD",
        "12",
        "4607034170011",
        "ACME",
        "Bolts",
        "pcs",
        "strong",
        "https://x/a.jpg",
    ]
    assert item([*row, "M8", "red"], understood) == ItemRow(
        1, "00123", "Bolt", Decimal("1234.50"), "USD", 12, "4607034170011", "ACME", "Bolts", "pcs", "strong",
        "https://x/a.jpg", '{"Colour":"red","Size":"M8"}', 2,
    )  # fmt: skip


@pytest.mark.parametrize("code", ["00123", "5.10", "1E5", "a b", "=1+1", "@x", "0", "TRUE", "ÄÖ-1"])
def test_a_code_that_is_text_stays_as_it_is(code: str) -> None:
    assert item([code, "x", "1.00"], SIMPLE).supplier_sku == code
    assert item([code, "x", 1.0], SIMPLE, typed=True).supplier_sku == code


@pytest.mark.parametrize(
    ("cell", "number_format", "code"),
    [
        (123.0, None, "123"),
        (123, None, "123"),
        (42, "00000", "00042"),
        (5.1, "0.00", "5.10"),
        (5.1, None, "5.1"),
        (1.2e12, None, "1200000000000"),
        (460703417001.0, "0", "460703417001"),
    ],
)
def test_a_code_that_became_a_number_is_written_as_the_person_saw_it(
    cell: CellValue, number_format: str | None, code: str
) -> None:
    found = item([cell, "x", 1.0], SIMPLE, typed=True, number_format=lambda row, column: number_format)
    assert found.supplier_sku == code


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (date(2025, 5, 1), "sku_date"),
        (True, "sku_boolean"),
        (CellError("#REF!"), "sku_error_cell"),
        (1.23456789012345e16, "sku_digits_lost"),
        ("4.60703E+12", "sku_digits_lost"),
        ("A\n1", "sku_invalid"),
        ("A\x001", "sku_invalid"),
        ("A\ud8001", "sku_invalid"),
        ("x" * 256, "sku_too_long"),
        ("", "key_missing"),
        ("-", "key_missing"),
        ("\u200b", "key_missing"),
    ],
)
def test_a_code_that_cannot_be_trusted_is_rejected(cell: CellValue, problem: str) -> None:
    found = reject([cell, "x", 1.0], SIMPLE, typed=True)
    assert (found.field, found.code, found.cell) == ("supplier_sku", problem, "A2")


def test_invisible_characters_leave_codes_and_names() -> None:
    found = item(["\ufeffAB\u200b-1\u202e", " Bolt\u00a0\u200b  M8\x07\n", "1.00"], SIMPLE)
    assert (found.supplier_sku, found.name) == ("AB-1", "Bolt M8")
    assert item(["e\u0301", "e\u0301", "1.00"], SIMPLE)[1:3] == ("é", "é")


def test_a_reject_tells_where_what_and_why() -> None:
    found = reject(["5.10", "Nut", "по запросу"], SIMPLE, hints=ReadingHints(message_language="ru"))
    assert (found.row, found.column, found.cell, found.field) == (1, 2, "C2", "price")
    assert (found.code, found.raw, found.supplier_sku) == ("price_on_request", "по запросу", "5.10")
    assert "по запросу" in found.message
    assert json.loads(found.row_data) == {"SKU": "5.10", "Name": "Nut", "Price": "по запросу"}


def test_all_mistakes_of_a_row_are_told_at_once() -> None:
    found = reject(["A1", "", "10-20"], SIMPLE)
    assert [found.code, *(more.code for more in found.more)] == ["price_range", "name_missing"]


def test_text_numbers_and_numbers_in_one_column_are_both_read() -> None:
    understood = mapped(("supplier_sku", "name", "price"), number_styles={"price": NumberStyle(decimal=",")})
    found = items([["a", "x", 12.5], ["b", "y", "1.234,50"], ["c", "z", 19.990000000000002]], understood, typed=True)
    assert [row.price for row in found] == [Decimal("12.5"), Decimal("1234.50"), Decimal("19.99")]


def test_the_currency_comes_from_cell_then_column_then_format_then_sheet() -> None:
    plain = mapped(("supplier_sku", "name", "price"), currency="BYN")
    assert item(["a", "x", "12.50 €"], plain).currency == "EUR"
    assert item(["a", "x", "12.50 руб."], plain).currency == "BYN"
    assert item(["a", "x", "12.50"], plain).currency == "BYN"
    formatted = {"typed": True, "number_format": lambda row, column: '#,##0.00 "zł"' if column == 2 else None}
    assert item(["a", "x", 12.5], plain, **formatted).currency == "PLN"
    column = mapped(("supplier_sku", "name", "price", "currency"), currency="BYN")
    assert item(["a", "x", 12.5, "USD"], column, **formatted).currency == "USD"
    assert item(["a", "x", "$12.50", "CAD"], column).currency == "CAD"
    assert item(["a", "x", "12.50", ""], column).currency == "BYN"
    assert item(["a", "x", "12.50"], mapped(("supplier_sku", "name", "price"), currency=None)).currency is None
    hinted = ReadingHints(currency="UAH")
    assert (
        item(["a", "x", "1"], mapped(("supplier_sku", "name", "price"), currency=None), hints=hinted).currency == "UAH"
    )


def test_a_currency_that_is_none_or_contradicts_the_price_cell_is_rejected() -> None:
    column = mapped(("supplier_sku", "name", "price", "currency"))
    assert reject(["a", "x", "12.50", "apples"], column).code == "currency_unknown"
    assert reject(["a", "x", "€12.50", "USD"], column).code == "currency_conflict"


def test_a_percent_format_is_no_price() -> None:
    found = reject(["a", "x", 0.15], SIMPLE, typed=True, number_format=lambda row, column: "0%")
    assert found.code == "price_percent"


def test_a_rounded_price_keeps_what_stood_there() -> None:
    hints = ReadingHints(price_scale_policy="round")
    found = item(["a", "x", "12.345"], SIMPLE, hints=hints)
    assert (found.price, json.loads(found.characteristics)) == (Decimal("12.35"), {"price_text": "12.345"})
    assert reject(["a", "x", "12.345"], SIMPLE).code == "price_decimals"


def test_stock_that_is_no_count_keeps_its_text_and_rejects_nothing() -> None:
    found = items(
        [["a", "x", "1", "10"], ["b", "x", "1", ">10"], ["c", "x", "1", "в наличии"], ["d", "x", "1", ""]], WITH_STOCK
    )
    assert [row.stock for row in found] == [10, 10, None, None]
    assert [row.characteristics for row in found] == ["{}", '{"stock_text":">10"}', '{"stock_text":"в наличии"}', "{}"]


def test_an_image_that_is_no_web_address_is_kept_as_text() -> None:
    understood = mapped(("supplier_sku", "name", "price", "url_image"))
    found = item(["a", "x", "1", "javascript:alert(1)"], understood)
    assert (found.url_image, json.loads(found.characteristics)) == (None, {"url_image_text": "javascript:alert(1)"})


def test_a_section_title_becomes_the_category_of_the_rows_below_it() -> None:
    rows = [["Bolts", "", ""], ["a", "x", "1"], ["Nuts", "", ""], ["b", "y", "2"]]
    found = outcomes(rows, SIMPLE)
    assert [row.category for row in found if isinstance(row, ItemRow)] == ["Bolts", "Nuts"]
    assert [row for row in found if isinstance(row, NotAnItem)] == [NotAnItem(1, "section"), NotAnItem(3, "section")]


def test_a_category_column_outranks_section_titles() -> None:
    understood = mapped(("supplier_sku", "name", "price", "category"))
    found = outcomes([["Bolts", "", "", ""], ["a", "x", "1", "Own"], ["b", "y", "2", ""]], understood)
    assert [row.category for row in found if isinstance(row, ItemRow)] == ["Own", None]


def test_rows_around_the_items_are_no_rejects() -> None:
    rows = [
        ["a", "x", "1"],
        ["", "", ""],
        [],
        ["SKU", "Name", "Price"],
        ["b", "y", "2"],
        ["Total", "", "3"],
        ["Итого:", "", "3"],
    ]
    found = outcomes(rows, SIMPLE)
    assert [row.kind for row in found if isinstance(row, NotAnItem)] == ["blank", "blank", "header", "total", "total"]
    assert sum(isinstance(row, ItemRow) for row in found) == 2


def test_an_item_that_begins_like_a_total_is_still_an_item() -> None:
    assert item(["T-100", "Total Quartz 9000", "1"], SIMPLE).name == "Total Quartz 9000"
    assert item(["TOTAL-5W40", "Motor oil", "1"], SIMPLE).supplier_sku == "TOTAL-5W40"


def test_only_rows_and_columns_of_the_table_are_read() -> None:
    understood = mapped(("supplier_sku", "name", "price"), ("Beside",), last_column=2, last_data_row=2)
    found = outcomes([["a", "x", "1", "other"], ["b", "y", "2", "other"], ["c", "z", "3", "other"]], understood)
    assert [row.supplier_sku for row in found if isinstance(row, ItemRow)] == ["a", "b"]
    assert {row.characteristics for row in found if isinstance(row, ItemRow)} == {"{}"}


def test_hidden_rows_are_read_like_others() -> None:
    assert len(items([["a", "x", "1"], ["b", "y", "2"]], SIMPLE, hidden_rows=frozenset({1}))) == 2


def test_a_separator_inside_a_text_does_not_shift_a_price_into_the_catalogue() -> None:
    good = [[f"a{n}", "x", "1.00", str(n)] for n in range(20)]
    shifted = ["b", "bolt", " 10", "50.00", "7", SHIFTED]
    found = outcomes([*good, shifted], WITH_STOCK)
    assert isinstance(found[-1], RowReject)
    assert (found[-1].code, found[-1].column) == ("row_shifted", None)


def test_rows_that_are_all_wider_than_the_header_say_nothing() -> None:
    assert len(items([[f"a{n}", "x", "1.00", "spare"] for n in range(20)], SIMPLE)) == 20


def test_a_cell_merged_over_several_rows_counts_for_each_of_them() -> None:
    understood = mapped(("supplier_sku", "name", "price", "stock"), ("Series",))
    rows: list[list[CellValue]] = [
        ["a", "Bolt", 1.5, 10.0, "S1"],
        ["b", None, 2.5, None],
        ["c", None, None, None],
        ["d", None, 4.5, None],
    ]
    merges = (Range(1, 1, 3, 1), Range(2, 2, 3, 2), Range(1, 3, 3, 3), Range(1, 4, 2, 4), Range(4, 0, 4, 3))
    found = outcomes(rows, understood, typed=True, merges=merges)
    assert [(r.supplier_sku, r.name, r.price, r.stock) for r in found if isinstance(r, ItemRow)] == [
        ("a", "Bolt", Decimal("1.5"), 10),
        ("b", "Bolt", Decimal("2.5"), None),
        ("c", "Bolt", Decimal("2.5"), None),
    ]
    assert [r.characteristics for r in found if isinstance(r, ItemRow)] == ['{"Series":"S1"}', '{"Series":"S1"}', "{}"]
    assert isinstance(found[-1], RowReject)
    assert found[-1].code == "name_missing"


def test_an_item_drawn_over_two_rows_is_one_item() -> None:
    rows: list[list[CellValue]] = [["a", "Bolt", 1.5], [None, "of steel", None], ["b", "Nut", 2.5]]
    found = outcomes(rows, SIMPLE, typed=True, merges=(Range(1, 0, 2, 0), Range(1, 2, 2, 2)))
    assert [type(row).__name__ for row in found] == ["ItemRow", "NotAnItem", "ItemRow"]


def test_without_a_code_column_the_barcode_or_the_name_is_the_key() -> None:
    by_barcode = mapped(("barcode", "name", "price"), key="barcode")
    assert item(["460-7034-17001 1", "x", "1"], by_barcode)[1:3] == ("4607034170011", "x")
    assert item(["4006381333931", "x", "1"], by_barcode).supplier_sku == "4006381333931"
    assert item([4006381333931.0, "x", 1.0], by_barcode, typed=True).supplier_sku == "4006381333931"
    assert reject(["", "x", "1"], by_barcode).code == "key_missing"
    assert reject(["4.00638E+12", "x", "1"], by_barcode).code == "sku_digits_lost"
    by_name = mapped(("name", "price"), key="name")
    assert item([" Big  BOLT ", "1"], by_name)[1:3] == ("big bolt", "Big BOLT")


def test_a_long_name_as_a_key_is_cut_and_still_its_own() -> None:
    by_name = mapped(("name", "price"), key="name")
    one, other = items([["x" * 300 + "1", "1"], ["x" * 300 + "2", "1"]], by_name)
    assert len(one.supplier_sku) <= 255
    assert one.supplier_sku != other.supplier_sku


def test_a_code_column_that_is_not_the_key_is_kept() -> None:
    understood = mapped(("supplier_sku", "name", "price"), key="name")
    found = item(["A1", "Bolt", "1"], understood)
    assert (found.supplier_sku, json.loads(found.characteristics)) == ("bolt", {"SKU": "A1"})


def test_without_a_name_column_the_code_stands_for_the_name() -> None:
    assert item(["A1", "1.00"], mapped(("supplier_sku", "price"))).name == "A1"


def test_characteristics_keep_numbers_as_numbers_and_dates_as_text() -> None:
    understood = mapped(("supplier_sku", "name", "price"), ("w", "d", "n", "e", "b", "big"))
    row = ["a", "x", 1.0, 0.30000000000000004, date(2025, 5, 1), 5.0, CellError("#REF!"), True, 10**20]
    kept = json.loads(item(row, understood, typed=True).characteristics)
    assert kept == {"w": 0.3, "d": "2025-05-01", "n": 5, "b": True, "big": str(10**20)}


def test_formula_like_text_is_stored_as_it_stands() -> None:
    understood = mapped(("supplier_sku", "name", "price"), ("note",))
    found = item(["=A1", "+cmd|' /C calc'!A0", "1", "@SUM(1)"], understood)
    assert (found.supplier_sku, found.name) == ("=A1", "+cmd|' /C calc'!A0")
    assert json.loads(found.characteristics) == {"note": "@SUM(1)"}


def test_a_sheet_without_a_price_column_is_an_error_that_says_so() -> None:
    with pytest.raises(KeyError, match="price"):
        outcomes([], mapped(("supplier_sku", "name")))


@pytest.mark.parametrize("row", [["A1", "x"], ["A1"], ["A1", "x", None], ["A1", "x", ""]])
def test_a_short_row_misses_its_price(row: list[CellValue]) -> None:
    understood = mapped(("supplier_sku", "name", "price", "stock", "brand"))
    for typed in (False, True):
        (found,) = outcomes([row], understood, typed=typed)
        assert not isinstance(found, ItemRow)
