"""The loop that keeps things at work, over real programs on a leash and over the real servers."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from dagster._daemon.types import DaemonHeartbeat

from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.core.restart_policy import RestartPolicy
from ingestion_dagster.instance import health
from ingestion_dagster.instance.supervision import Need, supervise
from ingestion_dagster.local import guarded, restarted, services
from ingestion_dagster.local.child_process import leashed
from ingestion_dagster.local.process import wait_for
from ingestion_dagster.redis_store import mailbox
from ingestion_dagster.store import database
from ingestion_dagster.store.database import Limits
from ingestion_dagster_tests.conftest import temporary_root
from ingestion_dagster_tests.integration.embedded_users import alive, pids

QUICK = RestartPolicy(unanswered=0.5, starting=10, steady=0.2, trouble=4, first_pause=0.1, longest_pause=0.2)
ANSWERING = """
import http.server, sys
class Says(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Says).serve_forever()
"""


class Program:
    """A program that answers, to be killed and stopped."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log, self.stack, self.process = port, log, ExitStack(), None
        self.broken, self.loops = False, []

    def start(self) -> None:
        self.stack.close()
        if self.broken:
            raise ServicesFailed("it has no disk")
        command = [sys.executable, "-c", ANSWERING, str(self.port)]
        self.process = self.stack.enter_context(leashed(command, os.environ, self.log))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def supervised(self, *below: Need, **more: Any) -> "Loop":
        self.loops.append(Loop(*below, self.need(**more)))
        return self.loops[-1]

    @property
    def pid(self) -> int:
        assert self.process is not None
        assert wait_for(lambda: bool(psutil.Process(self.process.pid).children()), 10)
        return psutil.Process(self.process.pid).children()[0].pid

    def need(self, **more: Any) -> Need:
        return Need(
            "the program",
            lambda: health.webserver(self.url, 0.3),
            self.start,
            lambda: None if self.process is not None and self.process.poll() is None else "ended",
            every=0.1,
            policy=QUICK,
            **more,
        )


class Loop:
    """`supervise` in a thread; what it says, and how it ended."""

    def __init__(self, *needs: Need) -> None:
        self.said: list[str] = []
        self.reason: str | None = None
        self.over = threading.Event()
        rows = (Need("the test", self._goes_on, every=0.05), *needs)
        self.thread = threading.Thread(target=self._run, args=(rows,), daemon=True)
        self.thread.start()

    def _goes_on(self) -> None:
        if self.over.is_set():
            raise _Enough

    def _run(self, needs: tuple[Need, ...]) -> None:
        try:
            supervise(needs, self._say)
        except ServicesFailed as error:
            self.reason = str(error)
        except _Enough:
            return

    def _say(self, line: str) -> None:
        self.said.append(line)

    def says(self, text: str, seconds: float = 20) -> bool:
        return wait_for(lambda: any(text in line for line in self.said), seconds)


class _Enough(BaseException):
    """The test is over. No Exception: an ask that raises one is no answer, and the loop would go on."""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    from ingestion_dagster.local import child_process
    from ingestion_dagster.local.ports import choose_port

    monkeypatch.setattr(child_process, "GRACE", 0.3)
    monkeypatch.setattr("ingestion_dagster.instance.supervision.LOOK", 0.05)
    made = Program(choose_port(), tmp_path / "log")
    made.start()
    assert wait_for(lambda: health.webserver(made.url, 1) is None, 20)
    yield made
    for loop in made.loops:
        loop.over.set()
        loop.thread.join(timeout=20)
        assert not loop.thread.is_alive()
    made.stack.close()


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGKILL, "the program ended"), (signal.SIGSTOP, "the program does not answer")]
)
def test_what_is_killed_or_hangs_is_started_again_and_each_is_said_once(
    program: Program, number: signal.Signals, said: str
) -> None:
    loop = program.supervised()
    before = program.pid
    os.kill(before, number)
    assert loop.says("all is well again")
    assert program.pid != before
    assert not alive([before])
    assert len(loop.said) == 2
    assert said in loop.said[0]
    assert "starting again" in loop.said[0]


def test_what_cannot_be_started_again_ends_it_with_the_reason(program: Program) -> None:
    loop = program.supervised()
    program.broken = True
    os.kill(program.pid, signal.SIGKILL)
    loop.thread.join(timeout=30)
    assert loop.reason is not None
    assert loop.reason.endswith("could not be brought back within 4 s: it has no disk")


def test_what_stands_on_something_that_is_away_is_not_blamed_for_it(program: Program) -> None:
    below = Need("the ground", lambda: "is away", policy=RestartPolicy(unanswered=60), every=0.1)
    loop = program.supervised(below, after=("the ground",))
    os.kill(program.pid, signal.SIGKILL)
    assert not loop.says("the program", seconds=1.5)
    assert program.process is not None
    assert program.process.poll() is not None


def test_servers_answer_or_say_why_not(database_url: str, redis_url: str) -> None:
    limits = Limits()
    assert database.ask(database_url, limits, 10) is None
    assert mailbox.ask(redis_url, 10) is None
    wrong = "127.0.0.1:1"
    assert "does not answer" in str(database.ask(f"postgresql://a:secret@{wrong}/x", limits, 10))
    assert "does not answer" in str(mailbox.ask(f"redis://:secret@{wrong}/0", 10))
    assert "secret" not in str(database.ask(f"postgresql://a:secret@{wrong}/x", limits, 10))


@pytest.mark.parametrize("kept_in", ["postgresql", "sqlite"])
def test_heartbeats_are_read_as_dagster_writes_them(
    kept_in: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a time zone that is not UTC: the server writes the column `timestamp` in the session's."""
    if kept_in == "postgresql":
        storage = request.getfixturevalue("dagster_url")
        overrides = {"storage": {"postgres": {"postgres_url": storage}}}
    else:
        storage = str(tmp_path / "storage")
        overrides = {"storage": {"sqlite": {"base_dir": storage}}}
    assert health.daemon(storage) is not None
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as instance:
        now = time.time()
        for name, moment in (("SENSOR", now), ("BACKFILL", now - 20)):
            instance.add_daemon_heartbeat(DaemonHeartbeat(moment, name, "process-1", []))
        assert sorted(health.heartbeats(storage)) == [
            ("BACKFILL", "process-1", pytest.approx(now - 20)),
            ("SENSOR", "process-1", pytest.approx(now)),
        ]
        assert health.daemon(storage) is None
        assert health.records(storage) is None


def test_servers_that_lost_their_guardian_or_hang_are_started_again_with_their_data() -> None:
    with temporary_root() as root, services(root) as first:
        assert guarded(root)
        os.kill(first.guardian_pid, signal.SIGKILL)
        assert wait_for(lambda: not guarded(root), 10)
        second = restarted(root)
        assert (second.database_url, second.redis_url) == (first.database_url, first.redis_url)
        os.kill(second.redis_pid, signal.SIGSTOP)
        assert mailbox.ask(second.redis_url, 0.5) is not None
        third = restarted(root)
        assert mailbox.ask(third.redis_url, 10) is None
        assert database.ask(third.database_url, Limits(), 10) is None
        assert not alive(pids(first) + pids(second))
        assert guarded(root)
