"""Putting deliveries on record: what each becomes, once, whatever is in it. Who works on it is `leasing.py`."""

import math
import time
from collections.abc import Collection, Sequence

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import MalformedRequest, SourceRejected, StoreBusy, StoreRejected
from ingestion_dagster.core.requests.message import SheetRequest, coalesce_key, digest_of, parse_message
from ingestion_dagster.core.requests.message_json import without_secrets
from ingestion_dagster.core.requests.message_source import Where, changed_source, new_source
from ingestion_dagster.core.steps import failure_object
from ingestion_dagster.core.suppliers.slugs import slug
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import DRIVER_ERRORS, translated
from ingestion_dagster.store.requests.results import RESULT_WITH_TIME
from ingestion_dagster.store.requests.types import Deferred, Delivery, Recorded, Rules
from ingestion_dagster.store.states import Verdict

PRIORITIES = {"low": -1, "normal": 0, "high": 1}
LOCK_SECONDS = 0.5
"""How long a message waits for what another session has locked; then it is deferred."""
STATEMENT_SECONDS = 5
"""How long one statement of a message may take."""
PATIENCE = text("SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :statement, true)")

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


async def record(
    connection: AsyncConnection,
    deliveries: Sequence[Delivery],
    rules: Rules,
    blocked: Collection[str] = (),
    until: float = math.inf,
) -> list[Recorded | Deferred]:
    """Put every delivery on record; a bad one becomes a dead letter and harms no other. Safe to repeat.

    One that needs what another session has locked, or that takes too long, is deferred, and with it all later ones of
    its supplier; so are those of suppliers in `blocked`. What is not come to before `until` (`time.monotonic`) is left
    out. Two sensors at once (an old daemon that is not quite gone) take turns: both would be handed the same messages.
    """
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('ingestion.record', 0))"))
    rows = await connection.execute(text(KNOWN_DELIVERIES), {"ids": [delivery.id for delivery in deliveries]})
    known = {row.delivery_id: row for row in rows}
    await connection.execute(PATIENCE, {"lock": f"{LOCK_SECONDS}s", "statement": f"{STATEMENT_SECONDS}s"})
    recorded: list[Recorded | Deferred] = []
    waits = set(blocked)
    for delivery in deliveries:
        if time.monotonic() >= until:
            break
        row = known.get(delivery.id)
        if row is not None:
            recorded.append(Recorded(delivery.id, row.request_id, row.verdict, row.task_id, None, None))
            continue
        found = await _record_alone(connection, delivery, rules, waits)
        recorded.append(found)
        if isinstance(found, Deferred) and found.supplier not in waits:
            waits.add(found.supplier)
            # One wait is enough to see that something is locked; the rest of the portion does not pay for it.
            await connection.execute(PATIENCE, {"lock": f"{LOCK_SECONDS / 10}s", "statement": f"{STATEMENT_SECONDS}s"})
    return recorded


async def _record_alone(
    connection: AsyncConnection, delivery: Delivery, rules: Rules, waits: Collection[str]
) -> Recorded | Deferred:
    """Whatever is wrong with one message ends with it: only trouble of the database itself stops the others."""
    try:
        async with connection.begin_nested():
            return await record_one(connection, delivery, rules, waits)
    except _Waits as error:
        return Deferred(delivery.id, error.supplier, error.reason)
    except DRIVER_ERRORS as error:
        known = translated(error)
        if known.retryable:
            raise
        reason = f"the message could not be recorded: {known}"
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        reason = f"the message could not be read: {type(error).__name__}: {error}"
    return await _dead_letter(connection, delivery, "rejected", delivery.id, None, reason)


class _Waits(StoreBusy):
    """Ends the work on a message that has to wait. Without a reason: an earlier one of its supplier does."""

    def __init__(self, supplier: str, reason: str | None = None) -> None:
        super().__init__(reason or f"an earlier message of supplier {supplier!r} waits")
        self.supplier, self.reason = supplier, reason


async def record_one(
    connection: AsyncConnection, delivery: Delivery, rules: Rules, waits: Collection[str] = ()
) -> Recorded:
    """What this delivery becomes, whoever else there is."""
    try:
        if delivery.whole_size > len(delivery.raw):
            raise MalformedRequest(
                f"the message has {delivery.whole_size} bytes; at most {rules.max_bytes} are taken,"
                " and only those are kept"
            )
        request = parse_message(delivery.raw, rules.max_bytes, rules.types)
    except MalformedRequest as error:
        return await _dead_letter(connection, delivery, "malformed", delivery.id, None, str(error))
    whose = request.supplier or slug(str(request.supplier_name))
    try:
        twin = await _twin(connection, delivery, request)
        if twin is not None:
            return twin
        supplier = await suppliers.find(connection, request.supplier, request.supplier_name)
        whose = supplier.key if supplier else whose
        if whose in waits:
            raise _Waits(whose)
        async with connection.begin_nested():
            supplier = await _supplier_of(connection, request, supplier, rules)
            return await _accept(connection, delivery, request, supplier, rules)
    except (SourceRejected, StoreRejected) as error:
        task_id = request.task_id or delivery.id
        return await _dead_letter(connection, delivery, "rejected", task_id, request, str(error))
    except DRIVER_ERRORS as error:
        known = translated(error)
        if isinstance(known, StoreBusy):
            raise _Waits(whose, str(known)) from error
        raise


async def _twin(connection: AsyncConnection, delivery: Delivery, request: SheetRequest) -> Recorded | None:
    """What becomes of a message whose `task_id` is on record already; None where it is not."""
    task_id = request.task_id or delivery.id
    twin = (
        await connection.execute(
            text("SELECT id, digest FROM ingestion_requests WHERE task_id = :task AND verdict = 'accepted'"),
            {"task": task_id},
        )
    ).first()
    if twin is None:
        return None
    if twin.digest == digest_of(request):
        await _note_delivery(connection, delivery.id, twin.id, "duplicate")
        return Recorded(delivery.id, twin.id, "duplicate", task_id, None, None)
    reason = f"task_id {task_id!r} was used before for other content (request {twin.id}); send a new task_id"
    return await _dead_letter(connection, delivery, "conflict", task_id, request, reason)


async def _supplier_of(
    connection: AsyncConnection, request: SheetRequest, supplier: Supplier | None, rules: Rules
) -> Supplier:
    """The supplier that is meant; registered, or its source renewed, where the message says where the list is."""
    config = request.source_config.model_dump(mode="json", exclude_none=True) if request.source_config else {}
    if supplier is None:
        if request.parser_type is None or not config:
            named = request.supplier or request.supplier_name
            raise SourceRejected(
                f"supplier {named!r} is not known, and the message has no parser_type with source_config to register it"
            )
        said = new_source(Where(request.parser_type, config), rules.types, rules.allowed)
        name = request.supplier_name or str(request.supplier)
        key = request.supplier or await suppliers.free_key(connection, name)
        return await suppliers.register(connection, key, name, said.source_type, dict(said.source))
    if not supplier.active:
        raise SourceRejected(
            f"supplier {supplier.key!r} is paused; `ingestion supplier resume {supplier.key}` wakes it"
        )
    known = Where(supplier.source_type, supplier.source)
    said = changed_source(known, request.parser_type, config, rules.types, rules.allowed)
    if said is not known:
        return await suppliers.register(connection, supplier.key, supplier.name, said.source_type, dict(said.source))
    return supplier


async def _accept(
    connection: AsyncConnection,
    delivery: Delivery,
    request: SheetRequest,
    supplier: Supplier,
    rules: Rules,
) -> Recorded:
    task_id = request.task_id or delivery.id
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
                "digest": digest_of(request),
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
    verdict: Verdict,
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
