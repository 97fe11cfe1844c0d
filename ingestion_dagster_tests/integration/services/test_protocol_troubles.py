"""The queue when something is wrong: servers away, poison, daemons that were gone, quotas, time that ran out."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy.exc
from sqlalchemy import text

from ingestion_dagster.core.errors import LeaseLost, QuotaExhausted, RunTimedOut, StoreRejected, StoreUnavailable
from ingestion_dagster.core.steps import Attempt
from ingestion_dagster.defs.failures import _in_time
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.redis_store.mailbox import HIGH, PAYLOAD, QUEUE
from ingestion_dagster.services.queue import MOST_OFFERS
from ingestion_dagster.settings import Settings
from ingestion_dagster.store import requests
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import connected, translated
from ingestion_dagster.store.requests import leasing
from ingestion_dagster_tests.integration.post_office import Post

NOWHERE = "postgresql://nobody:secret@127.0.0.1:1/none"


@pytest.fixture
def post(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Post]:
    settings = Settings(local_root=tmp_path, retry_base_seconds=0.001, max_jobs=3)
    deployment = Deployment(settings, database_url, redis_url)
    with deployment.mailbox() as mailbox:
        yield Post(deployment, mailbox)


def test_while_postgresql_refuses_nothing_is_claimed(post: Post) -> None:
    post.send_file("Acme", "t1")
    whole, post.deployment = post.deployment, Deployment(post.deployment.settings, NOWHERE, post.deployment.redis_url)
    with pytest.raises(StoreUnavailable) as raised:
        post.tick()
    assert "secret" not in str(raised.value)
    assert post.mailbox.depth() == {"queue": 1, "high": 0, "processing": 0}
    post.deployment = whole
    assert len(post.tick().to_start) == 1


def test_while_redis_is_away_what_is_on_record_is_handed_out(post: Post) -> None:
    post.send_file("Acme", "t1")
    post.tick()
    nowhere = Deployment(post.deployment.settings, post.deployment.database_url, "redis://127.0.0.1:1/0")
    with nowhere.mailbox() as post.mailbox:
        done = post.tick()
    assert [lease.task_id for lease in done.to_start] == ["t1"]
    assert any("Redis does not answer" in trouble for trouble in done.troubles)


@pytest.mark.parametrize(("wrong", "other"), [(QUEUE, HIGH), (HIGH, QUEUE)])
def test_a_list_key_of_another_type_is_told_and_stops_only_itself(post: Post, wrong: str, other: str) -> None:
    post.mailbox.client.set(wrong, "oops")
    config = {"file_path": "a.csv"}
    message = {"task_id": "t1", "supplier_name": "A", "parser_type": "csv", "source_config": config}
    post.mailbox.send(json.dumps(message).encode(), high=other == HIGH)
    done = post.tick()
    assert [lease.task_id for lease in done.to_start] == ["t1"]
    assert done.troubles == [f"{wrong} is a string, must be a list; delete or rename it"]
    assert post.mailbox.depth() == {"queue": 0, "high": 0, "processing": 0}


def test_a_payload_key_of_another_type_loses_no_message(post: Post) -> None:
    post.mailbox.client.set(PAYLOAD, "oops")
    post.send_file("Acme", "t1")
    assert any(PAYLOAD in trouble for trouble in post.tick().troubles)
    assert post.mailbox.depth()["queue"] == 1
    post.mailbox.client.delete(PAYLOAD)
    assert len(post.tick().to_start) == 1


def test_a_message_that_was_taken_is_found_again_when_its_index_was_deleted(post: Post) -> None:
    post.send_file("Acme", "t1")
    post.mailbox.claim(10, 1000)
    post.mailbox.client.delete("ingestion:processing")
    assert [lease.task_id for lease in post.tick().to_start] == ["t1"]


def test_a_message_that_cannot_be_stored_is_a_dead_letter_and_stops_no_other(post: Post) -> None:
    config = '{"file_path": "a.csv", "sheet_name": "\\ud800"}'
    post.mailbox.send(f'{{"supplier_name": "A", "parser_type": "csv", "source_config": {config}}}'.encode())
    post.send_file("Beta", "good")
    done = post.tick()
    assert [lease.task_id for lease in done.to_start] == ["good"]
    assert len(done.dead) == 1
    assert post.mailbox.depth()["processing"] == 0


def test_a_paused_suppliers_requests_wait(post: Post) -> None:
    post.send_file("Acme", "t1")
    post.deployment.settings.max_jobs = 0
    post.tick()
    post.with_connection(lambda c: suppliers.set_active(c, "acme", False))
    post.deployment.settings.max_jobs = 3
    assert post.tick().to_start == []
    post.with_connection(lambda c: suppliers.set_active(c, "acme", True))
    assert len(post.tick().to_start) == 1


def test_equal_work_that_comes_later_takes_over_place_and_priority(post: Post) -> None:
    post.deployment.settings.max_jobs = 0
    for name, task in (("Acme", "early"), ("Beta", "beta")):
        post.send_file(name, task, priority="high")
        post.tick()
    post.send_file("Acme", "late", priority="low")
    post.tick()
    post.deployment.settings.max_jobs = 1
    assert [lease.task_id for lease in post.tick().to_start] == ["late"]


def test_waiting_for_quota_uses_no_attempt_and_gets_a_new_run_key(post: Post) -> None:
    post.send_file("Acme", "t1", max_retries=0)
    keys = set()
    for _ in range(4):
        (lease,) = post.tick().to_start
        keys.add(lease.run_key)
        error = QuotaExhausted("no reads left")
        state = post.with_connection(
            lambda c, at=lease, why=error: requests.give_back(c, at.request_id, at.fence, why, 0, None)
        )
        assert state == "retry_wait"
    assert len(keys) == 4


def test_results_that_redis_lost_are_published_again(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    post.acknowledge(lease)
    post.tick()
    post.mailbox.client.flushdb()
    post.tick()
    assert json.loads(post.mailbox.result("t1") or b"{}")["status"] == "success"


def test_an_outcome_that_changes_while_it_is_published_is_published_again(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    post.acknowledge(lease)

    async def _change() -> int:
        async with connected(post.deployment.database_url) as mine, connected(post.deployment.database_url) as theirs:
            async with mine.transaction() as reading:
                seen = await requests.unpublished(reading, 10)
                statement = "UPDATE ingestion_requests SET result_published = false WHERE id = :id"
                change = asyncio.create_task(_execute(theirs, statement, lease.request_id))
                await asyncio.sleep(0.05)
                assert not change.done()
                await requests.published(reading, [request_id for request_id, _, _ in seen])
            await change
            async with mine.transaction() as connection:
                return len(await requests.unpublished(connection, 10))

    assert asyncio.run(_change()) == 1


async def _execute(database: object, statement: str, request_id: int) -> None:
    async with database.transaction() as connection:  # type: ignore[attr-defined]
        await connection.execute(text(statement), {"id": request_id})


def test_a_lease_is_one_runs(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start

    def begin(run: str) -> None:
        post.with_connection(lambda c: requests.begin(c, lease.request_id, lease.fence, run, 60))

    begin("run-1")
    begin("run-1")
    with pytest.raises(LeaseLost):
        begin("run-2")


def test_a_daemon_that_was_away_costs_no_attempt(post: Post) -> None:
    post.send_file("Acme", "t1", max_retries=0)
    (first,) = post.tick().to_start
    post.sql("UPDATE ingestion_requests SET lease_until = now() - interval '1 h'")
    done = post.tick()
    assert [lease.run_key for lease in done.to_start] == [first.run_key]
    assert done.reaped == []


def test_a_run_that_never_began_uses_no_attempt_and_gets_a_new_run_key(post: Post) -> None:
    """Three launches that time out on a busy machine are no reason to give a request up."""
    post.send_file("Acme", "t1", max_retries=0)
    keys = []
    for _ in range(5):
        (lease,) = post.tick().to_start
        keys.append(lease.run_key)
        post.runs[lease.run_key] = "failed"
        assert post.tick().reaped == [("t1", "retry_wait")]
        post.sql("UPDATE ingestion_requests SET not_before = now()")
    assert len(set(keys)) == 5
    (lease,) = post.tick().to_start
    post.begin(lease)
    post.acknowledge(lease)
    assert post.states() == {"t1": "applied"}


def test_a_run_that_never_begins_is_not_tried_for_ever(post: Post) -> None:
    post.send_file("Acme", "t1", max_retries=0)
    for number in range(leasing.MAX_UNSTARTED):
        (lease,) = post.tick().to_start
        post.runs[lease.run_key] = "failed"
        dead = number == leasing.MAX_UNSTARTED - 1
        assert post.tick().reaped == [("t1", "dead" if dead else "retry_wait")]
        post.sql("UPDATE ingestion_requests SET not_before = now()")
    assert "never began" in post.sql("SELECT last_error FROM ingestion_requests")[0]["last_error"]
    (request,) = post.sql("SELECT id FROM ingestion_requests")
    post.with_connection(lambda c: requests.replay(c, request["id"], post.deployment.rules))
    assert post.sql("SELECT state, unstarted FROM ingestion_requests") == [{"state": "pending", "unstarted": 0}]


def test_a_run_that_takes_its_request_up_at_the_last_moment_keeps_it(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    post.begin(lease)
    late = post.with_connection(lambda c: requests.never_began(c, lease.request_id, lease.fence, "too late", 0))
    assert late is None
    post.acknowledge(lease)


def test_a_begun_run_that_dagster_no_longer_knows_loses_its_lease(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    post.with_connection(lambda c: requests.begin(c, lease.request_id, lease.fence, "run-1", 60))
    assert post.tick().reaped == []
    post.sql("UPDATE ingestion_requests SET lease_until = now() - interval '1 s'")
    assert post.tick().reaped == [("t1", "retry_wait")]


def test_a_run_that_dagster_cannot_make_lets_the_others_past(post: Post) -> None:
    post.deployment.settings.max_jobs = 1
    post.send_file("Acme", "bad")
    post.send_file("Beta", "good")
    for _ in range(MOST_OFFERS):
        assert [lease.task_id for lease in post.tick().to_start] == ["bad"]
    assert post.tick().reaped == [("bad", "retry_wait")]
    assert [lease.task_id for lease in post.tick().to_start] == ["good"]


def test_a_running_run_past_its_lease_is_named_so_that_it_can_be_stopped(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    post.runs[lease.run_key] = "running"
    post.sql("UPDATE ingestion_requests SET lease_until = now() - interval '1 s'")
    assert [one.run_key for one in post.tick().lost_runs] == [lease.run_key]


def test_a_refused_message_is_judged_again_when_it_is_replayed(post: Post) -> None:
    post.send(task_id="t1", supplier="acme")
    (letter,) = post.tick().dead
    with pytest.raises(StoreRejected, match="refused again"):
        post.with_connection(lambda c: requests.replay(c, letter.request_id, post.deployment.rules))
    post.with_connection(lambda c: suppliers.register(c, "acme", "Acme", "csv", {"file_path": "acme.csv"}))
    assert post.with_connection(lambda c: requests.replay(c, letter.request_id, post.deployment.rules)) == "t1"
    assert [lease.task_id for lease in post.tick().to_start] == ["t1"]
    counted = post.sql("SELECT state, count(*) AS n FROM ingestion_requests GROUP BY 1 ORDER BY 1")
    assert counted == [{"state": "leased", "n": 1}, {"state": "superseded", "n": 1}]


@pytest.mark.parametrize(
    "error",
    [
        sqlalchemy.exc.TimeoutError("QueuePool limit reached"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("got result for unknown protocol state"),
        asyncpg.TooManyConnectionsError("too many"),
        asyncpg.DeadlockDetectedError("deadlock"),
        asyncpg.DiskFullError("full"),
        ConnectionResetError("reset"),
        sqlalchemy.exc.PendingRollbackError("invalid transaction"),
    ],
)
def test_passing_trouble_of_the_database_is_retryable(error: Exception) -> None:
    assert translated(error).retryable


@pytest.mark.parametrize(
    "error", [asyncpg.UniqueViolationError("twice"), asyncpg.UndefinedTableError("x"), asyncpg.DataError("x")]
)
def test_a_refused_statement_is_not_retryable(error: Exception) -> None:
    assert not translated(error).retryable


def test_a_broken_file_inside_a_transaction_is_not_blamed_on_the_database(post: Post) -> None:
    async def _work(connection: object) -> None:
        raise FileNotFoundError("snapshot")

    with pytest.raises(FileNotFoundError):
        post.with_connection(_work)


def test_a_run_that_waits_too_long_is_ended_with_a_reason() -> None:
    async def _step() -> None:
        async with _in_time("run-a", 0.05, Attempt("t", "run-a", 1, 1, 1)):
            await asyncio.sleep(5)

    with pytest.raises(RunTimedOut, match="INGESTION_JOB_TIMEOUT"):
        asyncio.run(_step())


def test_a_step_that_never_yields_is_killed_before_its_lease_ends() -> None:
    code = (
        "import asyncio, signal, time\n"
        "from ingestion_dagster.defs import failures\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "failures.LAST_GRACE = 0.2\n"
        "with failures._watched(-4.9):\n"
        "    time.sleep(30)\n"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False, timeout=60)
    assert done.returncode == -9
    assert time.monotonic() - started < 25
