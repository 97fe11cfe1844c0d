"""The guards of a first load: each trips past its threshold and not at it, and says what it saw."""

from typing import Any

import pytest

from ingestion_dagster.core.guards.evaluate import evaluate
from ingestion_dagster.core.guards.facts import Facts, GuardResult
from ingestion_dagster.core.guards.first_load import FirstLoad
from ingestion_dagster.core.suppliers.supplier import Thresholds


def judged(known: dict[str, Any] | None = None, **first: Any) -> dict[str, GuardResult]:
    calm: dict[str, Any] = {"staged": 100, "rejected": 0, "distinct_prices": 90}
    usual: dict[str, Any] = {"whole_prices": 20, "smallest": 1.2, "largest": 900.0}
    facts = Facts(**(calm | (known or {})), first=FirstLoad(**(usual | first)))
    return {result.name: result for result in evaluate(facts, Thresholds(), None)}


def tripped(known: dict[str, Any] | None = None, **first: Any) -> list[str]:
    return [name for name, result in judged(known, **first).items() if result.tripped]


@pytest.mark.parametrize(
    ("guard", "past", "at"),
    [
        ("expected_currency", {"expected_currency": "EUR", "other_currency": 1}, {"expected_currency": "EUR"}),
        ("expected_currency", {"expected_currency": "EUR", "other_currency": 1}, {"other_currency": 100}),
        ("prices_of_another_column", {"basis_prices": 30}, {"basis_prices": 29}),
        ("prices_of_another_column", {"code_prices": 30}, {"code_prices": 29}),
        ("prices_of_another_column", {"stock_prices": 30}, {"stock_prices": 29}),
        ("unit_of_prices", {"multiplied": 80, "multiplied_by": 100}, {"multiplied": 79, "multiplied_by": 100}),
        ("unit_of_prices", {"scale": 0.01, "whole_prices": 79}, {"scale": 0.01, "whole_prices": 80}),
        ("unit_of_prices", {"scale": 1000, "smallest": 1000}, {"scale": 1000, "smallest": 999}),
        (
            "unit_of_prices",
            {"unit_said": "Cost in cents", "whole_prices": 100, "smallest": 1100, "largest": 9900},
            {"unit_said": "Cost in cents", "whole_prices": 94, "smallest": 1100, "largest": 9900},
        ),
        (
            "unit_of_prices",
            {"unit_said": "Cost in cents", "whole_prices": 100, "smallest": 1100, "largest": 9900},
            {"whole_prices": 100, "smallest": 1100, "largest": 9900},
        ),
        ("key_quality", {"counted_keys": True}, {"counted_keys": False}),
        ("key_quality", {"alike_keys": 6}, {"alike_keys": 4}),
        ("key_quality", {"short_keys": 30}, {"short_keys": 29}),
    ],
)
def test_a_guard_trips_just_past_its_threshold_and_not_at_it(
    guard: str, past: dict[str, Any], at: dict[str, Any]
) -> None:
    assert guard in tripped(**past)
    assert guard not in tripped(**at)


def test_a_calm_first_list_trips_nothing() -> None:
    assert tripped() == []


def test_what_is_judged_of_a_first_list_is_not_judged_of_a_later_one() -> None:
    facts = Facts(staged=100, rejected=0, known=100, matched=100, distinct_prices=90)
    assert not [result for result in evaluate(facts, Thresholds(), None) if result.tripped]


def test_known_keys_in_another_spelling_are_held_from_three_on() -> None:
    assert "respelled_keys" in tripped({"respelled": 3, "known": 100, "missing": 3})
    assert "respelled_keys" not in tripped({"respelled": 2, "known": 100, "missing": 2})


def test_the_words_name_the_currency_the_column_and_the_count() -> None:
    said = judged(expected_currency="EUR", other_currency=100, currencies=("USD",))["expected_currency"].message
    assert "100 of 100 prices are in USD" in said
    assert "EUR" in said
    said = judged(multiplied=90, multiplied_by=100, multiplied_header="Piece price")["unit_of_prices"].message
    assert "90 of 100 prices are 100 times what “Piece price” says" in said


def test_a_short_list_is_not_judged_by_shares() -> None:
    short = {"staged": 4, "distinct_prices": 3}
    assert tripped(short, basis_prices=4, counted_keys=True, short_keys=4, alike_keys=4, whole_prices=4) == []


def test_every_message_is_a_sentence() -> None:
    for result in judged(basis_prices=90, counted_keys=True, scale=1000, smallest=5000, other_currency=5).values():
        assert result.message[0].isupper() or result.message[0].isdigit()
        assert result.message.endswith((".", "?"))
