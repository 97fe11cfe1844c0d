"""Guards of a first load, and keys in another spelling, on real lists through the real steps."""

from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.steps import LoadSummary
from ingestion_dagster_tests.integration.shop import Shop, rows_of

PRICES = [round(4.2 + at * 1.37, 2) for at in range(40)]
MAPPED = {"column_mapping": {"price": "Price", "sku": "SKU", "name": "Name"}}
"""As a person gave the columns: the words are no help then."""


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    return Shop(database_url, tmp_path)


def names(shop: Shop, summary: LoadSummary) -> list[str]:
    ((guards,),) = shop.sql("SELECT guards FROM ingestion_batches WHERE id = :id", id=summary.batch_id)
    return [guard["name"] for guard in guards if guard["tripped"]]


def test_an_ordinary_first_list_is_taken(shop: Shop) -> None:
    assert shop.load(rows_of(PRICES)).status == "success"


@pytest.mark.parametrize("settings", [{"currency": "EUR"}, {"country": "DE"}])
def test_a_first_list_in_another_currency_than_the_supplier_s_is_held(shop: Shop, settings: dict[str, Any]) -> None:
    shop.register(**settings)
    held = shop.load(rows_of(PRICES, currency="USD"))
    assert names(shop, held) == ["expected_currency"]
    assert "are in USD" in held.reasons[0]
    assert shop.prices() == {}
    assert shop.load(rows_of(PRICES, currency="EUR")).status == "success"


def test_a_currency_setting_goes_before_the_country(shop: Shop) -> None:
    shop.register(country="CH", currency="EUR")
    assert shop.load(rows_of(PRICES, currency="EUR")).status == "success"


def test_bases_taken_for_prices_are_held(shop: Shop) -> None:
    shop.register(**MAPPED)
    bases = [(1, 10, 100, 1000)[at % 4] for at in range(40)]
    assert "prices_of_another_column" in names(shop, shop.load(rows_of(bases)))


def test_barcodes_or_codes_taken_for_prices_are_held(shop: Shop) -> None:
    shop.register(**MAPPED)
    rows = [[f"{70_000 + at * 13}", f"Article {at}", 70_000 + at * 13, "EUR", at % 5 + 20] for at in range(40)]
    assert "prices_of_another_column" in names(shop, shop.load(rows))


def test_stock_taken_for_prices_is_held(shop: Shop) -> None:
    shop.register(**MAPPED)
    rows = [[*row[:2], row[4], *row[3:]] for row in rows_of(PRICES)]
    assert "prices_of_another_column" in names(shop, shop.load(rows))


def test_the_price_of_a_hundred_beside_that_of_one_is_held(shop: Shop) -> None:
    shop.register(**MAPPED)
    rows = [
        [*row[:2], f"{price * 100:.2f}", *row[3:], f"{price:.2f}"]
        for row, price in zip(rows_of(PRICES), PRICES, strict=True)
    ]
    held = shop.load(rows, header=("SKU", "Name", "Price", "Currency", "Stock", "Each"))
    assert names(shop, held) == ["unit_of_prices"]
    assert "100 times what “Each” says" in held.reasons[0]


def test_positions_in_the_list_as_keys_are_held(shop: Shop) -> None:
    shop.register(**MAPPED)
    rows = [[at, f"Article {at}", price, "EUR", 3] for at, price in enumerate(PRICES, 1)]
    assert names(shop, shop.load(rows)) == ["key_quality"]


def test_the_same_codes_with_and_without_zeros_are_held(shop: Shop) -> None:
    rows = rows_of(PRICES)
    twins = [[f"a-{row[0][1:]}", f"{row[1]} once more", row[2], *row[3:]] for row in rows[:3]]
    held = shop.load([*rows, *twins])
    assert names(shop, held) == ["key_quality"]
    assert "6 of 43 keys" in held.reasons[0]


@pytest.mark.parametrize(
    "spell",
    [
        lambda code: code.lower(),
        lambda code: f"{code[0]}-{code[1:]}",
        lambda code: f"{code[0]} {code[1:]}",
        lambda code: f"00{code}",
    ],
)
def test_codes_of_known_items_in_another_spelling_are_held(shop: Shop, spell: Any) -> None:
    rows = rows_of(PRICES)
    assert shop.load(rows).status == "success"
    held = shop.load([[spell(row[0]), *row[1:]] if at < 8 else row for at, row in enumerate(rows)])
    assert names(shop, held) == ["respelled_keys"]
    ((guards,),) = shop.sql("SELECT guards FROM ingestion_batches WHERE id = :id", id=held.batch_id)
    (worst,) = [guard["worst"] for guard in guards if guard["name"] == "respelled_keys"]
    assert (worst[0]["old"], worst[0]["new"]) == ("A001", spell("A001"))


def test_two_items_that_are_replaced_by_others_are_an_ordinary_day(shop: Shop) -> None:
    rows = rows_of(PRICES)
    assert shop.load(rows).status == "success"
    assert (
        shop.load([*rows[2:], ["B001", "Article other", 5, "EUR", 1], ["a-2", "New", 6, "EUR", 1]]).status == "success"
    )


def test_hundredths_with_decimals_and_thousands_above_a_thousand_are_held(shop: Shop) -> None:
    shop.register(price_factor=0.01)
    assert names(shop, shop.load(rows_of(PRICES))) == ["unit_of_prices"]
    shop.register(price_factor=1000)
    assert names(shop, shop.load(rows_of([1000 + at * 137 for at in range(40)]))) == ["unit_of_prices"]
    assert shop.prices() == {}


def test_cents_that_are_whole_are_taken(shop: Shop) -> None:
    whole = [1240 + at * 137 for at in range(40)]
    assert shop.load(rows_of(whole), header=("SKU", "Name", "Price (cents)", "Currency", "Stock")).status == "success"
    assert shop.prices()["A001"] == "12.4"
