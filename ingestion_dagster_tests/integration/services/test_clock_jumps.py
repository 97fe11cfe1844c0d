"""A clock that was wrong for a while: nothing waits for it, and prices of today are found as prices of today.

PostgreSQL's clock is the machine's; what a wrong clock left behind is written into the tables instead.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestion_dagster.core.clocks import SETTLE_AFTER
from ingestion_dagster.core.errors import SourceUnavailable
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services import clock_watch
from ingestion_dagster.settings import Settings
from ingestion_dagster.store import clock, requests
from ingestion_dagster.store.reports import alerts
from ingestion_dagster_tests.integration.post_office import Post
from ingestion_dagster_tests.integration.shop import Shop, rows_of

YEAR = timedelta(days=400)
CALM = {"changed_share": 1.0, "median_change": 10.0}
AS_OF_NOW = "SELECT supplier_sku, trim_scale(price)::text FROM prices_as_of(now()) WHERE NOT missing ORDER BY 1"
AHEAD = """
UPDATE price_history SET recorded_at = recorded_at + interval '400 days' WHERE batch_id >= {0};
UPDATE item_absences SET missing_since = missing_since + interval '400 days' WHERE batch_id >= {0};
UPDATE item_absences SET returned_at = returned_at + interval '400 days' WHERE returned_at >= '{1}';
UPDATE supplier_items SET missing_since = missing_since + interval '400 days' WHERE missing_since >= '{1}';
UPDATE supplier_items SET updated_at = updated_at + interval '400 days' WHERE updated_at >= '{1}';
UPDATE ingestion_batches SET decided_at = decided_at + interval '400 days' WHERE id >= {0};
UPDATE sheet_snapshots SET fetched_at = fetched_at + interval '400 days' WHERE fetched_at >= '{1}';
UPDATE suppliers SET last_seen_at = last_seen_at + interval '400 days'
"""

A_STEP = """
INSERT INTO price_steps (supplier_id, supplier_item_id, from_quantity, price, batch_id, row_number, column_index,
                         valid_from)
SELECT item.supplier_id, item.id, 10, 1, batch_id, 2, 2, recorded_at
FROM price_history JOIN supplier_items item ON item.id = supplier_item_id ORDER BY recorded_at DESC LIMIT 1
"""


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    made = Shop(database_url, tmp_path, guards=CALM)
    made.load(rows_of([1.0, 2.0, 3.0]))
    return made


@pytest.fixture
def post(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Post]:
    deployment = Deployment(Settings(local_root=tmp_path, retry_cap_seconds=60, max_jobs=5), database_url, redis_url)
    with deployment.mailbox() as mailbox:
        yield Post(deployment, mailbox)


def load_under_a_clock_ahead(shop: Shop, *lists: list[float]) -> None:
    """Both clocks are 400 days ahead during these loads, and right again after them."""
    before = shop.sql_column("SELECT clock_timestamp()::text")[0]
    first, *_ = [shop.load(rows_of(prices)).batch_id for prices in lists]
    for statement in AHEAD.format(first, before).split(";"):
        shop.sql(statement)


def settle(post: Post) -> list[str]:
    """The clocks have agreed for long enough."""
    post.tick()
    assert post.memory.clock.ahead_since is not None
    post.memory.clock.ahead_since -= SETTLE_AFTER
    return post.tick().troubles


def history(shop: Shop, sku: str = "A001") -> list[str]:
    return shop.sql_column(
        "SELECT trim_scale(price)::text FROM price_history h JOIN supplier_items i ON i.id = h.supplier_item_id"
        f" WHERE supplier_sku = '{sku}' ORDER BY recorded_at, h.id"
    )


def test_prices_loaded_while_both_clocks_were_ahead_become_prices_of_today(shop: Shop, post: Post) -> None:
    load_under_a_clock_ahead(shop, [1.5, 2.0], [1.6, 2.0, 3.0])
    shop.sql(A_STEP)
    assert dict(shop.sql(AS_OF_NOW)) == {"A001": "1", "A002": "2", "A003": "3"}
    (first,) = post.tick().troubles
    assert "the newest record is of" in first
    assert dict(shop.sql(AS_OF_NOW))["A001"] == "1", "not before it is sure that the clock is right now"
    (told,) = settle(post)
    assert "dated back to now" in told
    assert dict(shop.sql(AS_OF_NOW)) == {"A001": "1.6", "A002": "2", "A003": "3"} == shop.prices()
    assert history(shop) == ["1", "1.5", "1.6"]
    kept = shop.sql_column("SELECT recorded_at < now() AND clock_said > now() + interval '1 year' FROM price_history"
                           " WHERE price IN (1.5, 1.6)")  # fmt: skip
    assert kept == [True, True]
    ((gone, back),) = shop.sql("SELECT missing_since, returned_at FROM item_absences")
    assert gone < back < datetime.now(UTC)
    for table, column in (("ingestion_batches", "decided_at"), ("sheet_snapshots", "fetched_at"),
                          ("suppliers", "last_seen_at"), ("price_steps", "valid_from"),
                          ("supplier_items", "updated_at")):  # fmt: skip
        assert shop.sql_column(f"SELECT count(*) FROM {table} WHERE {column} > now()") == [0], table
    shop.load(rows_of([1.7, 2.0, 3.0]))
    assert history(shop) == ["1", "1.5", "1.6", "1.7"]
    assert settled_already(post)


def settled_already(post: Post) -> bool:
    return post.tick().troubles == [] and post.memory.clock.ahead_since is None


def test_what_was_loaded_after_the_clock_was_right_again_keeps_its_time(shop: Shop, post: Post) -> None:
    load_under_a_clock_ahead(shop, [1.5, 2.0, 3.0])
    shop.load(rows_of([1.6, 2.0, 3.0]))
    ((said, recorded),) = shop.sql("SELECT clock_said, recorded_at FROM price_history WHERE price = 1.6")
    assert recorded > said + YEAR - timedelta(minutes=1)
    between = datetime.now(UTC)
    settle(post)
    ((recorded,),) = shop.sql("SELECT recorded_at FROM price_history WHERE price = 1.6")
    assert said <= recorded < min(between, said + timedelta(milliseconds=1))
    assert history(shop) == ["1", "1.5", "1.6"]
    assert dict(shop.sql(AS_OF_NOW)) == shop.prices()


@pytest.mark.parametrize("wrong", [YEAR, -YEAR])
def test_while_two_clocks_disagree_prices_are_dated_by_the_one_that_fits_and_nothing_is_dated_back(
    shop: Shop, post: Post, monkeypatch: pytest.MonkeyPatch, wrong: timedelta
) -> None:
    monkeypatch.setattr(clock, "our_time", lambda: datetime.now(UTC) + wrong)
    shop.load(rows_of([1.5, 2.0, 3.0]))
    assert dict(shop.sql(AS_OF_NOW)) == shop.prices()
    (told,) = post.tick().troubles
    assert "one of them is wrong" in told
    assert post.memory.clock.ahead_since is None
    assert post.tick().troubles == [], "the same is not told at every tick"


def test_a_clock_that_says_less_than_the_program_is_old_dates_nothing_back(
    shop: Shop, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_under_a_clock_ahead(shop, [1.5, 2.0, 3.0])
    monkeypatch.setattr(clock_watch, "program_made", lambda: datetime.now(UTC) + timedelta(days=30))
    (told,) = post.tick().troubles
    assert "this program was installed" in told
    assert post.memory.clock.ahead_since is None


def test_a_step_of_the_clock_between_two_ticks_is_told(post: Post) -> None:
    assert post.tick().troubles == []
    then, passed = post.memory.clock.before or (datetime.now(UTC), time.monotonic())
    post.memory.clock.before = (then - YEAR, passed)
    (told,) = post.tick().troubles
    assert "was set forward by 400 days" in told


def test_no_retry_and_no_lease_waits_for_a_clock_that_was_ahead(post: Post) -> None:
    for name in ("Waits", "Leased"):
        post.send_file(name, name)
    leases = {lease.task_id: lease for lease in post.tick().to_start}
    for lease in leases.values():
        post.begin(lease)
        post.runs[lease.run_key] = "running"
    waits, error = leases["Waits"], SourceUnavailable("busy")
    post.with_connection(lambda c: requests.give_back(c, waits.request_id, waits.fence, error, 5, None))
    post.sql("UPDATE ingestion_requests SET not_before = not_before + interval '400 days',"
             " lease_until = lease_until + interval '400 days'")  # fmt: skip
    post.tick()
    ((wait, lease_left),) = [
        (row["wait"], row["left"])
        for row in post.sql(
            "SELECT max(not_before - now()) FILTER (WHERE state = 'retry_wait') AS wait,"
            " max(lease_until - now()) AS left FROM ingestion_requests"
        )
    ]
    assert timedelta(0) < wait <= timedelta(seconds=2 * 60)
    assert timedelta(0) < lease_left <= timedelta(seconds=360)


def test_an_alert_does_not_wait_for_a_clock_that_was_ahead(post: Post) -> None:
    post.mailbox.send(b"junk")
    post.tick()
    (event,) = post.with_connection(lambda c: alerts.untold(c, 10))
    post.with_connection(lambda c: alerts.told(c, [event], "no answer"))
    assert post.with_connection(lambda c: alerts.untold(c, 10)) == []
    post.sql("UPDATE ingestion_alerts SET not_before = not_before + interval '400 days'")
    assert post.with_connection(lambda c: alerts.untold(c, 10)) == [event]
