"""The record of queue messages: what each became, who works on it, and what came of it. The mailbox is `queue.py`'s.

States: pending -> leased -> applied | held | dead, leased -> retry_wait -> leased …, waiting -> superseded. A lease
carries a fence, a number never used before; whoever finishes a request must show the fence, so an attempt that
was given up can never commit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import (
    DataIngestionError,
    LeaseLost,
    MalformedRequest,
    SourceRejected,
    StoreRejected,
)
from ingestion_dagster.core.requests import (
    SheetRequest,
    check_source,
    coalesce_key,
    digest_of,
    parse_message,
)
from ingestion_dagster.core.slugs import slug
from ingestion_dagster.core.supplier import Supplier
from ingestion_dagster.core.walk import failure_object
from ingestion_dagster.store import suppliers

PRIORITIES = {"low": -1, "normal": 0, "high": 1}
MAX_CRASHES = 3
"""Attempts that ended without a word (killed, out of memory) before a request is given up."""


class Delivery(NamedTuple):
    """One message as claimed from the mailbox. `whole_size` is larger than `raw` where only its start was taken."""

    id: str
    raw: bytes
    whole_size: int
    high: bool = False


class Recorded(NamedTuple):
    """What a delivery became: accepted, duplicate, malformed, rejected or conflict."""

    delivery_id: str
    request_id: int
    verdict: str
    task_id: str
    supplier_key: str | None
    reason: str | None


class Lease(NamedTuple):
    """A request handed out: everything its run needs to be named and to finish it."""

    request_id: int
    task_id: str
    supplier_key: str
    attempt: int
    fence: int
    run_key: str
    priority: int
    run_id: str | None
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """What the recording needs of the settings."""

    inbox: str
    allowed_hosts: Collection[str]
    max_bytes: int
    max_retries: int


async def record(connection: AsyncConnection, deliveries: Sequence[Delivery], rules: Rules) -> list[Recorded]:
    """Put every delivery on record; a bad one becomes a dead letter and harms no other. Safe to repeat."""
    recorded = []
    for delivery in deliveries:
        known = (
            await connection.execute(
                text(
                    "SELECT d.request_id, d.verdict, r.task_id FROM ingestion_deliveries d"
                    " JOIN ingestion_requests r ON r.id = d.request_id WHERE d.delivery_id = :id"
                ),
                {"id": delivery.id},
            )
        ).first()
        if known is not None:
            recorded.append(Recorded(delivery.id, known.request_id, known.verdict, known.task_id, None, None))
            continue
        recorded.append(await _record_one(connection, delivery, rules))
    return recorded


async def _record_one(connection: AsyncConnection, delivery: Delivery, rules: Rules) -> Recorded:
    try:
        if delivery.whole_size > len(delivery.raw):
            raise MalformedRequest(f"the message has {delivery.whole_size} bytes; at most {rules.max_bytes} are taken")
        request = parse_message(delivery.raw, rules.max_bytes)
    except MalformedRequest as error:
        return await _dead_letter(connection, delivery, "malformed", delivery.id, None, str(error))
    task_id = request.task_id or delivery.id
    digest = digest_of(request)
    twin = (
        await connection.execute(
            text("SELECT id, digest FROM ingestion_requests WHERE task_id = :task AND verdict = 'accepted'"),
            {"task": task_id},
        )
    ).first()
    if twin is not None and twin.digest == digest:
        await _note_delivery(connection, delivery.id, twin.id, "duplicate")
        return Recorded(delivery.id, twin.id, "duplicate", task_id, None, None)
    if twin is not None:
        reason = f"task_id {task_id!r} was used before for other content (request {twin.id}); send a new task_id"
        return await _dead_letter(connection, delivery, "conflict", task_id, request, reason)
    try:
        async with connection.begin_nested():
            supplier = await _supplier_of(connection, request, rules)
            return await _accept(connection, delivery, request, task_id, digest, supplier, rules)
    except (SourceRejected, StoreRejected) as error:
        return await _dead_letter(connection, delivery, "rejected", task_id, request, str(error))


async def _supplier_of(connection: AsyncConnection, request: SheetRequest, rules: Rules) -> Supplier:
    """The supplier that is meant; registered, or its source renewed, where the message says where the list is."""
    supplier = await suppliers.find(connection, request.supplier, request.supplier_name)
    config = request.source_config.model_dump(mode="json", exclude_none=True) if request.source_config else {}
    if supplier is None:
        if request.parser_type is None or not config:
            named = request.supplier or request.supplier_name
            raise SourceRejected(
                f"supplier {named!r} is not known, and the message has no parser_type with source_config to register it"
            )
        check_source(request.parser_type, config, rules.inbox, rules.allowed_hosts)
        name = request.supplier_name or str(request.supplier)
        key = request.supplier or await suppliers.free_key(connection, slug(name))
        return await suppliers.register(connection, key, name, request.parser_type, config)
    if not supplier.active:
        raise SourceRejected(
            f"supplier {supplier.key!r} is paused; `ingestion supplier resume {supplier.key}` wakes it"
        )
    source_type = request.parser_type or supplier.source_type
    if config and ("sheet_url" in config or "file_path" in config):
        check_source(source_type, config, rules.inbox, rules.allowed_hosts)
    elif config or request.parser_type:
        place = {k: v for k, v in supplier.source.items() if k in ("sheet_url", "file_path", "gid")}
        config = place | config if source_type == supplier.source_type or config else supplier.source
        check_source(source_type, config, rules.inbox, rules.allowed_hosts)
    if config and (config != supplier.source or source_type != supplier.source_type):
        return await suppliers.register(connection, supplier.key, supplier.name, source_type, config)
    return supplier


async def _accept(
    connection: AsyncConnection,
    delivery: Delivery,
    request: SheetRequest,
    task_id: str,
    digest: str,
    supplier: Supplier,
    rules: Rules,
) -> Recorded:
    high = delivery.high or request.priority == "high"
    same_work = coalesce_key(request)
    request_id = (
        await connection.execute(
            text(
                "INSERT INTO ingestion_requests (task_id, verdict, supplier_id, digest, payload, raw, priority,"
                " coalesce_key, state, max_retries) VALUES (:task, 'accepted', :supplier, :digest,"
                " CAST(:payload AS jsonb), :raw, :priority, :coalesce, 'pending', :retries) RETURNING id"
            ),
            {
                "task": task_id,
                "supplier": supplier.id,
                "digest": digest,
                "payload": _payload(request),
                "raw": delivery.raw,
                "priority": PRIORITIES["high"] if high else PRIORITIES[request.priority],
                "coalesce": same_work,
                "retries": rules.max_retries if request.max_retries is None else request.max_retries,
            },
        )
    ).scalar_one()
    await connection.execute(text(SUPERSEDE), {"id": request_id, "supplier": supplier.id, "coalesce": same_work})
    await _note_delivery(connection, delivery.id, request_id, "accepted")
    return Recorded(delivery.id, request_id, "accepted", task_id, supplier.key, None)


async def _dead_letter(
    connection: AsyncConnection,
    delivery: Delivery,
    verdict: str,
    task_id: str,
    request: SheetRequest | None,
    reason: str,
) -> Recorded:
    """On record with its bytes and the reason. Of a conflict no result is published: the first request owns the key."""
    result = failure_object(
        task_id=task_id,
        supplier=request.supplier if request else None,
        supplier_id=None,
        run_id=None,
        error_type="MalformedRequest" if verdict == "malformed" else "SourceRejected",
        message=reason,
        retry_count=0,
        processed_at="",
    )
    named = request is not None and request.task_id is not None and verdict == "rejected"
    request_id = (
        await connection.execute(
            text(
                "INSERT INTO ingestion_requests (task_id, verdict, digest, payload, raw, state, max_retries,"
                " last_error, error_type, finished_at, result) VALUES (:task, :verdict, :digest,"
                " CAST(:payload AS jsonb), :raw, 'dead', 0, :reason, :error_type, now(),"
                f" {RESULT_WITH_TIME}) RETURNING id"
            ),
            {
                "task": task_id,
                "verdict": verdict,
                "digest": digest_of(request) if request else "",
                "payload": _payload(request) if request else None,
                "raw": delivery.raw,
                "reason": reason,
                "error_type": "MalformedRequest" if verdict in ("malformed", "conflict") else "SourceRejected",
                "result": orjson.dumps(result).decode() if named else None,
            },
        )
    ).scalar_one()
    await _note_delivery(connection, delivery.id, request_id, verdict)
    return Recorded(delivery.id, request_id, verdict, task_id, None, reason)


async def _note_delivery(connection: AsyncConnection, delivery_id: str, request_id: int, verdict: str) -> None:
    await connection.execute(
        text("INSERT INTO ingestion_deliveries (delivery_id, request_id, verdict) VALUES (:id, :request, :verdict)"),
        {"id": delivery_id, "request": request_id, "verdict": verdict},
    )


def _payload(request: SheetRequest) -> str:
    return orjson.dumps(request.model_dump(mode="json", exclude_none=True)).decode()


async def lease(connection: AsyncConnection, max_jobs: int, seconds: float) -> list[Lease]:
    """Hand out waiting requests, one per supplier, by priority and age, up to `max_jobs` at work at once."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('ingestion.lease', 0))"))
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


async def begin(
    connection: AsyncConnection, request_id: int, fence: int, run_id: str, seconds: float
) -> dict[str, Any]:
    """The run takes up its request and has `seconds` from now. Raises LeaseLost where the fence is not in force."""
    row = (
        await connection.execute(
            text(
                "UPDATE ingestion_requests SET run_id = :run, lease_until = now() + make_interval(secs => :seconds)"
                " WHERE id = :id AND fence = :fence AND state = 'leased'"
                " RETURNING id, task_id, supplier_id, attempt, max_retries"
            ),
            {"id": request_id, "fence": fence, "run": run_id, "seconds": seconds},
        )
    ).first()
    if row is None:
        raise LeaseLost(f"request {request_id} is no longer this run's; nothing was done")
    return dict(row._mapping)


async def acknowledge(
    connection: AsyncConnection,
    request_id: int,
    fence: int,
    state: str,
    batch_id: int | None,
    result: dict[str, Any],
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
    """An attempt failed and says why. The new state (retry_wait or dead), None where the fence is not in force."""
    return await _end_attempt(
        connection,
        request_id,
        fence,
        type(error).__name__,
        str(error),
        error.retryable,
        wait_seconds,
        run_id,
        crash=False,
    )


async def crashed(
    connection: AsyncConnection, request_id: int, fence: int, reason: str, wait_seconds: float
) -> str | None:
    """An attempt ended without a word. Its new state, None where it was given to another already."""
    return await _end_attempt(connection, request_id, fence, "RunLost", reason, True, wait_seconds, None, crash=True)


async def cancelled(connection: AsyncConnection, request_id: int, fence: int) -> str | None:
    """A person cancelled the run: a dead letter that can be replayed."""
    return await _end_attempt(
        connection, request_id, fence, "Cancelled", "cancelled in Dagster", False, 0, None, crash=False
    )


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
    crash: bool,
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
                "max_crashes": MAX_CRASHES,
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


async def replay(connection: AsyncConnection, request_id: int) -> str:
    """A dead request waits again, with all its attempts. Raises StoreRejected where it is not dead or unreadable."""
    row = (
        await connection.execute(
            text(
                "UPDATE ingestion_requests SET state = 'pending', attempt = 0, crashes = 0, fence = NULL,"
                " run_id = NULL, not_before = now(), last_error = NULL, error_type = NULL, finished_at = NULL,"
                " result = NULL,"
                " result_published = false, replays = replays + 1"
                " WHERE id = :id AND state = 'dead' AND supplier_id IS NOT NULL RETURNING task_id"
            ),
            {"id": request_id},
        )
    ).first()
    if row is not None:
        return str(row.task_id)
    found = (
        await connection.execute(
            text("SELECT state, verdict, last_error FROM ingestion_requests WHERE id = :id"), {"id": request_id}
        )
    ).first()
    if found is None:
        raise StoreRejected(
            f"there is no request {request_id}; `ingestion queue dead` lists those that can be replayed"
        )
    if found.state == "dead":
        raise StoreRejected(f"request {request_id} never became work ({found.last_error}); send a corrected message")
    raise StoreRejected(f"request {request_id} is {found.state}, not dead")


async def unpublished(connection: AsyncConnection, limit: int) -> list[tuple[int, str, bytes]]:
    """Results that Redis does not have yet: request id, task_id, JSON."""
    rows = await connection.execute(
        text(
            "SELECT id, task_id, result FROM ingestion_requests WHERE NOT result_published AND result IS NOT NULL"
            " ORDER BY id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [(row.id, row.task_id, orjson.dumps(row.result)) for row in rows]


async def published(connection: AsyncConnection, request_ids: Sequence[int]) -> None:
    """Redis has these results now."""
    await connection.execute(
        text("UPDATE ingestion_requests SET result_published = true WHERE id = ANY(:ids)"), {"ids": list(request_ids)}
    )


async def waiting_count(connection: AsyncConnection) -> int:
    """Requests on record that are not finished."""
    return int(
        (
            await connection.execute(
                text("SELECT count(*) FROM ingestion_requests WHERE state IN ('pending', 'retry_wait', 'leased')")
            )
        ).scalar_one()
    )


async def overview(connection: AsyncConnection) -> dict[str, Any]:
    """Counts by state, ages and what is at work, for `queue status`."""
    states = {
        row.state: {"count": row.count, "oldest_seconds": float(row.oldest or 0)}
        for row in await connection.execute(
            text(
                "SELECT state, count(*) AS count, extract(epoch FROM now() - min(received_at)) AS oldest"
                " FROM ingestion_requests GROUP BY state ORDER BY state"
            )
        )
    }
    running = await connection.execute(
        text(
            "SELECT r.id, r.task_id, s.key AS supplier, r.attempt, r.run_id, r.lease_until,"
            " extract(epoch FROM now() - r.received_at) AS age_seconds"
            " FROM ingestion_requests r JOIN suppliers s ON s.id = r.supplier_id WHERE r.state = 'leased' ORDER BY r.id"
        )
    )
    dead = await connection.execute(
        text(
            "SELECT coalesce(error_type, 'unknown') AS error_type, count(*) AS count FROM ingestion_requests"
            " WHERE state = 'dead' GROUP BY 1 ORDER BY 2 DESC"
        )
    )
    return {
        "states": states,
        "in_flight": [dict(row._mapping) for row in running],
        "dead_by_reason": {row.error_type: row.count for row in dead},
    }


async def dead_letters(connection: AsyncConnection, limit: int = 100) -> list[dict[str, Any]]:
    """Dead requests, newest first, with the start of their bytes."""
    rows = await connection.execute(
        text(
            "SELECT r.id, r.task_id, s.key AS supplier, r.verdict, r.error_type, r.last_error AS reason, r.attempt,"
            " r.finished_at, r.raw"
            " FROM ingestion_requests r LEFT JOIN suppliers s ON s.id = r.supplier_id"
            " WHERE r.state = 'dead' ORDER BY r.id DESC LIMIT :limit"
        ),
        {"limit": limit},
    )
    letters = [dict(row._mapping) for row in rows]
    for letter in letters:
        letter["message"] = bytes(letter.pop("raw"))[:400].decode("utf-8", "replace")
    return letters


async def settle_held(
    connection: AsyncConnection,
    batch_id: int,
    state: str,
    error_type: str | None = None,
    reason: str | None = None,
    result: dict[str, Any] | None = None,
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


async def supplier_of(connection: AsyncConnection, request_id: int) -> UUID | None:
    """Whose request it is."""
    found: UUID | None = (
        await connection.execute(text("SELECT supplier_id FROM ingestion_requests WHERE id = :id"), {"id": request_id})
    ).scalar()
    return found


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

SUPERSEDE = """
WITH replaced AS (
    UPDATE ingestion_requests SET state = 'superseded', superseded_by = :id, finished_at = now()
    WHERE supplier_id = :supplier AND coalesce_key = :coalesce AND state = 'pending' AND id < :id
    RETURNING id
)
UPDATE ingestion_requests earlier SET superseded_by = :id
FROM replaced WHERE earlier.state = 'superseded' AND earlier.superseded_by = replaced.id
"""
"""Equal work that has not begun is done once; what was replaced before is answered by the newest too."""

HAND_OUT = """
WITH room AS (
    SELECT greatest(0, :max_jobs - count(*)) AS free FROM ingestion_requests WHERE state = 'leased'
), first_of_supplier AS (
    SELECT DISTINCT ON (waiting.supplier_id) waiting.id, waiting.priority
    FROM ingestion_requests waiting
    WHERE waiting.state IN ('pending', 'retry_wait') AND waiting.not_before <= now()
      AND NOT EXISTS (SELECT FROM ingestion_requests busy
                      WHERE busy.supplier_id = waiting.supplier_id AND busy.state = 'leased')
    ORDER BY waiting.supplier_id, waiting.priority DESC, waiting.id
), chosen AS (
    SELECT id FROM first_of_supplier ORDER BY priority DESC, id LIMIT (SELECT free FROM room)
)
UPDATE ingestion_requests request
SET state = 'leased', attempt = request.attempt + 1, fence = nextval('ingestion_fence_seq'), run_id = NULL,
    run_key = request.id || ':' || request.replays || ':' || (request.attempt + 1),
    lease_until = now() + make_interval(secs => :seconds)
FROM chosen WHERE request.id = chosen.id
"""

END_ATTEMPT = """
WITH ending AS (
    SELECT id, CASE WHEN NOT :retryable OR attempt > max_retries OR crashes + :crash >= :max_crashes
                    THEN 'dead' ELSE 'retry_wait' END AS new_state
    FROM ingestion_requests WHERE id = :id AND fence = :fence AND state = 'leased' FOR UPDATE
)
UPDATE ingestion_requests request
SET state = ending.new_state, last_error = :reason, error_type = :error_type, lease_until = NULL,
    crashes = request.crashes + :crash,
    not_before = now() + make_interval(secs => :wait),
    finished_at = CASE WHEN ending.new_state = 'dead' THEN now() END
FROM ending JOIN ingestion_requests previous ON previous.id = ending.id
LEFT JOIN suppliers supplier ON supplier.id = previous.supplier_id
WHERE request.id = ending.id
RETURNING request.state, request.task_id, request.attempt, request.supplier_id, request.run_id,
          supplier.key AS supplier_key
"""
