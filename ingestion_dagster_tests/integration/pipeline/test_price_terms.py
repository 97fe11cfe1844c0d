"""Prices for a hundred or a thousand, from the file to the catalogue, its history and what is told of them."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion_dagster.cli.catalogue.why import _tell
from ingestion_dagster.services import plan as planning
from ingestion_dagster.services import provenance
from ingestion_dagster.store import migrate
from ingestion_dagster_tests.integration.supplier_loads import SupplierLoads
from ingestion_dagster_tests.sheets.making import make_csv

HEADER = ("Artikelnr", "Bezeichnung", "Preis", "PE")


def prices(*changed: tuple[str, str]) -> bytes:
    rows = [(f"S-{i}", f"Schraube M{i}", "12,40", ("100", "1000", "1")[i % 3]) for i in range(12)]
    return make_csv([HEADER, *((sku, name, *dict(changed).get(sku, f"{p}|{b}").split("|"))
                               for sku, name, p, b in rows)], ";", "utf-8")  # fmt: skip


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> SupplierLoads:
    shop = SupplierLoads.at(database_url, tmp_path / "place")
    shop.register("acme", "acme.csv")
    return shop


def test_the_price_of_one_is_stored_and_why_names_the_printed_one(
    shop: SupplierLoads, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shop.load("acme", "acme.csv", prices()).status == "success"
    told = asyncio.run(provenance.why(shop.deployment, "acme", "S-1"))
    assert (told.price, told.printed_price, told.price_basis) == (Decimal("0.0124"), Decimal("12.4"), 1000)
    assert (told.origin.cell, told.origin.raw, told.origin.agrees) == ("C3", "12,40", True)
    assert told.model_dump(mode="json")["price"] == "0.0124"
    _tell(told)
    shown = capsys.readouterr().out
    assert "12.4 for 1000" in shown
    assert "says for how many pieces" in " ".join(shown.split())
    plain = asyncio.run(provenance.why(shop.deployment, "acme", "S-2"))
    assert (plain.price, plain.printed_price, plain.price_basis) == (Decimal("12.4"), None, None)
    assert plain.model_dump(mode="json")["price"] == "12.40"


def test_another_basis_with_the_same_price_of_one_is_no_change_of_price(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", prices())
    summary = shop.load("acme", "acme.csv", prices(("S-0", "124,00|1000")))
    assert (summary.status, summary.updated, summary.price_changes) == ("success", 1, 0)  # the column PE is kept


def test_another_basis_with_the_same_printed_price_is_a_jump_that_plan_shows_with_both(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", prices())
    (shop.deployment.settings.inbox_path / "acme.csv").write_bytes(prices(("S-0", "12,40|1000")))
    made = asyncio.run(planning.plan(shop.deployment, "acme"))
    (change,) = [change for change in made.changes if change.kind == "price"]
    assert (change.old_price, change.price) == (Decimal("0.124"), Decimal("0.0124"))
    assert (change.printed_price, change.price_basis) == (Decimal("12.4"), 1000)
    assert (made.status, [guard["name"] for guard in made.guards]) == ("hold", ["price_jump"])


def test_the_migrations_go_down_and_up_again_over_such_prices(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", prices())
    before = shop.sql("SELECT supplier_sku, current_price FROM supplier_items ORDER BY 1")
    migrate.downgrade(shop.deployment.database_url, "0004")
    migrate.upgrade(shop.deployment.database_url)
    assert shop.sql("SELECT supplier_sku, current_price FROM supplier_items ORDER BY 1") == before
    assert shop.sql("SELECT printed_price FROM price_history WHERE printed_price IS NOT NULL") == []
