"""One tick between mailbox, record and Dagster: reap, drain, lease, publish. Each step may be repeated or cut short.

Knows no Dagster: what it must know of runs it asks through functions. PostgreSQL comes first: while it refuses, nothing
is claimed and nothing is handed out. Redis may be away: what is on record goes on being handed out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingestion_dagster.core.errors import DataIngestionError, StoreBusy, StoreUnavailable
from ingestion_dagster.core.requests.leases import RunState, Verdict, retry_wait, verdict
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services.clock_watch import ClockMemory, watch
from ingestion_dagster.services.draining import MailMemory, drain
from ingestion_dagster.store import clock, requests
from ingestion_dagster.store.database import Connection, Database, connected
from ingestion_dagster.store.requests import Lease, Recorded

if TYPE_CHECKING:
    from ingestion_dagster.redis_store.mailbox import Mailbox

RunLookup = Callable[[Lease], RunState]
LEASE_FOR_START = 360.0
"""Seconds a request may wait for its run to be made; the run itself renews the lease when it begins."""
MOST_OFFERS = 10
"""Ticks that may ask for a run before it is clear that Dagster cannot make it, and others are let past."""
RESULTS_LOOKED_AT = 200
LOCK_SECONDS = 0.2
"""How long one request waits for a lock, so that all others have their turn within the tick."""


@dataclass
class Tick:
    """What one tick did, for the log and the run requests."""

    to_start: list[Lease] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    reaped: list[tuple[str, str]] = field(default_factory=list)
    lost_runs: list[Lease] = field(default_factory=list)
    """Past their lease though Dagster shows them as running; to be stopped there."""
    published: int = 0
    waiting: int = 0
    full: bool = False
    """So many requests are on record that mail is left in Redis."""
    deferred: int = 0
    """Messages that are taken, and wait in Redis for another session of the database."""
    troubles: list[str] = field(default_factory=list)
    """What could not be done this time, in words; the rest was."""

    @property
    def dead(self) -> list[Recorded]:
        """Deliveries that became dead letters."""
        return [one for one in self.recorded if one.verdict in ("malformed", "rejected", "conflict")]


@dataclass
class Memory:
    """What a process remembers from tick to tick. Losing it costs nothing but time."""

    offers: dict[str, int] = field(default_factory=dict)
    """Run key -> how often a run was asked for."""
    mail: MailMemory = field(default_factory=MailMemory)
    clock: ClockMemory = field(default_factory=ClockMemory)
    looked_down_to: int | None = None
    """The request whose result was looked for last; None: begin with the newest."""
    ticks: int = 0


async def tick(
    deployment: Deployment, mailbox: "Mailbox", database: Database, run_of: RunLookup, memory: Memory | None = None
) -> Tick:
    """One round. Everything is committed before it returns; what it returns can be asked for again.

    Raises StoreUnavailable where PostgreSQL refuses; nothing was claimed then that is not claimed again.
    """
    done, memory = Tick(), memory or Memory()
    memory.ticks += 1
    done.troubles.extend(await watch(database, memory.clock))
    await _reap(deployment, database, run_of, done)
    mail = await drain(deployment, mailbox, database, memory.mail)
    done.recorded, done.full, done.deferred = mail.recorded, mail.full, len(memory.mail.deferrals)
    done.troubles.extend(mail.troubles)
    known = deployment.settings
    longest_wait, longest_lease = 2 * known.retry_cap_seconds, max(LEASE_FOR_START, known.job_timeout + 60.0)
    async with database.transaction() as connection:
        leases = await requests.lease(connection, known.max_jobs, LEASE_FOR_START, longest_wait, longest_lease)
        done.waiting = await requests.waiting_count(connection) - len(leases)
    offered = [lease for lease in leases if lease.run_id is None and run_of(lease) == "absent"]
    done.to_start = await _offered(database, deployment, offered, memory, done)
    await _republish(deployment, mailbox, database, memory, done)
    return done


async def _reap(deployment: Deployment, database: Database, run_of: RunLookup, done: Tick) -> None:
    """Requests whose run ended without a word, was cancelled, or is past its lease."""
    async with database.transaction() as connection:
        now = await clock.transaction_time(connection)
        leases = await requests.leased(connection)
    for lease in leases:
        run = run_of(lease)  # asked outside of a transaction: Dagster's database may be slow
        what = verdict(run, lease.lease_until, now, begun=lease.run_id is not None)
        if what in ("start", "keep"):
            continue
        try:
            async with database.transaction(LOCK_SECONDS) as connection:
                state = await _taken_back(deployment, connection, lease, run, what)
        except StoreBusy as error:
            done.troubles.append(f"request {lease.task_id} is looked at again by the next tick: {error}")
            continue
        if state is not None:
            done.reaped.append((lease.task_id, state))
            if run == "running":
                done.lost_runs.append(lease)


async def _taken_back(
    deployment: Deployment, connection: Connection, lease: Lease, run: RunState, what: Verdict
) -> str | None:
    """The request's new state, None where it keeps its lease."""
    if what == "extend":
        await requests.extend(connection, lease.request_id, lease.fence, LEASE_FOR_START)
        return None
    if what == "cancelled":
        return await requests.cancelled(connection, lease.request_id, lease.fence)
    return await _without_a_word(deployment, connection, lease, run)


async def _without_a_word(deployment: Deployment, connection: Connection, lease: Lease, run: RunState) -> str | None:
    """A run that took the request up has used an attempt; one that never came so far says nothing about the request."""
    wait = retry_wait(lease.attempt, deployment.settings.retry_base_seconds, deployment.settings.retry_cap_seconds)
    if lease.run_id is None:
        reason = (
            f"attempt {lease.attempt}: its run never began (Dagster did not start it in time, or its process died"
            " before the first step); see the run in Dagster and the log of the code server"
        )
        return await requests.never_began(connection, lease.request_id, lease.fence, reason, wait)
    how = "is past its time" if run == "running" else "ended without a word (killed, or out of memory)"
    return await requests.crashed(connection, lease.request_id, lease.fence, f"attempt {lease.attempt} {how}", wait)


async def _offered(
    database: Database, deployment: Deployment, leases: list[Lease], memory: Memory, done: Tick
) -> list[Lease]:
    """Those to ask a run for. One that Dagster cannot make would keep all others of its tick from starting."""
    memory.offers = {lease.run_key: memory.offers.get(lease.run_key, 0) + 1 for lease in leases}
    fine = []
    for lease in leases:
        if memory.offers[lease.run_key] <= MOST_OFFERS:
            fine.append(lease)
            continue
        wait = deployment.settings.retry_cap_seconds
        reason = f"Dagster made no run of it in {MOST_OFFERS} ticks; see the ticks of the sensor ingestion_queue"
        try:
            async with database.transaction(LOCK_SECONDS) as connection:
                state = await requests.never_began(connection, lease.request_id, lease.fence, reason, wait)
        except StoreBusy as error:
            done.troubles.append(f"request {lease.task_id} is looked at again by the next tick: {error}")
            continue
        done.reaped.append((lease.task_id, state or "gone"))
    return fine


async def _republish(
    deployment: Deployment, mailbox: "Mailbox", database: Database, memory: Memory, done: Tick
) -> None:
    """Results that are new, and a few of those that Redis should have, in case it lost them."""
    try:
        await _look_for_lost_results(deployment, mailbox, database, memory)
        done.published = await publish(deployment, mailbox, database)
    except StoreUnavailable as error:
        done.troubles.append(f"results are on record but not in Redis: {error}")


async def _look_for_lost_results(
    deployment: Deployment, mailbox: "Mailbox", database: Database, memory: Memory
) -> None:
    async with database.transaction() as connection:
        found = await requests.recent_results(
            connection, memory.looked_down_to, deployment.settings.result_ttl_seconds, RESULTS_LOOKED_AT
        )
    memory.looked_down_to = found[-1][0] if len(found) == RESULTS_LOOKED_AT else None
    lost = set(mailbox.missing_results([task_id for _, task_id in found]))
    if lost:
        async with database.transaction(LOCK_SECONDS) as connection:
            await requests.unpublish(connection, [request_id for request_id, task_id in found if task_id in lost])


async def publish_soon(deployment: Deployment) -> str | None:
    """Publish from a run, so that nobody waits for the sensor's next look. What goes wrong is said, not raised: the
    result is on record and the sensor publishes what is missing."""
    try:
        with deployment.mailbox() as mailbox:
            async with connected(deployment.database_url, deployment.limits) as database:
                await publish(deployment, mailbox, database)
    except DataIngestionError as error:
        return str(error)
    return None


async def publish(deployment: Deployment, mailbox: "Mailbox", database: Database, limit: int = 500) -> int:
    """Results on record that Redis does not have yet."""
    async with database.transaction() as connection:
        waiting = await requests.unpublished(connection, limit)
        if waiting:
            mailbox.publish([(task, result) for _, task, result in waiting], deployment.settings.result_ttl_seconds)
            await requests.published(connection, [request_id for request_id, _, _ in waiting])
    return len(waiting)
