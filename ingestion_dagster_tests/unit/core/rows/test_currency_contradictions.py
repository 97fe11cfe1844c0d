"""Header, currency column, cells and number formats that name different currencies: asked about, with both readings."""

from dataclasses import replace

import pytest

from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster_tests.unit.opened_lists import as_xlsx, columns_of, read, read_xlsx

CODES = [f"QX-{i}" for i in range(100, 112)]
NAMES = [f"Steel pump type {i}" for i in range(12)]
PRICES = [12.25 + 3 * i for i in range(12)]
EURO, DOLLAR, PLAIN_DOLLAR, ZLOTY = '#,##0.00 [$€-407]', '[$USD] #,##0.00', '"$"#,##0.00', '#,##0.00" zł"'  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "code", "said"),
    [
        (["SKU", "Name", "Price USD"], EURO, ("EUR", "USD")),
        (["Artikelnr", "Bezeichnung", "Preis (EUR)"], DOLLAR, ("USD", "EUR")),
        (["Артикул", "Наименование", "Цена, руб."], EURO, ("EUR", "RUB")),
        (["Référence", "Désignation", "Prix €"], ZLOTY, ("PLN", "EUR")),
        (["Kod", "Nazwa", "Cena PLN"], PLAIN_DOLLAR, ("USD", "PLN")),
    ],
)
def test_a_number_format_against_the_header_is_asked_about(
    headers: list[str], code: str, said: tuple[str, ...]
) -> None:
    mapped = read_xlsx(columns_of(headers, CODES, NAMES, PRICES), formats={"C": code})
    assert [(question.code, question.options) for question in mapped.questions] == [("currency", said)]
    for currency in said:
        assert f"says {currency}" in mapped.questions[0].message


@pytest.mark.parametrize(
    ("header", "code", "currency"),
    [
        ("Price USD", DOLLAR, "USD"),
        ("Price CAD", PLAIN_DOLLAR, "CAD"),
        ("Price", EURO, "EUR"),
        ("Cena zł", ZLOTY, "PLN"),
    ],
)
def test_a_number_format_that_may_mean_the_headers_currency_is_no_contradiction(
    header: str, code: str, currency: str
) -> None:
    mapped = read_xlsx(columns_of(["SKU", "Name", header], CODES, NAMES, PRICES), formats={"C": code})
    assert (mapped.currency, mapped.decision) == (currency, "accept")


@pytest.mark.parametrize(
    ("header", "cells", "said"),
    [
        ("Price USD", "{} €", ("EUR", "USD")),
        ("Preis in EUR", "{} CHF", ("CHF", "EUR")),
        ("Цена, руб", "${}", ("USD", "RUB")),
    ],
)
def test_price_cells_against_the_header_are_asked_about(header: str, cells: str, said: tuple[str, ...]) -> None:
    mapped = read(columns_of(["SKU", "Name", header], CODES, NAMES, [cells.format(price) for price in PRICES]))
    assert [(question.code, question.options) for question in mapped.questions] == [("currency", said)]


@pytest.mark.parametrize(
    "headers", [("Price", "Currency"), ("Preis", "Währung"), ("Цена", "Валюта"), ("Prix", "Devise")]
)
def test_a_currency_column_against_the_price_cells_is_asked_about(headers: tuple[str, str]) -> None:
    rows = columns_of(["SKU", "Name", *headers], CODES, NAMES, [f"{price} €" for price in PRICES], ["USD"] * 12)
    mapped = read(rows)
    assert [(question.code, question.options) for question in mapped.questions] == [("currency", ("USD", "EUR"))]
    assert "the currency column says USD; the price cells say EUR" in mapped.questions[0].message


def test_one_number_format_in_another_currency_is_asked_about() -> None:
    rows = columns_of(["SKU", "Name", "Price"], CODES, NAMES, PRICES)
    book = open_workbook(as_xlsx(rows, formats={"C": EURO}), "list.xlsx")
    sheet = book.sheets[0]

    def formats(row: int, column: int) -> str | None:
        return DOLLAR if row == 7 else sheet.number_format(row, column)

    mixed = replace(book, sheets=(replace(sheet, number_format=formats),))
    assert [question.code for question in understand(mixed, ReadingHints()).questions] == ["currency"]


@pytest.mark.parametrize("setting", ["USD", "EUR"])
def test_the_setting_decides_between_header_and_number_formats_in_every_row(setting: str) -> None:
    rows: list[list[CellValue]] = columns_of(["SKU", "Name", "Price USD"], CODES, NAMES, PRICES)
    hints = ReadingHints(currency=setting)
    sheet = open_workbook(as_xlsx(rows, formats={"C": EURO}), "list.xlsx", hints).sheets[0]
    mapped = read_xlsx(rows, formats={"C": EURO}, currency=setting)
    assert (mapped.currency, mapped.decision) == (setting, "accept")
    assert {item.currency for item in read_rows(sheet, mapped, hints) if isinstance(item, ItemRow)} == {setting}


def test_a_setting_that_nothing_says_answers_no_contradiction() -> None:
    rows = columns_of(["SKU", "Name", "Price USD"], CODES, NAMES, PRICES)
    assert read_xlsx(rows, formats={"C": EURO}, currency="GBP").decision == "ask"
