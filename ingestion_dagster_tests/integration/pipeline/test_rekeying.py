"""Items that get another key stay the same: found again over the old key, with their history, compared by price."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.errors import StoreRejected
from ingestion_dagster.core.steps import LoadSummary
from ingestion_dagster.services import confirm_mapping, provenance, review
from ingestion_dagster.services.plan import plan
from ingestion_dagster_tests.integration.shop import Shop

HEADER = ("Item Code", "Art. No.", "Name", "Price", "Currency")
COUNT = 40


def rows(factor: float = 1.0, numbers: Sequence[int] = range(COUNT)) -> list[list[Any]]:
    """Item codes A-0 …, article numbers 9000 …; a price each."""
    return [
        [f"A-{n}", f"{9000 + 7 * n}", f"Article named {n}", f"{(10 + n * 1.5) * factor:.2f}", "EUR"] for n in numbers
    ]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    made = Shop(database_url, tmp_path, column_mapping={})
    made.write(rows(), HEADER)
    asyncio.run(_first(made))
    return made


async def _first(shop: Shop) -> None:
    """The first list, keyed by its item codes as a person said."""
    from ingestion_dagster.core.steps import Attempt
    from ingestion_dagster.pipeline.fetch import fetch
    from ingestion_dagster.pipeline.map import map_columns
    from ingestion_dagster.pipeline.upsert import upsert_items
    from ingestion_dagster.pipeline.validate import validate_rows

    await fetch(shop.deployment, shop.key)
    await confirm_mapping.confirm(shop.deployment, shop.key, {"sku": "Item Code"}, "ann")
    snapshot = await fetch(shop.deployment, shop.key)
    staged = await validate_rows(shop.deployment, await map_columns(shop.deployment, snapshot), Attempt("first"))
    assert (await upsert_items(shop.deployment, staged, Attempt("first"))).status == "success"


def confirm(shop: Shop, **answers: str) -> None:
    asyncio.run(confirm_mapping.confirm(shop.deployment, shop.key, answers, "ann"))


def ids(shop: Shop) -> dict[str, int]:
    return dict(shop.sql("SELECT supplier_sku, id FROM supplier_items"))


def guards_of(shop: Shop, summary: LoadSummary) -> dict[str, str]:
    """Guards that tripped, with what they said."""
    ((found,),) = shop.sql("SELECT guards FROM ingestion_batches WHERE id = :id", id=summary.batch_id)
    return {guard["name"]: guard["message"] for guard in found if guard["tripped"]}


def test_confirming_another_key_column_does_not_hide_that_prices_are_a_hundred_times_higher(shop: Shop) -> None:
    before = ids(shop)
    first = shop.load(rows(100), HEADER)
    assert "price_jump" in guards_of(shop, first)
    confirm(shop, sku="Art. No.")
    held = shop.load()
    assert held.status == "held"
    assert {"price_jump", "median_price_change"} <= set(guards_of(shop, held))
    assert "missing_rows" not in guards_of(shop, held)
    assert held.median_price_change == pytest.approx(9900)
    assert ids(shop) == before
    assert len(set(shop.sql_column("SELECT supplier_sku FROM supplier_items WHERE supplier_sku LIKE 'A-%'"))) == COUNT


def test_a_confirmed_key_is_changed_with_the_next_load_and_every_item_keeps_its_id_and_history(shop: Shop) -> None:
    before = ids(shop)
    confirm(shop, sku="Art. No.")
    done = shop.load(rows(1.05), HEADER)
    assert (done.status, done.inserted, done.missing, done.rekeyed, done.price_changes) == (
        "success",
        0,
        0,
        COUNT,
        COUNT,
    )
    assert ids(shop) == {f"{9000 + 7 * n}": before[f"A-{n}"] for n in range(COUNT)}
    assert shop.sql("SELECT count(*), count(DISTINCT supplier_item_id) FROM price_history") == [(2 * COUNT, COUNT)]
    assert shop.load().status == "unchanged"
    assert shop.load(rows(1.06), HEADER).rekeyed == 0


def test_a_key_that_changes_without_a_word_from_anybody_is_held_and_says_so(shop: Shop) -> None:
    held = shop.load([[*row[1:], row[0]] for row in rows()], ("Item Code", "Name", "Price", "Currency", "Former code"))
    said = guards_of(shop, held)
    assert f"{COUNT} of {COUNT} known items are found again" in said["rekeyed"]
    assert "missing_rows" not in said
    before = ids(shop)
    done = asyncio.run(review.approve(shop.deployment, held.batch_id, "ann"))
    assert (done.rekeyed, done.inserted, done.missing) == (COUNT, 0, 0)
    assert set(ids(shop).values()) == set(before.values())


def test_old_and_new_keys_that_look_alike_are_not_mixed_up(database_url: str, tmp_path: Path) -> None:
    """Old keys 100 … 139, new ones 120 … 159: half of the new ones are old ones of other items."""
    shop = Shop(database_url, tmp_path)
    twins = [[str(100 + n), str(120 + n), f"Article {n}", f"{10 + n * 3}.00", "EUR"] for n in range(COUNT)]
    shop.write(twins, HEADER)
    asyncio.run(_first(shop))
    before = ids(shop)
    confirm(shop, sku="Art. No.")
    gone = twins[:-3]
    done = shop.load(gone, HEADER)
    assert (done.status, done.rekeyed, done.inserted, done.missing, done.price_changes) == ("success", 37, 0, 3, 0)
    after = ids(shop)
    assert {str(120 + n): before[str(100 + n)] for n in range(37)}.items() <= after.items()
    aside = f"139 (until batch {done.batch_id})"
    assert after[aside] == before["139"]
    assert shop.sql("SELECT current_price::int FROM supplier_items WHERE supplier_sku = '139'") == [(10 + 19 * 3,)]
    new = shop.load([*gone, ["777", "139000", "New", "12.00", "EUR"]], HEADER)
    assert (new.inserted, new.rekeyed) == (1, 0)


def test_what_cannot_be_found_again_is_said_and_counts_as_missing(shop: Shop) -> None:
    confirm(shop, sku="Art. No.")
    held = shop.load([*rows(numbers=range(20)), ["", "5", "New one", "9.00", "EUR"]], HEADER)
    assert "20 of 40" in guards_of(shop, held)["missing_rows"]
    (said,) = shop.sql(
        "SELECT guard ->> 'message' FROM ingestion_batches, jsonb_array_elements(guards) guard"
        " WHERE id = :id AND guard ->> 'name' = 'rekeyed'",
        id=held.batch_id,
    )
    assert "20 of 40 known items are found again and keep their history, 20 are not" in said[0]


def test_a_list_without_the_old_keys_is_held_and_needs_the_number_of_items_that_go(shop: Shop) -> None:
    confirm(shop, sku="Art. No.")
    held = shop.load([row[1:] for row in rows(100)], HEADER[1:])
    assert "does not have any more" in guards_of(shop, held)["rekeyed"]
    assert "about 100 times higher" in guards_of(shop, held)["price_level"]
    with pytest.raises(StoreRejected, match="--force 40"):
        asyncio.run(review.approve(shop.deployment, held.batch_id, "ann"))


def test_new_numbers_without_the_old_ones_are_judged_by_their_prices_as_a_whole(shop: Shop) -> None:
    renumbered = [[f"B-{row[1]}", "", *row[2:]] for row in rows(0.01)]
    assert "about 100 times lower" in guards_of(shop, shop.load(renumbered, HEADER))["price_level"]
    renumbered = [[f"B-{row[1]}", "", *row[2:]] for row in rows(1.3)]
    assert set(guards_of(shop, shop.load(renumbered, HEADER))) == {"missing_rows"}


def test_a_row_whose_price_is_wrong_today_keeps_its_item(shop: Shop) -> None:
    before = ids(shop)
    confirm(shop, sku="Art. No.")
    wrong = [[*row[:3], "call us", row[4]] if at == 5 else row for at, row in enumerate(rows())]
    done = shop.load(wrong, HEADER)
    assert (done.status, done.rekeyed, done.missing) == ("partial_success", COUNT, 0)
    assert ids(shop)["9035"] == before["A-5"]


def test_one_old_key_over_several_new_ones_is_nobody_s_history(shop: Shop) -> None:
    confirm(shop, sku="Art. No.")
    split = [*rows(), ["A-0", "123456", "Article named 0, in red", "10.00", "EUR"]]
    done = shop.load(split, HEADER)
    assert (done.rekeyed, done.inserted, done.missing) == (COUNT - 1, 2, 1)


def test_items_below_a_further_header_are_found_again_too(shop: Shop) -> None:
    before = ids(shop)
    confirm(shop, sku="Art. No.")
    further = ["Art. No.", "Item Code", "Name", "Price", "Currency"]
    below = [[row[1], row[0], *row[2:]] for row in rows()[20:]]
    done = shop.load([*rows()[:20], further, *below], HEADER)
    assert (done.rekeyed, done.inserted, done.missing) == (COUNT, 0, 0), done
    assert ids(shop)["9140"] == before["A-20"]


def test_a_renamed_key_column_is_no_change_of_key(shop: Shop) -> None:
    done = shop.load(rows(1.01), ("Item code:", *HEADER[1:]))
    assert (done.status, done.rekeyed, done.inserted) == ("success", 0, 0)
    assert shop.sql("SELECT count(*) FROM item_rekeys") == [(0,)]


def test_a_rejected_change_of_key_leaves_nothing_behind(shop: Shop) -> None:
    before = ids(shop)
    confirm(shop, sku="Art. No.")
    held = shop.load(rows(100), HEADER)
    asyncio.run(review.reject(shop.deployment, held.batch_id, "ann"))
    assert shop.sql("SELECT count(*) FROM item_rekeys") == [(0,)]
    assert ids(shop) == before


def test_the_pairs_that_were_judged_are_those_that_are_applied(shop: Shop) -> None:
    confirm(shop, sku="Art. No.")
    held = shop.load(rows(100), HEADER)
    shop.sql("UPDATE item_rekeys SET supplier_sku = 'other' WHERE former_sku = 'A-1'")
    with pytest.raises(StoreRejected, match="not those that were judged"):
        asyncio.run(review.approve(shop.deployment, held.batch_id, "ann"))


def test_a_plan_shows_prices_over_the_old_key_and_changes_nothing(shop: Shop) -> None:
    before = ids(shop)
    confirm(shop, sku="Art. No.")
    shop.write(rows(1.1), HEADER)
    told = asyncio.run(plan(shop.deployment, shop.key))
    assert (told.counts.prices, told.counts.inserted, told.counts.vanished) == (COUNT, 0, 0)
    assert ids(shop) == before


def test_a_batch_that_was_read_before_the_keys_changed_is_refused(shop: Shop) -> None:
    held = shop.load(rows(100), HEADER)
    shop.sql("UPDATE ingestion_batches SET report = report || '{\"rekey\": {}}', decided_at = now() WHERE id = 1")
    with pytest.raises(StoreRejected, match="--snapshot"):
        asyncio.run(review.approve(shop.deployment, held.batch_id, "ann"))


def test_why_names_the_earlier_key_and_finds_an_item_by_it(shop: Shop) -> None:
    confirm(shop, sku="Art. No.")
    shop.load()
    told = asyncio.run(provenance.why(shop.deployment, shop.key, "9007"))
    (earlier,) = told.earlier_keys
    assert (earlier.supplier_sku, earlier.batch_id) == ("A-1", 2)
    assert (told.origin.agrees, told.origin.note) == (True, "")
    assert asyncio.run(provenance.why(shop.deployment, shop.key, "A-1")) == told
