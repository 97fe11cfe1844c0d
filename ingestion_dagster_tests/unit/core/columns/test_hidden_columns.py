"""Columns that a supplier hid are offered to a person, never chosen without one."""

import pytest

from ingestion_dagster.core.columns.drift import RememberedMapping
from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster_tests.unit.opened_lists import as_xlsx, columns_of, read_xlsx

CODES = [f"QX-{i}" for i in range(100, 112)]
NAMES = [f"Steel pump type {i}" for i in range(12)]
PRICES = [12.25 + 3 * i for i in range(12)]
COSTS = [round(0.6 * price, 2) for price in PRICES]


@pytest.mark.parametrize(
    ("headers", "shown", "hid"),
    [
        (["SKU", "Description", "Cost", "Price"], "“Price” (D)", "“Cost” (C, hidden)"),
        (["Artikelnr", "Bezeichnung", "EK", "UVP"], "“UVP” (D)", "“EK” (C, hidden)"),
        (["Артикул", "Наименование", "Закупка", "Цена"], "“Цена” (D)", "“Закупка” (C, hidden)"),
        (["Référence", "Désignation", "Prix d'achat", "Prix"], "“Prix” (D)", "“Prix d'achat” (C, hidden)"),
        (["Kod", "Nazwa", "Cena zakupu", "Cena"], "“Cena” (D)", "“Cena zakupu” (C, hidden)"),
    ],
)
def test_a_hidden_purchase_price_is_asked_about_beside_the_visible_price(
    headers: list[str], shown: str, hid: str
) -> None:
    mapped = read_xlsx(columns_of(headers, CODES, NAMES, COSTS, PRICES), hidden="C")
    assert (mapped.column("price"), mapped.decision) == (3, "ask")
    assert [question.options for question in mapped.questions] == [(shown, hid)]


def test_a_hidden_price_that_others_pay_changes_nothing() -> None:
    mapped = read_xlsx(columns_of(["SKU", "Name", "RRP", "Dealer price"], CODES, NAMES, PRICES, COSTS), hidden="C")
    assert (mapped.column("price"), mapped.decision) == (3, "accept")
    assert "hidden columns were not taken for a field: “RRP”" in mapped.notes


@pytest.mark.parametrize(
    ("hidden", "code"), [("C", "price_column"), ("A", "supplier_sku_column"), ("B", "name_column")]
)
def test_a_hidden_column_that_no_visible_one_replaces_is_asked_about(hidden: str, code: str) -> None:
    mapped = read_xlsx(columns_of(["SKU", "Name", "Price"], CODES, NAMES, PRICES), hidden=hidden)
    assert (mapped.mapping(), mapped.decision) == ({"supplier_sku": 0, "name": 1, "price": 2}, "ask")
    assert [question.code for question in mapped.questions] == [code]
    assert "hidden" in mapped.questions[0].message


def test_a_hidden_number_beside_a_visible_one_is_kept_as_a_characteristic() -> None:
    rows = columns_of(["Internal no", "SKU", "Name", "Price"], range(9000, 9012), CODES, NAMES, PRICES)
    mapped = read_xlsx(rows, hidden="A")
    assert (mapped.column("supplier_sku"), mapped.decision) == (1, "accept")
    assert mapped.characteristics == {"Internal no": 0}


def test_a_hidden_column_that_a_person_gave_is_taken() -> None:
    rows = columns_of(["SKU", "Name", "Cost", "Price"], CODES, NAMES, COSTS, PRICES)
    mapped = read_xlsx(rows, hidden="C", column_mapping={"price": "Cost"})
    assert (mapped.column("price"), mapped.decision) == (2, "accept")


def test_an_answer_about_a_hidden_column_is_remembered() -> None:
    book = open_workbook(
        as_xlsx(columns_of(["SKU", "Name", "Cost", "Price"], CODES, NAMES, COSTS, PRICES), "C"), "a.xlsx"
    )
    first = understand(book, ReadingHints())
    answered = RememberedMapping(
        sheet=first.sheet,
        headers=first.headers,
        fields=first.mapping(),
        signature=first.signature,
        settled=("price_column",),
    )
    assert understand(book, ReadingHints(), answered).decision == "accept"
