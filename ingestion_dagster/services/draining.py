"""From the mailbox to the record: claimed, committed, and only then confirmed, in portions and within a budget.

What a message means is decided in `store/requests/recording.py`. A message that is slow or locked waits, and delays no
other.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingestion_dagster.core.errors import StoreBusy, StoreUnavailable
from ingestion_dagster.core.requests.deferrals import Deferrals
from ingestion_dagster.core.requests.leases import retry_wait
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database
from ingestion_dagster.store.requests import Deferred, Delivery, Recorded

if TYPE_CHECKING:
    from ingestion_dagster.redis_store.mailbox import Claimed, Mailbox

DRAIN_SECONDS = 15.0
"""What a tick spends on taking messages. What it does not come to is the first thing of the next tick."""
PORTION = 25
"""Messages in one transaction."""
LOCK_SECONDS = 0.5
"""How long a portion waits for a lock."""


@dataclass
class MailMemory:
    """What a process remembers of the mail from tick to tick. Losing it costs nothing but time."""

    deferrals: Deferrals = field(default_factory=Deferrals)
    claim_next: int | None = None
    """Messages to take at once, after a claim that was not worked off; None: as many as the settings say."""


@dataclass
class Drained:
    """What became of the mail in one tick."""

    recorded: list[Recorded] = field(default_factory=list)
    deferred: int = 0
    """Messages that were claimed and wait for another session of the database."""
    full: bool = False
    """So many requests are on record that mail is left in Redis."""
    troubles: list[str] = field(default_factory=list)


async def drain(deployment: Deployment, mailbox: "Mailbox", database: Database, memory: MailMemory) -> Drained:
    """Take what is in the mailbox. Above the high-water mark mail stays in Redis.

    Raises StoreUnavailable where PostgreSQL refuses; what was claimed is claimed again by the next tick.
    """
    async with database.transaction(LOCK_SECONDS) as connection:
        room = deployment.settings.max_waiting - await requests.waiting_count(connection)
    if room <= 0:
        return Drained(full=True)
    work = _Drain(deployment, mailbox, database, memory, room)
    try:
        await work.go()
    except StoreBusy as error:
        work.done.troubles.append(f"messages wait until the next look: {error}")
    return work.done


@dataclass
class _Drain:
    """One tick's taking of messages."""

    deployment: Deployment
    mailbox: "Mailbox"
    database: Database
    memory: MailMemory
    room: int
    done: Drained = field(default_factory=Drained)
    end: float = field(default_factory=lambda: time.monotonic() + DRAIN_SECONDS)

    async def go(self) -> None:
        """One claim; another where messages of the last one wait, so that those behind them have their turn."""
        while claimed := self._claim():
            deferred, most, before = self.done.deferred, self.deployment.settings.claim_batch, self.memory.claim_next
            # Assume the worst: whatever ends this work early, the next claim is smaller.
            self.memory.claim_next = max(1, len(claimed) // 2)
            if not await self._record(claimed):
                return
            self.memory.claim_next = None if before is None or 2 * before >= most else 2 * before
            if self.done.deferred == deferred or len(self.done.recorded) >= most:
                return

    def _claim(self) -> "list[Claimed]":
        """What waits for its time is passed over, but counts as open: Redis is not emptied behind a lock."""
        known, waiting = self.deployment.settings, self.memory.deferrals.passed_over(time.monotonic())
        room = self.room - len(self.done.recorded)
        count = min(known.claim_batch, self.memory.claim_next or known.claim_batch, max(1, room))
        try:
            if not self.done.recorded:
                self.done.troubles.extend(self.mailbox.wrong_keys())
            return self.mailbox.claim(count, known.max_message_bytes, waiting, max(0, room - len(waiting)))
        except StoreUnavailable as error:
            self.done.troubles.append(str(error))
            return []

    async def _record(self, claimed: "Sequence[Claimed]") -> bool:
        """Portion by portion. Whether all of it was looked at: neither time ran out nor Redis went away."""
        for start in range(0, len(claimed), PORTION):
            portion = [Delivery(one.id, one.raw, one.whole_size, one.high) for one in claimed[start : start + PORTION]]
            if time.monotonic() >= self.end:
                return False
            blocked = self.memory.deferrals.blocked(time.monotonic())
            async with self.database.transaction(LOCK_SECONDS) as connection:
                found = await requests.record(connection, portion, self.deployment.rules, blocked, self.end)
            if not self._confirm([one for one in found if isinstance(one, Recorded)]):
                return False
            self._defer([one for one in found if isinstance(one, Deferred)])
            if len(found) < len(portion):
                return False
        return True

    def _confirm(self, recorded: Sequence[Recorded]) -> bool:
        """Only after the commit: these are on record, Redis may forget them."""
        self.done.recorded.extend(recorded)
        self.memory.deferrals.recorded(one.delivery_id for one in recorded)
        try:
            self.mailbox.confirm([one.delivery_id for one in recorded])
        except StoreUnavailable as error:
            told = f"{error} (the messages are on record; they are confirmed when Redis is back)"
            self.done.troubles.append(told)
            return False
        return True

    def _defer(self, deferred: Sequence[Deferred]) -> None:
        """They stay claimed; the first of a supplier says how long all of its messages wait."""
        known, deferrals, now = self.deployment.settings, self.memory.deferrals, time.monotonic()
        self.done.deferred += len(deferred)
        for one in deferred:
            if one.reason is not None:
                tries = deferrals.tries_of(one.supplier) + 1
                wait = retry_wait(tries, known.retry_base_seconds, known.retry_cap_seconds)
                deferrals.failed(one.supplier, now, wait)
                self.done.troubles.append(
                    f"messages of supplier {one.supplier!r} wait, and are tried again in {wait:.0f} s: {one.reason}"
                )
            deferrals.add(one.supplier, one.delivery_id)
