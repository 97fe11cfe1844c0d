"""Loads of some size and many at once: nothing quadratic, nothing written for nothing, nothing that deadlocks."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion_dagster.core.steps import Attempt, LoadSummary
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.upsert import upsert_items
from ingestion_dagster.pipeline.validate import validate_rows
from ingestion_dagster_tests.integration.supplier_loads import SupplierLoads


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> SupplierLoads:
    return SupplierLoads.at(database_url, tmp_path)


def rows(count: int, ending: str = "\n", change_every: int = 0) -> bytes:
    def lines() -> Iterator[str]:
        yield "SKU,Name,Price EUR,Stock,Colour"
        for n in range(count):
            cents = 75 if change_every and n % change_every == 0 else 50
            yield f"AB-{n:06d},Socket wrench {n} mm,{100 + n % 4000}.{cents},{n % 90},{'red' if n % 2 else 'blue'}"

    return ending.join([*lines(), ""]).encode()


def test_a_first_load_of_many_rows_is_judged_and_merged_in_seconds(shop: SupplierLoads) -> None:
    shop.register("acme", "acme.csv")
    started = time.perf_counter()
    assert shop.load("acme", "acme.csv", rows(5000)).inserted == 5000
    assert time.perf_counter() - started < 20, "a plan that looks at all rows once per row takes minutes"


def test_the_same_rows_in_other_bytes_write_next_to_nothing(shop: SupplierLoads) -> None:
    position = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
    versions = "SELECT ctid::text, xmin::text FROM supplier_items ORDER BY id"
    shop.register("acme", "acme.csv")
    shop.load("acme", "acme.csv", rows(5000))
    before, known = shop.sql(position)[0][0], shop.sql(versions)
    summary = shop.load("acme", "acme.csv", rows(5000, "\r\n"))
    assert (summary.status, summary.unchanged) == ("success", 5000)
    assert shop.sql(position)[0][0] - before < 400_000, "staging alone would write 1.4 MB with WAL"
    assert shop.sql(versions) == known
    assert shop.sql("SELECT count(*) FROM staged_items") == [(0,)]


def test_twenty_suppliers_load_at_once_without_a_deadlock(shop: SupplierLoads) -> None:
    keys = [f"supplier-{number}" for number in range(20)]
    for key in keys:
        shop.register(key, f"{key}.csv")
    for day, data in enumerate((rows(200), rows(220, change_every=5))):
        for key in keys:
            (shop.deployment.settings.inbox_path / f"{key}.csv").write_bytes(data)
        summaries = asyncio.run(all_at_once(shop, keys))
        assert {summary.status for summary in summaries} == {"success"}
        assert {(summary.inserted, summary.updated) for summary in summaries} == {(20, 40) if day else (200, 0)}
    assert shop.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
    assert shop.sql("SELECT count(*) FROM supplier_items") == [(20 * 220,)]


async def all_at_once(shop: SupplierLoads, keys: list[str]) -> list[LoadSummary]:
    async def one(key: str) -> LoadSummary:
        snapshot = await fetch(shop.deployment, key)
        mapped = await map_columns(shop.deployment, snapshot)
        staged = await validate_rows(shop.deployment, mapped, Attempt(f"task-{key}"))
        return await upsert_items(shop.deployment, staged, Attempt(f"task-{key}"))

    return await asyncio.gather(*map(one, keys))
