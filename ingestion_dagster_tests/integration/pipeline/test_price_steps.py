"""Prices by quantity in the catalogue: every step with its cell and history, in rows and in columns alike."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion_dagster.cli.catalogue.why import _tell as tell_why
from ingestion_dagster.cli.lists.plan import _tell as tell_plan
from ingestion_dagster.services import plan as planning
from ingestion_dagster.services import provenance
from ingestion_dagster_tests.integration.supplier_loads import SupplierLoads
from ingestion_dagster_tests.sheets.making import make_csv

Changed = dict[tuple[int, int], str]
"""(item, quantity) -> price, or nothing where the list has no such step any more."""
QUANTITIES = (1, 10, 100)
STEPS = "SELECT from_quantity, trim_scale(price)::text, valid_to IS NULL FROM price_steps ORDER BY id"


def price(item: int, quantity: int, changed: Changed) -> str:
    return changed.get((item, quantity), f"{20 + item - len(str(quantity))}.50")


def in_rows(changed: Changed | None = None) -> bytes:
    rows: list[Sequence[object]] = [("SKU", "Name", "Min Qty", "Unit price")]
    for item in range(8):
        steps = ((quantity, price(item, quantity, changed or {})) for quantity in reversed(QUANTITIES))
        rows += [(f"S-{item}", f"Steel bolt no. {item}", quantity, said) for quantity, said in steps if said]
    return make_csv(rows, ",", "utf-8")


def in_columns(changed: Changed | None = None) -> bytes:
    rows: list[Sequence[object]] = [("SKU", "Name", "1+", "10+", "100+")]
    for item in range(8):
        prices = (price(item, quantity, changed or {}) for quantity in QUANTITIES)
        rows.append((f"S-{item}", f"Steel bolt no. {item}", *prices))
    return make_csv(rows, ",", "utf-8")


LISTS = pytest.mark.parametrize("made", [in_rows, in_columns], ids=["rows", "columns"])


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> SupplierLoads:
    shop = SupplierLoads.at(database_url, tmp_path / "place")
    shop.register("acme", "acme.csv")
    return shop


@LISTS
def test_every_step_is_stored_with_its_cell_and_the_smallest_is_the_price(
    shop: SupplierLoads, made, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = shop.load("acme", "acme.csv", made())
    assert (summary.status, summary.inserted, summary.total_rows, summary.rejected_rows) == ("success", 8, 8, 0)
    told = asyncio.run(provenance.why(shop.deployment, "acme", "S-0"))
    assert (told.price, told.origin.agrees) == (Decimal("19.5"), True)
    assert [(step.from_quantity, step.price) for step in told.steps] == [
        (1, Decimal("19.5")), (10, Decimal("18.5")), (100, Decimal("17.5"))
    ]  # fmt: skip
    assert [step.cell for step in told.steps] == (["D4", "D3", "D2"] if made is in_rows else ["C2", "D2", "E2"])
    tell_why(told)
    assert "Prices by quantity" in capsys.readouterr().out


@LISTS
def test_the_same_list_again_touches_no_step(shop: SupplierLoads, made) -> None:
    shop.load("acme", "acme.csv", made())
    before = shop.sql(STEPS)
    shop.load("acme", "acme.csv", made({(7, 1): "29.00"}))  # only the price of one item
    after = shop.sql(STEPS)
    assert len(before) == 24
    assert [row for row in after if row not in before] == [(1, "26.5", False), (1, "29", True)]


@LISTS
def test_a_step_that_changes_or_goes_is_closed_and_stays_in_the_history(shop: SupplierLoads, made) -> None:
    shop.load("acme", "acme.csv", made())
    shop.load("acme", "acme.csv", made({(0, 10): "18.00", (0, 100): ""}))
    told = asyncio.run(provenance.why(shop.deployment, "acme", "S-0"))
    assert [(s.from_quantity, s.price, s.valid_to is None) for s in told.steps] == [
        (1, Decimal("19.5"), True), (10, Decimal("18"), True), (10, Decimal("18.5"), False),
        (100, Decimal("17.5"), False),
    ]  # fmt: skip
    assert len(told.history) == 1
    ((changes,),) = shop.sql("SELECT report ->> 'step_changes' FROM ingestion_batches ORDER BY id DESC LIMIT 1")
    assert changes == "2"


@LISTS
def test_a_step_whose_decimal_point_moves_holds_the_list_as_a_price_does(
    shop: SupplierLoads, made, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.load("acme", "acme.csv", made())
    (shop.deployment.settings.inbox_path / "acme.csv").write_bytes(made({(3, 100): "2.05"}))
    plan = asyncio.run(planning.plan(shop.deployment, "acme"))
    assert (plan.status, [guard["name"] for guard in plan.guards]) == ("hold", ["price_jump"])
    (worst,) = plan.guards[0]["worst"]
    assert (worst["supplier_sku"], worst["new"]) == ("S-3", "2.05")
    assert worst["name"].endswith("(from 100)")
    (step,) = plan.steps
    assert (step.from_quantity, step.old_price, step.price) == (100, Decimal("20.5"), Decimal("2.05"))
    tell_plan(plan)
    assert "Prices by quantity that would change" in capsys.readouterr().out


def test_an_item_that_is_missing_keeps_its_steps_and_a_list_without_steps_closes_them(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", in_columns())
    without = in_columns().replace(b"S-0,Steel bolt no. 0,19.50,18.50,17.50\r\n", b"").replace(b"\r\n\r\n", b"\r\n")
    assert without != in_columns()
    shop.load("acme", "acme.csv", without)
    assert len(asyncio.run(provenance.why(shop.deployment, "acme", "S-0")).steps) == 3
    assert {row[2] for row in shop.sql(STEPS)} == {True}
    plain = make_csv([("SKU", "Name", "Price"), *((f"S-{i}", f"Steel bolt no. {i}", price(i, 1, {}))
                                                  for i in range(8))], ",", "utf-8")  # fmt: skip
    shop.load("acme", "acme.csv", plain)
    assert {row[2] for row in shop.sql(STEPS)} == {False}


def test_rows_of_one_quantity_that_contradict_each_other_are_duplicates_as_ever(shop: SupplierLoads) -> None:
    extra = in_rows() + b"S-0,Steel bolt no. 0,10,18.75\n"
    summary = shop.load("acme", "acme.csv", extra)
    assert (summary.accepted_rows, summary.rejected_rows) == (8, 2)
    told = asyncio.run(provenance.why(shop.deployment, "acme", "S-0"))
    assert [step.from_quantity for step in told.steps] == [1, 100]
