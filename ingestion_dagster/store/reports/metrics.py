"""Figures for monitoring, read from the record: counts, ages, outcomes, rows, durations. `services/metrics.py` writes
them.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds in seconds."""


async def queue_figures(connection: AsyncConnection) -> dict[str, Any]:
    """`states`: (state, count, age of the oldest); `dead`: (reason, count); `oldest_waiting`: seconds."""
    return {
        "states": [tuple(row) for row in await connection.execute(text(STATES))],
        "dead": [tuple(row) for row in await connection.execute(text(DEAD))],
        "oldest_waiting": float((await connection.execute(text(OLDEST_WAITING))).scalar() or 0),
        "untold_alerts": int((await connection.execute(text(UNTOLD))).scalar() or 0),
    }


async def load_figures(connection: AsyncConnection) -> dict[str, Any]:
    """`batches`: (state, count); `rows`: (what, count); `outcomes`: (status, count); `seconds`: buckets, sum, count."""
    rows = (await connection.execute(text(ROWS))).one()._mapping
    seconds = (await connection.execute(text(SECONDS), {"bounds": list(BUCKETS)})).one()._mapping
    return {
        "batches": [tuple(row) for row in await connection.execute(text(BATCHES))],
        "rows": list(rows.items()),
        "outcomes": [tuple(row) for row in await connection.execute(text(OUTCOMES))],
        "suppliers": [tuple(row) for row in await connection.execute(text(SUPPLIERS))],
        "seconds": (list(seconds["buckets"]), float(seconds["total"] or 0), int(seconds["count"])),
    }


STATES = """
SELECT state, count(*), extract(epoch FROM now() - min(received_at))::float8
FROM ingestion_requests GROUP BY state ORDER BY state
"""

DEAD = """
SELECT coalesce(error_type, 'unknown'), count(*) FROM ingestion_requests WHERE state = 'dead' GROUP BY 1 ORDER BY 1
"""

OLDEST_WAITING = """
SELECT extract(epoch FROM now() - min(received_at)) FROM ingestion_requests WHERE state IN ('pending', 'retry_wait')
"""

UNTOLD = "SELECT count(*) FROM ingestion_alerts WHERE told_at IS NULL"

OUTCOMES = """
SELECT result ->> 'status', count(*) FROM ingestion_requests
WHERE result ->> 'status' IS NOT NULL GROUP BY 1 ORDER BY 1
"""

BATCHES = "SELECT state, count(*) FROM ingestion_batches GROUP BY state ORDER BY state"

ROWS = """
SELECT coalesce(sum(inserted), 0)::bigint AS inserted, coalesce(sum(updated), 0)::bigint AS updated,
       coalesce(sum(unchanged), 0)::bigint AS unchanged, coalesce(sum(missing), 0)::bigint AS missing,
       coalesce(sum(rejected_rows), 0)::bigint AS rejected
FROM ingestion_batches
"""

SUPPLIERS = """
SELECT key, extract(epoch FROM now() - last_seen_at)::float8 FROM suppliers
WHERE active AND last_seen_at IS NOT NULL ORDER BY key
"""

SECONDS = """
WITH load AS (
    SELECT (result -> 'statistics' ->> 'processing_time_seconds')::float8 AS seconds FROM ingestion_requests
    WHERE state IN ('applied', 'held') AND result -> 'statistics' ->> 'processing_time_seconds' IS NOT NULL
)
SELECT array(SELECT (SELECT count(*) FROM load WHERE seconds <= bound)
             FROM unnest(CAST(:bounds AS float8[])) WITH ORDINALITY AS given (bound, place) ORDER BY place) AS buckets,
       (SELECT sum(seconds) FROM load) AS total, (SELECT count(*) FROM load) AS count
"""
