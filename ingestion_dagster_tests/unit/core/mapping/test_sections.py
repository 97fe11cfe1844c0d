"""A header or a title within the list: what stands below it is read by it, or a person is asked."""

from decimal import Decimal

import pytest

from ingestion_dagster.core.columns.drift import remember
from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow, NotAnItem, RowReject
from ingestion_dagster.core.sheets import CellValue, Sheet, Workbook

Rows = list[list[CellValue]]
SORTS = (True, False)
"""A workbook with typed cells, and a text file."""

SWAPPED = {
    "en": (["SKU", "Description", "Dealer price", "Retail price"], 2, 3),
    "de": (["Artikelnummer", "Bezeichnung", "Händlerpreis", "UVP"], 2, 3),
    "ru": (["Артикул", "Наименование", "Оптовая цена", "Розничная цена"], 2, 3),
    "fr": (["Référence", "Désignation", "Prix d'achat", "Prix public"], 2, 3),
    "pl": (["Symbol", "Nazwa", "Cena hurtowa", "Cena detaliczna"], 2, 3),
}
CURRENCIES = {
    "en": ("SKU", "Description", "Price EUR", "Price USD"),
    "de": ("Art.-Nr.", "Bezeichnung", "Preis EUR", "Preis USD"),
    "es": ("Código", "Descripción", "Precio EUR", "Precio USD"),
    "cs": ("Kód", "Název", "Cena EUR", "Cena USD"),
}
TAXES = {
    "en": ("SKU", "Description", "Price excl. VAT", "Price incl. VAT"),
    "de": ("Art.-Nr.", "Bezeichnung", "Preis netto", "Preis brutto"),
    "fr": ("Référence", "Désignation", "Prix HT", "Prix TTC"),
    "ru": ("Артикул", "Наименование", "Цена без НДС", "Цена с НДС"),
}


def sheet_of(rows: Rows, typed: bool) -> Sheet:
    if not typed:
        rows = [[None if cell is None else str(cell) for cell in row] for row in rows]
    return Sheet("list", lambda: rows, typed)


def understood(sheet: Sheet, **hints: object) -> MappedSheet:
    return understand(Workbook((sheet,), "xlsx" if sheet.typed else "csv"), ReadingHints.model_validate(hints))


def items_of(sheet: Sheet, mapped: MappedSheet) -> dict[str, ItemRow]:
    return {row.supplier_sku: row for row in read_rows(sheet, mapped, ReadingHints()) if isinstance(row, ItemRow)}


def items(first: int, count: int, *columns: int) -> Rows:
    """Rows with a dealer price of n.50 and a retail price twice as high, the columns in the order of `columns`."""
    rows: Rows = []
    for n in range(first, first + count):
        row: list[CellValue] = [f"AB-{n}", f"Hinge {n} mm", n + 0.5, 2.0 * n + 1.25]
        rows.append([row[c] for c in columns or range(4)])
    return rows


@pytest.mark.parametrize("typed", SORTS)
@pytest.mark.parametrize("language", SWAPPED)
def test_swapped_price_columns_below_a_further_header_are_read_by_it(language: str, typed: bool) -> None:
    header, _, _ = SWAPPED[language]
    swapped: list[CellValue] = [header[0], header[1], header[3], header[2]]
    sheet = sheet_of([[*header], *items(10, 4), swapped, *items(20, 6, 0, 1, 3, 2)], typed)
    mapped = understood(sheet)
    read = items_of(sheet, mapped)
    assert (mapped.decision, len(read)) == ("accept", 10)
    assert (read["AB-10"].price, read["AB-20"].price) == (Decimal("10.5"), Decimal("20.5"))
    assert (read["AB-10"].price_column, read["AB-20"].price_column) == (2, 3)


@pytest.mark.parametrize("typed", SORTS)
@pytest.mark.parametrize("language", CURRENCIES)
def test_a_further_header_in_another_currency_holds_for_the_rows_below_it(language: str, typed: bool) -> None:
    sku, name, euro, dollar = CURRENCIES[language]
    rows = [[sku, name, euro], *items(10, 3, 0, 1, 2), [sku, name, dollar], *items(20, 6, 0, 1, 2)]
    sheet = sheet_of(rows, typed)
    mapped = understood(sheet)
    read = items_of(sheet, mapped)
    assert mapped.decision == "accept"
    assert (read["AB-11"].currency, read["AB-21"].currency) == ("EUR", "USD")


@pytest.mark.parametrize("typed", SORTS)
@pytest.mark.parametrize("language", TAXES)
def test_a_further_header_with_another_tax_is_asked_about(language: str, typed: bool) -> None:
    sku, name, net, gross = TAXES[language]
    sheet = sheet_of([[sku, name, net], *items(10, 4, 0, 1, 2), [sku, name, gross], *items(20, 6, 0, 1, 2)], typed)
    mapped = understood(sheet)
    assert mapped.decision == "ask"
    assert [question.code for question in mapped.questions] == ["second_header"]
    assert f"from row 6 on the price is “{gross}”" in mapped.questions[0].message


@pytest.mark.parametrize("typed", SORTS)
def test_dealer_prices_that_become_retail_prices_are_asked_about(typed: bool) -> None:
    rows: Rows = [
        ["SKU", "Name", "Dealer price"],
        *items(10, 4, 0, 1, 2),
        ["SKU", "Name", "RRP"],
        *items(20, 6, 0, 1, 3),
    ]
    mapped = understood(sheet_of(rows, typed))
    assert [question.code for question in mapped.questions] == ["second_header"]


@pytest.mark.parametrize("typed", SORTS)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["SKU", "Description", "Unit", "Price"], ["SKU", "Description", "Price", "Unit"]),
        (["Artikel", "Bezeichnung", "Einheit", "Preis"], ["Bezeichnung", "Artikel", "Preis", "Einheit"]),
        (["Код", "Наименование", "Ед. изм.", "Цена"], ["Код", "Наименование", "Цена", "Ед. изм."]),
        (["Codice", "Descrizione", "Unità", "Prezzo"], ["Codice", "Prezzo", "Descrizione", "Unità"]),
    ],
)
def test_a_header_in_another_order_loses_no_row_above_or_below_it(first: Rows, second: Rows, typed: bool) -> None:
    def row(n: int, header: list[CellValue]) -> list[CellValue]:
        cells: dict[CellValue, CellValue] = dict(zip(first, [f"AB-{n}", f"Hinge {n} mm", "pc", n + 0.5], strict=True))
        return [cells[title] for title in header]

    sheet = sheet_of(
        [first, *(row(n, first) for n in range(5)), second, *(row(n, second) for n in range(5, 10))], typed
    )
    mapped = understood(sheet)
    read = items_of(sheet, mapped)
    assert mapped.header_row_index == 0
    assert {key: str(item.price) for key, item in read.items()} == {f"AB-{n}": f"{n}.5" for n in range(10)}


def test_the_first_reading_comes_back_with_its_header() -> None:
    header, other = ["SKU", "Name", "Price EUR"], ["SKU", "Name", "Price USD"]
    rows: Rows = [
        [*header], *items(10, 3, 0, 1, 2), [*other], *items(20, 3, 0, 1, 2), [*header], *items(30, 3, 0, 1, 2)
    ]  # fmt: skip
    sheet = sheet_of(rows, True)
    read = items_of(sheet, understood(sheet))
    assert [read[key].currency for key in ("AB-10", "AB-20", "AB-30")] == ["EUR", "USD", "EUR"]


def test_a_further_header_far_below_the_sample_is_found() -> None:
    rows: Rows = [["SKU", "Name", "Dealer", "Retail"], *items(1, 6000), ["SKU", "Name", "Retail", "Dealer"]]
    sheet = sheet_of([*rows, *items(7000, 5, 0, 1, 3, 2)], False)
    assert items_of(sheet, understood(sheet))["AB-7002"].price == Decimal("7002.5")


def test_the_same_header_on_every_page_changes_nothing() -> None:
    header: list[CellValue] = ["SKU", "Name", "Dealer", "Retail"]
    titled: list[CellValue] = ["SKU", "Garden tools", "Dealer", "Retail"]
    sheet = sheet_of([header, *items(10, 5), header, *items(20, 5), titled, *items(30, 5)], True)
    mapped = understood(sheet)
    assert (mapped.sections, mapped.decision) == ((), "accept")
    outcomes = list(read_rows(sheet, mapped, ReadingHints()))
    assert [row.row for row in outcomes if isinstance(row, NotAnItem)] == [6, 12]
    assert sum(isinstance(row, ItemRow) for row in outcomes) == 15


@pytest.mark.parametrize("typed", SORTS)
@pytest.mark.parametrize(
    "title",
    [
        "Imported goods: prices in USD",
        "Importware, Preise in USD",
        "Импорт: цены в USD",
        "Artículos importados, precios en USD",
    ],
)
def test_a_title_that_names_another_currency_is_asked_about(title: str, typed: bool) -> None:
    rows: Rows = [["SKU", "Name", "Price EUR"], *items(10, 5, 0, 1, 2), [title], *items(20, 5, 0, 1, 2)]
    mapped = understood(sheet_of(rows, typed))
    assert [question.code for question in mapped.questions] == ["second_header"]
    assert "USD" in mapped.questions[0].message


def test_a_title_about_prices_that_changes_nothing_is_not_asked_about() -> None:
    rows: Rows = [["SKU", "Name", "Price EUR"], *items(10, 5, 0, 1, 2), ["All prices in EUR"], *items(20, 5, 0, 1, 2)]
    below: Rows = [[], ["Prices for Switzerland in CHF on request"]]
    for more in ([], below):
        assert understood(sheet_of([*rows, *more], True)).decision == "accept"


def test_a_title_is_not_asked_about_where_the_cells_say_their_currency() -> None:
    rows: Rows = [
        ["SKU", "Name", "Price", "Currency"],
        *([*row, "EUR"] for row in items(10, 5, 0, 1, 2)),
        ["Prices in USD"],
        *([*row, "USD"] for row in items(20, 2, 0, 1, 2)),
    ]
    sheet = sheet_of(rows, True)
    mapped = understood(sheet)
    assert "second_header" not in [question.code for question in mapped.questions]
    assert items_of(sheet, mapped)["AB-20"].currency == "USD"


def test_an_answer_holds_for_the_same_section_and_for_no_other() -> None:
    def with_below(*header: CellValue) -> Sheet:
        return sheet_of([["SKU", "Name", "Price net"], *items(10, 5, 0, 1, 2), [*header], *items(20, 6, 0, 1, 2)], True)

    known = with_below("SKU", "Name", "Price gross")
    answer = remember(understood(known), "anna")
    again = understand(Workbook((known,), "xlsx"), ReadingHints(), answer)
    assert (again.decision, len(items_of(known, again))) == ("accept", 11)
    other = understand(Workbook((with_below("SKU", "Name", "Retail price"),), "xlsx"), ReadingHints(), answer)
    assert [question.code for question in other.questions] == ["second_header"]


@pytest.mark.parametrize("typed", SORTS)
def test_nothing_is_loaded_below_a_header_whose_columns_cannot_be_told(typed: bool) -> None:
    rows: Rows = [["SKU", "Name", "Price"], *items(10, 300, 0, 1, 2), ["Unit price", "List price", "Net price"]]
    sheet = sheet_of([*rows, *([n + 0.5, n + 1.5, n + 0.25] for n in range(4)), *items(1020, 3, 0, 1, 2)], typed)
    mapped = understood(sheet)
    assert [question.code for question in mapped.questions] == ["second_header"]
    outcomes = list(read_rows(sheet, mapped, ReadingHints()))
    assert max(row.row_number for row in outcomes if isinstance(row, ItemRow)) == 300
    assert {row.code for row in outcomes if isinstance(row, RowReject)} == {"header_unread"}


def test_what_was_understood_of_sections_travels_as_json() -> None:
    rows: Rows = [["SKU", "Name", "Dealer", "Retail"], *items(10, 4), ["SKU", "Name", "Retail", "Dealer"]]
    mapped = understood(sheet_of([*rows, *items(20, 4, 0, 1, 3, 2)], True))
    again = MappedSheet.model_validate_json(mapped.model_dump_json())
    assert again == mapped
    assert (again.reading_at(3).column("price"), again.reading_at(7).column("price")) == (2, 3)
