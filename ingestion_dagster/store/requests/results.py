"""Outcomes of requests and their way to Redis: what is not there yet, what a person's decision changed."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.json_object import JsonObject


class UnpublishedResult(NamedTuple):
    """An outcome that Redis does not have yet."""

    request_id: int
    task_id: str
    result: bytes
    """JSON, as it is published."""


class PublishedResult(NamedTuple):
    """An outcome that Redis should have."""

    request_id: int
    task_id: str


RESULT_WITH_TIME = (
    "CAST(:result AS jsonb) || jsonb_build_object('processed_at',"
    " to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS\"Z\"'))"
)
"""The result with the database's time, so that every clock in it is the same one."""


SETTLE_HELD = """
WITH waiting AS (
    SELECT id FROM ingestion_requests WHERE batch_id = :batch AND state IN ('held', 'superseded')
       AND result ->> 'status' = 'held' ORDER BY id FOR UPDATE
)
UPDATE ingestion_requests request
SET state = CASE WHEN request.state = 'held' THEN :state ELSE request.state END, result_published = false,
    error_type = :error_type, last_error = :reason, finished_at = now(),
    result = ((request.result - 'reasons') || CAST(:change AS jsonb) || jsonb_build_object('processed_at',
        to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\\:MI\\:SS"Z"')))
FROM waiting WHERE request.id = waiting.id
"""
"""Requests answered by the held one under their own task_id get the new outcome as well."""


async def unpublished(connection: AsyncConnection, limit: int) -> list[UnpublishedResult]:
    """Results that Redis does not have yet.

    Locked until the transaction ends: an outcome that changes in between must not be marked as published.
    """
    rows = await connection.execute(
        text(
            "SELECT id, task_id, result FROM ingestion_requests WHERE NOT result_published AND result IS NOT NULL"
            " ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED"
        ),
        {"limit": limit},
    )
    return [UnpublishedResult(row.id, row.task_id, orjson.dumps(row.result)) for row in rows]


async def published(connection: AsyncConnection, request_ids: Sequence[int]) -> None:
    """Redis has these results now."""
    await connection.execute(
        text("UPDATE ingestion_requests SET result_published = true WHERE id = ANY(:ids)"), {"ids": list(request_ids)}
    )


async def settle_held(
    connection: AsyncConnection,
    batch_id: int,
    state: str,
    error_type: str | None = None,
    reason: str | None = None,
    result: JsonObject | None = None,
) -> None:
    """The batch that these held requests wait for was decided: their new state and result, to be published again.

    Without a `result` the outcome is a failure for `reason`; its counts stay those of the held batch.
    """
    change = result or {
        "status": "failure",
        "errors": [{"error_type": error_type, "count": 1, "sample_message": reason}],
    }
    await connection.execute(
        text(SETTLE_HELD),
        {
            "batch": batch_id,
            "state": state,
            "error_type": error_type,
            "reason": reason,
            "change": orjson.dumps(change).decode(),
        },
    )


async def recent_results(
    connection: AsyncConnection, before: int | None, ttl_seconds: int, limit: int
) -> list[PublishedResult]:
    """Those whose outcome Redis should still hold, newest first, from below `before`."""
    rows = await connection.execute(
        text(
            "SELECT id, task_id FROM ingestion_requests WHERE result_published AND result IS NOT NULL"
            " AND finished_at > now() - make_interval(secs => :ttl)"
            " AND id < coalesce(CAST(:before AS bigint), 9223372036854775807) ORDER BY id DESC LIMIT :limit"
        ),
        {"ttl": ttl_seconds * 0.9, "before": before, "limit": limit},
    )
    return [PublishedResult(row.id, row.task_id) for row in rows]


async def unpublish(connection: AsyncConnection, request_ids: Sequence[int]) -> None:
    """Redis lost these."""
    await connection.execute(
        text("UPDATE ingestion_requests SET result_published = false WHERE id = ANY(:ids)"), {"ids": list(request_ids)}
    )
