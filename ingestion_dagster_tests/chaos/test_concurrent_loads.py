"""Twenty processes load lists through the real pipeline into one PostgreSQL, and PostgreSQL is killed under loads.

Each process runs fetch, map, validate and upsert from `pipeline/py`, as a Dagster run does.
"""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from ingestion_dagster.core.errors import DataIngestionError, StaleSnapshot
from ingestion_dagster.core.steps import Attempt
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.upsert import upsert_items
from ingestion_dagster.pipeline.validate import validate_rows
from ingestion_dagster.settings import Settings
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database
from ingestion_dagster_tests.chaos.forms import Form, report
from ingestion_dagster_tests.chaos.servers import Servers

PROCESSES = 20
ROWS = 300
_fork = multiprocessing.get_context("fork")


def price_list(version: int, rows: int) -> str:
    """The same items at other prices: after a whole load every price ends in the version's digits."""
    lines = [f"SKU-{n:05d},Brass fitting number {n},{n % 40 + 5}.{version % 90 + 10},EUR" for n in range(rows)]
    return "Item code,Name,Price,Currency\n" + "\n".join(lines) + "\n"


@contextmanager
def shop(servers: Servers, folder: Path, count: int) -> Iterator[Deployment]:
    """A catalogue with `count` suppliers, their lists in the inbox."""
    settings = Settings(local_root=folder, inbox=folder / "inbox", db_lock_timeout=60)
    settings.inbox_path.mkdir()
    deployment = Deployment(settings, servers.new_database(), servers.redis_url)

    async def _register(database: Database) -> None:
        async with database.transaction() as connection:
            for number in range(count):
                await suppliers.register(connection, f"s{number}", f"S{number}", "csv", {"file_path": f"s{number}.csv"})

    deployment.run(_register)
    yield deployment


def one_load(deployment: Deployment, key: str, number: int) -> None:
    """From the file to the catalogue."""

    async def _load() -> None:
        attempt = Attempt(task_id=f"load-{key}-{number}", run_id=None)
        snapshot = await fetch(deployment, key)
        understood = await map_columns(deployment, snapshot)
        staged = await validate_rows(deployment, understood, attempt)
        await upsert_items(deployment, staged, attempt)

    asyncio.run(_load())


def loads(deployment: Deployment, number: int, seconds: float, failed: Any) -> None:
    """A process that loads, mostly its own supplier, now and then one that all the others load as well."""
    chance, end, version = random.Random(number), time.monotonic() + seconds, 0
    while time.monotonic() < end or version < 2:
        version += 1
        key = "s0" if chance.random() < 0.3 else f"s{number}"
        _replace(deployment.settings.inbox_path / f"{key}.csv", price_list(version, ROWS), number)
        try:
            one_load(deployment, key, version * 100 + number)
        except StaleSnapshot:
            continue  # another process has loaded a newer list of the same supplier
        except Exception as error:
            failed.put(f"{type(error).__name__}: {error}")


def _replace(file: Path, content: str, number: int) -> None:
    """In one step: others may be reading it."""
    unfinished = file.with_suffix(f".{number}")
    unfinished.write_text(content)
    unfinished.replace(file)


def asked(url: str, statement: str) -> Any:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()
    finally:
        connection.close()


@pytest.mark.timeout(1200)
def test_twenty_loads_at_once_have_no_deadlock_and_few_connections(
    killable: Servers, chosen: Form, tmp_path: Path
) -> None:
    with shop(killable, tmp_path, PROCESSES) as place:
        failed: Any = _fork.Queue()
        args = [(place, number, chosen.load_seconds, failed) for number in range(PROCESSES)]
        workers = [_fork.Process(target=loads, args=arg, daemon=True) for arg in args]
        for worker in workers:
            worker.start()
        most = 0
        while any(worker.is_alive() for worker in workers):
            (count,) = asked(place.database_url, "SELECT count(*) FROM pg_stat_activity"
                             " WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
            most = max(most, count)
            time.sleep(0.1)
        deadlocks, batches = asked(
            place.database_url,
            "SELECT (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()),"
            " (SELECT count(*) FROM ingestion_batches WHERE state IN ('applied', 'unchanged'))",
        )
        troubles = []
        while not failed.empty():
            troubles.append(failed.get())
    report(f"{PROCESSES} processes loading at once: {batches} loads, {deadlocks} deadlocks, at most {most} connections")
    assert (deadlocks, troubles) == (0, [])
    assert batches >= PROCESSES
    assert most <= 2 * PROCESSES


@pytest.mark.timeout(3600)
def test_a_postgresql_killed_under_a_load_leaves_whole_lists_only(
    killable: Servers, chosen: Form, tmp_path: Path
) -> None:
    chance, rows, interrupted, kills = random.Random(5), 5_000, 0, 0
    with shop(killable, tmp_path, 1) as place:
        file = place.settings.inbox_path / "s0.csv"
        for version in (90, 91):  # the first load pays for imports
            file.write_text(price_list(version, rows))
            started = time.monotonic()
            one_load(place, "s0", version)
        usual, seen = time.monotonic() - started, set()
        while interrupted < chosen.postgres_restarts:
            kills += 1
            file.write_text(price_list(kills, rows))
            worker = _fork.Process(target=_try_once, args=(place, kills), daemon=True)
            worker.start()
            time.sleep(usual * chance.uniform(0.3, 1.0))
            killable.kill_postgres()
            killable.start_postgres()
            worker.join()
            interrupted += worker.exitcode != 0
            versions = asked(place.database_url, "SELECT count(*), count(DISTINCT mod(current_price * 100, 100))"
                             " FROM supplier_items")  # fmt: skip
            seen.add(tuple(versions))
            one_load(place, "s0", kills * 1000)
    report(
        f"PostgreSQL killed {kills} times under loads of {rows} rows: {interrupted} loads interrupted,"
        f" {len(seen - {(rows, 1)})} partial lists"
    )
    assert seen == {(rows, 1)}


def _try_once(deployment: Deployment, number: int) -> None:
    try:
        one_load(deployment, "s0", number)
    except DataIngestionError as error:
        raise SystemExit(1) from error
