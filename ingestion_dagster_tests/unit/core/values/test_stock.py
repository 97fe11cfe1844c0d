"""Stock cells: a number where they say one, and what they said where it is not all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.mapped_sheet import NumberStyle
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.values.stock import MAX_STOCK, stock_of, stock_reader


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("10", 10),
        ("0", 0),
        ("1 000 шт.", 1000),
        ("10 pcs", 10),
        ("1\u00a0000", 1000),
        ("12,5 м", Decimal("12.5")),
        (12.0, 12),
        (7, 7),
        (2.5, Decimal("2.5")),
        ("１２", 12),
        (True, None),
        (None, None),
        ("", None),
        ("-", None),
        ("1.234", None),
        ("см. сайт", None),
        ("15.05.2025", None),
        (float("nan"), None),
        ("9" * 20, None),
    ],
)
def test_a_count_is_a_number_and_what_is_none_is_unknown(cell: CellValue, number: Decimal | int | None) -> None:
    assert stock_of(cell) == number


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (">10", 10),
        ("10+", 10),
        ("более 100", 100),
        ("über 50", 50),
        ("5-10", 5),
        ("есть 5 шт", 5),
        ("~20", 20),
        ("-3", 0),
    ],
)
def test_a_bound_counts_as_its_lower_end_and_keeps_its_text(cell: str, number: int) -> None:
    assert stock_reader()(cell) == (number, cell)


@pytest.mark.parametrize("cell", ["<5", "до 10", "меньше 3"])
def test_an_upper_bound_alone_is_unknown(cell: str) -> None:
    assert stock_reader()(cell) == (None, cell)


@pytest.mark.parametrize(
    "cell",
    ["нет", "out of stock", "немає", "ausverkauft", "rupture", "agotado", "esaurito", "esgotado", "brak", "vyprodáno",
     "uitverkocht", "nincs", "yok", "stoc epuizat", "无货", "在庫なし", "под заказ"],
)  # fmt: skip
def test_nothing_there_is_zero_in_every_language(cell: str) -> None:
    assert stock_reader()(cell) == (0, cell)


@pytest.mark.parametrize(
    "cell",
    ["в наличии", "есть", "in stock", "є в наявності", "auf Lager", "en stock", "disponible", "disponibile",
     "em estoque",
     "dostępny", "skladem", "op voorraad", "raktáron", "var", "în stoc", "有货", "在庫あり", "+", "+++", "many", "○"],
)  # fmt: skip
def test_something_there_is_an_unknown_number_in_every_language(cell: str) -> None:
    assert stock_reader()(cell) == (None, cell)


def test_the_style_of_the_column_decides_as_it_does_for_prices() -> None:
    assert stock_of("1.234", NumberStyle(decimal=",")) == 1234
    assert stock_of("1.234", NumberStyle(decimal=".")) == Decimal("1.234")


@given(st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.booleans(), st.none()))
def test_any_stock_cell_gives_a_count_within_bounds_or_nothing(cell: CellValue) -> None:
    number = stock_of(cell)
    assert number is None or 0 <= number <= MAX_STOCK
