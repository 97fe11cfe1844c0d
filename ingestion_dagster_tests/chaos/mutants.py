"""Wrong protocols, each wrong in one way. A harness that does not catch them proves nothing."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.redis_store import mailbox as queue
from ingestion_dagster.redis_store.mailbox import Mailbox
from ingestion_dagster.services import queue as dispatch
from ingestion_dagster.services.draining import Drained, MailMemory
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database
from ingestion_dagster.store.requests import Delivery, Recorded, recording


def no_fence() -> None:
    """Whoever finishes is believed."""

    async def _acknowledge(connection: Any, request_id: int, fence: int, state: str, *_: Any) -> None:
        await connection.execute(
            text("UPDATE ingestion_requests SET state = :state, finished_at = now() WHERE id = :id"),
            {"id": request_id, "state": state},
        )

    requests.acknowledge = _acknowledge  # type: ignore[assignment]


def acknowledgement_in_a_second_transaction() -> None:
    """The effect is committed first. The run worker looks at this name."""
    requests.SPLIT = True  # type: ignore[attr-defined]


def confirm_before_commit() -> None:
    """Redis forgets a message before PostgreSQL has it."""

    async def _drain(deployment: Deployment, mailbox: Mailbox, database: Database, memory: MailMemory) -> Drained:
        claimed = mailbox.claim(deployment.settings.claim_batch, deployment.settings.max_message_bytes)
        if not claimed:
            return Drained()
        mailbox.confirm([one.id for one in claimed])
        async with database.transaction() as connection:
            deliveries = [Delivery(one.id, one.raw, one.whole_size, one.high) for one in claimed]
            found = await requests.record(connection, deliveries, deployment.rules)
        return Drained(recorded=[one for one in found if isinstance(one, Recorded)])

    dispatch.drain = _drain  # type: ignore[attr-defined]  # the name that the sensor calls


def no_dedupe() -> None:
    """Every delivery is new work."""
    record_one = recording.record_one

    async def _record(connection: Any, deliveries: Sequence[Delivery], rules: Any, *_: Any) -> list[Any]:
        return [
            await record_one(connection, delivery._replace(id=f"{delivery.id}:{uuid4()}", raw=_unnamed(delivery.raw)),
                             rules)
            for delivery in deliveries
        ]  # fmt: skip

    requests.record = _record  # type: ignore[assignment]


def _unnamed(raw: bytes) -> bytes:
    other = f'"source_config": {{"n": "{uuid4()}", '.encode()  # or equal work that waits would be done once
    return raw.replace(b'"task_id"', b'"was_task_id"').replace(b'"source_config": {', other)


def counter_ids() -> None:
    """Delivery ids from a counter in Redis, which goes back when Redis does."""
    queue.CLAIM = queue.CLAIM.replace(
        "local id = ARGV[3] .. '-' .. string.format('%05d', number)",
        "local id = 'd' .. redis.call('INCR', 'ingestion:counter')",
    )


MUTANTS: dict[str, Callable[[], None]] = {
    "no fence": no_fence,
    "acknowledgement in a second transaction": acknowledgement_in_a_second_transaction,
    "confirm before commit": confirm_before_commit,
    "no dedupe": no_dedupe,
    "counter ids": counter_ids,
}
