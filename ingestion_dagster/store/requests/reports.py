"""Looking at the record of requests: counts, ages, what is at work, what is dead. Changes nothing."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def waiting_count(connection: AsyncConnection) -> int:
    """Requests on record that are not finished."""
    statement = "SELECT count(*) FROM ingestion_requests WHERE state IN ('pending', 'retry_wait', 'leased')"
    return int((await connection.execute(text(statement))).scalar_one())


async def overview(connection: AsyncConnection) -> dict[str, Any]:
    """Counts by state, ages and what is at work, for `queue status`. Ages in seconds."""
    states = {
        row.state: {"count": row.count, "oldest_seconds": float(row.oldest or 0)}
        for row in await connection.execute(text(STATES))
    }
    waiting = (await connection.execute(text(OLDEST_WAITING))).first()
    return {
        "states": states,
        "oldest_waiting": dict(waiting._mapping) if waiting else None,
        "in_flight": await _rows(connection, IN_FLIGHT),
        "to_be_tried_again": await _rows(connection, TO_BE_TRIED_AGAIN),
        "dead_by_reason": {row["error_type"]: row["count"] for row in await _rows(connection, DEAD_BY_REASON)},
    }


async def dead_letters(connection: AsyncConnection, limit: int = 100) -> list[dict[str, Any]]:
    """Dead requests, newest first, with the start of their bytes."""
    rows = await connection.execute(text(DEAD_LETTERS), {"limit": limit})
    letters = [dict(row._mapping) for row in rows]
    for letter in letters:
        letter["message"] = bytes(letter.pop("raw"))[:400].decode("utf-8", "replace")
    return letters


async def whereabouts(connection: AsyncConnection, task_ids: Sequence[str]) -> list[dict[str, Any]]:
    """State, result and reason of these requests, as far as they are on record, the oldest first."""
    rows = await connection.execute(text(WHEREABOUTS), {"tasks": list(task_ids)})
    return [dict(row._mapping) for row in rows]


async def open_requests(connection: AsyncConnection, supplier_key: str) -> dict[str, int]:
    """How many requests of a supplier are at work (`leased`) and wait (`waiting`)."""
    row = (await connection.execute(text(OPEN_REQUESTS), {"key": supplier_key})).one()
    return {"leased": int(row.leased), "waiting": int(row.waiting)}


async def _rows(connection: AsyncConnection, statement: str) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in await connection.execute(text(statement))]


WHEREABOUTS = """
SELECT DISTINCT ON (request.task_id) request.task_id, request.state, request.result, request.last_error,
       request.error_type, supplier.key AS supplier, coalesce(supplier.active, true) AS active
FROM ingestion_requests request LEFT JOIN suppliers supplier ON supplier.id = request.supplier_id
WHERE request.task_id = ANY(:tasks) ORDER BY request.task_id, request.id
"""

OPEN_REQUESTS = """
SELECT count(*) FILTER (WHERE request.state = 'leased') AS leased,
       count(*) FILTER (WHERE request.state IN ('pending', 'retry_wait')) AS waiting
FROM ingestion_requests request JOIN suppliers supplier ON supplier.id = request.supplier_id
WHERE supplier.key = :key
"""

STATES = """
SELECT state, count(*) AS count, extract(epoch FROM now() - min(received_at)) AS oldest
FROM ingestion_requests GROUP BY state ORDER BY state
"""

OLDEST_WAITING = """
SELECT request.id, request.task_id, supplier.key AS supplier,
       extract(epoch FROM now() - request.received_at)::float8 AS age_seconds,
       CASE WHEN NOT supplier.active THEN 'its supplier is paused'
            WHEN request.not_before > now() THEN 'waits to be tried again'
            WHEN EXISTS (SELECT FROM ingestion_requests busy WHERE busy.supplier_id = request.supplier_id
                         AND busy.state = 'leased') THEN 'another load of its supplier is at work' END AS why
FROM ingestion_requests request JOIN suppliers supplier ON supplier.id = request.supplier_id
WHERE request.state IN ('pending', 'retry_wait') ORDER BY request.received_at LIMIT 1
"""

IN_FLIGHT = """
SELECT request.id, request.task_id, supplier.key AS supplier, request.attempt, request.max_retries + 1 AS attempts,
       request.run_id, request.lease_until,
       extract(epoch FROM now() - request.received_at)::float8 AS age_seconds,
       extract(epoch FROM request.lease_until - now())::float8 AS lease_seconds
FROM ingestion_requests request JOIN suppliers supplier ON supplier.id = request.supplier_id
WHERE request.state = 'leased' ORDER BY request.id
"""

TO_BE_TRIED_AGAIN = """
SELECT request.id, request.task_id, supplier.key AS supplier, request.attempt, request.max_retries + 1 AS attempts,
       greatest(0, extract(epoch FROM request.not_before - now()))::float8 AS in_seconds, request.last_error AS reason
FROM ingestion_requests request JOIN suppliers supplier ON supplier.id = request.supplier_id
WHERE request.state = 'retry_wait' ORDER BY request.not_before LIMIT 50
"""

DEAD_BY_REASON = """
SELECT coalesce(error_type, 'unknown') AS error_type, count(*) AS count FROM ingestion_requests
WHERE state = 'dead' GROUP BY 1 ORDER BY 2 DESC
"""

DEAD_LETTERS = """
SELECT request.id, request.task_id, supplier.key AS supplier, request.verdict, request.error_type,
       request.last_error AS reason, request.attempt, request.finished_at, request.raw
FROM ingestion_requests request LEFT JOIN suppliers supplier ON supplier.id = request.supplier_id
WHERE request.state = 'dead' ORDER BY request.id DESC LIMIT :limit
"""
