"""One tick between mailbox, record and Dagster: reap, drain, lease, publish. Each step may be repeated or cut short.

Knows no Dagster: what it must know of runs it asks through a function.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import DataIngestionError
from ingestion_dagster.core.leases import RunState, verdict
from ingestion_dagster.core.retries import retry_wait
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database, connected
from ingestion_dagster.store.requests import Delivery, Lease, Recorded
from ingestion_dagster.workplace import Workplace

if TYPE_CHECKING:
    from ingestion_dagster.queue import Mailbox

RunLookup = Callable[[Lease], RunState]
LEASE_FOR_START = 120.0
"""Seconds a request may wait for its run to be made; the run itself renews the lease when it begins."""


@dataclass
class Tick:
    """What one tick did, for the log and the run requests."""

    to_start: list[Lease] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    reaped: list[tuple[str, str]] = field(default_factory=list)
    published: int = 0
    waiting: int = 0

    @property
    def dead(self) -> list[Recorded]:
        """Deliveries that became dead letters."""
        return [one for one in self.recorded if one.verdict in ("malformed", "rejected", "conflict")]


async def tick(place: Workplace, mailbox: "Mailbox", database: Database, run_of: RunLookup) -> Tick:
    """One round. Everything is committed before it returns; what it returns can be asked for again."""
    done = Tick()
    await _reap(place, database, run_of, done)
    await _drain(place, mailbox, database, done)
    async with database.transaction() as connection:
        leases = await requests.lease(connection, place.settings.max_jobs, LEASE_FOR_START)
        done.waiting = await requests.waiting_count(connection) - len(leases)
    done.to_start = [lease for lease in leases if lease.run_id is None and run_of(lease) == "absent"]
    done.published = await publish(place, mailbox, database)
    return done


async def _reap(place: Workplace, database: Database, run_of: RunLookup, done: Tick) -> None:
    """Requests whose run ended without a word, was cancelled, or is past its lease."""
    async with database.transaction() as connection:
        now = (await connection.execute(text("SELECT now()"))).scalar_one()
        for lease in await requests.leased(connection):
            what = verdict(run_of(lease), lease.lease_until, now)
            if what == "cancelled":
                state = await requests.cancelled(connection, lease.request_id, lease.fence)
            elif what == "crashed":
                state = await _crashed(place, connection, lease)
            elif what == "extend":
                await requests.extend(connection, lease.request_id, lease.fence, LEASE_FOR_START)
                continue
            else:
                continue
            if state is not None:
                done.reaped.append((lease.task_id, state))


async def _crashed(place: Workplace, connection: AsyncConnection, lease: Lease) -> str | None:
    wait = retry_wait(lease.attempt, place.settings.retry_base_seconds, place.settings.retry_cap_seconds)
    reason = f"attempt {lease.attempt} ended without a word (killed, out of memory, or past its time)"
    return await requests.crashed(connection, lease.request_id, lease.fence, reason, wait)


async def _drain(place: Workplace, mailbox: "Mailbox", database: Database, done: Tick) -> None:
    """Mailbox to record: claimed, committed, and only then confirmed. Above the high-water mark mail stays in Redis."""
    known = place.settings
    async with database.transaction() as connection:
        if await requests.waiting_count(connection) >= known.max_waiting:
            return
    claimed = mailbox.claim(known.claim_batch, known.max_message_bytes)
    if not claimed:
        return
    deliveries = [Delivery(one.id, one.raw, one.whole_size, one.high) for one in claimed]
    async with database.transaction() as connection:
        done.recorded = await requests.record(connection, deliveries, place.rules)
    mailbox.confirm([one.id for one in claimed])


async def publish_soon(place: Workplace) -> str | None:
    """Publish from a run, so that nobody waits for the sensor's next look. What goes wrong is said, not raised: the
    result is on record and the sensor publishes what is missing."""
    try:
        with place.mailbox() as mailbox:
            async with connected(place.database_url, place.limits) as database:
                await publish(place, mailbox, database)
    except DataIngestionError as error:
        return str(error)
    return None


async def publish(place: Workplace, mailbox: "Mailbox", database: Database, limit: int = 500) -> int:
    """Results on record that Redis does not have yet."""
    async with database.transaction() as connection:
        waiting = await requests.unpublished(connection, limit)
        if waiting:
            mailbox.publish([(task, result) for _, task, result in waiting], place.settings.result_ttl_seconds)
            await requests.published(connection, [request_id for request_id, _, _ in waiting])
    return len(waiting)
