"""A list price beside a discount: the price after it is taken where it is printed, else a person is asked."""

import pytest

from ingestion_dagster_tests.unit.opened_lists import FORMATS, columns_of, read

CODES = [f"QX-{i}" for i in range(100, 112)]
NAMES = [f"Steel pump type {i}" for i in range(12)]
PRICES = [12.25 + 3 * i for i in range(12)]
NET = [round(price * 0.65, 2) for price in PRICES]
HEADERS = [
    ("List price", "Your discount %", "Your price"), ("Listenpreis", "Rabatt %", "Ihr Preis"),
    ("Prix catalogue", "Remise", "Prix net"), ("Precio", "Dto. %", "Precio neto"), ("Цена", "Скидка %", "Ваша цена"),
    ("Cena katalogowa", "Rabat", "Cena po rabacie"), ("Liste fiyatı", "İskonto", "Net fiyat"),
    ("Prezzo di listino", "Sconto", "Prezzo netto"),
]  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("discount", [35, "35%", 0.35])
def test_a_price_beside_a_discount_is_asked_about_with_both_readings(
    headers: tuple[str, ...], discount: float | str, format: str
) -> None:
    rows = columns_of(["SKU", "Name", *headers[:2]], CODES, NAMES, PRICES, [discount] * 12)
    mapped = read(rows, format)
    assert [question.code for question in mapped.questions] == ["price_discount"]
    assert (
        "QX-100: 12.25 as printed, or 7.96 less 35%; QX-101: 15.25 as printed, or 9.91 less 35%"
        in mapped.questions[0].message
    )
    assert "price_factor=0.65" in mapped.questions[0].message
    assert read(rows, format, price_factor=0.65).decision == "accept"


@pytest.mark.parametrize("headers", HEADERS)
def test_the_price_after_the_discount_is_taken_where_it_is_printed(headers: tuple[str, ...]) -> None:
    mapped = read(columns_of(["SKU", "Name", *headers], CODES, NAMES, PRICES, [35] * 12, NET))
    assert (mapped.column("price"), "price_discount" in [question.code for question in mapped.questions]) == (4, False)


def test_a_price_after_the_discount_under_an_unknown_word_is_asked_about() -> None:
    mapped = read(columns_of(["SKU", "Name", "List price", "Discount", "Xyz"], CODES, NAMES, PRICES, [35] * 12, NET))
    assert [(question.code, question.columns) for question in mapped.questions] == [("price_column", (2, 4))]


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Discount", [0] * 12),
        ("Discount", [None] * 12),
        ("Discount group", [7] * 12),
        ("Discount amount", [400 + i for i in range(12)]),
    ],
)
def test_no_discount_is_no_question(header: str, values: list[int | None]) -> None:
    assert read(columns_of(["SKU", "Name", "Price", header], CODES, NAMES, PRICES, values)).decision == "accept"


@pytest.mark.parametrize("header", ["Dealer price", "EK", "Закупка", "Net price"])
def test_what_we_pay_already_is_no_question(header: str) -> None:
    assert read(columns_of(["SKU", "Name", header, "Discount %"], CODES, NAMES, PRICES, [35] * 12)).decision == "accept"


def test_discounts_that_differ_are_told() -> None:
    mapped = read(columns_of(["SKU", "Name", "List price", "Discount %"], CODES, NAMES, PRICES, [30, 35] * 6))
    assert "differs from row to row" in mapped.questions[0].message


def test_a_question_about_price_columns_shows_two_rows_of_each() -> None:
    mapped = read(columns_of(["SKU", "Name", "Price 1", "Price 2"], CODES, NAMES, PRICES, NET))
    assert mapped.questions[0].message.endswith("QX-100: 12.25 (C) or 7.96 (D); QX-101: 15.25 (C) or 9.91 (D)")
