"""A held batch and a person's word: approved exactly as judged, rejected, or refused because something newer came."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from ingestion_dagster.core.errors import SheetError, StaleSnapshot, StoreRejected
from ingestion_dagster.core.steps import Attempt, LoadSummary
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.upsert import upsert_items
from ingestion_dagster.pipeline.validate import validate_rows
from ingestion_dagster.services import review
from ingestion_dagster_tests.integration.shop import Shop, rows_of

CALM = [10.0 + n for n in range(30)]


def with_jump(factor: float = 10) -> list[float]:
    return [CALM[0] * factor, *CALM[1:]]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    made = Shop(database_url, tmp_path)
    made.load(rows_of(CALM))
    return made


def approve(shop: Shop, batch_id: int, note: str | None = None, force: int | None = None) -> LoadSummary:
    return asyncio.run(review.approve(shop.deployment, batch_id, "ann", note, force))


def reject(shop: Shop, batch_id: int, note: str | None = None) -> str:
    return asyncio.run(review.reject(shop.deployment, batch_id, "ann", note))


def moves(shop: Shop, batch_id: int) -> list[tuple[Any, ...]]:
    return shop.sql(
        "SELECT from_state, to_state, actor, reason FROM batch_transitions WHERE batch_id = :id ORDER BY id",
        id=batch_id,
    )


def test_a_held_batch_changes_nothing_until_it_is_approved(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))
    assert held.status == "held"
    assert shop.prices()["A001"] == "10"
    summary = approve(shop, held.batch_id, "new packaging")
    assert (summary.status, summary.updated, summary.unchanged) == ("success", 1, 29)
    assert shop.prices()["A001"] == "100"
    assert moves(shop, held.batch_id)[1][:3] == ("staged", "held", "guards")
    assert moves(shop, held.batch_id)[2:] == [
        ("held", "approved", "ann", "new packaging"),
        ("approved", "applied", "ann", None),
    ]
    assert shop.sql("SELECT count(*) FROM staged_items") == [(0,)]


def test_the_approved_list_is_the_same_list_tomorrow(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))
    approve(shop, held.batch_id)
    assert shop.load().status == "unchanged"


def test_a_rejected_batch_leaves_the_catalogue_as_it_is(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))
    assert reject(shop, held.batch_id, "typing error") == "acme"
    assert shop.prices()["A001"] == "10"
    assert moves(shop, held.batch_id)[-1] == ("held", "rejected", "ann", "rejected by ann: typing error")
    assert shop.sql("SELECT count(*) FROM staged_items") == [(0,)]
    with pytest.raises(StoreRejected, match="rejected already"):
        approve(shop, held.batch_id)


def test_the_same_list_after_a_rejection_is_not_put_before_the_buyer_again(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))
    reject(shop, held.batch_id, "typing error")
    with pytest.raises(SheetError, match="typing error"):
        shop.load()
    assert shop.load(rows_of([CALM[0] + 1, *CALM[1:]])).status == "success"


def test_a_list_that_waits_is_held_once_however_often_it_is_fetched(shop: Shop) -> None:
    first = shop.load(rows_of(with_jump()))
    again = shop.load()
    assert (again.status, again.batch_id, again.reasons) == ("held", first.batch_id, first.reasons)
    assert shop.sql("SELECT count(*) FROM ingestion_batches WHERE state = 'held'") == [(1,)]


def test_a_waiting_list_is_applied_once_the_supplier_s_thresholds_allow_it(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))
    shop.register(guards={"jump_rows": 1})
    assert shop.load().status == "success"
    assert moves(shop, held.batch_id)[-2][:3] == ("held", "approved", "guards")
    assert shop.prices()["A001"] == "100"


def test_a_batch_that_something_newer_overtook_is_refused(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))
    newer = shop.load(rows_of([CALM[0] + 1, *CALM[1:]]))
    with pytest.raises(StaleSnapshot, match=f"overtaken by batch {newer.batch_id}"):
        approve(shop, held.batch_id)
    assert shop.prices()["A001"] == "11"
    assert moves(shop, held.batch_id)[-1][1] == "rejected"


def test_a_list_that_returns_after_it_was_overtaken_is_judged_anew(shop: Shop) -> None:
    first = shop.load(rows_of(with_jump()))
    shop.load(rows_of([CALM[0] + 1, *CALM[1:]]))
    again = shop.load(rows_of(with_jump()))
    assert again.status == "held"
    assert again.batch_id > first.batch_id


def test_a_list_fetched_first_but_staged_last_may_return_after_it_was_overtaken(shop: Shop) -> None:
    slow, quick = rows_of([CALM[0] + 2, *CALM[1:]]), rows_of([CALM[0] + 1, *CALM[1:]])

    async def _race() -> tuple[int, int]:
        attempt = Attempt("race")
        snapshots = []
        for rows in (slow, quick):
            shop.write(rows)
            snapshots.append(await fetch(shop.deployment, shop.key))
        staged = [
            await validate_rows(shop.deployment, await map_columns(shop.deployment, snapshot), attempt)
            for snapshot in reversed(snapshots)
        ]
        await upsert_items(shop.deployment, staged[0], attempt)
        return staged[0].batch_id, staged[1].batch_id

    applied, overtaken = asyncio.run(_race())
    assert overtaken > applied
    assert moves(shop, overtaken)[-1][1:3] == ("rejected", "load")
    assert shop.load(slow).status == "success"
    assert shop.prices()["A001"] == "12"


def test_staged_rows_that_are_not_the_judged_ones_are_never_applied(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))
    shop.sql("UPDATE staged_items SET price = 5 WHERE supplier_sku = 'A002'")
    with pytest.raises(StoreRejected, match="not those that were judged"):
        approve(shop, held.batch_id)
    assert shop.prices()["A002"] == "11"
    assert shop.sql("SELECT state FROM ingestion_batches WHERE id = :id", id=held.batch_id) == [("held",)]


@pytest.mark.parametrize("left", [1, 14])
def test_a_list_that_lost_most_items_is_approved_only_by_who_types_how_many(shop: Shop, left: int) -> None:
    held = shop.load(rows_of(CALM[:left]))
    lost = len(CALM) - left
    for typed in (None, 0, lost - 1, lost + 1):
        with pytest.raises(StoreRejected, match=f"--force {lost}`"):
            approve(shop, held.batch_id, force=typed)
    assert shop.sql("SELECT state FROM ingestion_batches WHERE id = :id", id=held.batch_id) == [("held",)]
    assert shop.sql("SELECT count(*) FROM supplier_items WHERE missing_since IS NOT NULL") == [(0,)]
    assert approve(shop, held.batch_id, force=lost).missing == lost


def test_a_list_whose_rows_could_not_be_read_is_nearly_empty_too(shop: Shop) -> None:
    unread = [[*row[:2], "ask", *row[3:]] if at > 9 else row for at, row in enumerate(rows_of(CALM))]
    held = shop.load(unread)
    with pytest.raises(StoreRejected, match="0 are not in the list, 20 stand in rows that could not be read"):
        approve(shop, held.batch_id)
    assert approve(shop, held.batch_id, force=20).missing == 0


def test_a_list_that_lost_half_of_its_items_is_approved_as_any_other(shop: Shop) -> None:
    held = shop.load(rows_of(CALM[:15]))
    assert approve(shop, held.batch_id).missing == 15


def test_a_batch_is_decided_once(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))
    approve(shop, held.batch_id)
    with pytest.raises(StoreRejected, match="applied already"):
        approve(shop, held.batch_id)
    with pytest.raises(StoreRejected, match="applied already"):
        reject(shop, held.batch_id)
    with pytest.raises(StoreRejected, match="no batch 999"):
        approve(shop, 999)


def test_two_people_who_approve_at_once_apply_it_once(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))

    async def both() -> list[Any]:
        return await asyncio.gather(
            *(review.approve(shop.deployment, held.batch_id, who, None) for who in ("ann", "bob")),
            return_exceptions=True,
        )

    done = asyncio.run(both())
    assert sorted(type(one).__name__ for one in done) == ["LoadSummary", "StoreRejected"]
    assert shop.sql("SELECT count(*) FROM price_history") == [(31,)]


def test_a_batch_whose_load_was_cut_short_before_it_was_judged_cannot_be_approved(shop: Shop) -> None:
    staged = shop.stage(rows_of([11.0, *CALM[1:]]))
    with pytest.raises(StoreRejected, match="never judged"):
        approve(shop, staged.batch_id)


def held_request(shop: Shop, batch_id: int, task: str = "t1") -> None:
    result = {"task_id": task, "status": "held", "reasons": ["x"], "statistics": {"inserted": 0}, "errors": []}
    shop.sql(
        "INSERT INTO ingestion_requests (task_id, verdict, supplier_id, digest, raw, state, max_retries, batch_id,"
        " result, result_published) SELECT :task, 'accepted', id, 'd', ''::bytea, 'held', 3, :batch,"
        " CAST(:result AS jsonb), true FROM suppliers",
        task=task,
        batch=batch_id,
        result=orjson.dumps(result).decode(),
    )


def test_the_request_that_was_held_gets_the_new_result_to_be_published(shop: Shop) -> None:
    held = shop.load(rows_of(with_jump()))
    held_request(shop, held.batch_id)
    approve(shop, held.batch_id)
    ((state, result, published),) = shop.sql("SELECT state, result, result_published FROM ingestion_requests")
    assert (state, published) == ("applied", False)
    assert (result["status"], result["task_id"], result["statistics"]["updated"]) == ("success", "t1", 1)
    assert "reasons" not in result
    assert result["processed_at"].endswith("Z")


@pytest.mark.parametrize("overtaken", [True, False])
def test_the_request_of_a_batch_that_is_refused_fails_with_the_reason(shop: Shop, overtaken: bool) -> None:
    held = shop.load(rows_of(with_jump()))
    held_request(shop, held.batch_id)
    if overtaken:
        shop.load(rows_of([CALM[0] + 1, *CALM[1:]]))
    else:
        reject(shop, held.batch_id, "no")
    ((state, result),) = shop.sql("SELECT state, result FROM ingestion_requests")
    assert state == ("superseded" if overtaken else "dead")
    assert result["status"] == "failure"
    assert ("overtaken" if overtaken else "rejected by ann: no") in result["errors"][0]["sample_message"]
