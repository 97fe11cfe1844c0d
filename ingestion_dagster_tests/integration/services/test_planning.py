"""A plan: what a load would change, with nothing written to the catalogue, and the same batch applied by its id."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.errors import StaleSnapshot
from ingestion_dagster.services import plan as planning
from ingestion_dagster.services import review
from ingestion_dagster.services.plan import Plan
from ingestion_dagster.store.batches.facts import MergeTotals
from ingestion_dagster_tests.integration.shop import Shop, rows_of

CATALOGUE = ("supplier_items", "price_history", "item_absences", "products", "suppliers", "categories")


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    made = Shop(database_url, tmp_path)
    made.load(rows_of([10.0 + n for n in range(20)]))
    return made


def plan(shop: Shop, rows: list[list[Any]] | None = None, limit: int = 20) -> Plan:
    if rows is not None:
        shop.write(rows)
    return asyncio.run(planning.plan(shop.deployment, shop.key, limit))


def catalogue(shop: Shop) -> list[Any]:
    """Every row of the catalogue with its place and the transaction that wrote it."""
    return [shop.sql(f"SELECT ctid::text, xmin::text FROM {table} ORDER BY 1") for table in CATALOGUE]


def changed_rows() -> list[list[Any]]:
    rows = rows_of([10.0 + n for n in range(20)])
    rows[0][2] = 12.5  # a price
    rows[1][4] = 99  # stock
    rows[2][2] = "call us"  # a reject
    return [*rows[:18], ["NEW", "Article new", "15.00", "EUR", 1]]  # two vanish, one is new


def test_a_plan_tells_every_kind_of_change(shop: Shop) -> None:
    made = plan(shop, changed_rows())
    assert made.status == "apply"
    assert made.counts == MergeTotals(inserted=1, prices=1, other=1, returned=0, unchanged=15, vanished=2)
    assert (made.total_rows, made.rejected_rows) == (19, 1)
    told = {change.kind: change for change in made.changes}
    assert (told["price"].supplier_sku, told["price"].row_number) == ("A001", 2)
    assert (told["price"].old_price, told["price"].price, told["price"].percent) == (
        Decimal(10),
        Decimal("12.5"),
        Decimal(25),
    )
    assert (told["other"].supplier_sku, told["other"].differing) == ("A002", ["stock"])
    assert told["insert"].supplier_sku == "NEW"
    assert {c.supplier_sku for c in made.changes if c.kind == "vanished"} == {"A019", "A020"}
    assert made.rejects[0].count == 1


def test_a_plan_writes_nothing_to_the_catalogue(shop: Shop) -> None:
    before = catalogue(shop)
    plan(shop, changed_rows())
    assert catalogue(shop) == before


def test_the_planned_batch_is_applied_by_its_id_with_the_counts_that_were_told(shop: Shop) -> None:
    made = plan(shop, changed_rows())
    assert made.batch_id is not None
    shop.write(rows_of([500.0]))  # the list changes meanwhile: what was planned is applied, not what stands there now
    summary = asyncio.run(review.approve(shop.deployment, made.batch_id, "ann", None))
    assert (summary.status, summary.inserted, summary.updated, summary.unchanged) == ("partial_success", 1, 2, 15)
    assert summary.missing == made.counts.vanished
    assert shop.prices()["A001"] == "12.5"


def test_a_plan_says_what_would_hold_the_list(shop: Shop) -> None:
    made = plan(shop, rows_of([100.0, *[11.0 + n for n in range(19)]]))
    assert made.status == "hold"
    assert [guard["name"] for guard in made.guards] == ["price_jump"]
    assert shop.prices()["A001"] == "10"
    assert shop.sql("SELECT state FROM ingestion_batches WHERE id = :id", id=made.batch_id) == [("staged",)]


def test_the_list_in_force_plans_nothing(shop: Shop) -> None:
    made = plan(shop)
    assert (made.status, made.batch_id) == ("unchanged", None)


def test_a_list_that_is_held_is_planned_without_a_second_batch(shop: Shop) -> None:
    held = shop.load(rows_of([100.0, *[11.0 + n for n in range(19)]]))
    assert plan(shop).batch_id == held.batch_id


def test_the_same_list_is_planned_into_one_batch(shop: Shop) -> None:
    made = plan(shop, changed_rows())
    assert plan(shop) == made
    shop.sql("UPDATE staged_items SET price = 1")
    assert plan(shop).batch_id != made.batch_id, "rows that are no longer the judged ones are read again"


def test_a_plan_that_a_load_overtook_is_refused(shop: Shop) -> None:
    made = plan(shop, changed_rows())
    assert made.batch_id is not None
    shop.load(rows_of([10.5 + n for n in range(20)]))
    with pytest.raises(StaleSnapshot, match="overtaken"):
        asyncio.run(review.approve(shop.deployment, made.batch_id, "ann", None))


def test_a_plan_shows_at_most_as_many_rows_of_a_kind_as_asked(shop: Shop) -> None:
    made = plan(shop, rows_of([10.5 + n for n in range(20)]), limit=3)
    assert made.counts.prices == 20
    assert len(made.changes) == 3
    assert [change.supplier_sku for change in made.changes] == ["A001", "A002", "A003"], "largest changes first"
