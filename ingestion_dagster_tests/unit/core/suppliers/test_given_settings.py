"""Settings as people type them: refused at once, in words that say what they can be."""

from typing import Any

import pytest
import typer

from ingestion_dagster.cli.suppliers.given import assignments
from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.suppliers.given_settings import USUAL_ENCODINGS, changed, given_settings, is_email
from ingestion_dagster.core.suppliers.supplier import SupplierSettings, settings_from
from ingestion_dagster.sources.text.letter_frequencies import ENCODINGS


def given(*pairs: str) -> dict[str, Any]:
    return given_settings(assignments(list(pairs)))


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        (
            "colour=red",
            "there is no setting 'colour'; there are: characteristic_columns, column_mapping, country, currency,",
        ),
        ("guards.jump=3", "there is no guard setting 'guards.jump'; there are: guards.missing_share,"),
        ("guards=3", "setting guards: must be an object"),
        ("guards.missing_share=2", "setting guards.missing_share: must be at most 1.0, not '2'"),
        ("guards.jump_rows=many", "setting guards.jump_rows: must be a whole number, not 'many'"),
        ("encoding=win-1251", "no text encoding called 'win-1251'; usual ones are: utf-8, "),
        ("encoding=base64", "no text encoding called 'base64'"),
        ("delimiter=;;", "is no column separator"),
        ("currency=euro", "must be three capital letters such as EUR, not 'euro'"),
        ("currency=EUX", "is no ISO 4217 code"),
        ("country=Germany", "must be two capital letters such as DE"),
        ("country=QQ", "the money of 'QQ' is not known"),
        ("decimal=;", "setting decimal: must be '.' or ',', not ';'"),
        ("header_row=first", "setting header_row: must be a whole number, not 'first'"),
        ("header_row=-1", "setting header_row: must be at least 0"),
        ("price_scale_policy=cut", "must be 'reject' or 'round'"),
        ("draft_products=perhaps", "must be true or false"),
        ("column_mapping.prise=C", "'prise' is not a field; the fields are: supplier_sku, name, price,"),
        ("column_mapping.price=", "name the column by its header, its letter or its number from 1"),
        ("column_mapping=C", "setting column_mapping: must be an object"),
        ("currency.code=EUR", "there is no setting 'currency.code'"),
        ("characteristic_columns=Color", "must be a list, such as"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_what_can_be(pair: str, says: str) -> None:
    with pytest.raises(SourceRejected) as refusal:
        given(pair)
    assert says in str(refusal.value)
    assert "Input should" not in str(refusal.value)


@pytest.mark.parametrize(
    "pairs", [["currency"], ["=x"], ['guards={"jump_rows": 1'], ["guards=1", "guards.jump_rows=1"]]
)
def test_what_is_no_assignment_is_wrong_usage(pairs: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        assignments(pairs)


def test_good_settings_are_stored_as_their_kind() -> None:
    assert given(
        "sheet_name=2024", "header_row=3", "currency=EUR", "decimal=,", "encoding=CP1251", "delimiter=tab",
        "guards.jump_factor=20", "column_mapping.price=3", 'column_mapping={"name": "Bezeichnung"}',
        "draft_products=true", 'characteristic_columns=["Color"]',
    ) == {
        "sheet_name": "2024", "header_row": 3, "currency": "EUR", "decimal": ",", "encoding": "CP1251",
        "delimiter": "tab", "guards": {"jump_factor": 20.0},
        "column_mapping": {"price": "3", "name": "Bezeichnung"}, "draft_products": True,
        "characteristic_columns": ["Color"],
    }  # fmt: skip


def test_changes_keep_what_is_not_named_and_forget_what_is() -> None:
    known = {"currency": "EUR", "guards": {"jump_rows": 1, "min_rows": 9}, "column_mapping": {"price": "C"}}
    after = changed(known, {"guards": {"min_rows": 7}, "decimal": ","}, ["currency", "column_mapping.price"])
    assert after == {"guards": {"jump_rows": 1, "min_rows": 7}, "decimal": ","}
    assert known["currency"] == "EUR"
    with pytest.raises(SourceRejected, match=r"'zero_price' is not set.*set are: currency, guards\.jump_rows"):
        changed(known, {}, ["zero_price"])


def test_what_was_stored_before_is_still_read() -> None:
    assert settings_from({"encoding": "win-1251", "currency": "EUX"}) == SupplierSettings(
        encoding="win-1251", currency="EUX"
    )


def test_every_encoding_that_is_proved_from_the_bytes_is_named() -> None:
    assert {name for name, _, _ in ENCODINGS} - {"mac-latin2"} <= set(USUAL_ENCODINGS)
    for name in USUAL_ENCODINGS:
        assert given(f"encoding={name}") == {"encoding": name}


@pytest.mark.parametrize(
    ("text", "good"),
    [("a@b.example", True), ("a@b", False), ("A <a@b.example>", False), ("a@b.ex,c@d.ex", False), ("a@b.ex\nx", False)],
)  # fmt: skip
def test_a_mail_address_is_one_plain_address(text: str, good: bool) -> None:
    assert is_email(text) is good
