"""Nothing that a producer or another session of the database does stops the messages of others."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import event

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.redis_store import mailbox as queue
from ingestion_dagster.services import draining
from ingestion_dagster.settings import Settings
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import connected
from ingestion_dagster.store.requests import recording
from ingestion_dagster_tests.integration.post_office import Post

LOCKED = "SELECT 1 FROM suppliers WHERE key = 'acme' FOR UPDATE"


@pytest.fixture
def post(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    monkeypatch.setattr(recording, "LOCK_SECONDS", 0.1)
    settings = Settings(local_root=tmp_path, retry_base_seconds=60, max_jobs=50)
    with Deployment(settings, database_url, redis_url).mailbox() as mailbox:
        yield Post(Deployment(settings, database_url, redis_url), mailbox)


@contextmanager
def held(post: Post, statement: str) -> Iterator[None]:
    """Another session that has done `statement` and does not end."""
    connection = psycopg2.connect(post.deployment.database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        yield
    finally:
        connection.close()


def on_record(post: Post) -> list[str]:
    return [row["task_id"] for row in post.sql("SELECT task_id FROM ingestion_requests ORDER BY id")]


def known(post: Post, *names: str) -> None:
    for name in names:
        post.send_file(name, f"first-{name}")
    post.tick()
    post.sql("UPDATE ingestion_requests SET state = 'applied', finished_at = now()")


def its_time_comes(post: Post) -> None:
    for known in post.memory.mail.deferrals._by_supplier.values():
        known.until = 0.0


def test_a_free_key_is_one_query_however_many_names_make_the_same_key(database_url: str) -> None:
    async def _register() -> list[str]:
        keys, asked = [], []
        async with connected(database_url) as database, database.transaction() as connection:
            event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
            for number in range(120):
                asked.clear()
                keys.append(await suppliers.free_key(connection, "Acme" + "!" * number))
                assert len(asked) == 1
                await suppliers.register(connection, keys[-1], "Acme" + "!" * number, "csv", {"file_path": "a.csv"})
        return keys

    keys = asyncio.run(_register())
    assert keys[:3] == ["acme", "acme-2", "acme-3"]
    assert len(set(keys)) == 120


def test_a_locked_supplier_delays_its_own_messages_only_and_they_keep_their_order(post: Post) -> None:
    known(post, "Acme", "Beta")
    with held(post, LOCKED):
        for number in range(3):
            config = {"file_path": f"list-{number}.csv"}
            post.send(task_id=f"a{number}", supplier_name="Acme", parser_type="csv", source_config=config)
        post.send(task_id="b", supplier="beta")
        done = post.tick()
        assert [one.task_id for one in done.recorded] == ["b"]
        assert (done.deferred, post.mailbox.depth()["processing"]) == (3, 3)
        (trouble,) = done.troubles
        assert "messages of supplier 'acme' wait" in trouble
        assert "lock timeout" in trouble
        its_time_comes(post)
        assert post.tick().recorded == []
    post.send(task_id="b2", supplier="beta")
    assert [one.task_id for one in post.tick().recorded] == ["b2"], "the others wait for their time"
    its_time_comes(post)
    post.tick()
    assert on_record(post)[-4:] == ["b2", "a0", "a1", "a2"]
    assert post.sql("SELECT source ->> 'file_path' AS p FROM suppliers WHERE key = 'acme'") == [{"p": "list-2.csv"}]
    assert post.mailbox.depth() == {"queue": 0, "high": 0, "processing": 0}
    assert len(post.memory.mail.deferrals) == 0


def test_a_message_that_comes_while_an_earlier_one_of_its_supplier_waits_does_not_overtake_it(post: Post) -> None:
    known(post, "Acme")
    with held(post, LOCKED):
        post.send_file("Acme", "early", max_retries=1)
        post.tick()
    post.send_file("acme ", "late", max_retries=2)
    done = post.tick()
    assert (done.recorded, done.deferred, done.troubles) == ([], 2, [])
    its_time_comes(post)
    post.tick()
    assert on_record(post)[-2:] == ["early", "late"]


def test_more_locked_messages_than_one_claim_takes_do_not_keep_others_back(post: Post) -> None:
    known(post, "Acme")
    post.deployment.settings.claim_batch = 3
    with held(post, LOCKED):
        for number in range(10):
            post.send(task_id=f"a{number}", supplier="acme")
        post.send_file("Beta", "b")
        assert [one.task_id for one in post.tick().recorded] == ["b"]


def test_what_waits_counts_as_open_so_that_redis_is_not_emptied_behind_a_lock(post: Post) -> None:
    known(post, "Acme")
    post.deployment.settings.max_waiting = 5
    with held(post, LOCKED):
        for number in range(20):
            post.send(task_id=f"a{number}", supplier="acme")
        for _ in range(3):
            post.tick()
        assert post.mailbox.depth() == {"queue": 15, "high": 0, "processing": 5}
    its_time_comes(post)
    post.tick()
    assert len(on_record(post)) == 1 + 5


def test_a_new_process_knows_nothing_of_what_waits_and_loses_nothing(post: Post) -> None:
    known(post, "Acme")
    with held(post, LOCKED):
        post.send(task_id="a", supplier="acme")
        post.tick()
    post.memory = type(post.memory)()
    assert [one.task_id for one in post.tick().recorded] == ["a"]


def test_a_message_whose_statement_takes_too_long_waits_and_delays_no_other(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "STATEMENT_SECONDS", 0.3)
    post.sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.task_id = 'slow' THEN PERFORM pg_sleep(5); END IF; RETURN NEW; END $$"
    )
    post.sql("CREATE TRIGGER slow BEFORE INSERT ON ingestion_requests FOR EACH ROW EXECUTE FUNCTION slow()")
    post.send_file("Acme", "slow")
    post.send_file("Beta", "quick")
    done = post.tick()
    assert ([one.task_id for one in done.recorded], done.deferred) == (["quick"], 1)
    post.sql("DROP TRIGGER slow ON ingestion_requests")
    its_time_comes(post)
    assert [one.task_id for one in post.tick().recorded] == ["slow"]


def test_a_tick_out_of_time_keeps_what_is_recorded_and_the_next_ones_claim_less_then_more_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "PORTION", 2)
    for number in range(8):
        post.send_file(f"S{number}", f"t{number}")
    confirm = draining._Drain._confirm

    def _slow(work: draining._Drain, recorded: Any) -> bool:
        work.end = 0.0
        return confirm(work, recorded)

    with monkeypatch.context() as slow:
        slow.setattr(draining._Drain, "_confirm", _slow)
        done = post.tick()
    assert [one.task_id for one in done.recorded] == ["t0", "t1"]
    assert post.memory.mail.claim_next == 4
    rest = [one.task_id for tick in (post.tick(), post.tick()) for one in tick.recorded]
    assert rest == [f"t{number}" for number in range(2, 8)]
    for number in range(8):
        post.send_file(f"S{number}", f"u{number}")
        post.tick()
    assert post.memory.mail.claim_next is None


def test_a_request_that_another_session_has_locked_keeps_no_other_from_being_handed_out(post: Post) -> None:
    post.deployment.settings.max_jobs = 0
    for name in ("Acme", "Beta"):
        post.send_file(name, name)
    post.tick()
    post.deployment.settings.max_jobs = 5
    with held(post, "SELECT 1 FROM ingestion_requests WHERE task_id = 'Acme' FOR UPDATE"):
        assert [lease.task_id for lease in post.tick().to_start] == ["Beta"]
    assert {lease.task_id for lease in post.tick().to_start} == {"Acme", "Beta"}


def test_a_lost_run_whose_request_is_locked_is_told_and_reaped_by_the_next_tick(post: Post) -> None:
    post.send_file("Acme", "a")
    (lease,) = post.tick().to_start
    post.runs[lease.run_key] = "failed"
    with held(post, "SELECT 1 FROM ingestion_requests WHERE task_id = 'a' FOR UPDATE"):
        post.send_file("Beta", "b")
        done = post.tick()
        assert [one.task_id for one in done.to_start] == ["b"]
        assert "request a is looked at again" in done.troubles[0]
    assert post.tick().reaped == [("a", "retry_wait")]


def test_while_another_sensor_records_the_rest_of_the_tick_goes_on(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "LOCK_SECONDS", 0.1)
    post.deployment.settings.max_jobs = 0
    post.send_file("Acme", "a")
    post.tick()
    post.deployment.settings.max_jobs = 1
    post.send_file("Beta", "b")
    with held(post, "SELECT pg_advisory_lock(hashtextextended('ingestion.record', 0))"):
        done = post.tick()
        assert [lease.task_id for lease in done.to_start] == ["a"]
        assert "messages wait until the next look" in done.troubles[0]
    assert [one.task_id for one in post.tick().recorded] == ["b"]


def test_messages_that_are_claimed_again_keep_their_order_whatever_the_clock_does(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        post.send(task_id=f"t{number}")
    moments = iter([1_000_000.0, 900_000.0, 800_000.0, 800_000.0])
    monkeypatch.setattr(queue.time, "time", lambda: next(moments))
    for _ in range(2):
        post.mailbox.claim(6, 1000, [one.id for one in post.mailbox.claim(6, 1000, (), 0)])
    monkeypatch.undo()
    again = [json.loads(one.raw)["task_id"] for one in post.mailbox.claim(20, 1000)]
    assert again == [f"t{number}" for number in range(12)]
