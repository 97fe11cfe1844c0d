"""Whole columns: no price is wrong without anyone being asked."""

import random
from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_currency, format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_dagster.core.values.number_styles import prove_style
from ingestion_dagster.core.values.prices import Amount, PricePolicy, price_reader
from ingestion_dagster_tests.unit.price_columns import CONVENTIONS, column, read_column

_LOCALES = """
af_ZA am_ET ar_AE ar_EG ar_MA az_AZ be_BY bg_BG bn_BD bs_BA ca_ES cs_CZ da_DK de_AT de_CH de_DE el_GR en_AU
en_CA en_GB en_IN en_US en_ZA es_AR es_CL es_CO es_ES es_MX et_EE eu_ES fa_IR fi_FI fr_BE fr_CA fr_CH fr_FR
gl_ES gu_IN he_IL hi_IN hr_HR hu_HU hy_AM id_ID is_IS it_CH it_IT ja_JP ka_GE kk_KZ km_KH ko_KR ky_KG lo_LA
lt_LT lv_LV mk_MK mn_MN mr_IN ms_MY my_MM nb_NO ne_NP nl_NL pa_IN pl_PL ps_AF pt_BR pt_PT ro_RO ru_RU ru_UA
si_LK sk_SK sl_SI sq_AL sr_RS sv_SE sw_KE ta_IN te_IN th_TH tr_TR uk_UA ur_PK uz_UZ vi_VN zh_CN zh_TW zu_ZA
"""
LOCALES = tuple(_LOCALES.split())
CURRENCIES = ("EUR", "USD", "GBP", "RUB", "UAH", "PLN", "CZK", "CHF", "SEK", "INR", "BYN", "TRY")
LISTS = st.lists(
    st.decimals(min_value=Decimal("0.01"), max_value=Decimal(9_999_999), places=2), min_size=1, max_size=12
)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_no_price_of_a_column_is_silently_wrong(name: str) -> None:
    rng = random.Random(name)
    for _ in range(15):
        cells = column(rng, CONVENTIONS[name], rng.randint(5, 200), rng.choice((0.0, 0.05, 0.3)))
        outcome = read_column(cells)
        assert outcome.wrong_cells == ()
        if not name.startswith("whole"):
            assert outcome.refused == 0


def test_columns_with_cents_are_read_without_asking() -> None:
    rng = random.Random(7)
    for name, writer in CONVENTIONS.items():
        if name.startswith(("whole", "three", "comma as typed")):
            continue
        assert read_column(column(rng, writer, 100, 0.1)).asked == 0


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(LOCALES), st.sampled_from(("latn", "default")), LISTS)
def test_amounts_written_for_a_locale_come_back_or_are_asked_about(
    name: str, digits: str, amounts: list[Decimal]
) -> None:
    locale = Locale.parse(name)
    assert_comes_back([format_decimal(a, locale=locale, numbering_system=digits) for a in amounts], amounts)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(LOCALES), st.sampled_from(("latn", "default")), st.sampled_from(CURRENCIES), LISTS)
def test_money_written_for_a_locale_comes_back_or_is_asked_about(
    name: str, digits: str, currency: str, amounts: list[Decimal]
) -> None:
    locale = Locale.parse(name)
    texts = [format_currency(a, currency, locale=locale, numbering_system=digits) for a in amounts]
    assert_comes_back(texts, amounts)


def assert_comes_back(texts: list[str], amounts: list[Decimal]) -> None:
    style = prove_style(texts)
    if style.ambiguous:
        return
    read = price_reader(style)
    for text, amount in zip(texts, amounts, strict=True):
        found = read(text)
        if isinstance(found, Amount):
            assert found.value == amount, text
        else:
            # `12 500` alone in its column may be two numbers: refused, which a person sees
            assert found.code == "price_ambiguous", (text, found)


def test_every_locale_is_read_whole_where_a_column_has_cents() -> None:
    amounts = [Decimal(n) / 100 for n in (1, 99, 1050, 123456, 1234567, 99999999, 100000)]
    for name in LOCALES:
        texts = [format_decimal(a, locale=Locale.parse(name), numbering_system="default") for a in amounts]
        read = price_reader(prove_style(texts), PricePolicy())
        assert [getattr(read(text), "value", text) for text in texts] == amounts, name
