"""The real Dagster: its daemon is killed while it makes the runs of a tick, while twenty of them work at once.

Also counted here: the connections that all of it has open, in both databases, at the same time.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg2
import pytest
import redis

from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.instance.processes import Running, dagster_processes
from ingestion_dagster.settings import Settings
from ingestion_dagster_tests.chaos.forms import Form, report
from ingestion_dagster_tests.conftest import temporary_root

AT_ONCE = 20
CLIENTS = """
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
LIST = "Item code,Name,Price,Currency\n" + "".join(f"K-{n},Brass key number {n},{n}.50,EUR\n" for n in range(1, 30))


@dataclass
class Dagster:
    """Code server, and a daemon that can be killed and started again."""

    running: Running
    most: int = 0
    """Connections at once."""

    @property
    def deployment(self) -> Deployment:
        return self.running.deployment

    def kill_daemon(self) -> None:
        """The program itself, with SIGKILL; its leash ends with it."""
        leash = self.running.processes["daemon"]
        for child in psutil.Process(leash.pid).children():
            os.kill(child.pid, signal.SIGKILL)
        leash.wait(timeout=20)

    def start_daemon(self) -> None:
        self.running.start("daemon")

    def runs(self) -> list[str]:
        """The run keys of all runs."""
        self.count_connections()
        return [row[0] for row in self._sql("SELECT value FROM run_tags WHERE key = 'dagster/run_key'")]

    def count_connections(self) -> None:
        """Of all clients to both databases, but for this question."""
        self.most = max(self.most, int(self._sql(CLIENTS)[0][0]))

    def _sql(self, statement: str) -> list[tuple[Any, ...]]:
        assert self.deployment.dagster_url is not None
        connection = psycopg2.connect(self.deployment.dagster_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()
        finally:
            connection.close()


@contextmanager
def dagster() -> Iterator[Dagster]:
    """All of it but the webserver, with room for twenty runs."""
    with temporary_root() as root:
        settings = Settings(local_root=root, max_jobs=AT_ONCE, sensor_wait_seconds=0)
        with open_deployment(settings) as deployment:
            settings.inbox_path.mkdir(parents=True, exist_ok=True)
            with dagster_processes(deployment, None) as running:
                yield Dagster(running)


def _until(condition: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not after {seconds} s"
        time.sleep(0.02)


def send(deployment: Deployment, first: int, count: int) -> list[str]:
    """Messages for as many suppliers; their task_ids."""
    names = [f"d-{number}" for number in range(first, first + count)]
    with redis.Redis.from_url(deployment.redis_url) as client:
        for number, name in enumerate(names):
            supplier = f"Keys {number}"
            (deployment.settings.inbox_path / f"k{number}.csv").write_text(LIST.replace(".50", f".{first % 90 + 10}"))
            config = {"file_path": f"k{number}.csv"}
            found = {"task_id": name, "supplier_name": supplier, "parser_type": "csv", "source_config": config}
            client.lpush("ingestion:queue", json.dumps(found))
    return names


@pytest.mark.timeout(7200)
def test_a_daemon_killed_while_it_makes_runs_makes_none_twice(chosen: Form) -> None:
    kills, rounds, caught = 0, 0, 0
    with dagster() as system:
        while kills < chosen.daemon_kills:
            names = send(system.deployment, rounds * AT_ONCE, AT_ONCE)
            known = len(system.runs())
            for made in (4, 9, 14):
                if kills == chosen.daemon_kills:
                    break
                _until(lambda enough=known + made: len(system.runs()) >= enough, 180)
                system.kill_daemon()
                caught += len(system.runs()) - known < AT_ONCE
                kills += 1
                system.start_daemon()
            end = time.monotonic() + 400
            while (states := _states(system.deployment)) and any(states.get(name) != "applied" for name in names):
                assert time.monotonic() < end, states
                system.count_connections()
                time.sleep(0.05)
            rounds += 1
        keys = system.runs()
        effects = _batches(system.deployment)
    first = sum(key.endswith(":1") for key in keys)
    report(
        f"Dagster's daemon killed {kills} times, {caught} of them with only a part of a tick's {AT_ONCE} runs made:"
        f" {len(keys)} runs for {len(effects)} messages, {len(keys) - len(set(keys))} duplicate run keys;"
        f" {AT_ONCE} runs at once and all the rest: at most {system.most} connections"
    )
    assert len(set(keys)) == len(keys)
    assert first == len(effects) == rounds * AT_ONCE
    assert effects == dict.fromkeys(effects, 1)
    assert system.most <= 60


def _asked(deployment: Deployment, statement: str) -> dict[str, Any]:
    connection = psycopg2.connect(deployment.database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return dict(cursor.fetchall())
    finally:
        connection.close()


def _states(deployment: Deployment) -> dict[str, str]:
    return _asked(deployment, "SELECT task_id, state FROM ingestion_requests") or {"": "none yet"}


def _batches(deployment: Deployment) -> dict[str, int]:
    return _asked(deployment, "SELECT task_id, count(*) FROM ingestion_batches WHERE state IN ('applied', 'unchanged')"
                         " GROUP BY task_id")  # fmt: skip
