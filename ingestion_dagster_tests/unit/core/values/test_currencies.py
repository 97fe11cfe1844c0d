"""Currencies of cells, headers and number formats."""

import pytest

from ingestion_dagster.core.values.currencies import currency_of, currency_of_format, currency_of_place, is_currency


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Цена (BYN)", "BYN"),
        ("Preis €", "EUR"),
        ("руб", "RUB"),
        ("Цена, руб.", "RUB"),
        ("Цена в рублях с НДС", "RUB"),
        ("Опт, бел. руб.", "BYN"),
        ("Ціна, грн", "UAH"),
        ("price_usd", "USD"),
        ("PriceEUR", "EUR"),
        ("Cena netto PLN", "PLN"),
        ("Ár (Ft)", "HUF"),
        ("Fiyat TL", "TRY"),
        ("単価（円）", "JPY"),
        ("单价（元）", "CNY"),
        ("Prix HT", None),
        ("TOP SELLERS", None),
        ("ALL PRICES", None),
        ("ID", None),
        ("EK netto", None),
        ("Price USD/EUR", None),
        ("Pris (kr)", None),
        ("", None),
    ],
)
def test_a_header_names_its_currency(text: str, code: str | None) -> None:
    assert currency_of(text) == code


@pytest.mark.parametrize(
    ("text", "hint", "code"),
    [
        ("$12", None, "USD"),
        ("$12", "CAD", "CAD"),
        ("$12", "en_AU", "AUD"),
        ("12 kr", "sv_SE", "SEK"),
        ("Pris kr", "nb", "NOK"),
        ("100 руб", "BYN", "BYN"),
        ("¥100", None, "JPY"),
        ("¥100", "zh_CN", "CNY"),
        ("£5", "EGP", "EGP"),
        ("12 €", "USD", "EUR"),
        ("12", "USD", None),
    ],
)
def test_a_hint_settles_a_shared_sign_and_adds_nothing(text: str, hint: str | None, code: str | None) -> None:
    assert currency_of(text, hint) == code


@pytest.mark.parametrize(
    ("number_format", "code"),
    [
        ("#,##0.00 [$€-407]", "EUR"),
        ('"₽"', "RUB"),
        ('_-* #,##0.00 "zł"', "PLN"),
        ('_-* #,##0.00\\ "₽"_-;-* #,##0.00\\ "₽"_-', "RUB"),
        ("#,##0.00\\ [$kr-414]", "NOK"),
        ("#,##0.00\\ [$kr-41D]", "SEK"),
        ("[$$-1009]#,##0.00", "CAD"),
        ("[$¥-804]#,##0.00", "CNY"),
        ("[$EUR] #,##0.00", "EUR"),
        ('"$"#,##0.00', "USD"),
        ("$#,##0", "USD"),
        ('#,##0.00" грн."', "UAH"),
        ("[$-419]0.00", None),
        ("#,##0.00", None),
        ("General", None),
        ("0%", None),
        ('0" pcs"', None),
        (None, None),
    ],
)
def test_a_number_format_names_its_currency(number_format: str | None, code: str | None) -> None:
    assert currency_of_format(number_format) == code


def test_a_place_has_its_legal_tender() -> None:
    assert currency_of_place("de_CH") == "CHF"
    assert currency_of_place("sv") == "SEK"
    assert currency_of_place("zh_Hant_TW") == "TWD"
    assert currency_of_place("xx") is None
    assert currency_of_place(None) is None


def test_only_iso_codes_are_currencies() -> None:
    assert is_currency("BYN")
    assert not is_currency("XXX")
    assert not is_currency("usd")
