"""Answers about columns: remembered per supplier and header, told once, asked again where the header changes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.services import confirm_mapping, review
from ingestion_dagster.services.confirm_mapping import Confirmed
from ingestion_dagster.store.batches import mappings
from ingestion_dagster_tests.integration.shop import Shop

CONTESTED = ("SKU", "Name", "Price A", "Price B", "Stock")


def rows(shift: float = 0.0) -> list[list[Any]]:
    return [[f"A{n:03d}", f"Article {n}", f"{10 + n + shift:.2f}", f"{13 + n * 1.4:.2f}", n % 5] for n in range(30)]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    return Shop(database_url, tmp_path)


def confirm(shop: Shop, **answers: str) -> Confirmed:
    return asyncio.run(confirm_mapping.confirm(shop.deployment, shop.key, answers, "ann"))


def test_a_list_that_asks_is_held_until_a_person_says_which_column_is_the_price(shop: Shop) -> None:
    held = shop.load(rows(), CONTESTED)
    assert held.status == "held"
    assert "Price A" in held.reasons[0]
    confirm(shop, price="Price B")
    assert shop.load().status == "success"
    assert shop.prices()["A001"] == "14.4"


@pytest.mark.parametrize("answer", ["Price B", "price b", "D", "4"])
def test_a_column_is_named_by_header_letter_or_number(shop: Shop, answer: str) -> None:
    shop.load(rows(), CONTESTED)
    assert confirm(shop, price=answer).mapped.mapping()["price"] == 3


def test_the_answer_holds_for_later_lists_with_the_same_header(shop: Shop) -> None:
    shop.load(rows(), CONTESTED)
    confirm(shop, price="C")
    shop.load()
    assert shop.load(rows(0.2), CONTESTED).status == "success"
    assert shop.prices()["A001"] == "11.2"


def test_confirming_without_an_answer_takes_the_columns_as_they_were_understood(shop: Shop) -> None:
    shop.load(rows(), CONTESTED)
    taken = confirm(shop).mapped.mapping()["price"]
    assert shop.load().status == "success"
    assert taken == 2


def test_approving_a_held_list_answers_its_questions(shop: Shop) -> None:
    held = shop.load(rows(), CONTESTED)
    asyncio.run(review.approve(shop.deployment, held.batch_id, "ann", None))
    assert shop.load().status == "unchanged"
    assert shop.load(rows(0.2), CONTESTED).status == "success"


def test_a_renamed_price_column_is_asked_about_with_both_names(shop: Shop) -> None:
    shop.load(rows(), CONTESTED)
    confirm(shop, price="Price A")
    shop.load()
    held = shop.load(rows(0.2), ("SKU", "Name", "Price one", "Price B", "Stock"))
    assert held.status == "held"
    assert "“Price A” (price) is now called “Price one”" in held.reasons[0]


def test_a_supplier_that_returns_to_an_old_layout_is_not_asked_again(shop: Shop) -> None:
    shop.load(rows(), CONTESTED)
    confirm(shop, price="Price A")
    shop.load()
    other = ("SKU", "Name", "Net price", "Price B", "Stock")
    held = shop.load(rows(0.2), other)
    asyncio.run(review.approve(shop.deployment, held.batch_id, "ann", None))
    assert shop.load(rows(0.3), CONTESTED).status == "success"
    assert shop.load(rows(0.4), other).status == "success"


def test_a_column_that_is_not_there_is_refused_with_what_there_is(shop: Shop) -> None:
    shop.load(rows(), CONTESTED)
    with pytest.raises(SheetError, match="Price A"):
        confirm(shop, price="Prise A")
    with pytest.raises(SheetError, match="no column Z"):
        confirm(shop, price="Z")
    with pytest.raises(SheetError, match="not a field"):
        confirm(shop, prize="C")
    with pytest.raises(SheetError, match="needs a column"):
        confirm(shop, price="")


def test_a_decimal_mark_and_a_currency_become_settings(shop: Shop) -> None:
    ambiguous = [[f"A{n:03d}", f"Article {n}", f"1,{100 + n}", n] for n in range(30)]
    held = shop.load(ambiguous, ("SKU", "Name", "Price", "Stock"))
    assert held.status == "held"
    done = confirm(shop, decimal=".", currency="EUR")
    assert done.settings == {"decimal": ".", "currency": "EUR"}
    assert done.still_open == ()
    assert shop.load().status == "success"
    assert shop.sql("SELECT DISTINCT currency FROM supplier_items") == [("EUR",)]
    assert shop.prices()["A001"] == "1101"


def test_who_confirmed_and_what_the_prices_were_does_not_make_a_list_another(shop: Shop) -> None:
    shop.load(rows(), CONTESTED)
    confirm(shop, price="C")
    shop.load()
    asyncio.run(confirm_mapping.confirm(shop.deployment, shop.key, {}, "bob"))
    assert shop.load().status == "unchanged"
    remembered = shop.do(_listed)
    assert [(one.confirmed_by, one.mapping["confirmed_by"]) for one in remembered] == [("bob", "bob")]


async def _listed(connection: Any) -> list[mappings.KeptMapping]:
    from ingestion_dagster.store.catalogue import suppliers

    return await mappings.listed(connection, (await suppliers.by_key(connection, "acme")).id)
