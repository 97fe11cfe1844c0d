"""Putting deliveries on record: what each becomes, once, whatever is in it. Who works on it is `leasing.py`."""

from collections.abc import Sequence

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import MalformedRequest, SourceRejected, StoreRejected
from ingestion_dagster.core.message_json import without_secrets
from ingestion_dagster.core.requests import SheetRequest, check_source, coalesce_key, digest_of, parse_message
from ingestion_dagster.core.slugs import slug
from ingestion_dagster.core.supplier import Supplier
from ingestion_dagster.core.walk import failure_object
from ingestion_dagster.store import suppliers
from ingestion_dagster.store.database import DRIVER_ERRORS, translated
from ingestion_dagster.store.request_results import RESULT_WITH_TIME
from ingestion_dagster.store.request_types import Delivery, Recorded, Rules

PRIORITIES = {"low": -1, "normal": 0, "high": 1}

REPLAY = """
UPDATE ingestion_requests
SET state = 'pending', attempt = 0, crashes = 0, unstarted = 0, fence = NULL, run_id = NULL, run_key = NULL,
    not_before = now(), last_error = NULL, error_type = NULL, finished_at = NULL, result = NULL,
    result_published = false, replays = replays + 1
WHERE id = :id AND state = 'dead' AND supplier_id IS NOT NULL RETURNING task_id
"""

KNOWN_DELIVERIES = """
SELECT delivery.delivery_id, delivery.request_id, delivery.verdict, request.task_id
FROM ingestion_deliveries delivery JOIN ingestion_requests request ON request.id = delivery.request_id
WHERE delivery.delivery_id = ANY(:ids)
"""

SUPERSEDE = """
WITH replaced AS (
    UPDATE ingestion_requests SET state = 'superseded', superseded_by = :id, finished_at = now()
    WHERE supplier_id = :supplier AND coalesce_key = :coalesce AND state = 'pending' AND id < :id
    RETURNING id, priority, not_before
), place AS (
    UPDATE ingestion_requests newest
    SET priority = greatest(newest.priority, before.priority), not_before = least(newest.not_before, before.since)
    FROM (SELECT max(priority) AS priority, min(not_before) AS since FROM replaced) before
    WHERE newest.id = :id AND before.since IS NOT NULL
)
UPDATE ingestion_requests earlier SET superseded_by = :id
FROM replaced WHERE earlier.state = 'superseded' AND earlier.superseded_by = replaced.id
"""
"""Equal work that has not begun is done once; what was replaced before is answered by the newest too. The newest takes
over the place in the queue, or a supplier that is asked for every minute would never have its turn."""


async def record(connection: AsyncConnection, deliveries: Sequence[Delivery], rules: Rules) -> list[Recorded]:
    """Put every delivery on record; a bad one becomes a dead letter and harms no other. Safe to repeat.

    Two sensors at once (an old daemon that is not quite gone) take turns: both would be handed the same messages.
    """
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('ingestion.record', 0))"))
    rows = await connection.execute(text(KNOWN_DELIVERIES), {"ids": [delivery.id for delivery in deliveries]})
    known = {row.delivery_id: row for row in rows}
    recorded = []
    for delivery in deliveries:
        row = known.get(delivery.id)
        if row is None:
            recorded.append(await _record_alone(connection, delivery, rules))
        else:
            recorded.append(Recorded(delivery.id, row.request_id, row.verdict, row.task_id, None, None))
    return recorded


async def _record_alone(connection: AsyncConnection, delivery: Delivery, rules: Rules) -> Recorded:
    """Whatever is wrong with one message ends with it: only trouble of the database itself stops the others."""
    try:
        async with connection.begin_nested():
            return await _record_one(connection, delivery, rules)
    except DRIVER_ERRORS as error:
        known = translated(error)
        if known.retryable:
            raise
        reason = f"the message could not be recorded: {known}"
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        reason = f"the message could not be read: {type(error).__name__}: {error}"
    return await _dead_letter(connection, delivery, "rejected", delivery.id, None, reason)


async def _record_one(connection: AsyncConnection, delivery: Delivery, rules: Rules) -> Recorded:
    try:
        if delivery.whole_size > len(delivery.raw):
            raise MalformedRequest(
                f"the message has {delivery.whole_size} bytes; at most {rules.max_bytes} are taken,"
                " and only those are kept"
            )
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
    """On record with its bytes (but no secrets) and the reason. Of a conflict no result is published: the first request
    owns the key."""
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
                "raw": without_secrets(delivery.raw),
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


async def replay(connection: AsyncConnection, request_id: int, rules: Rules) -> str:
    """A dead request waits again, with all its attempts; a message that never became work is judged again.

    Returns its task_id. Raises StoreRejected where it is not dead, or is refused again.
    """
    row = (await connection.execute(text(REPLAY), {"id": request_id})).first()
    if row is not None:
        return str(row.task_id)
    found = (
        await connection.execute(
            text("SELECT state, verdict, raw, replays FROM ingestion_requests WHERE id = :id FOR UPDATE"),
            {"id": request_id},
        )
    ).first()
    if found is None:
        raise StoreRejected(
            f"there is no request {request_id}; `ingestion queue dead` lists those that can be replayed"
        )
    if found.state != "dead":
        raise StoreRejected(f"request {request_id} is {found.state}, not dead")
    raw = bytes(found.raw)
    if found.verdict == "malformed" and len(raw) >= rules.max_bytes:
        raise StoreRejected(
            f"of request {request_id} only the first {len(raw)} bytes were kept, since no more are taken;"
            " send it anew, smaller"
        )
    return await _judge_again(connection, request_id, raw, found.replays, rules)


async def _judge_again(connection: AsyncConnection, request_id: int, raw: bytes, replays: int, rules: Rules) -> str:
    """Its supplier may be known by now. What is refused again leaves no second dead letter: the caller rolls back."""
    again = await _record_one(connection, Delivery(f"replay-{request_id}-{replays + 1}", raw, len(raw)), rules)
    if again.verdict not in ("accepted", "duplicate"):
        raise StoreRejected(f"request {request_id} is refused again ({again.reason}); send a corrected message")
    await connection.execute(
        text(
            "UPDATE ingestion_requests SET state = 'superseded', superseded_by = :new, replays = replays + 1,"
            " result = NULL WHERE id = :id"
        ),
        {"id": request_id, "new": again.request_id},
    )
    return again.task_id
