"""Guards: each trips past its threshold and not at it, and says what it saw."""

from typing import Any

import pytest

from ingestion_dagster.core.guards.evaluate import evaluate, tripped
from ingestion_dagster.core.guards.facts import Before, Facts, GuardResult, WorstRow
from ingestion_dagster.core.mapped_sheet import MappedSheet, Question
from ingestion_dagster.core.suppliers.supplier import Thresholds

CALM: dict[str, Any] = {"staged": 100, "rejected": 0, "known": 100, "matched": 100, "distinct_prices": 90}


def judged(**facts: Any) -> dict[str, GuardResult]:
    return {result.name: result for result in evaluate(Facts(**(CALM | facts)), Thresholds(), None)}


def names_tripped(**facts: Any) -> list[str]:
    return [name for name, result in judged(**facts).items() if result.tripped]


@pytest.mark.parametrize(
    ("guard", "past", "at"),
    [
        ("zero_rows", {"staged": 0, "matched": 0}, {"staged": 1}),
        ("missing_rows", {"missing": 31}, {"missing": 30}),
        ("reject_rate", {"staged": 69, "rejected": 31}, {"staged": 70, "rejected": 30}),
        (
            "duplicate_rate",
            {"rejected": 11, "staged": 89, "duplicates": 11},
            {"rejected": 10, "staged": 90, "duplicates": 10},
        ),
        ("price_jump", {"jumps": 1}, {"jumps": 0}),
        ("median_price_change", {"changed": 20, "median_change": 0.31}, {"changed": 20, "median_change": 0.3}),
        ("changed_share", {"changed": 91, "median_change": 0.1}, {"changed": 90, "median_change": 0.1}),
        ("equal_prices", {"distinct_prices": 1}, {"distinct_prices": 2}),
        ("currency_change", {"currency_changes": 1}, {"currency_changes": 0}),
        ("slipped_rows", {"changed": 10, "slipped": 8}, {"changed": 11, "slipped": 8}),
        ("copied_column", {"changed": 20, "copied": 16}, {"changed": 20, "copied": 15}),
        ("price_outlier", {"outliers": 1}, {"outliers": 0}),
        ("price_level", {"level": 6.0}, {"level": 5.9}),
        ("price_level", {"level": 1 / 6}, {"level": 0.2}),
        (
            "price_kind",
            {"before": Before(price_kind={"tier": "purchase"}), "price_kind": {"tier": "retail"}},
            {"before": Before(price_kind={"tier": "purchase"}), "price_kind": {"tier": "purchase"}},
        ),
        (
            "price_kind",
            {"before": Before(price_kind={"tax": "net"}), "price_kind": {"tax": "gross"}},
            {"before": Before(price_kind={"tax": "net"}), "price_kind": {}},
        ),
    ],
)
def test_a_guard_trips_just_past_its_threshold_and_not_at_it(
    guard: str, past: dict[str, Any], at: dict[str, Any]
) -> None:
    assert guard in names_tripped(**past)
    assert guard not in names_tripped(**at)


def test_a_calm_list_trips_nothing() -> None:
    assert names_tripped() == []


def test_all_prices_zero_trips_even_in_a_short_list() -> None:
    assert "equal_prices" in names_tripped(staged=2, matched=2, zero_prices=2, distinct_prices=1)


def test_shares_of_a_short_list_are_not_judged() -> None:
    assert names_tripped(staged=2, known=3, matched=2, missing=1, rejected=1, distinct_prices=2) == []


def test_in_a_short_list_it_counts_that_every_price_moved() -> None:
    assert names_tripped(staged=3, known=3, matched=3, changed=3, median_change=0.6, distinct_prices=3) == [
        "median_price_change",
        "changed_share",
    ]
    assert names_tripped(staged=3, known=3, matched=3, changed=2, median_change=0.6, distinct_prices=3) == []
    assert names_tripped(staged=1, known=1, matched=1, changed=1, median_change=0.6, distinct_prices=1) == []


def test_small_changes_of_every_price_are_an_ordinary_day() -> None:
    assert names_tripped(changed=100, median_change=0.03) == []


def test_a_level_is_judged_by_the_supplier_s_thresholds_whatever_was_let_through_before() -> None:
    assert names_tripped(staged=55, rejected=45, before=Before()) == ["reject_rate"]
    assert names_tripped(staged=80, rejected=20, duplicates=20, before=Before()) == ["duplicate_rate"]
    assert "guards.reject_share" in judged(staged=55, rejected=45)["reject_rate"].message
    assert names_tripped(distinct_prices=1, distinct_before=1) == []


@pytest.mark.parametrize(
    ("known", "absent", "most"),
    [(100, 51, True), (100, 50, False), (75, 74, True), (2, 2, True), (1, 1, False), (0, 0, False)],
)
def test_a_list_without_a_price_for_more_than_half_of_the_items_loses_most(known: int, absent: int, most: bool) -> None:
    assert Facts(**(CALM | {"known": known, "absent": absent})).loses_most is most


@pytest.mark.parametrize(
    ("percent", "words"),
    [(9900, "about 100 times higher"), (960, "about 10 times higher"), (-99, "about 100 times lower"),
     (250, "about 3.5 times higher"), (-50, "about 2 times lower")],
)  # fmt: skip
def test_far_moves_are_said_in_times(percent: float, words: str) -> None:
    said = judged(jumps=90, changed=95, median_percent=percent, median_change=abs(percent) / 100)
    assert f"90 prices are {words} than before: another unit" in said["price_jump"].message
    assert words in said["median_price_change"].message
    assert "31%" in judged(changed=95, median_percent=31, median_change=0.31)["median_price_change"].message


def test_one_price_that_jumped_among_ordinary_changes_is_not_said_to_be_typical() -> None:
    said = judged(jumps=1, changed=95, median_percent=3, median_change=0.03)["price_jump"].message
    assert said.startswith("1 price is at least 6 times higher or lower")


def test_a_change_of_currency_is_said_with_both_currencies() -> None:
    message = judged(currency_changes=3, currencies=("EUR to USD",))["currency_change"].message
    assert "EUR to USD" in message
    assert "cannot be compared" in message


def test_the_worst_rows_are_told_only_by_a_guard_that_trips() -> None:
    worst = {"jumps": (WorstRow(supplier_sku="A", old="1", new="10"),)}
    assert judged(jumps=1, worst=worst)["price_jump"].worst == worst["jumps"]
    assert judged(jumps=0, worst=worst)["price_jump"].worst == ()


def test_a_supplier_can_have_other_thresholds() -> None:
    facts = Facts(**(CALM | {"missing": 60}))
    assert not tripped(evaluate(facts, Thresholds(missing_share=0.8), None))


def test_an_unanswered_question_holds_the_batch_with_its_words() -> None:
    mapped = MappedSheet(
        sheet="S",
        is_pricelist=True,
        header_row_index=0,
        decision="ask",
        questions=(Question(code="price_column", message="Which of C and D is the price?"),),
    )
    (stopped,) = tripped(evaluate(Facts(**CALM), Thresholds(), mapped))
    assert stopped.check == "mapping_confirmed"
    assert "C and D" in stopped.message


def test_every_message_is_a_sentence() -> None:
    for result in judged(missing=50, jumps=2, changed=95, median_change=0.5).values():
        assert result.message[0].isupper() or result.message[0].isdigit()
        assert result.message.endswith(".")
