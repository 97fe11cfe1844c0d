"""What happens to the embedded servers after SIGKILL, full ports and left-over files."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion_dagster_tests.conftest import temporary_root
from ingestion_dagster_tests.integration.embedded_users import (
    User,
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


def test_a_killed_guardian_takes_the_servers_along_and_the_next_user_gets_new_ones(root: Path) -> None:
    orphaned = User(root)
    everyone = family(orphaned.services)
    query(orphaned.services.database_url, "CREATE TABLE before_the_kill AS SELECT 1 AS x")
    os.kill(orphaned.services.guardian_pid, signal.SIGKILL)
    user = User(root)
    assert not set(pids(user.services)) & set(everyone)
    assert gone(everyone)
    assert query(user.services.database_url, "SELECT x FROM before_the_kill") == (1,)
    user.leave()
    orphaned.leave()
    stop_now(user.services)


def test_a_killed_postgres_comes_back_at_its_address_with_what_was_committed(root: Path) -> None:
    user = User(root)
    url = user.services.database_url
    query(url, "CREATE TABLE committed AS SELECT 1 AS x")
    os.kill(user.services.postgres_pid, signal.SIGKILL)
    newcomer = User(root)
    assert newcomer.services.database_url == url
    assert newcomer.services.postgres_pid != user.services.postgres_pid
    assert query(url, "SELECT x FROM committed") == (1,)
    user.leave()
    newcomer.leave()
    stop_now(newcomer.services)


def test_a_killed_redis_comes_back_at_its_address_with_every_accepted_message(root: Path) -> None:
    user = User(root)
    url = user.services.redis_url
    with_redis(url, lambda client: client.lpush("accepted", *range(100)))
    os.kill(user.services.redis_pid, signal.SIGKILL)
    newcomer = User(root)
    assert newcomer.services.redis_url == url
    assert newcomer.services.redis_pid != user.services.redis_pid
    assert with_redis(url, lambda client: client.llen("accepted")) == 100
    user.leave()
    newcomer.leave()
    stop_now(newcomer.services)


def test_a_stale_pid_file_that_names_a_running_stranger_is_no_obstacle(root: Path) -> None:
    user = User(root)
    user.leave()
    stop_now(user.services)
    pid_file = root / "data/postgres/cluster/postmaster.pid"
    assert not pid_file.exists()
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n1\n5432\n\n127.0.0.1\n 0 0\nready\n")
    (root / "run/state.json").write_text("{}")
    user = User(root)
    assert query(user.services.database_url, "SELECT 1") == (1,)
    user.leave()
    stop_now(user.services)


def test_ports_taken_by_others_are_replaced(root: Path) -> None:
    user = User(root)
    user.leave()
    before = user.services
    stop_now(before)
    with socket.create_server(("127.0.0.1", before.postgres_port)), socket.create_server(("", before.redis_port)):
        user = User(root)
        after = user.services
        assert not {after.postgres_port, after.redis_port} & {before.postgres_port, before.redis_port}
        assert query(after.database_url, "SELECT 1") == (1,)
        assert with_redis(after.redis_url, lambda client: client.ping())
        user.leave()
        stop_now(after)


def test_a_cluster_whose_making_was_interrupted_is_made_again() -> None:
    with temporary_root() as folder:
        half = folder / "data/postgres/unfinished"
        half.mkdir(parents=True)
        (folder / "data").chmod(0o711)
        (half / "PG_VERSION").write_text("16\n")
        user = User(folder)
        assert query(user.services.database_url, "SELECT 1") == (1,)
        assert not half.exists()
        user.leave()
        stop_now(user.services)
