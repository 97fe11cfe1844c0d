"""Products: drafts for new items where a supplier asks for them, and the ways between states."""

from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.errors import StoreRejected
from ingestion_dagster.store.catalogue import products
from ingestion_dagster_tests.integration.shop import Shop, rows_of


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    return Shop(database_url, tmp_path, draft_products=True)


def move(shop: Shop, sku: str, status: str) -> str:
    return shop.do(lambda c: products.move(c, sku, status, "ann", "why"))


def linked(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.sql(
        "SELECT i.supplier_sku, p.internal_sku, p.name, p.status::text FROM supplier_items i"
        " LEFT JOIN products p ON p.id = i.product_id ORDER BY 1"
    )


def test_a_new_item_gets_a_draft_product_that_it_is_linked_to(shop: Shop) -> None:
    shop.load(rows_of([10, 20]))
    assert linked(shop) == [
        ("A001", "acme:A001", "Article number 1", "draft"),
        ("A002", "acme:A002", "Article number 2", "draft"),
    ]
    shop.load(rows_of([11, 20, 30]))
    assert len(linked(shop)) == 3
    assert shop.sql("SELECT count(*) FROM products") == [(3,)]
    assert shop.sql("SELECT from_status, to_status::text, actor, reason FROM product_transitions ORDER BY id") == [
        (None, "draft", "load", "batch 1"),
        (None, "draft", "load", "batch 1"),
        (None, "draft", "load", "batch 2"),
    ]


def test_without_the_setting_no_product_is_made(database_url: str, tmp_path: Path) -> None:
    shop = Shop(database_url, tmp_path)
    shop.load(rows_of([10, 20]))
    assert shop.sql("SELECT count(*) FROM products") == [(0,)]


def test_a_product_is_draft_then_active_then_archived_and_can_return(shop: Shop) -> None:
    shop.load(rows_of([10]))
    assert move(shop, "acme:A001", "active") == "Article number 1"
    move(shop, "acme:A001", "archived")
    move(shop, "acme:A001", "active")
    found = shop.do(lambda c: products.get(c, "acme:A001"))
    assert [(step.from_status, step.to_status, step.actor) for step in found.transitions] == [
        (None, "draft", "load"),
        ("draft", "active", "ann"),
        ("active", "archived", "ann"),
        ("archived", "active", "ann"),
    ]
    assert found.items[0].price == "10"


def test_ways_that_do_not_exist_are_refused_with_the_reason(shop: Shop) -> None:
    shop.load(rows_of([10]))
    move(shop, "acme:A001", "active")
    with pytest.raises(StoreRejected, match="active already"):
        move(shop, "acme:A001", "active")
    with pytest.raises(StoreRejected, match="cannot become draft"):
        move(shop, "acme:A001", "draft")
    with pytest.raises(StoreRejected, match="no product 'nope'"):
        move(shop, "nope", "active")


def test_a_load_never_changes_a_product_s_status_or_link(shop: Shop) -> None:
    shop.load(rows_of([10, 20]))
    move(shop, "acme:A001", "archived")
    shop.load(rows_of([10.5, 20]))
    assert [row[3] for row in linked(shop)] == ["archived", "draft"]


def test_products_are_listed_by_status_and_supplier(shop: Shop, tmp_path: Path) -> None:
    shop.load(rows_of([10, 20]))
    Shop(shop.url, tmp_path, "other", draft_products=True).load(rows_of([10]))
    move(shop, "acme:A001", "active")
    found = shop.do(lambda c: products.listed(c, "draft", "acme"))
    assert [(row.internal_sku, row.items) for row in found] == [("acme:A002", 1)]
    assert len(shop.do(lambda c: products.listed(c))) == 3
