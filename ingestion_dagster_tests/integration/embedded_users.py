"""Processes that use the embedded services, for tests that kill them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import redis

from ingestion_dagster.local import Services
from ingestion_dagster.local.process import wait_for

SCRIPT = """
import dataclasses, json, sys, time
from pathlib import Path
from ingestion_dagster.local import ServicesFailed, services
try:
    with services(Path(sys.argv[1])) as running:
        print(json.dumps(dataclasses.asdict(running)), flush=True)
        sys.stdin.read()
except ServicesFailed as error:
    print(json.dumps(str(error)), flush=True)
    sys.exit(1)
"""


class User:
    """A process inside `services(root)` until its standard input closes or a signal ends it."""

    def __init__(self, root: Path, prefix: tuple[str, ...] = (), env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", SCRIPT, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        self._answer: Any = None

    def answer(self) -> Any:
        if self._answer is None:
            assert self.process.stdout is not None
            self._answer = json.loads(self.process.stdout.readline())
        return self._answer

    @property
    def services(self) -> Services:
        assert isinstance(self.answer(), dict), self.answer()
        return Services(**self.answer())

    def leave(self) -> None:
        self.answer()
        self.process.communicate(timeout=20)

    def end_by(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=20)


def ordinary_account() -> tuple[str, ...]:
    """Prefix that runs a program without root's rights, though able to read an interpreter below a private folder."""
    setpriv = shutil.which("setpriv")
    assert setpriv, "setpriv (util-linux) is needed to try the services as an ordinary user"
    read = "+dac_read_search"
    return (setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", f"--inh-caps={read}", f"--ambient-caps={read}")


def pids(running: Services) -> list[int]:
    return [running.guardian_pid, running.postgres_pid, running.redis_pid]


def alive(numbers: list[int]) -> list[int]:
    """Those still running; a zombie nobody collected is over."""
    found = []
    for number in numbers:
        try:
            if psutil.Process(number).status() != psutil.STATUS_ZOMBIE:
                found.append(number)
        except psutil.NoSuchProcess:
            continue
    return found


def gone(numbers: list[int], seconds: float = 8.0) -> bool:
    return wait_for(lambda: not alive(numbers), seconds)


def family(running: Services) -> list[int]:
    """The guardian, both servers and PostgreSQL's own children."""
    return pids(running) + [child.pid for child in psutil.Process(running.postgres_pid).children(recursive=True)]


def processes_below(root: Path) -> list[int]:
    """Every process that names the folder in its command line."""
    return [p.pid for p in psutil.process_iter(["cmdline"]) if str(root) in " ".join(p.info["cmdline"] or [])]


def query(url: str, statement: str) -> Any:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


def with_redis(url: str, work: Callable[[Any], Any]) -> Any:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return work(client)


def stop_now(running: Services) -> None:
    """End a set that nobody uses without waiting for it to notice."""
    if alive([running.guardian_pid]):
        os.kill(running.guardian_pid, signal.SIGTERM)
    assert gone(pids(running))
