"""Looking at the record of requests: counts, ages, what is at work, what is dead. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.store.records import record_or_none, records
from ingestion_dagster.store.states import RequestState, Verdict


@dataclass(frozen=True, slots=True)
class StateCount:
    """Requests in one state."""

    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class OldestWaiting:
    """The request that has waited longest."""

    id: int
    task_id: str
    supplier: str
    age_seconds: float
    why: str | None
    """In words; None where it is only not its turn yet."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """A request that is handed out."""

    id: int
    task_id: str
    supplier: str
    attempt: int
    attempts: int
    """As many as it may have."""
    run_id: str | None
    lease_until: datetime
    age_seconds: float
    lease_seconds: float
    """Left of the lease; negative where it is over."""


@dataclass(frozen=True, slots=True)
class ToBeTriedAgain:
    """A request whose last attempt failed in a way that may pass."""

    id: int
    task_id: str
    supplier: str
    attempt: int
    attempts: int
    """As many as it may have."""
    in_seconds: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class QueueOverview:
    """The record of requests at one look."""

    states: Mapping[RequestState, StateCount]
    oldest_waiting: OldestWaiting | None
    in_flight: Sequence[InFlight]
    to_be_tried_again: Sequence[ToBeTriedAgain]
    dead_by_reason: Mapping[str, int]
    """Kind of error -> dead requests, most first."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A request that was given up, or a message that was refused."""

    id: int
    task_id: str
    supplier: str | None
    verdict: Verdict
    error_type: str | None
    reason: str | None
    attempt: int
    finished_at: datetime | None
    message: str
    """The start of its bytes, as text."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a request is, for whoever waits for it."""

    task_id: str
    state: RequestState
    result: JsonObject | None
    """As it is published; of a refused message there may be none."""
    last_error: str | None
    error_type: str | None
    supplier: str | None
    active: bool
    """Of its supplier."""


@dataclass(frozen=True, slots=True)
class OpenRequests:
    """A supplier's requests that are not finished."""

    leased: int
    waiting: int


async def waiting_count(connection: AsyncConnection) -> int:
    """Requests on record that are not finished."""
    statement = "SELECT count(*) FROM ingestion_requests WHERE state IN ('pending', 'retry_wait', 'leased')"
    return int((await connection.execute(text(statement))).scalar_one())


async def overview(connection: AsyncConnection) -> QueueOverview:
    """Counts by state, ages and what is at work, for `queue status`."""
    states = await connection.execute(text(STATES))
    dead = await connection.execute(text(DEAD_BY_REASON))
    return QueueOverview(
        states={row.state: StateCount(row.requests, float(row.oldest or 0)) for row in states},
        oldest_waiting=record_or_none(OldestWaiting, (await connection.execute(text(OLDEST_WAITING))).first()),
        in_flight=records(InFlight, await connection.execute(text(IN_FLIGHT))),
        to_be_tried_again=records(ToBeTriedAgain, await connection.execute(text(TO_BE_TRIED_AGAIN))),
        dead_by_reason={row.error_type: row.requests for row in dead},
    )


async def dead_letters(connection: AsyncConnection, limit: int = 100) -> list[DeadLetter]:
    """Dead requests, newest first."""
    rows = await connection.execute(text(DEAD_LETTERS), {"limit": limit})
    return [_dead_letter(**row._mapping) for row in rows]


def _dead_letter(*, raw: bytes, **known: Any) -> DeadLetter:
    return DeadLetter(**known, message=bytes(raw)[:400].decode("utf-8", "replace"))


async def whereabouts(connection: AsyncConnection, task_ids: Sequence[str]) -> list[Whereabouts]:
    """Those of these requests that are on record."""
    return records(Whereabouts, await connection.execute(text(WHEREABOUTS), {"tasks": list(task_ids)}))


async def open_requests(connection: AsyncConnection, supplier_key: str) -> OpenRequests:
    """How many requests of a supplier are at work, and wait."""
    row = (await connection.execute(text(OPEN_REQUESTS), {"key": supplier_key})).one()
    return OpenRequests(int(row.leased), int(row.waiting))


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
SELECT state, count(*) AS requests, extract(epoch FROM now() - min(received_at)) AS oldest
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
SELECT coalesce(error_type, 'unknown') AS error_type, count(*) AS requests FROM ingestion_requests
WHERE state = 'dead' GROUP BY 1 ORDER BY 2 DESC
"""

DEAD_LETTERS = """
SELECT request.id, request.task_id, supplier.key AS supplier, request.verdict, request.error_type,
       request.last_error AS reason, request.attempt, request.finished_at, request.raw
FROM ingestion_requests request LEFT JOIN suppliers supplier ON supplier.id = request.supplier_id
WHERE request.state = 'dead' ORDER BY request.id DESC LIMIT :limit
"""
