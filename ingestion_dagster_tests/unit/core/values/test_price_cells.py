"""One price cell: an amount, or the reject code that says why it is none."""

import math
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.mapped_sheet import NumberStyle
from ingestion_dagster.core.numbers import Price, parse_price
from ingestion_dagster.core.rows.reject_messages import codes
from ingestion_dagster.core.sheets import CellError, CellValue
from ingestion_dagster.core.values.currencies import currency_of
from ingestion_dagster.core.values.number_styles import prove_style
from ingestion_dagster.core.values.prices import MAX_PRICE, Amount, NotAPrice, PricePolicy, price_reader
from ingestion_dagster.core.values.stock import stock_of

COMMA = NumberStyle(decimal=",", thousands=".")
POINT = NumberStyle(decimal=".", thousands=",")


def value_of(cell: CellValue, style: NumberStyle | None = None, policy: PricePolicy | None = None) -> Decimal | str:
    found = price_reader(style, policy)(cell)
    return found.value if isinstance(found, Amount) else found.code


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("по запросу", "price_on_request"),
        ("Цена по запросу", "price_on_request"),
        ("Call", "price_on_request"),
        ("auf Anfrage", "price_on_request"),
        ("Preis auf Anfrage!", "price_on_request"),
        ("价格面议", "price_on_request"),
        ("要問合せ", "price_on_request"),
        ("sur demande", "price_on_request"),
        ("", "price_missing"),
        ("  ", "price_missing"),
        (None, "price_missing"),
        ("-", "price_missing"),
        (" $-   ", "price_missing"),
        ("— ", "price_missing"),
        ("нет", "price_missing"),
        ("n/a", "price_missing"),
        ("Average Charges per Date of Service", "price_text"),
        ("10-20", "price_range"),
        ("100 – 200 руб.", "price_range"),
        ("от 100 до 200", "price_range"),
        ("10 bis 20", "price_range"),
        ("от 100", "price_from"),
        ("from 100", "price_from"),
        ("ab 12,50 €", "price_from"),
        (">100", "price_from"),
        ("100+", "price_from"),
        ("ca. 100", "price_from"),
        ("12,50 / 11,00", "price_multiple"),
        ("12,50\n11,00", "price_multiple"),
        ("12,50 ($14)", "price_multiple"),
        ("399 167,00 руб 420 176,16 руб", "price_multiple"),
        ("€ 12 USD", "price_two_currencies"),
        ("15 %", "price_percent"),
        ("-5", "price_negative"),
        ("5-", "price_negative"),
        ("(12,50)", "price_negative"),
        ("(12,50 €)", "price_negative"),
        ("− 12,50", "price_negative"),
        ("0", "price_zero"),
        ("0,00 €", "price_zero"),
        ("Free", "price_zero"),
        ("#REF!", "price_error_cell"),
        (CellError("#DIV/0!"), "price_error_cell"),
        ("NaN", "price_not_finite"),
        ("inf", "price_not_finite"),
        (math.nan, "price_not_finite"),
        (math.inf, "price_not_finite"),
        ("1E5", "price_malformed"),
        ("1e400", "price_malformed"),
        ("1_000", "price_malformed"),
        ("12.34.56", "price_malformed"),
        ("15.08.2017", "price_malformed"),
        ("9999999999999", "price_out_of_bounds"),
        (1e13, "price_out_of_bounds"),
        (-1.5, "price_negative"),
        (0.0, "price_zero"),
        (-0.0, "price_zero"),
        ("10 шт", "price_unclear"),
        ("12 тыс. руб.", "price_unclear"),
        ("5k", "price_unclear"),
        ("5K", "price_unclear"),
        ("12,50 L", "price_unclear"),
        ("M12", "price_unclear"),
        ("GBp 100", "price_unclear"),
        ("12,345", "price_decimals"),
        (12.345, "price_decimals"),
        (True, "price_boolean"),
        (date(2025, 11, 23), "price_date"),
        (datetime(2025, 11, 23), "price_date"),
        ("12.50", "price_other_style"),
    ],
)
def test_a_cell_that_is_no_price_says_why(cell: CellValue, code: str) -> None:
    assert value_of(cell, COMMA) == code
    assert code in codes()


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("12,50", "12.50"),
        ("1.234", "1234"),
        ("1.234,-", "1234"),
        ("12,–", "12"),
        ("12,50/ft", "12.50"),
        ("1 234,50", "1234.50"),
        ("1\u202f234,50 €", "1234.50"),
        ("12,50 EUR/Stk", "12.50"),
        ("12,50 за шт.", "12.50"),
        ("12,50 € inkl. 19% MwSt", "12.50"),
        ("Цена: 12,50 руб. с НДС", "12.50"),
        ("12,50 €*", "12.50"),
        ("0,29 € + iva", "0.29"),
        (",75", "0.75"),
        ("12,5000", "12.50"),
        ("19,990000000000002", "19.99"),
        ("39,000000", "39"),
        ("１２，５０", "12.50"),
        (12.5, "12.5"),
        (19.990000000000002, "19.99"),
        (0.1 + 0.2, "0.30"),
        (1234.5600000000002, "1234.56"),
        (12, "12"),
        (1e5, "100000"),
        ("35€99", "35.99"),
    ],
)
def test_a_price_is_read_in_the_style_its_column_proved(cell: CellValue, amount: str) -> None:
    assert value_of(cell, COMMA) == Decimal(amount)


def test_without_a_proved_style_only_values_with_one_reading_are_read() -> None:
    assert value_of("12.50") == Decimal("12.50")
    assert value_of("12,50") == Decimal("12.50")
    assert value_of("1,234.50") == Decimal("1234.50")
    assert value_of("1.234") == "price_ambiguous"
    assert value_of("150 200") == "price_ambiguous"
    assert value_of("1 200") == Decimal(1200)


def test_a_dash_for_the_cents_follows_the_column_too() -> None:
    assert value_of("50.-", POINT) == Decimal(50)
    assert value_of("50,-", COMMA) == Decimal(50)
    assert value_of("50.-", COMMA) == "price_other_style"


def test_a_number_cell_never_passes_through_the_style_of_the_texts_beside_it() -> None:
    assert value_of(1.234, COMMA, PricePolicy(scale=3)) == Decimal("1.234")
    assert value_of("1.234", COMMA, PricePolicy(scale=3)) == Decimal(1234)


def test_more_decimals_are_rejected_or_rounded_and_the_rounding_is_known() -> None:
    assert value_of(12.345) == "price_decimals"
    rounded = price_reader(POINT, PricePolicy(excess="round"))("12.345")
    assert isinstance(rounded, Amount)
    assert (rounded.value, rounded.rounded) == (Decimal("12.35"), True)
    assert value_of(0.6583505825868232, policy=PricePolicy(scale=4, excess="round")) == Decimal("0.6584")


def test_a_price_below_the_smallest_coin_is_not_noise() -> None:
    assert value_of("0,001", COMMA) == "price_decimals"
    assert value_of(1e-10) == "price_decimals"


def test_zero_is_a_price_where_the_supplier_says_so() -> None:
    accepting = PricePolicy(zero="accept")
    assert value_of("0,00", COMMA, accepting) == Decimal(0)
    assert value_of(0, COMMA, accepting) == Decimal(0)


@pytest.mark.parametrize(
    ("cell", "expected", "currency"),
    [
        ("$12.50", None, "USD"),
        ("$12.50", "CAD", "CAD"),
        ("12.50 kr", None, None),
        ("12.50 kr", "NOK", "NOK"),
        ("100 руб.", None, "RUB"),
        ("100 руб.", "BYN", "BYN"),
        ("12.50 €", "USD", "EUR"),
        ("12.50", "USD", None),
    ],
)
def test_the_currency_in_the_cell_is_returned(cell: str, expected: str | None, currency: str | None) -> None:
    found = price_reader(POINT, currency=expected)(cell)
    assert isinstance(found, Amount)
    assert found.currency == currency


@given(st.one_of(st.text(max_size=40), st.floats(), st.integers(), st.booleans(), st.none(), st.dates()))
def test_any_cell_gives_a_bounded_amount_or_a_known_code(cell: CellValue) -> None:
    for style in (None, COMMA, POINT):
        found = price_reader(style)(cell)
        if isinstance(found, NotAPrice):
            assert found.code in codes()
        else:
            assert 0 < found.value <= MAX_PRICE
            assert -int(found.value.as_tuple().exponent) <= 2


@given(st.decimals(min_value=Decimal("0.01"), max_value=MAX_PRICE, places=2))
def test_a_plain_number_is_read_exactly(amount: Decimal) -> None:
    assert value_of(f"{amount:f}", POINT) == amount
    assert value_of(f"{amount:f}".replace(".", ","), COMMA) == amount


@given(st.integers(min_value=1, max_value=10**11))
def test_a_float_with_two_decimals_is_read_exactly(cents: int) -> None:
    assert value_of(cents / 100) == Decimal(cents) / 100


@pytest.mark.parametrize("filling", [" ", "~", "1~", "1 ", "€", "-", "(", "1,", "(€", "x "])
def test_a_cell_full_of_nonsense_costs_no_time(filling: str) -> None:
    cell = "1" + filling * (30_000 // len(filling)) + "x"
    assert value_of(cell, COMMA) == "price_text"
    assert value_of(cell[:190], COMMA)
    assert stock_of(cell) is None
    assert currency_of(cell) is None
    assert parse_price(cell[:2000]) is None or isinstance(parse_price(cell[:2000]), Price)
    assert prove_style([cell[:2000]] * 5).evidence is not None
