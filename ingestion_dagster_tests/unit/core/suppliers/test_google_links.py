from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.suppliers.google_links import KEY, DocumentLink, parse_link

SHEET = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"


@pytest.mark.parametrize(
    ("text", "gid"),
    [
        (SHEET, None),
        (f"  https://docs.google.com/spreadsheets/d/{SHEET}  ", None),
        (f"https://docs.google.com/spreadsheets/d/{SHEET}/edit#gid=0", 0),
        (f"https://docs.google.com/spreadsheets/d/{SHEET}/edit?gid=7#gid=1386834576", 1386834576),
        (f"https://docs.google.com/spreadsheets/u/1/d/{SHEET}/edit?usp=sharing&gid=12", 12),
        (f"https://DOCS.google.com:443/spreadsheets/d/{SHEET}/export?format=csv&gid=5", 5),
        (f"https://drive.google.com/open?id={SHEET}", None),
        (f"https://drive.google.com/file/d/{SHEET}/view", None),
    ],
)
def test_every_usual_form_of_a_link_gives_the_document_and_its_tab(text: str, gid: int | None) -> None:
    assert parse_link(text) == DocumentLink(SHEET, gid)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"https://evil.example/spreadsheets/d/{SHEET}", "evil.example"),
        (f"https://docs.google.com@evil.example/spreadsheets/d/{SHEET}", "evil.example"),
        (f"https://docs.google.com.evil.example/spreadsheets/d/{SHEET}", "allowed hosts"),
        (f"https://docs.google.com:8443/spreadsheets/d/{SHEET}", "allowed hosts"),
        (f"https://169.254.169.254/d/{SHEET}", "allowed hosts"),
        (f"http://docs.google.com/spreadsheets/d/{SHEET}", "https"),
        (f"file:///spreadsheets/d/{SHEET}", "https"),
        (f"https://docs.google.com/spreadsheets/d/e/2PACX-{SHEET}/pubhtml", "published"),
        ("https://docs.google.com/spreadsheets/u/0/", "no document key"),
        ("https://docs.google.com/spreadsheets/d/short/edit", "no document key"),
        ("https://[broken", "not an address"),
        ("price list", "neither"),
        ("", "neither"),
    ],
)
def test_anything_else_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(SourceRejected) as refusal:
        parse_link(text)
    assert says in str(refusal.value)


def test_a_password_in_a_link_is_not_repeated() -> None:
    with pytest.raises(SourceRejected) as refusal:
        parse_link(f"http://robot:hunter2@docs.google.com/d/{SHEET}")
    assert "hunter2" not in str(refusal.value)


def test_the_operator_can_allow_another_host() -> None:
    assert parse_link(f"https://sheets.corp.example/d/{SHEET}/edit", {"sheets.corp.example"}).key == SHEET


@given(st.text() | st.from_regex(r"https?://[a-z.:@\[\]/#?=&0-9]{0,60}"))
def test_any_text_gives_a_link_with_a_proper_key_or_a_refusal(text: str) -> None:
    with suppress(SourceRejected):
        assert KEY.fullmatch(parse_link(text).key)
