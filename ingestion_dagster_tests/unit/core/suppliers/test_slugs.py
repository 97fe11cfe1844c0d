import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.suppliers.slugs import is_slug, slug


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Acme Wholesale", "acme-wholesale"),
        ("ООО «Восток-Сервис»", "ooo-vostok-servis"),
        ("Müller & Söhne GmbH", "mueller-soehne-gmbh"),
        ("Größe", "groesse"),
        ("İstanbul Çiçek", "istanbul-cicek"),
        ("  7/24, Market_No 1  ", "7-24-market-no-1"),
        ("Mu\u0308ller", "mueller"),
    ],
)
def test_a_name_in_any_script_becomes_a_readable_key(name: str, key: str) -> None:
    assert slug(name) == key


@pytest.mark.parametrize("name", ["", "   ", "---", "«»", "\u200b", "\ud800"])
def test_a_name_without_letters_still_gets_a_key(name: str) -> None:
    assert is_slug(slug(name))
    assert slug(name).startswith("supplier-")


def test_names_without_letters_stay_apart() -> None:
    assert slug("«»") != slug("---")


def test_long_names_with_the_same_beginning_stay_apart() -> None:
    first, second = slug("wholesale " * 10 + "north"), slug("wholesale " * 10 + "south")
    assert first != second
    assert len(first) <= 64


@given(st.text())
def test_every_name_gives_a_key_that_dagster_takes_and_the_same_one_each_time(name: str) -> None:
    assert is_slug(slug(name))
    assert slug(name) == slug(name)


@given(st.text())
def test_a_key_is_its_own_key(name: str) -> None:
    assert slug(slug(name)) == slug(name)


def test_a_comma_is_no_key() -> None:
    assert not is_slug("a,b")
    assert not is_slug("-a")
    assert not is_slug("a\n")
