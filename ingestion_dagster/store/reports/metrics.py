"""Figures for monitoring, read from the record: counts, ages, outcomes, rows, durations. `services/metrics.py` writes
them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.store.states import RequestState

BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds in seconds."""


class StateFigure(NamedTuple):
    """Requests in one state."""

    state: RequestState
    number: int
    oldest_seconds: float


class Counted(NamedTuple):
    """How many there are of what has this name."""

    name: str
    number: int


class ListAge(NamedTuple):
    """How long ago a supplier's list was last applied, or seen to be the one in force."""

    supplier: str
    seconds: float


class Durations(NamedTuple):
    """Times of loads."""

    buckets: Sequence[int]
    """How many took at most as long as each of `BUCKETS`."""
    total: float
    """Seconds."""
    number: int


class QueueFigures(NamedTuple):
    """Requests and alerts."""

    states: Sequence[StateFigure]
    dead: Sequence[Counted]
    """Dead requests by kind of error."""
    oldest_waiting: float
    """Seconds."""
    untold_alerts: int


class LoadFigures(NamedTuple):
    """Batches and what they did."""

    batches: Sequence[Counted]
    """By state."""
    rows: Sequence[Counted]
    """By what became of them."""
    outcomes: Sequence[Counted]
    """Requests by their result's status."""
    suppliers: Sequence[ListAge]
    seconds: Durations


async def queue_figures(connection: AsyncConnection) -> QueueFigures:
    """What there is to be said of the queue."""
    return QueueFigures(
        states=[StateFigure(*row) for row in await connection.execute(text(STATES))],
        dead=[Counted(*row) for row in await connection.execute(text(DEAD))],
        oldest_waiting=float((await connection.execute(text(OLDEST_WAITING))).scalar() or 0),
        untold_alerts=int((await connection.execute(text(UNTOLD))).scalar() or 0),
    )


async def load_figures(connection: AsyncConnection) -> LoadFigures:
    """What there is to be said of loads."""
    rows = (await connection.execute(text(ROWS))).one()
    buckets, total, count = (await connection.execute(text(SECONDS), {"bounds": list(BUCKETS)})).one()
    return LoadFigures(
        batches=[Counted(*row) for row in await connection.execute(text(BATCHES))],
        rows=[Counted(name, count) for name, count in rows._mapping.items()],
        outcomes=[Counted(*row) for row in await connection.execute(text(OUTCOMES))],
        suppliers=[ListAge(*row) for row in await connection.execute(text(SUPPLIERS))],
        seconds=Durations(buckets, float(total or 0), int(count)),
    )


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
