"""`parse_price`: one text, the first price in it, its currency."""

import inspect
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.numbers import Price, parse_price


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("12.50", "12.50", None),
        ("12,5", "12.5", None),
        ("1 234,50", "1234.50", None),
        ("1\u00a0234,50 руб.", "1234.50", "RUB"),
        ("1\u202f234,50\u00a0€", "1234.50", "EUR"),
        ("1.234,-", "1234", None),
        ("12,–", "12", None),
        ("1'234.50 CHF", "1234.50", "CHF"),
        ("1’234.50", "1234.50", None),
        ("1,23,456.78", "123456.78", None),
        ("1.234.567,89", "1234567.89", None),
        ("12.50 EUR/Stk", "12.50", "EUR"),
        ("US$ 12.50", "12.50", "USD"),
        ("NZD $123", "123", "NZD"),
        ("999 грн", "999", "UAH"),
        ("45,00 zł", "45.00", "PLN"),
        ("9 800 Kč", "9800", "CZK"),
        ("￥1,200", "1200", "CNY"),
        ("3500円", "3500", "JPY"),
        ("22000.00元/台", "22000.00", "CNY"),
        ("1 930 р.", "1930", "RUB"),
        ("35€99", "35.99", "EUR"),
        ("٣٥٫٥٠ ر.س", "35.50", "SAR"),
        ("۱۲۳", "123", None),
        ("１２，５０", "12.50", None),
        ("१२.५०", "12.50", None),
        ("$.75", "0.75", "USD"),
        ("0.123", "0.123", None),
        ("(12.50)", "-12.50", None),
        ("-5", "-5", None),
        ("From $109.90", "109.90", "USD"),
        ("841,00 zł – 995,00 zł", "841.00", "PLN"),
        ("3 Stück für nur 14,85 EUR", "14.85", "EUR"),
        ("20% off: 80 €", "80", "EUR"),
        ("Free!", "0", None),
    ],
)
def test_a_single_text_is_read_as_far_as_it_allows(text: str, amount: str, currency: str | None) -> None:
    assert parse_price(text) == Price(Decimal(amount), currency)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "   ",
        "по запросу",
        "call",
        "50%",
        "1e400",
        "1E5",
        "1_000",
        "12 тыс. руб.",
        "15.08.2017",
        "#REF!",
        "9" * 40,
    ],
)
def test_what_holds_no_price_gives_none(text: str | None) -> None:
    assert parse_price(text) is None


def test_three_digits_after_the_only_mark_are_thousands_unless_the_mark_is_known() -> None:
    assert parse_price("1.234") == Price(Decimal(1234), None)
    assert parse_price("1.234", decimal=".") == Price(Decimal("1.234"), None)
    assert parse_price("1.234", decimal=",") == Price(Decimal(1234), None)


def test_the_signature_that_others_rely_on_stays() -> None:
    assert list(inspect.signature(parse_price).parameters) == ["text", "decimal"]
    assert inspect.signature(parse_price).parameters["decimal"].default is None
    assert Price._fields == ("amount", "currency")


@given(st.text(max_size=60))
def test_any_text_gives_a_finite_price_or_none(text: str) -> None:
    price = parse_price(text)
    assert price is None or price.amount.is_finite()


@given(st.text(alphabet="0123456789.,' €$-()%eE_ руб", max_size=30))
def test_any_number_like_text_gives_a_finite_price_or_none(text: str) -> None:
    price = parse_price(text)
    assert price is None or price.amount.is_finite()
