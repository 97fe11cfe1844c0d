"""The processes that are killed: one plays the daemon with the real tick, the others play runs with the real lease and
acknowledgement. The effect of a message is one row, written in the transaction that acknowledges."""

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import DataIngestionError, LeaseLost, SourceUnavailable
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services import queue
from ingestion_dagster.services.queue import Memory, tick
from ingestion_dagster.settings import Settings
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database, connected
from ingestion_dagster.store.requests import leasing
from ingestion_dagster_tests.chaos.crashes import Aim
from ingestion_dagster_tests.chaos.mutants import MUTANTS
from ingestion_dagster_tests.chaos.runs import RunStorage

LEASE = 1.0
START = 5.0
"""Seconds that a run which was made has to take up its request; six minutes in the product."""
EFFECTS = """
CREATE TABLE effects (message text NOT NULL, request_id bigint, fence bigint, at timestamptz DEFAULT clock_timestamp())
"""


@dataclass(frozen=True)
class Field:
    """Where a battle happens."""

    database_url: str
    runs_url: str
    redis_url: str
    folder: Path
    mutant: str | None = None
    zombies: float = 0.01
    """Share of runs that stand still until another attempt has their request, then try to finish."""
    at_once: int = 24
    """Requests handed out at once."""

    @property
    def deployment(self) -> Deployment:
        settings = Settings(
            local_root=self.folder, inbox=self.folder, max_jobs=self.at_once, retry_base_seconds=0.02,
            retry_cap_seconds=0.2, db_lock_timeout=5, db_statement_timeout=20, claim_batch=15,
        )  # fmt: skip
        return Deployment(settings, self.database_url, self.redis_url)

    @property
    def hits(self) -> Path:
        return self.folder / "hits"


def begin_worker(field: Field) -> None:
    """After the fork: a process of its own, with the mutant's habits."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    random.seed(os.getpid() ^ time.time_ns())
    leasing.MAX_CRASHES = leasing.MAX_UNSTARTED = (
        10**6
    )  # killed on purpose, again and again, is not a reason to give up
    queue.LEASE_FOR_START = START  # the wait is in proportion to the leases here
    if field.mutant:
        MUTANTS[field.mutant]()


def sensor(field: Field, point: str | None, passes: int) -> None:
    """Ticks for ever."""
    begin_worker(field)
    aim = Aim(point, passes, field.hits)
    aim.install()
    storage = RunStorage(field.runs_url)
    while True:
        try:
            asyncio.run(_ticks(field, aim, storage))
        except Exception:  # any trouble: a tick is repeated, as Dagster would
            time.sleep(0.05)


async def _ticks(field: Field, aim: Aim, storage: RunStorage) -> None:
    place, memory = field.deployment, Memory()
    with place.mailbox() as mailbox:
        async with connected(place.database_url, place.limits) as database:
            while True:
                done = await tick(place, mailbox, database, storage.state_of, memory)
                if done.to_start:
                    aim.passing("leased, no run made")
                for number, lease in enumerate(done.to_start):
                    storage.make(lease)
                    if number == len(done.to_start) // 2:
                        aim.passing("some runs made")
                if not done.to_start and not done.recorded:
                    await asyncio.sleep(0.02)


def run_worker(field: Field, point: str | None, passes: int) -> None:
    """Takes runs for ever."""
    begin_worker(field)
    aim, storage = Aim(point, passes, field.hits), RunStorage(field.runs_url)
    while True:
        try:
            asyncio.run(_runs(field, aim, storage))
        except Exception:
            time.sleep(0.05)


async def _runs(field: Field, aim: Aim, storage: RunStorage) -> None:
    async with connected(field.database_url, field.deployment.limits) as database:
        while True:
            taken = storage.take(os.getpid())
            if taken is None:
                await asyncio.sleep(0.02)
                continue
            aim.passing("run taken, request not begun")
            run_key, run_id, request_id, fence = taken
            try:
                await _work(database, aim, field, request_id, fence, str(run_id))
            except LeaseLost:
                storage.ended(run_key, "failed")
                continue
            except DataIngestionError:
                storage.ended(run_key, "failed")
                raise
            aim.passing("committed, run not ended")
            storage.ended(run_key, "succeeded")


async def _work(database: Database, aim: Aim, field: Field, request_id: int, fence: int, run_id: str) -> None:
    async with database.transaction() as connection:
        await requests.begin(connection, request_id, fence, run_id, LEASE)
    aim.passing("request begun")
    if random.random() < 0.03:
        async with database.transaction() as connection:
            await requests.give_back(connection, request_id, fence, SourceUnavailable("busy"), 0.05, run_id)
        raise LeaseLost("given back")
    result = {"task_id": "", "status": "success"}
    split = getattr(requests, "SPLIT", False)
    async with database.transaction() as connection:
        row: Any = (
            await connection.execute(
                text("SELECT payload -> 'source_config' ->> 'sheet_name' FROM ingestion_requests WHERE id = :id"),
                {"id": request_id},
            )
        ).scalar_one()
        await connection.execute(
            text("INSERT INTO effects (message, request_id, fence) VALUES (:message, :id, :fence)"),
            {"message": row, "id": request_id, "fence": fence},
        )
        if not split:
            aim.passing("effect written, not acknowledged")
            if random.random() < field.zombies:
                await _stand_still(connection, request_id, fence)
            await requests.acknowledge(connection, request_id, fence, "applied", None, result)
            aim.passing("acknowledged, not committed")
    if split:
        aim.passing("effect written, not acknowledged")
        async with database.transaction() as connection:
            await requests.acknowledge(connection, request_id, fence, "applied", None, result)


async def _stand_still(connection: AsyncConnection, request_id: int, fence: int) -> None:
    """Until a later attempt has taken the request up, or nobody came for it in time."""
    end = time.monotonic() + LEASE + START
    others = text("SELECT count(*) FROM ingestion_requests WHERE id = :id AND fence <> :fence AND run_id IS NOT NULL")
    while time.monotonic() < end:
        found = await connection.execute(others, {"id": request_id, "fence": fence})
        if found.scalar_one():
            return
        await asyncio.sleep(0.05)
