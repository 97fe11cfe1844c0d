"""The embedded servers live as long as somebody uses them, not longer, and not shorter."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion_dagster.local import ServicesFailed, erase
from ingestion_dagster_tests.conftest import temporary_root
from ingestion_dagster_tests.integration.embedded_users import (
    User,
    alive,
    family,
    gone,
    pids,
    processes_below,
    query,
    stop_now,
    with_redis,
)


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with temporary_root() as folder:
        yield folder
        assert not processes_below(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_no_process_is_left_when_the_only_user_is_ended_by(number: signal.Signals, root: Path) -> None:
    user = User(root)
    everyone = family(user.services)  # PostgreSQL's helpers among them, some of which come and go
    assert set(pids(user.services)) <= set(alive(everyone))
    user.end_by(number)
    assert gone(everyone)
    assert not processes_below(root)


def test_two_users_share_one_set_and_the_last_one_out_stops_it(root: Path) -> None:
    first = User(root)
    shared = first.services
    second = User(root)
    assert second.services == shared
    first.end_by(signal.SIGKILL)
    assert not gone(pids(shared), seconds=2.2)
    assert query(shared.database_url, "SELECT 1") == (1,)
    second.leave()
    assert gone(pids(shared))


def test_users_that_start_at_the_same_moment_get_the_same_set(root: Path) -> None:
    users = [User(root) for _ in range(5)]
    assert len({user.services.guardian_pid for user in users}) == 1
    for user in users:
        user.leave()
    stop_now(users[0].services)


def test_a_user_that_comes_while_the_set_stops_gets_a_working_one(root: Path) -> None:
    first = User(root)
    old = first.services
    first.leave()
    os.kill(old.guardian_pid, signal.SIGTERM)
    newcomer = User(root)
    assert newcomer.services.guardian_pid != old.guardian_pid
    assert query(newcomer.services.database_url, "SELECT 1") == (1,)
    newcomer.leave()
    stop_now(newcomer.services)


def test_data_addresses_and_passwords_survive_a_stop(root: Path) -> None:
    user = User(root)
    before = user.services
    query(before.database_url, "CREATE TABLE survives AS SELECT 42 AS answer")
    with_redis(before.redis_url, lambda client: client.lpush("survives", "message"))
    user.leave()
    stop_now(before)
    user = User(root)
    after = user.services
    assert (after.database_url, after.redis_url) == (before.database_url, before.redis_url)
    assert query(after.database_url, "SELECT answer FROM survives") == (42,)
    assert with_redis(after.redis_url, lambda client: client.lrange("survives", 0, -1)) == ["message"]
    query(after.database_url, "DROP TABLE survives")
    user.leave()
    stop_now(after)


def test_services_in_use_are_not_erased(root: Path) -> None:
    user = User(root)
    assert user.services
    with pytest.raises(ServicesFailed, match="in use"):
        erase(root)
    assert query(user.services.database_url, "SELECT 1") == (1,)
    user.leave()
    stop_now(user.services)
