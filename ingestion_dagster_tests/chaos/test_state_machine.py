"""The protocol against a model: hypothesis invents histories of messages, runs, crashes and rollbacks.

The model is a few lines: which messages were accepted, and that each accepted one has its effect once. What it does
not say, the invariants do: one lease per supplier, no more than the jobs allowed, a run key never used twice.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg2
import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from psycopg2.extras import NamedTupleCursor
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import LeaseLost, SheetError, SourceUnavailable
from ingestion_dagster.core.requests.leases import RunState
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.redis_store.mailbox import Mailbox
from ingestion_dagster.services import queue
from ingestion_dagster.services.queue import tick
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database, Limits, engine_for
from ingestion_dagster.store.requests import Lease, leasing
from ingestion_dagster_tests.chaos.field import fresh
from ingestion_dagster_tests.chaos.forms import Form, report
from ingestion_dagster_tests.chaos.servers import Servers
from ingestion_dagster_tests.chaos.test_mutants import roll_back, roll_back_point
from ingestion_dagster_tests.chaos.workers import Field

SUPPLIERS = 3
MAX_JOBS = 2
ENDS = ("finish", "finish", "finish", "busy", "begin", "die", "no sheet", "cancel")
EMPTY = "DELETE FROM ingestion_requests; DELETE FROM ingestion_deliveries; DELETE FROM effects; DELETE FROM suppliers"


WATCHED = """
SELECT count(*) FILTER (WHERE (request.state = 'applied') <> (effect.message IS NOT NULL)) AS torn,
       count(*) FILTER (WHERE request.state = 'leased') AS leased,
       count(DISTINCT request.supplier_id) FILTER (WHERE request.state = 'leased') AS suppliers
FROM ingestion_requests request FULL JOIN effects effect ON effect.request_id = request.id
"""


class Crash(Exception):
    """The process ends here."""


class World:
    """The real parts, open for the whole search: one loop, one engine, one mailbox."""

    def __init__(self, field: Field) -> None:
        self.loop = asyncio.new_event_loop()
        known = field.deployment
        self.deployment = Deployment(
            known.settings.model_copy(update={"max_jobs": MAX_JOBS}), known.database_url, known.redis_url
        )
        self.database = Database(engine_for(field.database_url, Limits()), Limits())
        self.mailbox = Mailbox(field.redis_url)
        self.watcher = psycopg2.connect(field.database_url)
        self.watcher.autocommit = True

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def sql(self, statement: str) -> list[Any]:
        with self.watcher.cursor(cursor_factory=NamedTupleCursor) as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self.run(self.database.engine.dispose())
        self.mailbox.close()
        self.watcher.close()
        self.loop.close()


class Protocol(RuleBasedStateMachine):
    """One history."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.world.mailbox.client.flushdb()
        self.world.sql(EMPTY)
        self.sent: dict[str, bytes] = {}
        self.allowed_to_die: set[str] = set()
        self.runs: dict[str, RunState] = {}
        self.leases: dict[str, Lease] = {}
        self.begun: set[str] = set()
        self.copy: dict[bytes, bytes] | None = None

    @rule(supplier=st.integers(0, SUPPLIERS - 1), high=st.booleans())
    def send(self, supplier: int, high: bool) -> None:
        name = f"t{len(self.sent)}"
        config = {"file_path": f"s{supplier}.csv", "sheet_name": name}
        message = {"task_id": name, "supplier_name": f"S{supplier}", "parser_type": "csv", "source_config": config}
        self.sent[name] = json.dumps(message | {"max_retries": 50}).encode()
        self.world.mailbox.send(self.sent[name], high=high)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        self.world.mailbox.send(self.sent[data.draw(st.sampled_from(sorted(self.sent)))])

    @rule(junk=st.sampled_from([b"", b"{", b"\xff", b'{"supplier": "nobody"}', b"[" * 100, b'{"a": NaN}']))
    def send_junk(self, junk: bytes) -> None:
        self.world.mailbox.send(junk)

    @rule()
    def tick(self) -> None:
        self._made(self._tick())

    @rule(where=st.sampled_from(["claim", "record", "confirm", "lease"]))
    def tick_that_dies(self, where: str) -> None:
        with dying(self.world.mailbox, where):
            try:
                self._tick()
            except Crash:
                return

    @rule(made=st.integers(0, 1))
    def tick_whose_runs_are_only_partly_made(self, made: int) -> None:
        self._made(self._tick()[:made])

    def _tick(self) -> list[Lease]:
        world = self.world
        done = world.run(tick(world.deployment, world.mailbox, world.database, self._run_of))
        for lease in done.to_start:
            self.leases[lease.run_key] = lease
        return list(done.to_start)

    def _run_of(self, lease: Lease) -> RunState:
        return self.runs.get(lease.run_key, "absent")

    def _made(self, leases: list[Lease]) -> None:
        for lease in leases:
            assert lease.run_key not in self.runs
            self.runs[lease.run_key] = "running"

    @precondition(lambda self: "running" in self.runs.values())
    @rule(
        data=st.data(),
        how=st.sampled_from(ENDS),
    )
    def a_run_goes_on(self, data: st.DataObject, how: str) -> None:
        key = data.draw(st.sampled_from(sorted(key for key, state in self.runs.items() if state == "running")))
        lease = self.leases[key]
        if how == "die":
            self.runs[key] = "failed"
        elif how == "cancel":
            self.runs[key] = "cancelled"
            self.allowed_to_die.add(lease.task_id)
        elif how == "begin":
            self._begin(lease)
        else:
            self._end(lease, how)

    def _begin(self, lease: Lease) -> bool:
        async def _work(connection: AsyncConnection) -> None:
            await requests.begin(connection, lease.request_id, lease.fence, lease.run_key, 60)

        return self._in_transaction(_work, lease)

    def _end(self, lease: Lease, how: str) -> None:
        async def _finish(connection: AsyncConnection) -> None:
            await connection.execute(
                text("INSERT INTO effects (message, request_id, fence) VALUES (:task, :id, :fence)"),
                {"task": lease.task_id, "id": lease.request_id, "fence": lease.fence},
            )
            result = {"task_id": lease.task_id, "status": "success"}
            await requests.acknowledge(connection, lease.request_id, lease.fence, "applied", None, result)

        async def _give_back(connection: AsyncConnection) -> None:
            error = SourceUnavailable("busy") if how == "busy" else SheetError("no table")
            await requests.give_back(connection, lease.request_id, lease.fence, error, 0, lease.run_key)

        if not self._begin(lease):
            return
        if how == "no sheet":
            self.allowed_to_die.add(lease.task_id)
        if self._in_transaction(_finish if how == "finish" else _give_back, lease):
            self.runs[lease.run_key] = "succeeded" if how == "finish" else "failed"

    def _in_transaction(self, work: Any, lease: Lease) -> bool:
        async def _run() -> None:
            async with self.world.database.transaction() as connection:
                await work(connection)

        try:
            self.world.run(_run())
        except LeaseLost:
            self.runs[lease.run_key] = "failed"
            return False
        return True

    @rule()
    def leases_run_out(self) -> None:
        self.world.sql("UPDATE ingestion_requests SET lease_until = now() - interval '1 s' WHERE state = 'leased'")

    @rule()
    def time_passes(self) -> None:
        self.world.sql("UPDATE ingestion_requests SET not_before = now() WHERE state = 'retry_wait'")

    @rule()
    def redis_is_copied(self) -> None:
        self.copy = roll_back_point(self.world.mailbox.client)

    @precondition(lambda self: self.copy is not None)
    @rule()
    def redis_goes_back(self) -> None:
        """Messages that were not taken yet are lost with it, as promised; producers send those again."""
        assert self.copy is not None
        roll_back(self.world.mailbox.client, self.copy)
        for message in self.sent.values():
            self.world.mailbox.send(message)

    @invariant()
    def one_effect_at_most(self) -> None:
        doubled = self.world.sql("SELECT message FROM effects GROUP BY message HAVING count(*) > 1")
        assert doubled == []

    @invariant()
    def what_was_applied_had_its_effect_and_leases_stay_in_their_bounds(self) -> None:
        found = self.world.sql(WATCHED)[0]
        assert found.torn == 0
        assert found.leased == found.suppliers <= MAX_JOBS

    def teardown(self) -> None:
        """When all that goes wrong has ended, every message that was sent is done, or died for a reason we gave."""
        for _ in range(12 * (len(self.sent) + 1)):
            self.time_passes()
            self._made(self._tick())
            running = [key for key, state in self.runs.items() if state == "running"]
            for key in running:
                self._end(self.leases[key], "finish")
            if not running and not self._open():
                break
        states = {row.task_id: row.state for row in self.world.sql("SELECT task_id, state FROM ingestion_requests"
                                                                   " WHERE verdict = 'accepted'")}  # fmt: skip
        assert set(states) == set(self.sent)
        for task, state in states.items():
            assert state == "applied" or (state == "dead" and task in self.allowed_to_die), (task, state)
        results = [task for task in states if self.world.mailbox.result(task) is None]
        assert results == []

    def _open(self) -> bool:
        return bool(
            self.world.mailbox.has_work()
            or self.world.sql(
                "SELECT 1 FROM ingestion_requests WHERE state IN ('pending', 'leased', 'retry_wait') LIMIT 1"
            )
        )


@contextmanager
def dying(mailbox: Mailbox, where: str) -> Iterator[None]:
    """The tick ends after this step, before what follows it."""
    owner: Any = Mailbox if where in ("claim", "confirm") else requests
    kept = getattr(owner, where)

    def _then_die(*args: Any, **kwargs: Any) -> Any:
        if where == "confirm":
            raise Crash
        kept(*args, **kwargs)
        raise Crash

    async def _then_die_later(*args: Any, **kwargs: Any) -> Any:
        await kept(*args, **kwargs)
        raise Crash

    setattr(owner, where, _then_die if owner is Mailbox else _then_die_later)
    try:
        yield
    finally:
        setattr(owner, where, kept)


def search(examples: int) -> settings:
    """The short form looks at the same histories each time."""
    return settings(
        max_examples=examples,
        stateful_step_count=10,
        deadline=None,
        derandomize=examples <= 500,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.timeout(7200)
def test_every_history_ends_with_each_message_done_once(
    killable: Servers, chosen: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "retry_wait", lambda *_: 0.0)
    monkeypatch.setattr(leasing, "MAX_CRASHES", 10**6)
    monkeypatch.setattr(leasing, "MAX_UNSTARTED", 10**6)
    with fresh(killable) as field:
        with redis.Redis.from_url(field.redis_url) as client:
            client.config_set("appendfsync", "no")  # nothing is killed here; the search is five times as fast
        Protocol.world = World(field)
        try:
            run_state_machine_as_test(Protocol, settings=search(chosen.examples))
        finally:
            Protocol.world.close()
    report(f"histories invented by hypothesis: {chosen.examples}, each ended with every message done once")
