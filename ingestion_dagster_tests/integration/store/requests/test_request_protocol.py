"""Mailbox to record to lease to acknowledgement, on real Redis and PostgreSQL. Runs are played by a function."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.errors import LeaseLost, SheetError, SourceUnavailable, StoreRejected
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.settings import Settings
from ingestion_dagster.store import requests
from ingestion_dagster.store.requests import Delivery
from ingestion_dagster_tests.integration.post_office import Post


@pytest.fixture
def post(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Post]:
    settings = Settings(local_root=tmp_path, retry_base_seconds=0.001, max_jobs=3)
    deployment = Deployment(settings, database_url, redis_url)
    with deployment.mailbox() as mailbox:
        yield Post(deployment, mailbox)


def test_a_message_for_an_unknown_supplier_registers_it_and_asks_for_a_run(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    assert (lease.supplier_key, lease.task_id, lease.attempt) == ("acme", "t1", 1)
    assert post.mailbox.depth() == {"queue": 0, "high": 0, "processing": 0}


def test_a_malformed_message_is_a_dead_letter_with_its_bytes_and_delays_nothing(post: Post) -> None:
    post.mailbox.send(b"\xffnot json")
    post.mailbox.send(b"[" * 5000)
    post.send_file("Acme", "good")
    done = post.tick()
    assert [lease.task_id for lease in done.to_start] == ["good"]
    letters = post.sql("SELECT raw, last_error FROM ingestion_requests WHERE state = 'dead' ORDER BY id")
    assert [bytes(letter["raw"])[:4] for letter in letters] == [b"\xffnot", b"[[[["]
    assert all(letter["last_error"] for letter in letters)


def test_a_huge_message_is_a_dead_letter_that_keeps_its_start(post: Post) -> None:
    post.mailbox.send(b"x" * 3_000_000)
    (letter,) = post.tick().dead
    assert letter.reason is not None
    assert "3000000 bytes" in letter.reason
    assert post.sql("SELECT length(raw) AS n FROM ingestion_requests") == [{"n": 65536}]
    with pytest.raises(StoreRejected, match="only the first 65536 bytes were kept"):
        post.with_connection(lambda c: requests.replay(c, letter.request_id, post.deployment.rules))


def test_the_record_keeps_no_credentials_that_a_message_names(post: Post) -> None:
    post.send(task_id="t1", supplier="acme", source_config={"auth": {"api_token": "s3cr3t"}})
    post.mailbox.send(b'{"supplier": "acme", "password": "s3cr3t"')
    assert [letter.verdict for letter in post.tick().dead] == ["malformed", "malformed"]
    for row in post.sql("SELECT row_to_json(request)::text AS whole, raw FROM ingestion_requests request"):
        assert "s3cr3t" not in row["whole"]
        assert b"s3cr3t" not in bytes(row["raw"])
        assert b"acme" in bytes(row["raw"])


@pytest.mark.parametrize(
    "message",
    [
        {"supplier": "nobody"},
        {"supplier_name": "N", "parser_type": "csv", "source_config": {"file_path": "../../etc/passwd"}},
        {
            "supplier_name": "N",
            "parser_type": "google_sheets",
            "source_config": {"sheet_url": "https://evil.example/d/1"},
        },
        {"supplier_name": "N", "parser_type": "csv", "source_config": {"sheet_name": "x"}},
    ],
)
def test_an_unknown_or_forbidden_request_is_a_dead_letter_with_a_result(post: Post, message: dict[str, Any]) -> None:
    post.send(task_id="bad", **message)
    assert [letter.verdict for letter in post.tick().dead] == ["rejected"]
    result = json.loads(post.mailbox.result("bad") or b"{}")
    assert result["status"] == "failure"
    assert result["errors"][0]["sample_message"]


def test_the_same_task_again_has_no_second_effect(post: Post) -> None:
    for _ in range(3):
        post.send_file("Acme", "t1")
    assert len(post.tick().to_start) == 1
    assert post.sql("SELECT count(*) AS n FROM ingestion_requests") == [{"n": 1}]
    verdicts = post.sql("SELECT verdict, count(*) AS n FROM ingestion_deliveries GROUP BY 1 ORDER BY 1")
    assert verdicts == [{"verdict": "accepted", "n": 1}, {"verdict": "duplicate", "n": 2}]


def test_the_same_task_with_other_content_is_a_conflict_and_never_dropped(post: Post) -> None:
    post.send_file("Acme", "t1")
    post.send_file("Acme", "t1", max_retries=9)
    assert [letter.verdict for letter in post.tick().dead] == ["conflict"]


def test_waiting_requests_for_the_same_work_are_done_once_and_all_are_answered(post: Post) -> None:
    for task in ("a", "b", "c"):
        post.send_file("Acme", task)
    (lease,) = post.tick().to_start
    assert lease.task_id == "c"
    assert post.states() == {"a": "superseded", "b": "superseded", "c": "leased"}
    post.acknowledge(lease)
    post.tick()
    assert [json.loads(post.mailbox.result(task) or b"{}")["task_id"] for task in ("a", "b", "c")] == ["a", "b", "c"]


def test_a_running_request_is_not_superseded_because_it_may_have_read_the_old_list(post: Post) -> None:
    post.send_file("Acme", "a")
    post.tick()
    post.send_file("Acme", "b")
    post.tick()
    assert post.states() == {"a": "leased", "b": "pending"}


def test_one_lease_per_supplier_and_no_more_than_the_jobs_allowed_high_priority_first(post: Post) -> None:
    for name in ("A", "B", "C", "D"):
        post.send_file(name, name)
    post.send_file("E", "E", priority="high")
    post.mailbox.send(
        json.dumps(
            {"supplier_name": "F", "parser_type": "csv", "task_id": "F", "source_config": {"file_path": "f.csv"}}
        ).encode(),
        high=True,
    )
    started = [lease.task_id for lease in post.tick().to_start]
    assert len(started) == 3
    assert {"E", "F"} <= set(started)


def test_a_lease_without_a_run_is_offered_again_under_the_same_run_key(post: Post) -> None:
    post.send_file("Acme", "t1")
    first, second = post.tick().to_start, post.tick().to_start
    assert [lease.run_key for lease in first] == [lease.run_key for lease in second]


def test_a_lease_with_a_run_is_not_offered_again(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    post.runs[lease.run_key] = "running"
    assert post.tick().to_start == []


def test_a_run_that_ended_without_a_word_is_tried_again_with_a_new_fence_and_then_given_up(post: Post) -> None:
    post.send_file("Acme", "t1", max_retries=10)
    fences = []
    for _ in range(3):
        (lease,) = post.tick().to_start
        fences.append(lease.fence)
        post.begin(lease)
        post.runs[lease.run_key] = "failed"
        post.tick()
        post.sql("UPDATE ingestion_requests SET not_before = now()")
    assert len(set(fences)) == 3
    assert post.states() == {"t1": "dead"}
    assert "without a word" in post.sql("SELECT last_error FROM ingestion_requests")[0]["last_error"]


def test_a_running_run_past_its_lease_loses_it(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    post.runs[lease.run_key] = "running"
    post.sql("UPDATE ingestion_requests SET lease_until = now() - interval '1 s'")
    assert post.tick().reaped == [("t1", "retry_wait")]
    with pytest.raises(LeaseLost):
        post.acknowledge(lease)


def test_a_run_waiting_in_dagsters_queue_keeps_its_lease(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    post.runs[lease.run_key] = "waiting"
    post.sql("UPDATE ingestion_requests SET lease_until = now() - interval '1 s'")
    assert post.tick().reaped == []
    post.acknowledge(lease)


def test_a_cancelled_run_is_a_dead_letter_that_can_be_replayed(post: Post) -> None:
    post.send_file("Acme", "t1")
    (lease,) = post.tick().to_start
    post.runs[lease.run_key] = "cancelled"
    post.tick()
    assert post.states() == {"t1": "dead"}
    assert post.with_connection(lambda c: requests.replay(c, lease.request_id, post.deployment.rules)) == "t1"
    (again,) = post.tick().to_start
    assert again.run_key != lease.run_key


def test_only_dead_requests_that_were_work_can_be_replayed(post: Post) -> None:
    post.send_file("Acme", "t1")
    post.mailbox.send(b"junk")
    done = post.tick()
    for request_id in (done.to_start[0].request_id, done.dead[0].request_id, 999):
        with pytest.raises(StoreRejected):
            post.with_connection(lambda c, i=request_id: requests.replay(c, i, post.deployment.rules))


def test_a_permanent_error_is_dead_at_once_and_a_passing_one_waits(post: Post) -> None:
    post.send_file("A", "permanent")
    post.send_file("B", "passing", max_retries=1)
    leases = {lease.task_id: lease for lease in post.tick().to_start}

    def give_back(task: str, error: Any) -> str | None:
        lease = leases[task]
        return post.with_connection(lambda c: requests.give_back(c, lease.request_id, lease.fence, error, 0, "run"))

    assert give_back("permanent", SheetError("no table")) == "dead"
    assert give_back("passing", SourceUnavailable("busy")) == "retry_wait"
    leases = {lease.task_id: lease for lease in post.tick().to_start}
    assert leases["passing"].attempt == 2
    assert give_back("passing", SourceUnavailable("busy")) == "dead"
    post.tick()
    result = json.loads(post.mailbox.result("passing") or b"{}")
    assert (result["status"], result["retry_count"]) == ("failure", 1)


def test_above_the_high_water_mark_messages_stay_in_redis(post: Post) -> None:
    deployment = Deployment(
        post.deployment.settings.model_copy(update={"max_waiting": 2}),
        post.deployment.database_url,
        post.deployment.redis_url,
    )
    post.deployment = deployment
    for name in ("A", "B"):
        post.send_file(name, name)
    post.tick()
    post.send_file("C", "C")
    post.tick()
    assert post.mailbox.depth()["queue"] == 1


def test_a_crash_between_commit_and_confirm_records_nothing_twice(post: Post) -> None:
    post.send(supplier_name="Acme", parser_type="csv", source_config={"file_path": "acme.csv"})
    (claimed,) = post.mailbox.claim(10, 65536)
    delivery = Delivery(claimed.id, claimed.raw, claimed.whole_size)
    post.with_connection(lambda c: requests.record(c, [delivery], post.deployment.rules))
    assert post.mailbox.depth()["processing"] == 1
    post.tick()
    assert post.sql("SELECT count(*) AS n FROM ingestion_requests") == [{"n": 1}]
    assert post.mailbox.depth()["processing"] == 0
