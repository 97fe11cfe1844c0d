"""The yardstick: what PostgreSQL needs for clean rows that are already there. Run by `load.py` as a process of its own.

    python benchmarks/load_limit.py DATABASE_URL CLEAN_FILE

Prints `ready`, waits for a line, loads, and prints one JSON object. One transaction: COPY into a temporary table, then
our merge statement on it. No reading, no rejects, no guards, no record of the batch: a load cannot be faster than this
with the same tables and indexes.
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from uuid import UUID

import asyncpg

from ingestion_dagster.store.batches import merge
from ingestion_dagster.store.batches.staging import STAGED_COLUMNS

WAL = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
STATEMENT = (
    merge.MERGE.replace("staged_items", "clean_rows")
    .replace(":batch", "CAST(1 AS bigint)")
    .replace(":grace", "3")
    .replace(":at ", "now() ")
    .replace(":clock_said ", "NULL ")
)


async def load(url: str, clean: Path) -> dict[str, float]:
    """Load the file; seconds of its parts."""
    connection = await asyncpg.connect(url)
    try:
        print("ready", flush=True)
        sys.stdin.readline()
        wal = await connection.fetchval(WAL)
        supplier: UUID = await connection.fetchval("SELECT id FROM suppliers")
        started, processor = time.perf_counter(), time.process_time()
        async with connection.transaction():
            await connection.execute(merge.PLANNER)
            await connection.execute(
                "CREATE TEMPORARY TABLE clean_rows (LIKE staged_items INCLUDING DEFAULTS) ON COMMIT DROP"
            )
            await connection.copy_to_table("clean_rows", source=clean, columns=STAGED_COLUMNS, format="text", null="")
            copied = time.perf_counter()
            await connection.fetchrow(STATEMENT.replace(":supplier", f"CAST('{supplier}' AS uuid)"))
        done, processor = time.perf_counter(), time.process_time() - processor
        wal = await connection.fetchval(WAL) - wal
    finally:
        await connection.close()
    return {
        "seconds": done - started,
        "copy": copied - started,
        "merge": done - copied,
        "cpu": processor,
        "wal_mb": float(wal) / 1e6,
    }


if __name__ == "__main__":
    measured = asyncio.run(load(sys.argv[1], Path(sys.argv[2])))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(measured | {"peak_mb": peak}))
