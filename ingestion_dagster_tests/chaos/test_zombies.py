"""Runs that stand still until another attempt has their request, and then try to commit."""

import asyncio
import json

import pytest
from sqlalchemy import text

from ingestion_dagster.core.errors import LeaseLost
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services.queue import tick
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database, connected
from ingestion_dagster.store.requests import Lease, leasing
from ingestion_dagster_tests.chaos.field import fresh
from ingestion_dagster_tests.chaos.forms import Form, report
from ingestion_dagster_tests.chaos.servers import Servers
from ingestion_dagster_tests.chaos.workers import Field

RESULT = {"task_id": "", "status": "success"}


async def effect_and_acknowledgement(database: Database, lease: Lease, gate: asyncio.Event | None) -> bool:
    """Whether it was committed. With a gate the transaction stays open, its effect written, until the gate opens."""
    try:
        async with database.transaction() as connection:
            await connection.execute(
                text("INSERT INTO effects (message, request_id, fence) VALUES (:task, :id, :fence)"),
                {"task": lease.task_id, "id": lease.request_id, "fence": lease.fence},
            )
            if gate is not None:
                await gate.wait()
            await requests.acknowledge(connection, lease.request_id, lease.fence, "applied", None, RESULT)
    except LeaseLost:
        return False
    return True


async def one_zombie(deployment: Deployment, number: int) -> tuple[bool, bool]:
    """(the zombie committed, its successor committed)."""
    gate = asyncio.Event()
    with deployment.mailbox() as mailbox:
        message = {"task_id": f"z-{number}", "supplier_name": f"Z{number}", "parser_type": "csv",
                   "source_config": {"file_path": "z.csv"}}  # fmt: skip
        mailbox.send(json.dumps(message).encode())
        async with connected(deployment.database_url) as mine, connected(deployment.database_url) as theirs:
            (first,) = (await tick(deployment, mailbox, mine, lambda lease: "absent")).to_start
            async with theirs.transaction() as connection:
                await requests.begin(connection, first.request_id, first.fence, "zombie", 60)
            zombie = asyncio.create_task(effect_and_acknowledgement(theirs, first, gate))
            async with mine.transaction() as connection:
                await connection.execute(text("UPDATE ingestion_requests SET lease_until = now() - interval '1 s'"
                                              " WHERE state = 'leased'"))  # fmt: skip
            await tick(deployment, mailbox, mine, lambda lease: "running")
            await asyncio.sleep(0.002)
            (second,) = (await tick(deployment, mailbox, mine, lambda lease: "absent")).to_start
            assert second.fence > first.fence
            if number % 2:  # the zombie wakes before its successor is done, or after
                gate.set()
                return await zombie, await effect_and_acknowledgement(mine, second, None)
            done = await effect_and_acknowledgement(mine, second, None)
            gate.set()
            return await zombie, done


@pytest.mark.timeout(1800)
def test_no_zombie_commits(killable: Servers, chosen: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion_dagster.services.queue.retry_wait", lambda *_: 0.0)
    monkeypatch.setattr(leasing, "MAX_CRASHES", 10**6)
    monkeypatch.setattr(leasing, "MAX_UNSTARTED", 10**6)
    with fresh(killable) as field:
        outcomes = [asyncio.run(one_zombie(field.deployment, number)) for number in range(chosen.zombies)]
        effects = effects_of(field)
    report(f"zombie runs past their lease: {chosen.zombies} forced, {sum(z for z, _ in outcomes)} committed")
    assert outcomes == [(False, True)] * chosen.zombies
    assert effects == chosen.zombies


def effects_of(field: Field) -> int:
    async def _count(database: Database) -> int:
        async with database.transaction() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM effects"))).scalar_one())

    return field.deployment.run(_count)
