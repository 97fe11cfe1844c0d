"""What pausing a supplier does to its requests, wherever they are; asking for a load and waiting for its outcome."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingestion_dagster.core.errors import SourceUnavailable
from ingestion_dagster.core.steps import failure_object
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services import waiting
from ingestion_dagster.settings import Settings, settings
from ingestion_dagster.store import requests
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.requests import Lease
from ingestion_dagster_tests.integration.cli.test_telling_commands import Terminal
from ingestion_dagster_tests.integration.post_office import Post


@pytest.fixture
def post(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("INGESTION_LOCAL_ROOT", str(tmp_path))
    monkeypatch.setattr(waiting, "PAUSE", 0.05)
    settings.cache_clear()
    deployment = Deployment(Settings(local_root=tmp_path, retry_base_seconds=0.001), database_url, redis_url)
    with deployment.mailbox() as mailbox:
        post = Post(deployment, mailbox)
        for key in ("acme", "bolt"):
            post.with_connection(lambda c, k=key: suppliers.register(c, k, k.title(), "csv", {"file_path": f"{k}.csv"}))
        yield post
    settings.cache_clear()


@pytest.fixture
def ingestion(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


def set_active(post: Post, active: bool) -> None:
    post.with_connection(lambda c: suppliers.set_active(c, "acme", active))


def answer(post: Post, lease: Lease, status: str = "success") -> None:
    counts = dict.fromkeys(("total_rows", "inserted", "updated", "unchanged", "missing", "failed_rows"), 0)
    result = failure_object(
        task_id=lease.task_id, supplier=lease.supplier_key, supplier_id=None, run_id="r", error_type="SheetError",
        message="no table", retry_count=0, processed_at="",
    ) | {"status": status, "statistics": counts | {"processing_time_seconds": 0.1}}  # fmt: skip
    state = "dead" if status == "failure" else "held" if status == "held" else "applied"
    post.with_connection(lambda c: requests.acknowledge(c, lease.request_id, lease.fence, state, None, result))


def test_a_load_at_work_is_finished_when_its_supplier_is_paused(post: Post) -> None:
    post.send(task_id="t1", supplier="acme")
    (lease,) = post.tick().to_start
    set_active(post, False)
    (again,) = post.tick().to_start
    assert again.run_key == lease.run_key, "handed out is handed out: its run is still asked for"
    answer(post, lease)
    assert post.states() == {"t1": "applied"}


def test_what_waits_or_failed_for_now_waits_until_the_supplier_is_resumed(post: Post) -> None:
    post.send(task_id="t1", supplier="acme")
    (lease,) = post.tick().to_start
    set_active(post, False)
    failed = SourceUnavailable("Google is away")
    post.with_connection(lambda c: requests.give_back(c, lease.request_id, lease.fence, failed, 0, None))
    assert post.tick().to_start == []
    assert post.states() == {"t1": "retry_wait"}
    set_active(post, True)
    (again,) = post.tick().to_start
    assert (again.task_id, again.attempt) == ("t1", 2)


def test_a_message_for_a_paused_supplier_is_a_dead_letter_that_says_how_to_wake_it_and_can_be_replayed(
    post: Post,
) -> None:
    set_active(post, False)
    post.send(task_id="t1", supplier="acme")
    (letter,) = post.tick().dead
    assert "ingestion supplier resume acme" in str(letter.reason)
    assert json.loads(post.mailbox.result("t1") or b"{}")["status"] == "failure"
    set_active(post, True)
    post.with_connection(lambda c: requests.replay(c, letter.request_id, post.deployment.rules))
    assert [lease.task_id for lease in post.tick().to_start] == ["t1"]


def test_enqueue_refuses_a_paused_supplier_at_once_and_sends_for_nobody(post: Post, ingestion: Terminal) -> None:
    code, out, _ = ingestion("supplier", "pause", "acme")
    assert (code, "ingestion supplier resume acme" in out) == (0, True)
    code, out, said = ingestion("enqueue", "bolt", "acme")
    assert (code, out, len(said.splitlines())) == (1, "", 1)
    assert "ingestion supplier resume acme" in said
    assert post.mailbox.depth()["queue"] == 0
    assert ingestion("supplier", "resume", "acme")[0] == 0
    assert ingestion("enqueue", "bolt", "acme")[0] == 0
    assert post.mailbox.depth()["queue"] == 2


def test_pausing_says_what_becomes_of_the_requests(post: Post, ingestion: Terminal) -> None:
    post.send(task_id="t1", supplier="acme")
    post.tick()
    post.send(task_id="t2", supplier="acme")
    post.tick()
    _, out, _ = ingestion("supplier", "pause", "acme")
    assert "a load that is at work is finished" in out
    assert "1 of its requests wait until then" in out
    assert "1 of its requests go on" in ingestion("supplier", "resume", "acme")[1]


@contextmanager
def daemon(post: Post, outcomes: dict[str, str]) -> Iterator[None]:
    """Ticks in the background; each run ends at once, as its supplier's word says."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.05):
            for lease in post.tick().to_start:
                answer(post, lease, outcomes[lease.supplier_key])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_enqueue_waits_for_the_outcomes_and_fails_where_one_is_a_failure(post: Post, ingestion: Terminal) -> None:
    with daemon(post, {"acme": "success", "bolt": "held"}):
        code, out, _ = ingestion("enqueue", "acme", "bolt", "--wait")
    assert (code, "acme: success" in out, "bolt: held" in out) == (0, True, True)
    with daemon(post, {"acme": "success", "bolt": "failure"}):
        code, out, _ = ingestion("enqueue", "acme", "bolt", "--wait", "--json")
    assert code == 1
    assert sorted(json.loads(line)["status"] for line in out.splitlines()) == ["failure", "success"]


def test_refresh_waits_for_what_it_asked(post: Post, ingestion: Terminal) -> None:
    with daemon(post, {"acme": "success", "bolt": "success"}):
        code, out, _ = ingestion("refresh", "--wait")
    assert (code, "asked of the queue: 2" in out, out.count("success")) == (0, True, 2)


def test_waiting_ends_in_time_and_says_where_the_request_is(post: Post, ingestion: Terminal) -> None:
    begun = time.monotonic()
    code, _, said = ingestion("enqueue", "acme", "--wait", "--timeout", "1")
    assert code == 1
    assert "waits in Redis" in said
    assert "is `ingestion up`" in said
    assert time.monotonic() - begun < 30
