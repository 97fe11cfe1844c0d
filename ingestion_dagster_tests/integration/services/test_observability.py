"""Figures, structured logs and alerts: what an operator sees without opening Dagster."""

import asyncio
import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ingestion_dagster import logs
from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.steps import Attempt
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.logs import FIELDS
from ingestion_dagster.services import alerts, metrics
from ingestion_dagster.services.alerts import post, send_alerts
from ingestion_dagster.services.queue import tick
from ingestion_dagster.settings import CHECKOUT, Settings
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database
from ingestion_dagster_tests.docs_pages import blocks
from ingestion_dagster_tests.integration.mail_server import MailServer

RECEIVERS = "buyer@shop.example, boss@shop.example"


@pytest.fixture(autouse=True)
def logs_of_a_fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a command did in this process before: `ingestion load` leaves the lines of steps out."""
    monkeypatch.setattr(logs, "_least", logging.INFO)
    monkeypatch.setattr(logs, "_configured", "")


@pytest.fixture
def deployment(database_url: str, redis_url: str, tmp_path: Path) -> Deployment:
    return Deployment(Settings(local_root=tmp_path, log_format="json"), database_url, redis_url)


def dispatched(deployment: Deployment, *messages: bytes) -> Any:
    with deployment.mailbox() as mailbox:
        for message in messages:
            mailbox.send(message)
        return deployment.run(lambda database: tick(deployment, mailbox, database, lambda lease: "absent"))


def message(task_id: str, supplier: str) -> bytes:
    config = {"file_path": f"{supplier}.csv"}
    found = {"task_id": task_id, "supplier_name": supplier, "parser_type": "csv", "source_config": config}
    return json.dumps(found).encode()


class Received(BaseHTTPRequestHandler):
    """A webhook that keeps what it gets, and answers as `status` says."""

    bodies: list[dict[str, Any]] = []  # noqa: RUF012
    status = 200

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def webhook() -> Iterator[str]:
    Received.bodies, Received.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), Received)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/alerts?room=1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_figures_count_what_is_on_record_and_end_as_the_format_asks(deployment: Deployment) -> None:
    dispatched(deployment, message("a", "Acme"), message("b", "Beta"), b"junk")
    found = metrics.parse(metrics.collect(deployment))
    assert found['ingestion_requests{state="leased"}'] == 2
    assert found['ingestion_requests{state="dead"}'] == 1
    assert found['ingestion_dead_requests{reason="MalformedRequest"}'] == 1
    assert found['ingestion_queue_messages{list="queue"}'] == 0
    assert (found["ingestion_database_up"], found["ingestion_redis_up"]) == (1, 1)
    assert found['ingestion_load_seconds_bucket{le="+Inf"}'] == found["ingestion_load_seconds_count"] == 0


def test_a_server_that_is_away_is_a_figure_too(deployment: Deployment) -> None:
    nowhere = Deployment(deployment.settings, deployment.database_url, "redis://127.0.0.1:1/0")
    assert metrics.parse(metrics.collect(nowhere))["ingestion_redis_up"] == 0
    nowhere = Deployment(deployment.settings, "postgresql://u:p@127.0.0.1:1/x", deployment.redis_url)
    found = metrics.parse(metrics.collect(nowhere))
    assert (found["ingestion_database_up"], found["ingestion_redis_up"]) == (0, 1)


def test_labels_cannot_break_out_of_their_line() -> None:
    lines = metrics.family("m", "gauge", "text", [("", {"of": 'a"b\\c\nd'}, 1)])
    assert lines[-1] == 'm{of="a\\"b\\\\c\\nd"} 1'


def test_a_figures_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "ingestion.prom"
    metrics.write("one\n# EOF\n", target)
    metrics.write("two\n# EOF\n", target)
    assert target.read_text() == "two\n# EOF\n"
    assert [path.name for path in tmp_path.iterdir()] == ["ingestion.prom"]


def alerted(deployment: Deployment) -> int:
    async def _send(database: Database) -> int:
        return await send_alerts(deployment, database)

    return deployment.run(_send)


def with_webhook(deployment: Deployment, url: str) -> Deployment:
    settings = Settings(local_root=deployment.settings.local_root, log_format="json", alert_webhook_url=url)
    return Deployment(settings, deployment.database_url, deployment.redis_url)


def test_a_dead_request_is_told_once_and_again_when_a_replay_dies(deployment: Deployment, webhook: str) -> None:
    deployment = with_webhook(deployment, webhook)
    (lease,) = dispatched(deployment, message("a", "Acme")).to_start

    async def _fail(database: Database) -> None:
        async with database.transaction() as connection:
            (held,) = await requests.leased(connection)
            await requests.give_back(connection, held.request_id, held.fence, SheetError("no table"), 0, None)

    deployment.run(_fail)
    assert [alerted(deployment), alerted(deployment)] == [1, 0]
    (body,) = Received.bodies
    assert body["events"][0] | {"at": ""} == {
        "kind": "request_dead", "id": lease.request_id, "supplier": "acme", "task_id": "a", "reason": "no table",
        "at": "", "next": f"ingestion queue dead; then ingestion queue replay {lease.request_id}",
    }  # fmt: skip

    async def _replay(database: Database) -> None:
        async with database.transaction() as connection:
            await requests.replay(connection, lease.request_id, deployment.rules)

    deployment.run(_replay)
    dispatched(deployment)
    deployment.run(_fail)
    assert alerted(deployment) == 1


def test_an_alert_that_cannot_be_sent_is_kept_and_sent_later(deployment: Deployment, webhook: str) -> None:
    deployment = with_webhook(deployment, webhook)
    dispatched(deployment, b"junk")
    Received.status = 500
    assert [alerted(deployment), alerted(deployment)] == [0, 0]
    assert len(Received.bodies) == 1
    assert metrics.parse(metrics.collect(deployment))["ingestion_alerts_untold"] == 1
    Received.status = 200

    async def _later(database: Database) -> None:
        async with database.transaction() as connection:
            await connection.execute(text("UPDATE ingestion_alerts SET not_before = now()"))

    deployment.run(_later)
    assert alerted(deployment) == 1


@pytest.mark.parametrize("url", ["http://example.com/x", "https://example.com/x", "ftp://localhost/x"])
def test_alerts_leave_only_for_allowed_hosts(url: str) -> None:
    with pytest.raises(ValueError, match="INGESTION_ALERT_WEBHOOK_HOSTS"):
        post(url, ("hooks.example.com",), [])


def test_an_alert_goes_out_by_mail(deployment: Deployment) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), MailServer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        url = f"smtp://127.0.0.1:{server.server_address[1]}"
        settings = Settings(
            local_root=deployment.settings.local_root,
            alert_smtp_url=url,
            alert_email_to="buyer@shop.example, boss@shop.example",
        )
        deployment = Deployment(settings, deployment.database_url, deployment.redis_url)
        dispatched(deployment, b"junk")
        assert alerted(deployment) == 1
        server.shutdown()
    (mail,) = MailServer.mails
    received = message_from_string(mail, policy=default)
    assert received["To"] == RECEIVERS
    assert "ingestion queue dead" in received.get_content()


def test_every_line_of_a_load_says_what_it_is_about(capfd: pytest.CaptureFixture[str]) -> None:
    from ingestion_dagster.logs import about, at_work, logger

    attempt = Attempt("t1", "run-1", 7, 3, 2)

    async def _step() -> None:
        logger("json").info("rows read", rows=3)
        raise SheetError("no table\nhere")

    with pytest.raises(SheetError), at_work("validate_rows", "acme", attempt, 5, "json"):
        asyncio.run(_step())
    with about(task_id="other"):
        logger("json").info("apart")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["step began", "rows read", "step failed", "apart"]
    for line in lines[:3]:
        assert {name: line[name] for name in FIELDS} == {
            "task_id": "t1", "supplier": "acme", "run_id": "run-1", "batch_id": 5, "attempt": 2,
        }  # fmt: skip
    assert (lines[2]["error"], lines[2]["error_type"]) == ("no table\\nhere", "SheetError")


HOSTILE = "17\n2026-01-01 INFO batch 17 approved by boss \x1b[2J \x9b31m \u202egpj"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_nothing_that_a_log_line_quotes_begins_a_line_or_acts_on_a_terminal(
    capfd: pytest.CaptureFixture[str], log_format: str
) -> None:
    from ingestion_dagster.logs import about, logger

    with about(task_id=HOSTILE):
        logger(log_format).warning(HOSTILE, reason=HOSTILE)
    (line,) = capfd.readouterr().err.splitlines()
    assert line.isprintable()
    assert "approved by boss" in line
    if log_format == "json":
        assert json.loads(line)["reason"] == HOSTILE


def test_the_sink_on_the_page_about_sinks_is_told(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = blocks(CHECKOUT / "docs/how-to/add-an-alert-sink.md")
    sink, entry, setting = (block.text for block in page if block.language == "python")
    namespace = vars(alerts) | {"Path": Path, "Settings": Settings}
    exec(sink + entry + f"class Set(Settings):\n    {setting}", namespace)
    monkeypatch.setattr(alerts, "SINKS", namespace["SINKS"])
    told = tmp_path / "told"
    told.mkdir()
    settings = namespace["Set"](local_root=deployment.settings.local_root, alert_file=told / "alerts.jsonl")
    dispatched(deployment, b"junk")
    assert alerted(Deployment(settings, deployment.database_url, deployment.redis_url)) == 1
    assert json.loads((told / "alerts.jsonl").read_text())["kind"] == "request_dead"
