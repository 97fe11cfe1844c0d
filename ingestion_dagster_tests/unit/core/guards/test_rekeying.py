"""Old keys and new keys: which column holds the old ones, and which pairs can be trusted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.guards.evaluate import evaluate
from ingestion_dagster.core.guards.facts import Facts
from ingestion_dagster.core.guards.rekeying import (
    FormerKey,
    Rekey,
    followed_key,
    key_title,
    known_by_values,
    one_to_one,
)
from ingestion_dagster.core.mapped_sheet import FieldColumn, MappedSheet
from ingestion_dagster.core.suppliers.supplier import Thresholds

HEADERS = ("Item Code", "Art. No.", "Name", "Price")


def sheet(key_column: int, headers: tuple[str, ...] = HEADERS, **changes: Any) -> MappedSheet:
    fields = {"supplier_sku": key_column, "name": headers.index("Name"), "price": headers.index("Price")}
    given: dict[str, Any] = {
        "sheet": "list",
        "is_pricelist": True,
        "header_row_index": 0,
        "headers": headers,
        "fields": {f: FieldColumn(column=c, header=headers[c], confidence=1) for f, c in fields.items()},
    }
    return MappedSheet(**(given | changes))


def test_the_same_column_is_the_same_key_wherever_it_stands() -> None:
    assert followed_key(sheet(0), sheet(0)) == (True, None)
    assert followed_key(sheet(0), sheet(1, ("Name", "Item Code", "Price"))) == (True, None)


def test_another_column_is_another_key_and_the_old_one_is_followed_by_its_header() -> None:
    moved = ("Art. No.", "Name", "Item Code", "Price")
    assert followed_key(sheet(0), sheet(0, moved)) == (False, FormerKey("supplier_sku", 2, True))
    assert followed_key(sheet(0), sheet(0, ("Art. No.", "Name", "Price", "Stock"))) == (False, None)


def test_names_that_become_article_numbers_are_another_key() -> None:
    by_name = sheet(0, key="name")
    assert followed_key(by_name, sheet(0)) == (False, FormerKey("name", 2, True))
    assert key_title(by_name) == "Name"


def test_a_column_full_of_known_keys_gives_itself_away() -> None:
    rows = [[f"N-{n}", str(700 + n), f"Thing  {n}", n + 0.5] for n in range(20)]
    codes = {str(700 + n) for n in range(15)}
    assert known_by_values(rows, sheet(0), codes) == FormerKey("supplier_sku", 1, False)
    assert known_by_values(rows, sheet(0), {f"thing {n}" for n in range(20)}) == FormerKey("name", 2, False)
    assert known_by_values(rows, sheet(0), {str(700 + n) for n in range(9)}) is None
    assert known_by_values(rows, sheet(1), codes) is None


KEYS = st.dictionaries(st.integers(0, 30), st.sampled_from("abcdef"))


@given(KEYS, KEYS)
def test_pairs_are_one_to_one_and_each_stands_in_a_row(former: dict[int, str], now: dict[int, str]) -> None:
    pairs = one_to_one(former, now.items(), set("abcd"))
    assert len(set(pairs.values())) == len(pairs)
    rows = {(former[row], key) for row, key in now.items() if row in former}
    for old, new in pairs.items():
        assert old in "abcd"
        assert [pair for pair in rows if pair[0] == old or pair[1] == new] == [(old, new)]


@pytest.mark.parametrize(
    ("found", "confirmed", "held"), [(True, True, False), (True, False, True), (False, True, True)]
)
def test_a_change_of_key_is_told_and_held_unless_a_person_confirmed_it(
    found: bool, confirmed: bool, held: bool
) -> None:
    change = Rekey(before="Item Code", now="Art. No.", found=found, confirmed=confirmed, carried=60, known=75)
    facts = Facts(staged=75, rejected=0, known=75, matched=60, distinct_prices=70, rekey=change)
    (told,) = [result for result in evaluate(facts, Thresholds(), None) if result.name == "rekeyed"]
    assert told.tripped is held
    assert "“Item Code”" in told.message
    assert "“Art. No.”" in told.message
    assert ("15 are not" in told.message) is found
