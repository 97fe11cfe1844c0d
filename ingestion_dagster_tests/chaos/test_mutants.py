"""Five wrong protocols. Each has to be caught by what the right one passes."""

import json

import pytest
import redis

from ingestion_dagster.redis_store import mailbox as queue
from ingestion_dagster.services.queue import tick
from ingestion_dagster_tests.chaos.battle import Battle, Plan
from ingestion_dagster_tests.chaos.field import fresh
from ingestion_dagster_tests.chaos.forms import report
from ingestion_dagster_tests.chaos.mutants import MUTANTS
from ingestion_dagster_tests.chaos.servers import Servers
from ingestion_dagster_tests.chaos.workers import Field

AIMED_AT = {
    "no fence": ("run taken, request not begun",),
    "acknowledgement in a second transaction": ("effect written, not acknowledged",),
    "confirm before commit": ("recorded, not committed",),
    "no dedupe": ("on record, not confirmed",),
}
EMPTY = {"queue": 0, "high": 0, "processing": 0}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", AIMED_AT)
def test_a_wrong_protocol_is_caught(killable: Servers, mutant: str) -> None:
    # So few are open at once that somebody is free to take up what a run standing still has lost.
    plan = Plan(120, 7, hits=3, points=AIMED_AT[mutant], patience=60, run_workers=8, backlog=6, patient=True)
    with fresh(killable, mutant, zombies=0.3 if mutant == "no fence" else 0.0, at_once=6) as field:
        done = Battle(killable, field, plan).fight()
    report(f"mutant, {mutant}: caught, lost {done.lost}, doubled {done.doubled}")
    assert done.lost or done.doubled, str(done)


def lost_after_a_rollback(servers: Servers, field: Field) -> int:
    """Messages without a task_id that are sent after Redis went back to an older copy, and never got on record."""
    with field.deployment.mailbox() as mailbox:

        def send(first: int, count: int) -> None:
            for number in range(first, first + count):
                config = {"file_path": f"x{number}.csv", "sheet_name": f"m-{number}"}
                found = {"supplier_name": f"S{number}", "parser_type": "csv", "source_config": config}
                mailbox.send(json.dumps(found).encode())

        def dispatched() -> None:
            while mailbox.depth() != EMPTY:
                field.deployment.run(
                    lambda database: tick(field.deployment, mailbox, database, lambda lease: "running")
                )

        send(0, 5)
        dispatched()
        old = roll_back_point(mailbox.client)
        send(5, 20)
        dispatched()
        roll_back(mailbox.client, old)
        send(100, 20)
        dispatched()

    async def _known(database: object) -> int:
        from sqlalchemy import text

        async with database.transaction() as connection:  # type: ignore[attr-defined]
            found = await connection.execute(
                text("SELECT count(*) FROM ingestion_requests WHERE payload ->> 'supplier_name' LIKE 'S1__'")
            )
            return int(found.scalar_one())

    return 20 - field.deployment.run(_known)


def roll_back_point(client: redis.Redis) -> dict[bytes, bytes]:
    """All that Redis holds now, as an older copy would."""
    return {key: client.dump(key) for key in client.keys("ingestion:*")}  # type: ignore[union-attr,misc]


def roll_back(client: redis.Redis, copy: dict[bytes, bytes]) -> None:
    """Put the copy in place of what is there."""
    client.flushdb()
    for key, content in copy.items():
        client.restore(key, 0, content)


def test_messages_sent_after_a_rollback_of_redis_are_not_lost(killable: Servers) -> None:
    with fresh(killable) as field:
        lost = lost_after_a_rollback(killable, field)
    report(f"Redis rolled back to an older copy: {lost} of 20 later messages lost")
    assert lost == 0


def test_delivery_ids_from_a_counter_are_caught(killable: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "CLAIM", queue.CLAIM)
    MUTANTS["counter ids"]()
    with fresh(killable) as field:
        lost = lost_after_a_rollback(killable, field)
    report(f"mutant, counter ids: caught, {lost} of 20 later messages lost")
    assert lost > 0
