"""The clocks at each tick: what is wrong is said, and records that a wrong clock put into the future are dated back
once it is sure that the clock is right now. What is believed is decided in `core/clocks.py`. Knows no Dagster."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from ingestion_dagster.core.clocks import SETTLE_AFTER, Clocks, stepped, warnings
from ingestion_dagster.core.errors import StoreBusy, StoreRejected
from ingestion_dagster.store import clock
from ingestion_dagster.store.batches.merge import lock_supplier
from ingestion_dagster.store.database import Database

TOLD_EVERY = 120
"""Ticks between two warnings of the same: about ten minutes."""
LOCK_SECONDS = 0.2


@dataclass
class ClockMemory:
    """What a process remembers from tick to tick. Losing it costs nothing but time."""

    before: tuple[datetime, float] | None = None
    """PostgreSQL's clock at the last tick, and the time of this process, which nobody can set."""
    ahead_since: float | None = None
    """Since when the clocks have agreed that records lie in the future; in the time of this process."""
    untold: int = 0


async def watch(database: Database, memory: ClockMemory) -> list[str]:
    """What a person should know, in sentences; what can be mended is mended."""
    async with database.transaction(LOCK_SECONDS) as connection:
        clocks = await clock.clocks(connection)
    troubles = _step(clocks, memory)
    told = list(warnings(clocks, program_made()))
    memory.untold = (memory.untold or TOLD_EVERY) - 1 if told else 0
    troubles.extend(told if memory.untold == TOLD_EVERY - 1 else [])
    if not (clocks.agree and clocks.records_ahead and clocks.database > program_made()):
        memory.ahead_since = None
        return troubles
    memory.ahead_since = time.monotonic() if memory.ahead_since is None else memory.ahead_since
    if time.monotonic() - memory.ahead_since >= SETTLE_AFTER:
        troubles.extend(await date_back(database))
    return troubles


def _step(clocks: Clocks, memory: ClockMemory) -> list[str]:
    now = time.monotonic()
    before, memory.before = memory.before, (clocks.database, now)
    if before is None:
        return []
    told = stepped(before[0], clocks.database, timedelta(seconds=now - before[1]))
    return [told] if told else []


async def date_back(database: Database) -> list[str]:
    """Every supplier with records in the future; one that is being loaded now has its turn at the next tick."""
    async with database.transaction(LOCK_SECONDS) as connection:
        ahead = await clock.suppliers_ahead(connection)
    done, troubles = 0, []
    for supplier_id in ahead:
        try:
            async with database.transaction(LOCK_SECONDS) as connection:
                await lock_supplier(connection, supplier_id)
                done += bool(await clock.date_back(connection, supplier_id))
        except StoreBusy:
            continue
        except StoreRejected as error:
            troubles.append(f"records of supplier {supplier_id} in the future cannot be dated back: {error}")
    if done:
        troubles.append(
            f"the records of {done} of {len(ahead)} suppliers lay in the future, because the clock was ahead when they"
            " were written; they are dated back to now, in their order (price_history.clock_said keeps what was there)"
        )
    return troubles


@cache
def program_made() -> datetime:
    """When this program was put on this machine: a clock that says less is wrong."""
    return datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
