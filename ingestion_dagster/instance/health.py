"""Asks Dagster's processes whether they work: one short question each, with a time limit, answered in words.

`python -m ingestion_dagster.instance.health code|daemon|webserver [ADDRESS]` asks from the command line, for
containers. Imports no Dagster: a question costs milliseconds, not the seconds of `dagster api grpc-health-check`. What
follows from an answer is not decided here.
"""

import json
import os
import select
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SECONDS = 10.0
"""An answer may take."""
DAEMON_SILENT = 60.0
"""Seconds without a heartbeat of any of the daemon's loops: its process hangs. Each of the eight beats every 30 s."""
LOOP_SILENT = 300.0
"""Seconds without one of a single loop: that loop hangs. One that waits for a slow code server may miss some."""

LEAST_ROOM = 32_000_000
"""Bytes: two of PostgreSQL's WAL files."""

CURRENT_RUNS = "/api.DagsterApi/GetCurrentRuns"
"""A method of Dagster's gRPC interface; its request is empty."""

Beat = tuple[str, str, float]
"""Of one loop of the daemon: its name, the id of the daemon's process, seconds since the epoch."""


def code_server(
    address: str, seconds: float = SECONDS, processes: Callable[[], int | None] = lambda: None
) -> str | None:
    """Why the code server does not work, None where it does. `unix:/path` or `host:port`.

    Asked which runs it has at work: `dagster api grpc` answers that from the threads that also evaluate sensors, and
    under the lock that starting a run needs. Its Ping and gRPC's health service go on answering while no run starts.
    `processes`: how many it has for runs, where that is known. The thread that notices their end ends itself when it
    cannot reach Dagster's storage, and the rest lives on.
    """
    import grpc

    try:
        runs = runs_at_work(address, seconds)
        living = processes() if runs else None
    except grpc.RpcError as error:
        hangs = error.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
        return "does not answer" if hangs else f"answers with an error ({error.code().name})"
    return "does not notice that its runs have ended" if living is not None and len(runs) > living else None


def room(folder: Path) -> str | None:
    """Why there is too little room on the disk of `folder`, None where there is enough or it cannot be told."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    return f"is full: {free / 1e6:.0f} MB of space are left; make room there" if free < LEAST_ROOM else None


def runs_at_work(address: str, seconds: float = SECONDS) -> list[str]:
    """Ids of the runs that the code server has at work. Raises grpc.RpcError."""
    import grpc

    with grpc.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),)) as channel:
        answer = channel.unary_unary(CURRENT_RUNS, bytes, bytes)(b"", timeout=seconds)
    return list(json.loads(answer[answer.index(b"{") :])["current_runs"])  # the only field of the answer is this JSON


def webserver(url: str, seconds: float = SECONDS) -> str | None:
    """Why the webserver at `url` does not work, None where it does."""
    import urllib.request

    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{url.rstrip('/')}/server_info", timeout=seconds) as answer:
            answer.read()
    except OSError as error:
        return f"does not answer ({getattr(error, 'reason', None) or error})"
    return None


def daemon(storage: str, seconds: float = SECONDS) -> str | None:
    """Why the daemon does not work, as its heartbeats in Dagster's storage tell; None where it does.

    `storage`: `postgresql://…`, or the folder of the SQLite files. By the clock, and in both directions: a daemon whose
    clock was put back writes no heartbeat until it is over the old time again.
    """
    import psycopg2

    try:
        return judged(heartbeats(storage, seconds), time.time())
    except (psycopg2.Error, sqlite3.Error, TimeoutError, OSError) as error:
        return f"its heartbeats cannot be read ({type(error).__name__})"  # the text could hold the address


def records(storage: str, seconds: float = SECONDS) -> str | None:
    """Why Dagster's storage does not work, None where it does."""
    import psycopg2

    try:
        heartbeats(storage, seconds)
    except (psycopg2.Error, sqlite3.Error, TimeoutError, OSError) as error:
        return f"does not answer ({type(error).__name__})"  # the text could hold the address
    return None


def judged(beats: Sequence[Beat], now: float) -> str | None:
    """What the heartbeats say at `now`, in words; None where all is well. Those of an earlier process do not count."""
    if not beats:
        return "has sent no heartbeat yet"
    newest = max(beats, key=lambda beat: beat[2])
    ages = {name: abs(now - moment) for name, process, moment in beats if process == newest[1]}
    if (age := min(ages.values())) > DAEMON_SILENT:
        return f"has sent no heartbeat for {age:.0f} s"
    silent = sorted(name for name, age in ages.items() if age > LOOP_SILENT)
    if silent:
        return f"has a loop without a heartbeat for {ages[silent[0]]:.0f} s: {silent[0].lower()}"
    return None


HEARTBEATS = "SELECT body FROM daemon_heartbeats"
"""Not the column `timestamp`: it is in the time zone of whoever wrote it."""


def heartbeats(storage: str, seconds: float = SECONDS) -> list[Beat]:
    """The last heartbeat of every loop. Raises the driver's errors and TimeoutError."""
    read = _from_postgresql if "://" in storage else _from_sqlite
    bodies = [json.loads(body) for (body,) in read(storage, HEARTBEATS, seconds)]
    return [(str(one["daemon_type"]), str(one["daemon_id"]), float(one["timestamp"])) for one in bodies]


def _from_sqlite(folder: str, statement: str, seconds: float) -> list[tuple[Any, ...]]:
    file = (Path(folder) / "history" / "runs.db").resolve()
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", timeout=seconds, uri=True)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def _from_postgresql(url: str, statement: str, seconds: float) -> list[tuple[Any, ...]]:
    """Without blocking in the driver: a server that hangs would keep a plain connection waiting for ever."""
    import psycopg2

    scheme, _, rest = url.partition("://")
    deadline = time.monotonic() + seconds
    connection = psycopg2.connect(f"{scheme.partition('+')[0]}://{rest}", async_=True)
    try:
        _wait(connection, deadline)
        cursor = connection.cursor()
        cursor.execute(statement)
        _wait(connection, deadline)
        return list(cursor.fetchall())
    finally:
        connection.close()


def _wait(connection: Any, deadline: float) -> None:
    from psycopg2 import extensions

    while (state := connection.poll()) != extensions.POLL_OK:
        left = deadline - time.monotonic()
        sockets = [connection.fileno()]
        reads, writes = (sockets, []) if state == extensions.POLL_READ else ([], sockets)
        if left <= 0 or not any(select.select(reads, writes, [], left)):
            raise TimeoutError


ADDRESSES = {"code": "127.0.0.1:4000", "webserver": "http://127.0.0.1:3000"}
"""Inside the containers. The daemon has none: it is asked through its storage."""


def storage_of(environment: "os._Environ[str] | dict[str, str]", home: Path) -> str:
    """Where Dagster keeps its records, as `dagster_storage.py` decides it."""
    return environment.get("DAGSTER_POSTGRES_URL") or str(home / "storage")


def main(arguments: Sequence[str]) -> int:
    """One question; 0 where all is well, else 1 and a sentence."""
    asks: dict[str, Callable[[str], str | None]] = {"code": code_server, "daemon": daemon, "webserver": webserver}
    if not 1 <= len(arguments) <= 2 or arguments[0] not in asks:
        sys.stderr.write(f"usage: python -m ingestion_dagster.instance.health {'|'.join(asks)} [ADDRESS]\n")
        return 2
    what, address = arguments[0], arguments[1] if len(arguments) == 2 else None
    if address is None:
        storage = storage_of(os.environ, Path(os.environ.get("DAGSTER_HOME", ".")))
        address = storage if what == "daemon" else ADDRESSES[what]
    trouble = asks[what](address)
    if trouble:
        sys.stdout.write(f"the {what} {trouble}\n")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
