"""Staging and merge on real PostgreSQL: what a load writes, and what it leaves alone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from sqlalchemy import text

from ingestion_dagster.core.errors import StaleSnapshot, StoreRejected
from ingestion_dagster.core.rows.types import ItemRow, NotAnItem, RowReject
from ingestion_dagster.store.batches import batches, snapshots, staging
from ingestion_dagster.store.batches import merge as items
from ingestion_dagster.store.batches.merge import MergeCounts
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database, connected

T = TypeVar("T")
Outcome = ItemRow | RowReject | NotAnItem


def item(row: int, sku: str, price: str, name: str | None = None, **more: Any) -> ItemRow:
    values = dict.fromkeys(("stock", "barcode", "brand", "category", "unit", "description", "url_image"))
    values |= {"currency": "EUR", "characteristics": "{}", "price_column": 2} | more
    return ItemRow(row_number=row, supplier_sku=sku, name=name or f"Item {sku}", price=Decimal(price), **values)


def reject(row: int, sku: str | None) -> RowReject:
    return RowReject(row, 2, "price", "on_request", "call us", "call", '{"Price": "call"}', supplier_sku=sku)


class Catalogue:
    """One supplier and its loads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sha = 0

    def run(self, work: Callable[[Database], Awaitable[T]]) -> T:
        async def _work() -> T:
            async with connected(self.url) as database:
                return await work(database)

        return asyncio.run(_work())

    def stage(self, outcomes: Iterable[Outcome], policy: str = "reject", same_snapshot: bool = False) -> int:
        async def _stage(database: Database) -> int:
            async with database.transaction() as connection:
                supplier = await suppliers.register(connection, "acme", "Acme", "csv", {"file_path": "a.csv"})
                self.sha += 0 if same_snapshot else 1
                snapshot = await snapshots.record(connection, supplier.id, f"{self.sha:064x}", "x", 1, "a.csv", {})
                batch = await batches.open_batch(connection, supplier.id, snapshot, "t", None, "f")
                log = staging.RejectLog(database, "t", supplier.id, batch)
                counts = await staging.stage_rows(connection, batch, outcomes, log)
                collapsed, dropped = 0, []
                if counts.repeated_key:
                    collapsed, dropped = await staging.settle_duplicates(connection, batch, policy)
                kept = counts.items - collapsed - len(dropped)
                await batches.record_counts(connection, batch, kept, counts.rejects, collapsed, {})
                self.dropped = dropped
                return batch

        return self.run(_stage)

    def merge(self, batch: int, grace: int = 3) -> MergeCounts:
        async def _merge(database: Database) -> MergeCounts:
            async with database.transaction() as connection:
                return await items.merge(connection, batch, grace)

        return self.run(_merge)

    def load(self, outcomes: Iterable[Outcome], **more: Any) -> MergeCounts:
        return self.merge(self.stage(outcomes, **more))

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        async def _select(database: Database) -> list[tuple[Any, ...]]:
            async with database.transaction() as connection:
                return [tuple(row) for row in await connection.execute(text(statement))]

        return self.run(_select)


@pytest.fixture
def catalogue(database_url: str) -> Catalogue:
    return Catalogue(database_url)


def test_a_first_load_inserts_items_with_history_that_names_row_and_column(catalogue: Catalogue) -> None:
    counts = catalogue.load([item(4, "00123", "12.50"), item(5, "5.10", "3")])
    assert (counts.inserted, counts.updated, counts.unchanged, counts.missing) == (2, 0, 0, 0)
    assert catalogue.sql(
        "SELECT supplier_sku, row_number, column_index, price::text FROM price_history h"
        " JOIN supplier_items i ON i.id = h.supplier_item_id ORDER BY 1"
    ) == [("00123", 5, 2, "12.500000"), ("5.10", 6, 2, "3.000000")]


def test_the_same_rows_in_other_bytes_touch_no_row(catalogue: Catalogue) -> None:
    rows = [item(n, f"S{n}", "10", characteristics='{"a": "b"}') for n in range(50)]
    catalogue.load(rows)
    before = catalogue.sql("SELECT ctid::text, xmin::text, xmax::text FROM supplier_items ORDER BY id")
    counts = catalogue.load([row._replace(row_number=row.row_number + 3) for row in reversed(rows)])
    assert (counts.inserted, counts.updated, counts.unchanged) == (0, 0, 50)
    assert catalogue.sql("SELECT ctid::text, xmin::text, xmax::text FROM supplier_items ORDER BY id") == before
    assert catalogue.sql("SELECT count(*) FROM price_history") == [(50,)]


def test_history_grows_only_when_price_or_currency_changes(catalogue: Catalogue) -> None:
    for price, currency, stock in (
        ("10", "EUR", 1),
        ("10", "EUR", 2),
        ("11", "EUR", 2),
        ("10", "EUR", 2),
        ("10", "USD", 2),
    ):
        catalogue.load([item(1, "A", price, currency=currency, stock=stock)])
    assert catalogue.sql("SELECT trim_scale(price)::text, currency FROM price_history ORDER BY id") == [
        ("10", "EUR"),
        ("11", "EUR"),
        ("10", "EUR"),
        ("10", "USD"),
    ]


def test_a_vanished_item_is_marked_then_inactive_and_comes_back_under_the_same_id(catalogue: Catalogue) -> None:
    both, one = [item(1, "A", "1"), item(2, "B", "2")], [item(1, "A", "1")]
    catalogue.load(both)
    first_id = catalogue.sql("SELECT id FROM supplier_items WHERE supplier_sku = 'B'")
    state = "SELECT missing_since IS NOT NULL, missing_loads, active FROM supplier_items WHERE supplier_sku = 'B'"
    assert catalogue.load(one).missing == 1
    assert catalogue.sql(state) == [(True, 1, True)]
    catalogue.load(one)
    catalogue.load(one)
    assert catalogue.sql(state) == [(True, 3, False)]
    assert catalogue.load(both).updated == 1
    assert catalogue.sql(state) == [(False, 0, True)]
    assert catalogue.sql("SELECT id FROM supplier_items WHERE supplier_sku = 'B'") == first_id
    assert catalogue.sql("SELECT count(*) FROM price_history") == [(2,)]
    assert catalogue.sql("SELECT returned_at IS NOT NULL FROM item_absences") == [(True,)]


def test_an_item_whose_row_was_rejected_has_not_vanished(catalogue: Catalogue) -> None:
    catalogue.load([item(1, "A", "1"), item(2, "B", "2")])
    assert catalogue.load([item(1, "A", "1"), reject(2, "B")]).missing == 0


def test_equal_rows_collapse_and_conflicting_rows_are_dropped_naming_each_other(catalogue: Catalogue) -> None:
    counts = catalogue.load(
        [item(1, "A", "1"), item(2, "A", "1"), item(3, "B", "2"), item(4, "B", "3"), item(5, "C", "4")]
    )
    assert counts.inserted == 2
    assert [(row.supplier_sku, row.row_number, row.other_row) for row in catalogue.dropped] == [
        ("B", 4, 5),
        ("B", 5, 4),
    ]


@pytest.mark.parametrize(("policy", "kept"), [("first", "3"), ("last", "5"), ("lowest", "2")])
def test_a_policy_decides_which_of_conflicting_rows_stays(catalogue: Catalogue, policy: str, kept: str) -> None:
    catalogue.load([item(1, "A", "3"), item(2, "A", "2"), item(3, "A", "5")], policy=policy)
    assert catalogue.sql("SELECT trim_scale(current_price)::text FROM supplier_items") == [(kept,)]


def test_an_older_snapshot_never_overwrites_a_newer_one(catalogue: Catalogue) -> None:
    old = catalogue.stage([item(1, "A", "1")])
    catalogue.load([item(1, "A", "2")])
    with pytest.raises(StaleSnapshot, match="overtaken"):
        catalogue.merge(old)
    assert catalogue.sql("SELECT trim_scale(current_price)::text FROM supplier_items") == [("2",)]


def test_history_is_in_the_order_of_the_merges_not_of_the_transactions_beginnings(catalogue: Catalogue) -> None:
    batches_in_order = [catalogue.stage([item(1, "A", price)]) for price in ("1", "2", "3")]

    async def _second_begins_first(database: Database) -> None:
        async with connected(catalogue.url) as other, database.transaction() as early:
            await early.execute(text("SELECT now()"))
            async with other.transaction() as late:
                await items.merge(late, batches_in_order[0], 3)
            await items.merge(early, batches_in_order[1], 3)

    catalogue.run(_second_begins_first)
    catalogue.sql("WITH stepped AS (UPDATE suppliers SET last_seen_at = now() + interval '1 hour' RETURNING 1)"
                  " SELECT * FROM stepped")  # fmt: skip
    catalogue.merge(batches_in_order[2])  # the clock went back an hour
    told = catalogue.sql(
        "SELECT trim_scale(price)::text, valid_to > valid_from FROM price_validity ORDER BY valid_from"
    )
    assert told == [("1", True), ("2", True), ("3", None)]


def test_a_batch_is_applied_once_and_only_whole(catalogue: Catalogue) -> None:
    batch = catalogue.stage([item(1, "A", "1"), item(2, "B", "1")])
    catalogue.merge(batch)
    with pytest.raises(StoreRejected, match="applied"):
        catalogue.merge(batch)
    torn = catalogue.stage([item(1, "A", "5"), item(2, "B", "5")])
    catalogue.sql("WITH gone AS (DELETE FROM staged_items WHERE supplier_sku = 'B' RETURNING 1) SELECT * FROM gone")
    with pytest.raises(StoreRejected, match="staged rows"):
        catalogue.merge(torn)
    assert catalogue.sql("SELECT DISTINCT trim_scale(current_price)::text FROM supplier_items") == [("1",)]


def test_text_that_copy_could_misread_arrives_as_it_was(catalogue: Catalogue) -> None:
    name = 'tab\there \\N back\\slash\nline \\. 日本 "q"'
    catalogue.load([item(1, "\\N", "1", name=name, characteristics='{"k": "a\\\\b\\n\\t"}', description="\\.")])
    assert catalogue.sql("SELECT supplier_sku, name, description, characteristics ->> 'k' FROM supplier_items") == [
        ("\\N", name, "\\.", "a\\b\n\t")
    ]


def test_rejects_survive_a_load_that_is_rolled_back(catalogue: Catalogue) -> None:
    def breaks() -> Iterable[Outcome]:
        yield from (reject(n, f"S{n}") for n in range(1500))
        raise ValueError("the reader died")

    with pytest.raises(ValueError, match="died"):
        catalogue.stage(breaks())
    assert catalogue.sql("SELECT count(*) FROM parsing_logs") == [(1000,)]
    assert catalogue.sql("SELECT count(*) FROM ingestion_batches") == [(0,)]


def test_prices_as_of_answers_for_any_moment(catalogue: Catalogue) -> None:
    moments = []
    for price in ("1", "2", "1"):
        catalogue.load([item(1, "A", price)])
        moments.append(catalogue.sql("SELECT clock_timestamp()")[0][0])
    found = [
        catalogue.sql(f"SELECT trim_scale(price)::text FROM prices_as_of('{moment.isoformat()}')") for moment in moments
    ]
    assert found == [[("1",)], [("2",)], [("1",)]]
    assert catalogue.sql("SELECT count(*) FROM prices_as_of('2000-01-01')") == [(0,)]
    open_ends = catalogue.sql("SELECT valid_to IS NULL FROM price_validity ORDER BY valid_from")
    assert open_ends == [(False,), (False,), (True,)]
