"""`ingestion what-if`: no difference right after a load, every difference after a rule changed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.cli.lists.what_if import _tell
from ingestion_dagster.core.reports.what_if import ListResult
from ingestion_dagster.services.review import approve
from ingestion_dagster.services.what_if import chosen, what_if
from ingestion_dagster_tests.integration.supplier_loads import SupplierLoads
from ingestion_dagster_tests.sheets.making import make_csv, make_xlsx

HEADER = ("SKU", "Name", "Wholesale EUR", "Retail EUR", "Stock")


def rows(*changed: Sequence[Any], without: Sequence[str] = ()) -> list[Sequence[Any]]:
    items: dict[str, Sequence[Any]] = {
        f"S-{n:03}": (f"S-{n:03}", f"Item number {n}", f"{n + 10}.5", f"{n + 20}.75", n * 3) for n in range(1, 31)
    }
    extra = [row for row in changed if row[0] not in items]
    items |= {row[0]: row for row in changed if row[0] in items}
    return [HEADER, *[row for sku, row in items.items() if sku not in without], *extra]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> SupplierLoads:
    shop = SupplierLoads.at(database_url, tmp_path / "place")
    shop.register("acme", "acme.csv")
    return shop


def compared(shop: SupplierLoads, *keys: str, last: int = 1) -> list[ListResult]:
    async def _compared() -> list[ListResult]:
        return [
            result
            for supplier in await chosen(shop.deployment, keys)
            async for result in what_if(shop.deployment, supplier, last)
        ]

    return asyncio.run(_compared())


DAYS = (
    make_csv(rows(("S-002", "Item", "call us", "3", 1), ("", "No code", "3.00", "4", 1))),
    make_csv(rows(("S-004", "Item", "15.00", "26", 1), ("S-002", "Item", "", "3", 1), without=["S-009"])),
    make_csv(
        rows(
            ("S-002", "Item", "13.00", "20", 1), ("S-031", "Twice", "1.00", "2", 1), ("S-031", "Twice", "9.00", "9", 1)
        )
    ),
    make_csv(rows(("S-005", "Item", "call us", "30", 1), without=["S-010"])),
)


def test_nothing_differs_right_after_a_load(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", DAYS[0])
    assert [(result.outcome, result.mapping, result.prices, result.rejects) for result in compared(shop)] == [
        ("same", (), (), ())
    ]


def test_nothing_differs_in_any_of_the_last_lists(shop: SupplierLoads) -> None:
    for day in DAYS:
        assert shop.load("acme", "acme.csv", day).status == "partial_success"
    results = compared(shop, last=10)
    assert [result.snapshot_id for result in results] == [4, 3, 2, 1]
    assert {result.outcome for result in results} == {"same"}


@pytest.mark.parametrize("policy", ["first", "last", "lowest"])
def test_nothing_differs_whatever_is_done_with_duplicates(shop: SupplierLoads, policy: str) -> None:
    shop.register("acme", "acme.csv", duplicates=policy)
    equal = [("S-040", "Equal", "5.00", "6", 1), ("S-040", "Equal", "5.0", "6", 1)]
    conflict = [("S-041", "A", price, "30", 1) for price in ("25.00", "24.00", "26.00", "24.0", "25.5")]
    shop.load("acme", "acme.csv", make_csv(rows(*equal, *conflict)))
    assert shop.sql("SELECT count(*) FROM parsing_logs") == [(3,)]
    assert compared(shop)[0].outcome == "same"


def test_another_policy_for_duplicates_is_a_difference(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", DAYS[2])
    shop.register("acme", "acme.csv", duplicates="lowest")
    (result,) = compared(shop)
    assert [(change.supplier_sku, change.then, change.today) for change in result.prices] == [("S-031", None, "1 EUR")]
    assert [(change.row, change.then, change.today) for change in result.rejects] == [(32, "duplicate_key", None)]


def test_another_price_column_is_a_difference_of_mapping_and_of_every_price(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", DAYS[3])
    shop.register("acme", "acme.csv", column_mapping={"price": "D"})
    (result,) = compared(shop)
    assert (result.outcome, result.price_count) == ("different", 29)
    assert ("price", "C “Wholesale EUR”", "D “Retail EUR”") in {(c.what, c.then, c.today) for c in result.mapping}
    assert {(c.supplier_sku, c.then, c.today) for c in result.prices} >= {
        ("S-001", "11.5 EUR", "21.75 EUR"),
        ("S-005", None, "30 EUR"),
    }
    assert [(change.row, change.then, change.today) for change in result.rejects] == [(6, "price_on_request", None)]


def test_stricter_rules_show_which_prices_would_be_refused(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(rows()))
    shop.register("acme", "acme.csv", price_scale=0)
    (result,) = compared(shop)
    assert (result.price_count, result.reject_count) == (30, 30)
    assert {change.today for change in result.prices} == {None}
    assert {change.today for change in result.rejects} == {"price_decimals"}


def test_another_currency_is_a_difference(shop: SupplierLoads) -> None:
    listed = [("SKU", "Name", "Price"), *[row[:3] for row in rows()[1:]]]
    shop.register("acme", "acme.csv", currency="EUR")
    shop.load("acme", "acme.csv", make_csv(listed))
    assert compared(shop)[0].outcome == "same"
    shop.register("acme", "acme.csv", currency="PLN")
    (result,) = compared(shop)
    assert result.price_count == 30
    assert (result.prices[0].then, result.prices[0].today) == ("11.5 EUR", "11.5 PLN")


def test_a_list_that_would_not_be_read_at_all_is_a_difference(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(rows()))
    shop.register("acme", "acme.csv", sheet_name="Nowhere")
    (result,) = compared(shop)
    assert result.outcome == "different"
    assert "would not be read" in result.note


def test_a_swept_list_is_skipped(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(rows()))
    shop.sql("UPDATE sheet_snapshots SET deleted_at = now()")
    (result,) = compared(shop)
    assert (result.outcome, "retention" in result.note) == ("skipped", True)


def test_an_approved_list_differs_in_nothing(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(rows()))
    jumped = [(f"S-{n:03}", f"Item number {n}", f"{n + 10}0.5", f"{n + 20}0.75", 1) for n in range(1, 31)]
    held = shop.load("acme", "acme.csv", make_csv(rows(*jumped)))
    assert held.status == "held"
    asyncio.run(approve(shop.deployment, held.batch_id, "olga"))
    assert [result.outcome for result in compared(shop, last=5)] == ["same", "same"]


def test_a_held_or_rejected_list_was_not_applied_and_is_not_compared(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(rows()))
    jumped = [(f"S-{n:03}", f"Item number {n}", f"{n + 10}0.5", "99", 1) for n in range(1, 31)]
    assert shop.load("acme", "acme.csv", make_csv(rows(*jumped))).status == "held"
    assert [result.snapshot_id for result in compared(shop, last=5)] == [1]


def test_all_suppliers_are_compared_where_none_is_named(shop: SupplierLoads) -> None:
    shop.register("other", "other.xlsx", "Other Ltd")
    shop.register("silent", "silent.csv", "Silent Ltd")
    shop.load("acme", "acme.csv", make_csv(rows()))
    shop.load("other", "other.xlsx", make_xlsx(rows(), name="Prices"))
    assert [(result.supplier, result.outcome) for result in compared(shop)] == [("acme", "same"), ("other", "same")]


def test_differences_are_told_in_words(shop: SupplierLoads, capsys: pytest.CaptureFixture[str]) -> None:
    shop.load("acme", "acme.csv", DAYS[3])
    shop.register("acme", "acme.csv", column_mapping={"price": "D"})
    results = compared(shop)
    _tell(results, results)
    told = capsys.readouterr().out
    for words in ("C “Wholesale EUR”", "D “Retail EUR”", "11.5 EUR", "21.75 EUR", "price_on_request", "1 of 1 lists"):
        assert words in told


def test_what_is_compared_is_written_nowhere(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", DAYS[0])
    tables = ("supplier_items", "price_history", "ingestion_batches", "staged_items", "parsing_logs", "sheet_snapshots")
    before = [shop.sql(f"SELECT count(*), max(xmin::text) FROM {table}") for table in tables]
    shop.register("acme", "acme.csv", price_scale=0)
    compared(shop)
    assert [shop.sql(f"SELECT count(*), max(xmin::text) FROM {table}") for table in tables] == before
