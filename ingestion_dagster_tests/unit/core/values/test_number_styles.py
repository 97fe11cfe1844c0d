"""A column's values prove how it writes numbers; what they do not prove is asked."""

import pytest

from ingestion_dagster.core.values.number_styles import as_written, prove_style, readings


def test_a_comma_in_one_cell_settles_the_whole_column() -> None:
    style = prove_style(["1.234", "5.678", "12,50", "9.000"])
    assert (style.decimal, style.thousands, style.ambiguous) == (",", ".", False)
    assert "12,50" in style.evidence


def test_values_with_two_readings_and_nothing_else_are_a_tie() -> None:
    style = prove_style(["1.234", "5.678", "12.345"])
    assert (style.decimal, style.ambiguous) == (None, True)


def test_values_that_contradict_each_other_leave_the_style_open() -> None:
    assert not prove_style(["12.50", "12,50"]).ambiguous
    assert prove_style(["12.50", "12,50", "1.234"]).ambiguous


@pytest.mark.parametrize(
    ("value", "decimal"),
    [
        ("0.123", "."),
        ("1234.567", "."),
        ("1.2345", "."),
        ("1,234.50", "."),
        ("1 234.567", "."),
        ("1,234,567", "."),
        ("1,23,456", "."),
        (".5", "."),
        ("0,500", ","),
        ("1.234.567", ","),
        ("1'234,5", ","),
        ("1.234,-", ","),
        ("12,–", ","),
    ],
)
def test_one_value_that_allows_one_reading_is_proof(value: str, decimal: str) -> None:
    assert prove_style([value]).decimal == decimal


@pytest.mark.parametrize("value", ["1234", "1 234", "1'234", "١٬٢٣٤٫٥", "", "call"])
def test_values_that_need_no_style_prove_none(value: str) -> None:
    style = prove_style([value])
    assert (style.decimal, style.ambiguous) == (None, False)


def test_bounds_ranges_and_zeros_may_contradict_but_not_prove() -> None:
    assert prove_style(["1.234", "ab 12,50 €"]).ambiguous
    assert prove_style(["1.234", "0,00"]).ambiguous
    assert prove_style(["1.234", "10,50-20,50"]).ambiguous
    assert prove_style(["1.234", "12.50", "ab 12,50 €"]).ambiguous


def test_what_a_person_said_stands_until_a_value_contradicts_it() -> None:
    assert prove_style(["1.234"], told=",").decimal == ","
    contradicted = prove_style(["1.234", "12.50"], told=",")
    assert (contradicted.decimal, contradicted.ambiguous) == (None, True)


def test_money_without_coins_has_no_decimals() -> None:
    assert prove_style(["1.234 ₫", "25.000 ₫"]).decimal == ","
    assert prove_style(["¥1,234", "¥500"]).decimal == "."
    assert prove_style(["1.234 €", "25.000 €"]).ambiguous


def test_whole_numbers_beside_kept_zeros_show_that_a_mark_groups() -> None:
    assert prove_style(["$81", "$112", "$1,230", "$45,580", "$2,345", "$6,789"]).decimal == "."
    assert prove_style(["1.230", "45.580", "2.345", "6.789"]).ambiguous
    assert prove_style(["81", "112", "1500", "1.230", "45.580", "2.345", "6.789"]).ambiguous


def test_a_space_groups_only_where_it_cannot_part_two_numbers() -> None:
    assert prove_style(["1 234,50", "150 200"]).thousands == " "
    assert prove_style(["1 200", "150 200"]).thousands == " "
    assert prove_style(["99", "150 200"]).thousands is None
    assert prove_style(["12345", "12 500"]).thousands is None


def test_both_readings_of_a_core_are_known() -> None:
    assert readings("1.234") == ("1.234", "1234")
    assert readings("12.50").proves == "."
    assert as_written("12,50", ".") is None
    assert as_written("12.34.56", ",") is None
