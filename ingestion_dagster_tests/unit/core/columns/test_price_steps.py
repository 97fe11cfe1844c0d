"""Prices by quantity: which headers are steps, which columns belong together, and which of them is loaded."""

import pytest

from ingestion_dagster.core.words.lexicon import read_header
from ingestion_dagster.core.words.quantity_steps import quantity_step
from ingestion_dagster_tests.unit.opened_lists import FORMATS, columns_of, mapped_columns, read

CODES = [f"QX-{i}" for i in range(100, 112)]
NAMES = [f"Steel pump type {i}" for i in range(12)]
ONE = [10.25 + 3 * i for i in range(12)]


def cheaper(share: float) -> list[float]:
    return [round(price * share, 2) for price in ONE]


@pytest.mark.parametrize(
    ("header", "lower", "upper"),
    [
        ("1-9", 1, 9), ("10 – 49", 10, 49), ("100 +", 100, None), ("<10", 1, 9), ("≥ 50", 50, None),
        (">100", 101, None),
        ("from 100", 100, None), ("100 and more", 100, None), ("1,000 - 4,999", 1000, 4999), ("Qty 100+", 100, None),
        ("ab 100 Stk", 100, None), ("bis 9 Stück", 1, 9), ("1 bis 9", 1, 9), ("1.000+", 1000, None),
        ("à partir de 10", 10, None), ("10 et plus", 10, None), ("desde 10 uds", 10, None), ("10 o más", 10, None),
        ("oltre 100", 101, None), ("da 10 a 49", 10, 49), ("od 10 szt.", 10, None), ("1 do 9", 1, 9),
        ("od 50 ks", 50, None),
        ("vanaf 10", 10, None), ("от 10 шт", 10, None), ("до 10", 1, 10), ("от 10 до 49 шт.", 10, 49),
        ("від 10", 10, None),
        ("100 adet ve üzeri", 100, None), ("a partir de 100 un", 100, None), ("från 10", 10, None),
        ("fra 10 stk", 10, None),
        ("10 kpl alkaen", 10, None), ("10 db-tól", 10, None), ("de la 10 buc", 10, None), ("10個以上", 10, None),
        ("1～9", 1, 9),
    ],
)  # fmt: skip
def test_a_quantity_step_is_told_from_its_header(header: str, lower: int, upper: int | None) -> None:
    step = quantity_step(header)
    assert step is not None
    assert (step.lower, step.upper, step.rest) == (lower, upper, "")


@pytest.mark.parametrize(
    "header", ["Price per 100", "Preis pro 100", "за 100 шт", "Prices from 2026", "01.02.2026", "10.5", "1/2", "Price"]
)
def test_a_basis_a_date_or_a_fraction_is_no_step(header: str) -> None:
    assert quantity_step(header) is None


@pytest.mark.parametrize(
    ("header", "lower", "upper", "tier"),
    [
        ("Price 1-9", "1", "9", None), ("Preis ab 10 Stk.", "10", None, None), ("Цена от 100 шт", "100", None, None),
        ("Precio (10-49)", "10", "49", None), ("Retail 10+", "10", None, "retail"),
        ("Dealer price 50+", "50", None, "purchase"),
    ],
)  # fmt: skip
def test_a_step_with_a_price_word_keeps_what_the_word_says(
    header: str, lower: str, upper: str | None, tier: str | None
) -> None:
    words = read_header(header)
    assert (words.qualifiers.get("from"), words.qualifiers.get("to"), words.tier) == (lower, upper, tier)
    assert words.scores["price"] >= 0.75


HEADERS = [
    (["SKU", "Description", "1-9", "10-49", "50-99", "100 +"], [1, 10, 50, 100]),
    (["Part", "Name", "<10", "10+", "50+", "100+"], [1, 10, 50, 100]),
    (["Artikelnr", "Bezeichnung", "1 Stk", "ab 10 Stk", "ab 50 Stk", "ab 100 Stk"], [1, 10, 50, 100]),
    (["Артикул", "Наименование", "до 10", "от 10", "от 50", "от 100"], [1, 10, 50, 100]),
    (["Référence", "Désignation", "Prix 1 à 9", "Prix 10 à 49", "Prix 50 à 99", "Prix 100 et plus"], [1, 10, 50, 100]),
    (["Código", "Descripción", "1 ud", "10 uds", "50 uds", "100 uds"], [1, 10, 50, 100]),
    (["Kod", "Nazwa", "Ilość 1", "Ilość 10", "Ilość 50", "Ilość 100"], [1, 10, 50, 100]),
    (["SKU", "Name", "Qty 1", "Qty 10", "Qty 50", "Qty 100"], [1, 10, 50, 100]),
    (["SKU", "Name", "MOQ 100", "MOQ 250", "MOQ 500", "MOQ 1000"], [100, 250, 500, 1000]),
    (["SKU", "Name", "Price 1", "Price 10", "Price 50", "Price 100"], [1, 10, 50, 100]),
    (["品番", "商品名", "1～9", "10～49", "50～99", "100以上"], [1, 10, 50, 100]),
    (["SKU", "Name", "1", "10", "50", "100"], [1, 10, 50, 100]),
    (["SKU", "Name", "1+ EUR", "10+ EUR", "50+ EUR", "100+ EUR"], [1, 10, 50, 100]),
    (["SKU", "Name", "€/1-9", "€/10-49", "€/50-99", "€/100+"], [1, 10, 50, 100]),
]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("headers", "quantities"), HEADERS)
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 0, 3, 2)])
def test_the_smallest_step_is_the_price_and_all_steps_are_known(
    headers: list[str], quantities: list[int], order: tuple[int, ...], format: str
) -> None:
    prices = [ONE, cheaper(0.9), cheaper(0.8), cheaper(0.7)]
    rows = columns_of([*headers[:2], *(headers[2 + i] for i in order)], CODES, NAMES, *(prices[i] for i in order))
    mapped = read(rows, format)
    assert (mapped.column("price"), mapped.decision) == (2 + order.index(0), "accept")
    steps = mapped_columns(rows, format).steps
    assert [(step.column, step.from_quantity) for step in steps] == [
        (2 + order.index(i), quantity) for i, quantity in enumerate(quantities)
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_quantities_in_a_second_header_row_are_steps(format: str) -> None:
    body = columns_of([], CODES, NAMES, ONE, cheaper(0.9), cheaper(0.8))[1:]
    rows = [["SKU", "Name", "Price", None, None], [None, None, 1, 10, 100], *body]
    assert [(s.column, s.from_quantity) for s in mapped_columns(rows, format).steps] == [(2, 1), (3, 10), (4, 100)]
    assert (read(rows, format).column("price"), read(rows, format).header_rows) == (2, (0, 1))


@pytest.mark.parametrize("format", FORMATS)
def test_quantities_in_the_row_above_are_steps(format: str) -> None:
    body = columns_of([], CODES, NAMES, ONE, cheaper(0.9), cheaper(0.8))[1:]
    rows = [[None, "Qty", 1, 25, 100], ["SKU", "Name", "Price", "Price", "Price"], *body]
    assert [(s.column, s.from_quantity) for s in mapped_columns(rows, format).steps] == [(2, 1), (3, 25), (4, 100)]


@pytest.mark.parametrize(("plain", "first", "second"), [("Price", "10+", "100+"), ("Preis", "ab 10", "ab 100")])
def test_a_plain_price_is_the_first_of_steps_that_begin_above_one(plain: str, first: str, second: str) -> None:
    mapping = mapped_columns(
        columns_of(["SKU", "Name", plain, first, second], CODES, NAMES, ONE, cheaper(0.9), cheaper(0.8))
    )
    assert [(s.column, s.from_quantity) for s in mapping.steps] == [(2, 1), (3, 10), (4, 100)]
    assert mapping.columns["price"] == 2


def test_steps_of_another_kind_of_price_are_not_mixed_in() -> None:
    headers = ["SKU", "Name", "Retail 1-9", "Retail 10+", "Dealer 1-9", "Dealer 10+"]
    mapping = mapped_columns(columns_of(headers, CODES, NAMES, ONE, cheaper(0.95), cheaper(0.6), cheaper(0.5)))
    assert [step.column for step in mapping.steps] == [4, 5]


@pytest.mark.parametrize(
    "headers",
    [["36-38", "39-41", "42-44"], ["36", "38", "40"], ["50 ml", "100 ml", "250 ml"], ["2024", "2025", "2026"]],
)
def test_sizes_years_and_measures_are_no_steps(headers: list[str]) -> None:
    rising = [ONE, [price + 1 for price in ONE], [price + 2 for price in ONE]]
    assert mapped_columns(columns_of(["SKU", "Name", *headers, "Price"], CODES, NAMES, *rising, ONE)).steps == ()


def test_numbered_prices_are_no_steps() -> None:
    rows = columns_of(["SKU", "Name", "Price 1", "Price 2", "Price 3"], CODES, NAMES, ONE, cheaper(0.9), cheaper(0.8))
    assert mapped_columns(rows).steps == ()
    assert read(rows).decision == "ask"
