import json

import pytest
from pydantic import BaseModel, ConfigDict, Field

from ingestion_dagster.core.errors import MalformedRequest, SourceRejected
from ingestion_dagster.core.requests.message import SourceConfig, parse_message
from ingestion_dagster.core.requests.message_source import Where, changed_source, new_source
from ingestion_dagster.core.suppliers.built_in_sources import BUILT_IN
from ingestion_dagster.core.suppliers.registry import parse_registry
from ingestion_dagster.core.suppliers.source_table import BUILT_IN_TABLE, Installed, SourceTable
from ingestion_dagster.core.suppliers.source_types import READING_NAMES, Allowed, SourceType

ALLOWED = Allowed("/inbox", ("docs.google.com",))
SHEET = {"sheet_url": "https://docs.google.com/spreadsheets/d/1Document-of-the-first-supplier"}


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    folder: int | None = Field(None, ge=1)


def _only_ours(address: str, allowed: Allowed) -> None:
    if not address.startswith("shop://ours"):
        raise SourceRejected(f"{address} is not ours")


SHOP = SourceType(name="shop", address="shop_url", check=_only_ours, options=Options, schemes=("shop",), words=("api",))
OPEN = SourceType(name="open", address="open_url", schemes=("shop",), message_names=frozenset({"open_url"}))
TORN = "the source 'torn' of package torn 1.0 cannot be loaded"
TABLE = SourceTable(lambda: Installed({"shop": SHOP}, {"torn": TORN}))
BOTH = SourceTable(lambda: Installed({"shop": SHOP, "open": OPEN}))


def nobody_asks() -> Installed:
    raise AssertionError("a package was looked into")


def test_what_is_built_in_is_found_without_looking_into_any_package() -> None:
    table = SourceTable(nobody_asks)
    assert [table.get(name).name for name in BUILT_IN] == ["google_sheets", "csv", "excel"]
    assert table.of_word("xlsx") is table.of_ending("ods") is table.get("excel")
    assert table.of_ending("google") is table.of_ending("pdf") is None
    assert table.of_link("https://x.example/") is table.get("google_sheets")
    assert table.address_in({"file_path": "a.csv"}) == "a.csv"
    parse_message(b'{"supplier": "a", "parser_type": "csv", "source_config": {"file_path": "a.csv"}}', types=table)
    known = Where("shop", {"shop_url": "shop://ours/1"})
    assert changed_source(known, None, {}, table, ALLOWED) is known, "a message that names its supplier and no more"


def test_an_unknown_type_is_told_with_those_there_are_and_a_broken_one_with_its_package() -> None:
    with pytest.raises(SourceRejected, match="'ftp' here; there are: google_sheets, csv, excel, shop"):
        TABLE.get("ftp")
    with pytest.raises(SourceRejected, match=r"package torn 1\.0 cannot be loaded"):
        TABLE.get("torn")
    with pytest.raises(SourceRejected, match=r"package torn 1\.0 cannot be loaded"):
        TABLE.of_link("torn://x/y")
    with pytest.raises(MalformedRequest, match="must be 'google_sheets', 'csv', 'excel' or 'shop', not 'ftp'"):
        parse_message(b'{"supplier": "a", "parser_type": "ftp"}', types=TABLE)
    with pytest.raises(MalformedRequest, match="must be 'google_sheets', 'csv' or 'excel', not 5"):
        parse_message(b'{"supplier": "a", "parser_type": 5}')
    with pytest.raises(MalformedRequest, match=r"parser_type: the source 'torn' of package torn 1\.0"):
        parse_message(b'{"supplier": "a", "parser_type": "torn"}', types=TABLE)


def test_an_address_that_two_types_claim_needs_its_type() -> None:
    assert TABLE.of_link("SHOP://ours/1") is SHOP
    with pytest.raises(SourceRejected, match="shop:// may be open or shop; say which with --type"):
        BOTH.of_link("shop://ours/1")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({}, "a shop source needs `shop_url`"),
        ({"shop_url": "shop://theirs/1"}, "is not ours"),
        ({"shop_url": "shop://ours/1", "folder": 0}, "folder: must be at least 1"),
        ({"shop_url": "shop://ours/1", "colour": 1}, "has no setting 'colour'; beside `shop_url`: folder"),
        ({"shop_url": "shop://ours/1", "api_token": "x"}, "credentials come from the environment"),
        ({"shop_url": "shop://me:hush@ours/1"}, "carries a password"),
    ],
)
def test_a_source_that_does_not_fit_its_type_is_refused_without_repeating_a_secret(
    source: dict[str, object], told: str
) -> None:
    with pytest.raises(SourceRejected, match=told) as caught:
        SHOP.checked(source, ALLOWED)
    assert "hush" not in str(caught.value)
    SHOP.checked({"shop_url": "shop://ours/1", "folder": 3, "header_row": 2}, ALLOWED)


@pytest.mark.parametrize(
    "config", [{"shop_url": "shop://ours/2"}, {"folder": 2}, {"colour": "blue"}, {"header_row": 1}]
)
def test_a_message_registers_no_supplier_of_a_type_that_does_not_allow_it(config: dict[str, object]) -> None:
    with pytest.raises(SourceRejected, match="a message may not say where a shop source reads"):
        new_source(Where("shop", config), TABLE, ALLOWED)
    with pytest.raises(SourceRejected, match="a message may not say where a shop source reads"):
        changed_source(Where("csv", {"file_path": "a.csv"}), "shop", config, TABLE, ALLOWED)


def test_a_message_may_say_of_such_a_type_how_a_list_is_read() -> None:
    known = Where("shop", {"shop_url": "shop://ours/1", "folder": 2, "header_row": 9})
    changed = changed_source(known, None, {"sheet_name": "Prices"}, TABLE, ALLOWED)
    assert changed == ("shop", {"shop_url": "shop://ours/1", "folder": 2, "sheet_name": "Prices"})
    for config in ({"shop_url": "shop://ours/2"}, {"folder": 1}, {"colour": "blue"}):
        with pytest.raises(SourceRejected, match="may not say where"):
            changed_source(known, None, config, TABLE, ALLOWED)


def test_a_type_that_allows_its_address_is_registered_by_a_message() -> None:
    assert new_source(Where("open", {"open_url": "shop://x"}), BOTH, ALLOWED) == ("open", {"open_url": "shop://x"})


def test_a_message_that_says_where_replaces_a_built_in_source_and_one_that_does_not_keeps_the_place() -> None:
    known = Where("google_sheets", SHEET | {"gid": 5, "header_row": 3})
    keeps = changed_source(known, None, {"decimal": ","}, BUILT_IN_TABLE, ALLOWED)
    assert keeps == ("google_sheets", SHEET | {"gid": 5, "decimal": ","})
    moved = changed_source(known, "csv", {"file_path": "a.csv"}, BUILT_IN_TABLE, ALLOWED)
    assert moved == ("csv", {"file_path": "a.csv"})
    for parser_type, config in ((None, {"file_path": "a.csv"}), ("csv", {}), ("csv", {"header_row": 1})):
        with pytest.raises(SourceRejected, match="needs `"):
            changed_source(known, parser_type, config, BUILT_IN_TABLE, ALLOWED)
    with pytest.raises(SourceRejected, match="leaves the inbox"):
        changed_source(known, "csv", {"file_path": "../a.csv"}, BUILT_IN_TABLE, ALLOWED)


def test_a_check_that_fails_is_a_refusal_that_keeps_its_words_to_itself() -> None:
    def fails(address: str, allowed: Allowed) -> None:
        raise RuntimeError("password=hush")

    kind = SourceType(name="shop", address="shop_url", check=fails)
    with pytest.raises(SourceRejected, match="the source 'shop' failed with RuntimeError") as caught:
        kind.checked({"shop_url": "shop://x"}, ALLOWED)
    assert "hush" not in str(caught.value)


def test_what_may_be_said_of_any_list_is_what_a_message_knows_but_the_place() -> None:
    assert set(SourceConfig.model_fields) - {"sheet_url", "file_path", "gid"} == READING_NAMES


def test_a_registry_sheet_names_a_type_by_its_word_or_its_address() -> None:
    header = ["name", "url", "format", "tab"]
    rows = [
        ["A", "shop://ours/1", "", "Prices"],
        ["B", "shop://ours/2", "API", ""],
        ["C", "shop://theirs/1", "", ""],
        ["D", "shop://ours/1", "", "Prices"],
        ["E", "x.csv", "torn", ""],
        ["F", "x.csv", "fax", ""],
    ]
    found = parse_registry([header, *rows], types=TABLE)
    first, second = found.specs
    assert (first.source_type, first.source) == ("shop", {"shop_url": "shop://ours/1", "sheet_name": "Prices"})
    assert second.source == {"shop_url": "shop://ours/2"}
    assert [problem.cell for problem in found.problems] == ["B4", "B5", "C6", "C7"]
    told = json.dumps([problem.message for problem in found.problems])
    assert all(part in told for part in ("is not ours", "stands in row 2", "package torn 1.0", "csv, excel, shop"))
