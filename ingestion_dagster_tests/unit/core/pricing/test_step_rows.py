"""Prices by quantity: every step is read, whether steps are columns or rows."""

from collections.abc import Sequence

import orjson
import pytest

from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.rows.read import ItemRow, RowReject, read_rows
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster_tests.unit.opened_lists import FORMATS, opened


def read(
    rows: Sequence[Sequence[CellValue]], format: str, **hints: object
) -> tuple[MappedSheet, list[ItemRow], list[RowReject]]:
    known = ReadingHints(**hints)  # type: ignore[arg-type]
    book = opened(rows, format)
    mapped = understand(book, known)
    found = list(read_rows(book.sheet(mapped.sheet), mapped, known))
    items = [row for row in found if isinstance(row, ItemRow)]
    return mapped, items, [row for row in found if isinstance(row, RowReject)]


def steps_of(item: ItemRow) -> dict[int, str]:
    return {step[0]: str(step[1]) for step in orjson.loads(item.price_steps or "[]")}


def in_columns(*headers: str, prices: Sequence[CellValue] = (12.4, 11.16, 9.92)) -> list[list[CellValue]]:
    return [
        ["SKU", "Description", *headers],
        *([f"S-{i}", f"Bolt M{i}", *(p + i if isinstance(p, float) else p for p in prices)] for i in range(6)),
    ]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "headers",
    [("1+", "10+", "100+"), ("1-9", "10-99", "100 +"), ("ab 1", "ab 10", "ab 100"), ("от 1", "от 10", "от 100"),
     ("Price", "Price from 10", "Price from 100")],
)  # fmt: skip
def test_columns_that_are_steps_give_every_price_with_its_column(headers: tuple[str, ...], format: str) -> None:
    mapped, items, _ = read(in_columns(*headers), format)
    assert mapped.steps.columns == ((2, 1), (3, 10), (4, 100))
    assert (str(items[0].price), steps_of(items[0])) == ("12.4", {1: "12.4", 10: "11.16", 100: "9.92"})
    assert orjson.loads(items[1].price_steps or "")[2] == [100, 10.92, 4, None, None, 3]


@pytest.mark.parametrize("format", FORMATS)
def test_an_item_without_one_of_the_steps_has_the_others(format: str) -> None:
    rows = in_columns("1+", "10+", "100+")
    rows[1][3], rows[2][3:5] = None, [None, None]
    _, items, _ = read(rows, format)
    assert steps_of(items[0]) == {1: "12.4", 100: "9.92"}
    assert items[1].price_steps is None


def test_a_step_that_is_no_price_rejects_the_row_at_its_cell() -> None:
    rows = in_columns("1+", "10+", "100+")
    rows[1][3] = "#REF!"
    _, _, (reject,) = read(rows, "csv")
    assert (reject.code, reject.cell) == ("price_error_cell", "D2")


@pytest.mark.parametrize("format", FORMATS)
def test_steps_are_for_as_many_pieces_as_the_price(format: str) -> None:
    rows = [[*row, "PE" if n == 0 else 100] for n, row in enumerate(in_columns("1+", "10+", "100+"))]
    _, items, _ = read(rows, format)
    assert steps_of(items[0]) == {1: "0.124", 10: "0.1116", 100: "0.0992"}


def test_a_list_without_steps_has_none() -> None:
    mapped, items, _ = read([["SKU", "Name", "Price"], *([f"S-{i}", f"Bolt {i}", 2.5 + i] for i in range(5))], "csv")
    assert (mapped.steps.columns, mapped.rows_are_steps, items[0].price_steps) == ((), False, None)


def in_rows(key: str, name: str, quantity: str, price: str, quantities: Sequence[CellValue] = (1, 10, 100)):
    rows: list[list[CellValue]] = [[key, name, quantity, price]]
    for i in range(5):
        for place, count in enumerate(quantities):
            rows.append([f"S-{i}", f"Steel bolt no. {i}", count, 12.5 + i - place])
    return rows


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "headers",
    [
        ("SKU", "Description", "Min Qty", "Unit price"), ("SKU", "Description", "Qty break", "Price"),
        ("Artikelnummer", "Bezeichnung", "Ab Menge", "Preis"), ("Artikelnr", "Bezeichnung", "Staffelmenge", "Preis"),
        ("Артикул", "Наименование", "Кол-во от", "Цена"), ("Référence", "Désignation", "Quantité", "Prix"),
        ("Codice", "Descrizione", "Quantità", "Prezzo"), ("SKU", "Name", "Qty", "Price"),
    ],
)  # fmt: skip
def test_rows_that_are_steps_are_known_by_keys_that_repeat_with_falling_prices(
    headers: tuple[str, str, str, str], format: str
) -> None:
    mapped, items, rejects = read(in_rows(*headers), format)
    assert (mapped.key, mapped.steps.quantity_column, mapped.column("stock")) == ("supplier_sku", 2, None)
    assert (mapped.decision, mapped.questions, rejects) == ("accept", (), [])
    assert [(item.supplier_sku, item.from_quantity, str(item.price)) for item in items[:3]] == [
        ("S-0", 1, "12.5"), ("S-0", 10, "11.5"), ("S-0", 100, "10.5")
    ]  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
def test_quantities_may_be_ranges_or_have_words(format: str) -> None:
    mapped, items, _ = read(in_rows("SKU", "Name", "Quantity", "Price", ("1-9", "10-99", "100+")), format)
    assert mapped.rows_are_steps
    assert [item.from_quantity for item in items[:3]] == [1, 10, 100]


def test_a_row_without_a_readable_quantity_is_rejected() -> None:
    rows = in_rows("SKU", "Name", "Min Qty", "Price")
    rows[2][2] = "some"
    _, _, (reject,) = read(rows, "csv")
    assert (reject.code, reject.cell) == ("price_step_unclear", "C3")


@pytest.mark.parametrize(
    "rows",
    [
        [["SKU", "Name", "Min Qty", "Price"], *([f"S-{i}", f"Bolt {i}", 10, 2.5 + i] for i in range(6))],
        [["SKU", "Name", "Qty", "Price"], *([f"S-{i // 2}", "Bolt", 1 + 9 * (i % 2), 2.5 + i] for i in range(12))],
        [["SKU", "Name", "Length", "Price"], *([f"S-{i // 2}", "Rod", 1 + i % 2, 9.5 - i % 2] for i in range(12))],
    ],
    ids=["least orders", "dearer packs", "sizes"],
)
def test_other_numbers_beside_repeated_or_unique_keys_are_no_steps(rows: list[list[CellValue]]) -> None:
    mapped, items, _ = read(rows, "csv")
    assert not mapped.rows_are_steps
    assert {item.from_quantity for item in items} == {None}
