"""One load through `ingestion_dagster/pipeline/py`. Run by the load benchmarks as a process of its own.

    python benchmarks/load_ours.py DATABASE_URL ROOT SUPPLIER_KEY [WARM_DATABASE_URL]

Prints `ready`, waits for a line, loads, and prints one JSON object: seconds in all and per step, processor seconds of
this process, WAL, peak memory, what the load did. With a fourth argument a small list is loaded into that database
first, so that importing modules is not part of the figures (the seconds of that first load are printed too).
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg

from ingestion_dagster.core.steps import Attempt
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.upsert import upsert_items
from ingestion_dagster.pipeline.validate import validate_rows
from ingestion_dagster.settings import Settings


def place_at(url: str, root: Path) -> Deployment:
    """The benchmark's database and folders, whatever the environment says."""
    settings = Settings(local_root=root, inbox=root / "inbox", snapshot_url=str(root / "snapshots"))
    return Deployment(settings, url, "redis://unused")


async def load(deployment: Deployment, key: str) -> dict[str, Any]:
    """All four steps one after the other, as the ops call them."""
    attempt = Attempt(task_id="benchmark")
    started, processor = time.perf_counter(), time.process_time()
    snapshot = await fetch(deployment, key)
    understood = await map_columns(deployment, snapshot)
    staged = await validate_rows(deployment, understood, attempt)
    summary = await upsert_items(deployment, staged, attempt)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - processor,
        "summary": summary.model_dump(mode="json"),
    }


async def wal_position(url: str) -> int:
    """Bytes of WAL written so far by the whole server."""
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))
    finally:
        await connection.close()


async def main(url: str, root: Path, key: str, warm_url: str | None = None) -> dict[str, Any]:
    """Warm up, then measure."""
    first = await load(place_at(warm_url, root), "warm") if warm_url else {"seconds": 0.0}
    print("ready", flush=True)
    sys.stdin.readline()
    wal = await wal_position(url)
    measured = await load(place_at(url, root), key)
    return measured | {"wal_mb": (await wal_position(url) - wal) / 1e6, "first_seconds": first["seconds"]}


if __name__ == "__main__":
    result = asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
    print(json.dumps(result | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
