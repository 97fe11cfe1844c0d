"""The sweep removes what nothing stands on, and nothing else."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from upath import UPath

from ingestion_dagster.core.errors import StoreUnavailable
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services import plan as planning
from ingestion_dagster.services import retention, review
from ingestion_dagster.services.retention import Swept
from ingestion_dagster.settings import Settings
from ingestion_dagster.store import clock
from ingestion_dagster_tests.integration.shop import Shop, rows_of

RUN = "0f0e8e6a-37a5-4f3e-9a58-0d7ad3e25b0c"


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    return keeping_two(Shop(database_url, tmp_path))


def keeping_two(shop: Shop) -> Shop:
    """Two snapshots are kept, however old; everything in these tests is a year old unless said otherwise."""
    settings = Settings(local_root=shop.deployment.settings.local_root, snapshot_keep_last=2, snapshot_keep_days=30)
    shop.deployment = Deployment(settings, shop.url, shop.deployment.redis_url)
    return shop


def age(shop: Shop) -> None:
    shop.sql("UPDATE sheet_snapshots SET fetched_at = fetched_at - interval '1 year'")


def sweep(shop: Shop) -> Swept:
    return asyncio.run(retention.sweep(shop.deployment))


def files(shop: Shop) -> int:
    return sum(1 for path in (Path(shop.deployment.settings.snapshot_store) / "bytes").rglob("*") if path.is_file())


def kept(shop: Shop) -> list[int]:
    return [row[0] for row in shop.sql("SELECT id FROM sheet_snapshots WHERE deleted_at IS NULL ORDER BY id")]


def test_nothing_is_swept_while_clocks_disagree_or_records_lie_in_the_future(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(5):
        shop.load(rows_of([10 + day, 20 + day]))
    age(shop)
    with monkeypatch.context() as wrong:
        wrong.setattr(clock, "our_time", lambda: datetime.now(UTC) - timedelta(days=400))
        with pytest.raises(StoreUnavailable, match=r"nothing is swept: .* one of them is wrong"):
            sweep(shop)
    shop.sql("UPDATE suppliers SET last_seen_at = now() + interval '400 days'")
    with pytest.raises(StoreUnavailable, match="nothing is swept: the newest record is of"):
        sweep(shop)
    assert kept(shop) == [1, 2, 3, 4, 5]
    shop.sql("UPDATE suppliers SET last_seen_at = now()")
    assert sweep(shop).snapshots == 3


def test_the_last_lists_stay_and_older_ones_go(shop: Shop) -> None:
    for day in range(5):
        shop.load(rows_of([10 + day, 20 + day]))
    age(shop)
    swept = sweep(shop)
    assert (swept.snapshots, swept.files) == (3, 3)
    assert kept(shop) == [4, 5]
    assert files(shop) == 2
    assert sweep(shop) == Swept()


def test_a_young_list_stays_however_many_there_are(shop: Shop) -> None:
    for day in range(5):
        shop.load(rows_of([10 + day, 20 + day]))
    assert sweep(shop).snapshots == 0


def test_a_list_that_a_price_in_force_was_read_from_stays(shop: Shop) -> None:
    for day in range(6):
        # The second price changes on the first and the third day only.
        shop.load(rows_of([10 + day, 20 if day < 2 else 21]))
    age(shop)
    sweep(shop)
    assert kept(shop) == [3, 5, 6]
    assert shop.sql("SELECT count(*) FROM price_history") == [(8,)]


def test_the_list_of_a_batch_that_waits_stays_and_goes_once_it_is_decided(shop: Shop) -> None:
    shop.load(rows_of([10, 20]))
    held = shop.load(rows_of([100, 20]))
    for day in range(3):
        shop.write(rows_of([100 + day * 10, 21]))
        asyncio.run(shop._load())
    shop.sql("UPDATE ingestion_batches SET state = 'rejected' WHERE id > :id", id=held.batch_id)
    age(shop)
    sweep(shop)
    assert 2 in kept(shop)
    asyncio.run(review.reject(shop.deployment, held.batch_id, "ann", None))
    sweep(shop)
    assert 2 not in kept(shop)
    assert 1 in kept(shop), "both prices in force come from the first list"


def test_bytes_that_another_supplier_sent_too_stay(shop: Shop, tmp_path: Path) -> None:
    other = Shop(shop.url, tmp_path, "other")
    other.load(rows_of([10, 20]))
    for day in range(4):
        shop.load(rows_of([10 + day, 20 + day]))
    age(shop)
    assert sweep(shop).files == 1
    assert other.deployment.snapshots.get(other.sql("SELECT sha256 FROM sheet_snapshots WHERE id = 1")[0][0])


def test_bytes_that_return_after_they_were_swept_are_kept_anew(shop: Shop) -> None:
    for day in range(4):
        shop.load(rows_of([10 + day, 20 + day]))
    age(shop)
    sweep(shop)
    assert shop.load(rows_of([10, 20])).status == "success"
    assert shop.prices() == {"A001": "10", "A002": "20"}
    assert len(kept(shop)) == 3


def test_a_fetch_during_the_sweep_never_loses_its_bytes(shop: Shop) -> None:
    """The sweep holds a lock on the bytes while it looks whether anybody needs them."""
    lists = [rows_of([10 + n, 20 + n]) for n in range(4)]
    for rows in lists:
        shop.load(rows)

    async def race(number: int) -> None:
        shop.write(lists[number % 4])
        await asyncio.gather(shop._load(), retention.sweep(shop.deployment))

    for number in range(4):
        age(shop)
        asyncio.run(race(number))
    for (sha,) in shop.sql("SELECT sha256 FROM sheet_snapshots WHERE deleted_at IS NULL"):
        assert shop.deployment.snapshots.get(sha)


def test_a_sweep_that_was_cut_short_is_finished_by_the_next(shop: Shop) -> None:
    for day in range(5):
        shop.load(rows_of([10 + day, 20 + day]))
    age(shop)
    (sha,) = shop.sql("SELECT sha256 FROM sheet_snapshots WHERE id = 1")[0]
    shop.deployment.snapshots.delete(sha)
    assert sweep(shop).snapshots == 3
    assert kept(shop) == [4, 5]


def test_a_plan_that_nobody_applied_fails_after_a_while_and_its_rows_go(shop: Shop) -> None:
    shop.load(rows_of([10, 20]))
    shop.write(rows_of([11, 20]))
    batch = asyncio.run(planning.plan(shop.deployment, "acme")).batch_id
    assert sweep(shop).abandoned_batches == 0
    shop.sql("UPDATE ingestion_batches SET created_at = created_at - interval '1 year'")
    swept = sweep(shop)
    assert (swept.abandoned_batches, swept.staged_rows) == (1, 2)
    assert shop.sql("SELECT state, reason FROM ingestion_batches WHERE id = :id", id=batch) == [
        ("failed", "not decided within 14 days")
    ]


def test_old_deliveries_are_forgotten(shop: Shop) -> None:
    shop.sql(
        "INSERT INTO ingestion_deliveries (delivery_id, request_id, verdict, received_at)"
        " VALUES ('old', 1, 'accepted', now() - interval '15 days'), ('new', 1, 'accepted', now())"
    )
    assert sweep(shop).deliveries == 1
    assert shop.sql("SELECT delivery_id FROM ingestion_deliveries") == [("new",)]


def test_references_of_old_runs_go_and_those_of_assets_stay(tmp_path: Path) -> None:
    old, young = tmp_path / RUN / "step", tmp_path / RUN.replace("0f0e", "1f0e") / "step"
    asset = tmp_path / "supplier_sheet"
    for folder in (old, young, asset):
        folder.mkdir(parents=True)
        (folder / "result.json").write_text("{}")
    for folder in (old, asset):
        os.utime(folder / "result.json", (time.time() - 90_000, time.time() - 90_000))
    assert retention.sweep_references(UPath(tmp_path), timedelta(days=1)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([young.parent.name, "supplier_sheet"])


def test_references_are_swept_where_the_setting_says(shop: Shop, tmp_path: Path) -> None:
    known = shop.deployment.settings
    assert known.reference_store == f"{known.snapshot_store}/references"
    elsewhere = tmp_path / "elsewhere"
    result = elsewhere / RUN / "step" / "result.json"
    result.parent.mkdir(parents=True)
    result.write_text("{}")
    os.utime(result, (0, 0))
    shop.deployment = Deployment(
        known.model_copy(update={"reference_url": str(elsewhere)}), shop.url, shop.deployment.redis_url
    )
    assert sweep(shop).references == 1
    assert not result.exists()


def test_references_in_a_bucket_are_swept_as_well() -> None:
    store = UPath("memory://references-test")
    (store / RUN / "step").mkdir(parents=True)
    (store / RUN / "step" / "result.json").write_text("{}")
    assert retention.sweep_references(store, timedelta(days=1)) == 0
    assert retention.sweep_references(store, timedelta(seconds=-5)) == 1
    assert not (store / RUN / "step" / "result.json").exists()
