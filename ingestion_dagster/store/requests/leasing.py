"""Who works on a request: handing out, taking up, finishing, giving back. Every change is conditional on the fence.

A lease carries a fence, a number never used before; whoever finishes a request must show the fence that is in force,
so an attempt that was given up can never commit.
"""

from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import DataIngestionError, LeaseLost, QuotaExhausted
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.steps import failure_object
from ingestion_dagster.store.requests.results import RESULT_WITH_TIME
from ingestion_dagster.store.requests.types import Lease

MAX_CRASHES = 3
"""Attempts that ended without a word (killed, out of memory) before a request is given up."""
MAX_UNSTARTED = 20
"""Runs that never took up their request before it is given up. With the waits between them that is hours: long enough
for a machine that is overloaded or a code server that is away, and not for ever."""

HAND_OUT = """
WITH room AS (
    SELECT greatest(0, :max_jobs - count(*)) AS free FROM ingestion_requests WHERE state = 'leased'
), first_of_supplier AS (
    SELECT DISTINCT ON (waiting.supplier_id) waiting.id, waiting.priority, waiting.not_before
    FROM ingestion_requests waiting JOIN suppliers supplier ON supplier.id = waiting.supplier_id AND supplier.active
    WHERE waiting.state IN ('pending', 'retry_wait') AND waiting.not_before <= now()
      AND NOT EXISTS (SELECT FROM ingestion_requests busy
                      WHERE busy.supplier_id = waiting.supplier_id AND busy.state = 'leased')
    ORDER BY waiting.supplier_id, waiting.priority DESC, waiting.not_before, waiting.id
), chosen AS (
    SELECT free_one.id FROM ingestion_requests free_one JOIN first_of_supplier ON first_of_supplier.id = free_one.id
    WHERE free_one.state IN ('pending', 'retry_wait')
    ORDER BY free_one.priority DESC, free_one.not_before, free_one.id LIMIT (SELECT free FROM room)
    FOR UPDATE OF free_one SKIP LOCKED
)
UPDATE ingestion_requests request
SET state = 'leased', attempt = request.attempt + 1, fence = nextval('ingestion_fence_seq'), run_id = NULL,
    run_key = request.id || ':' || request.replays || ':' || (request.attempt + 1),
    lease_until = now() + make_interval(secs => :seconds)
FROM chosen WHERE request.id = chosen.id
"""
"""A request that another session has locked is left for the next time, and keeps no other from being handed out."""

NO_LONGER_THAN = """
UPDATE ingestion_requests
SET not_before = least(not_before, now() + make_interval(secs => :wait)),
    lease_until = least(lease_until, now() + make_interval(secs => :lease))
WHERE id IN (SELECT id FROM ingestion_requests
             WHERE state IN ('pending', 'retry_wait', 'leased')
               AND (not_before > now() + make_interval(secs => :wait)
                    OR lease_until > now() + make_interval(secs => :lease))
             FOR UPDATE SKIP LOCKED)
"""
"""A clock that was ahead for a while leaves times behind that are a year away."""

END_ATTEMPT = """
WITH ending AS (
    SELECT id, CASE WHEN NOT :retryable OR attempt > max_retries + :free OR crashes + :crash >= :max_crashes
                      OR unstarted + :unstarted >= :max_unstarted
                    THEN 'dead' ELSE 'retry_wait' END AS new_state
    FROM ingestion_requests WHERE id = :id AND fence = :fence AND state = 'leased'
      AND (:unstarted = 0 OR run_id IS NULL) FOR UPDATE
)
UPDATE ingestion_requests request
SET state = ending.new_state, last_error = :reason, error_type = :error_type, lease_until = NULL,
    crashes = request.crashes + :crash, unstarted = request.unstarted + :unstarted,
    max_retries = request.max_retries + :free,
    not_before = now() + make_interval(secs => :wait),
    finished_at = CASE WHEN ending.new_state = 'dead' THEN now() END
FROM ending JOIN ingestion_requests previous ON previous.id = ending.id
LEFT JOIN suppliers supplier ON supplier.id = previous.supplier_id
WHERE request.id = ending.id
RETURNING request.state, request.task_id, request.attempt, request.supplier_id, request.run_id,
          supplier.key AS supplier_key
"""


async def lease(
    connection: AsyncConnection,
    max_jobs: int,
    seconds: float,
    longest_wait: float = 900.0,
    longest_lease: float = 900.0,
) -> list[Lease]:
    """Hand out waiting requests, one per supplier, by priority and age, up to `max_jobs` at work at once.

    Nothing waits longer than `longest_wait` from now, and no lease ends later than `longest_lease` from now, whatever
    the clock was when that was set.
    """
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('ingestion.lease', 0))"))
    await connection.execute(text(NO_LONGER_THAN), {"wait": longest_wait, "lease": longest_lease})
    await connection.execute(text(HAND_OUT), {"max_jobs": max_jobs, "seconds": seconds})
    return await leased(connection)


async def leased(connection: AsyncConnection) -> list[Lease]:
    """Every request that is handed out now."""
    rows = await connection.execute(
        text(
            "SELECT r.id, r.task_id, s.key, r.attempt, r.fence, r.run_key, r.priority, r.run_id, r.lease_until"
            " FROM ingestion_requests r JOIN suppliers s ON s.id = r.supplier_id WHERE r.state = 'leased'"
            " ORDER BY r.priority DESC, r.id"
        )
    )
    return [Lease(*row) for row in rows]


async def extend(connection: AsyncConnection, request_id: int, fence: int, seconds: float) -> None:
    """More time for a request whose run stands in Dagster's queue."""
    await connection.execute(
        text(
            "UPDATE ingestion_requests SET lease_until = now() + make_interval(secs => :seconds)"
            " WHERE id = :id AND fence = :fence AND state = 'leased'"
        ),
        {"id": request_id, "fence": fence, "seconds": seconds},
    )


async def begin(connection: AsyncConnection, request_id: int, fence: int, run_id: str, seconds: float) -> None:
    """The run takes up its request and has `seconds` from now.

    Raises LeaseLost where the fence is not in force, or another run took the request up: one lease is one run's.
    """
    begun = await connection.execute(
        text(
            "UPDATE ingestion_requests SET run_id = :run, lease_until = now() + make_interval(secs => :seconds)"
            " WHERE id = :id AND fence = :fence AND state = 'leased' AND (run_id IS NULL OR run_id = :run)"
        ),
        {"id": request_id, "fence": fence, "run": run_id, "seconds": seconds},
    )
    if begun.rowcount != 1:
        raise LeaseLost(f"request {request_id} is no longer this run's; nothing was done")


async def acknowledge(
    connection: AsyncConnection,
    request_id: int,
    fence: int,
    state: str,
    batch_id: int | None,
    result: JsonObject,
) -> None:
    """The last statement of the transaction that has the effect. Raises LeaseLost, so that all of it rolls back."""
    done = await connection.execute(
        text(
            "UPDATE ingestion_requests SET state = :state, batch_id = :batch, lease_until = NULL, last_error = NULL,"
            f" error_type = NULL, finished_at = now(), result_published = false, result = {RESULT_WITH_TIME}"
            " WHERE id = :id AND fence = :fence AND state = 'leased'"
        ),
        {
            "id": request_id,
            "fence": fence,
            "state": state,
            "batch": batch_id,
            "result": orjson.dumps(result).decode(),
        },
    )
    if done.rowcount != 1:
        raise LeaseLost(f"request {request_id} was handed to another attempt meanwhile; nothing was written")
    await _answer_superseded(connection, request_id)


async def give_back(
    connection: AsyncConnection,
    request_id: int,
    fence: int,
    error: DataIngestionError,
    wait_seconds: float,
    run_id: str | None,
) -> str | None:
    """An attempt failed and says why. The new state (retry_wait or dead), None where the fence is not in force.

    Waiting for quota uses up no attempt: the number goes on, for the sake of the run key, and one more is allowed.
    """
    return await _end_attempt(
        connection,
        request_id,
        fence,
        type(error).__name__,
        str(error),
        error.retryable,
        wait_seconds,
        run_id,
        free=isinstance(error, QuotaExhausted),
    )


async def crashed(
    connection: AsyncConnection, request_id: int, fence: int, reason: str, wait_seconds: float
) -> str | None:
    """An attempt ended without a word. Its new state, None where it was given to another already."""
    return await _end_attempt(connection, request_id, fence, "RunLost", reason, True, wait_seconds, None, crash=True)


async def never_began(
    connection: AsyncConnection, request_id: int, fence: int, reason: str, wait_seconds: float
) -> str | None:
    """No run took the request up: nothing of it was tried, so no attempt is used up, `MAX_UNSTARTED` times at most.

    Its new state, None where it was given to another already or a run took it up meanwhile.
    """
    return await _end_attempt(
        connection, request_id, fence, "RunNeverBegan", reason, True, wait_seconds, None, unstarted=True, free=True
    )


async def cancelled(connection: AsyncConnection, request_id: int, fence: int) -> str | None:
    """A person cancelled the run: a dead letter that can be replayed."""
    return await _end_attempt(connection, request_id, fence, "Cancelled", "cancelled in Dagster", False, 0, None)


async def _end_attempt(
    connection: AsyncConnection,
    request_id: int,
    fence: int,
    error_type: str,
    reason: str,
    retryable: bool,
    wait_seconds: float,
    run_id: str | None,
    *,
    crash: bool = False,
    unstarted: bool = False,
    free: bool = False,
) -> str | None:
    row = (
        await connection.execute(
            text(END_ATTEMPT),
            {
                "id": request_id,
                "fence": fence,
                "error_type": error_type,
                "reason": reason[:4000],
                "retryable": retryable,
                "wait": wait_seconds,
                "crash": int(crash),
                "free": int(free),
                "max_crashes": MAX_CRASHES,
                "unstarted": int(unstarted),
                "max_unstarted": MAX_UNSTARTED,
            },
        )
    ).first()
    if row is None:
        return None
    if row.state == "dead":
        result = failure_object(
            task_id=row.task_id,
            supplier=row.supplier_key,
            supplier_id=str(row.supplier_id),
            run_id=run_id or row.run_id,
            error_type=error_type,
            message=reason,
            retry_count=max(0, row.attempt - 1),
            processed_at="",
        )
        await connection.execute(
            text(f"UPDATE ingestion_requests SET result = {RESULT_WITH_TIME}, result_published = false WHERE id = :id"),
            {"id": request_id, "result": orjson.dumps(result).decode()},
        )
        await _answer_superseded(connection, request_id)
    return str(row.state)


async def _answer_superseded(connection: AsyncConnection, request_id: int) -> None:
    """Requests that this one replaced get the same outcome under their own task_id."""
    await connection.execute(
        text(
            "UPDATE ingestion_requests old SET result = new.result || jsonb_build_object('task_id', old.task_id),"
            " batch_id = new.batch_id, result_published = false FROM ingestion_requests new"
            " WHERE new.id = :id AND old.superseded_by = new.id AND old.state = 'superseded'"
        ),
        {"id": request_id},
    )


async def supplier_of(connection: AsyncConnection, request_id: int) -> UUID | None:
    """Whose request it is."""
    found: UUID | None = (
        await connection.execute(text("SELECT supplier_id FROM ingestion_requests WHERE id = :id"), {"id": request_id})
    ).scalar()
    return found
