"""Dead requests that wait again, and refused messages that are judged again, when a person says so."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import StoreRejected
from ingestion_dagster.store.requests.recording import record_one
from ingestion_dagster.store.requests.types import Delivery, Rules

REPLAY = """
UPDATE ingestion_requests
SET state = 'pending', attempt = 0, crashes = 0, unstarted = 0, fence = NULL, run_id = NULL, run_key = NULL,
    not_before = now(), last_error = NULL, error_type = NULL, finished_at = NULL, result = NULL,
    result_published = false, replays = replays + 1
WHERE id = :id AND state = 'dead' AND supplier_id IS NOT NULL RETURNING task_id
"""


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
    again = await record_one(connection, Delivery(f"replay-{request_id}-{replays + 1}", raw, len(raw)), rules)
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
