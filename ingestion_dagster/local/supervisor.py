"""The process that owns the embedded servers: starts them, restarts one that crashed, stops both when unused.

Started by `services()`; runs in a session of its own. It is alive exactly while it holds `guardian.lock`
(handed over by the starter), and ends when nobody holds `users.lock` any more. Standard library only: it
stays in memory as long as the servers do.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.local import postgres, state, valkey
from ingestion_dagster.local.locks import open_lock, release, try_exclusive
from ingestion_dagster.local.paths import Paths, ServerHome, make_folders, settle
from ingestion_dagster.local.ports import choose_port
from ingestion_dagster.local.process import default_signals, end, wait_for

POLL = 0.2
LINGER = 1.5  # seconds without a user: one command after the other finds the servers still there
START_LIMIT = 60.0
LOG_LIMIT = 20_000_000
CRASHES_FORGIVEN = 5

Steps = tuple[tuple[signal.Signals, float], ...]


class Unused(Exception):
    """Leave the watch: no user is left, or a signal asks for it."""


@dataclass
class Server:
    """One server over its restarts. `launch(port, log, lock)` starts it, `ready(process, port)` asks it."""

    name: str
    run: Path
    log: IO[bytes]
    port: int | None
    """The one it had before, and then the one it has."""
    launch: Callable[[int, IO[bytes], int], subprocess.Popen[bytes]]
    ready: Callable[[subprocess.Popen[bytes], int], bool]
    left_over: Callable[[], int | None]
    stop_steps: Steps
    process: subprocess.Popen[bytes] | None = None
    crashes: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start and wait until it answers; with another port where that one is taken."""
        for _ in range(5):
            lock = self._own_lock()  # an earlier one of ours is gone now, and its port free
            try:
                self.port = port = choose_port(self.port)
                self.process = self.launch(port, self.log, lock)
            finally:
                os.close(lock)
            process = self.process
            wait_for(lambda p=process, n=port: p.poll() is not None or self.ready(p, n), START_LIMIT)  # type: ignore[misc]
            if process.poll() is None:
                if self.ready(process, port):
                    return
                raise ServicesFailed(f"{self.name} did not answer within {START_LIMIT:.0f} s; see {self.log.name}")
            self.port = None
        raise ServicesFailed(f"{self.name} ends as soon as it is started: {self._last_line()} (see {self.log.name})")

    def _last_line(self) -> str:
        lines = Path(self.log.name).read_text(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it says nothing")

    def _own_lock(self) -> int:
        """The lock that every process of this server inherits: free means that no earlier one is left."""
        lock = open_lock(self.run / f"{self.name}.lock")
        if wait_for(lambda: try_exclusive(lock), 5):
            return lock
        for number in (signal.SIGQUIT, signal.SIGKILL):
            pid = self.left_over()
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if wait_for(lambda: try_exclusive(lock), 5):
                return lock
        os.close(lock)
        raise ServicesFailed(f"An earlier {self.name} still runs and does not end; see {self.run}")

    def revive(self) -> bool:
        """Start it again if it is gone; True if it was. Gives up when that happens over and over."""
        if self.process is None or self.process.poll() is None:
            return False
        now = time.monotonic()
        self.crashes = [moment for moment in self.crashes if now - moment < 60] + [now]
        if len(self.crashes) > CRASHES_FORGIVEN:
            raise ServicesFailed(f"{self.name} crashes again and again; see {self.log.name}")
        self.start()
        return True

    def stop(self) -> None:
        if self.process is not None:
            end(self.process, self.stop_steps)


def main() -> None:
    """`guardian ROOT LOCK_DESCRIPTOR`; says `ready` or the reason on standard output, once."""
    default_signals()
    paths, lock = Paths(Path(sys.argv[1])), int(sys.argv[2])
    if os.fork():  # the starter waits for this one, and never for the guardian
        os._exit(0)
    os.set_inheritable(lock, False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    answer = os.fdopen(os.dup(1), "w")
    try:
        _serve(paths, answer)
    except Unused:
        pass
    except (ServicesFailed, OSError) as error:
        _say(answer, str(error))
        raise
    finally:
        with suppress(OSError):
            answer.close()


def _serve(paths: Paths, answer: IO[str]) -> None:
    make_folders(paths)
    home = settle(paths)
    secret = state.passwords(home.data / "passwords.json")
    before = state.last_ports(paths.ports)
    with _log(paths, "postgres") as postgres_log, _log(paths, "valkey") as valkey_log:
        postgres.prepare(home, secret["postgres"], postgres_log)
        servers = [
            _postgres_server(paths, home, postgres_log, before.get("postgres")),
            _valkey_server(paths, home, valkey_log, before.get("redis"), secret["redis"]),
        ]
        try:
            for server in servers:
                server.start()
            _publish(paths, servers, secret)
            _say(answer, "ready")
            _watch(paths, servers, secret)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            paths.state.unlink(missing_ok=True)
            for server in servers:
                server.stop()


def _postgres_server(paths: Paths, home: ServerHome, log: IO[bytes], port: int | None) -> Server:
    extra = postgres.overrides(paths.postgres_settings)
    return Server(
        name="postgres",
        run=paths.run,
        log=log,
        port=port,
        launch=lambda port, log, lock: postgres.start(home, port, log, lock, extra),
        ready=lambda process, port: postgres.ready(home, process),
        left_over=lambda: postgres.left_over(home),
        stop_steps=(postgres.FAST, postgres.IMMEDIATE),
    )


def _valkey_server(paths: Paths, home: ServerHome, log: IO[bytes], port: int | None, password: str) -> Server:
    return Server(
        name="valkey",
        run=paths.run,
        log=log,
        port=port,
        launch=lambda port, log, lock: valkey.start(home, port, password, log, lock),
        ready=lambda process, port: valkey.ready(port, password),
        left_over=lambda: valkey.left_over(home),
        stop_steps=(valkey.TERMINATE,),
    )


def _watch(paths: Paths, servers: list[Server], secret: dict[str, str]) -> None:
    """Until no user has been there for `LINGER` seconds. The exclusive lock then keeps new ones waiting."""
    users = open_lock(paths.users_lock)
    unused_since: float | None = None
    published = True
    while True:
        time.sleep(POLL)
        crashed = [server for server in servers if server.process is not None and server.process.poll() is not None]
        if crashed:
            paths.state.unlink(missing_ok=True)
            for server in crashed:
                server.revive()
            published = False
        if not published:
            with suppress(
                OSError
            ):  # a full disk: the servers run at their old addresses; it is told when there is room
                _publish(paths, servers, secret)
                published = True
        if not try_exclusive(users):
            unused_since = None
            continue
        now = time.monotonic()
        unused_since = unused_since or now
        if now - unused_since >= LINGER:
            return
        release(users)


def _publish(paths: Paths, servers: list[Server], secret: dict[str, str]) -> None:
    database, redis = servers
    assert database.process is not None and database.port is not None  # noqa: PT018
    assert redis.process is not None and redis.port is not None  # noqa: PT018
    state.write_private(paths.ports, {"postgres": database.port, "redis": redis.port})
    state.publish(
        paths.state,
        state.Services(
            database_url=postgres.url(database.port, secret["postgres"], "ingestion"),
            dagster_url=postgres.url(database.port, secret["postgres"], "dagster"),
            redis_url=valkey.url(redis.port, secret["redis"]),
            postgres_port=database.port,
            redis_port=redis.port,
            guardian_pid=os.getpid(),
            postgres_pid=database.process.pid,
            redis_pid=redis.process.pid,
        ),
    )


def _log(paths: Paths, name: str) -> IO[bytes]:
    """Append; one earlier file is kept when it has grown large."""
    path = paths.log / f"{name}.log"
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab", buffering=0)


def _say(answer: IO[str], text: str) -> None:
    """Tell the starter, who may have gone; then let go of its pipe."""
    with suppress(OSError, ValueError):
        answer.write(text)
        answer.close()
    with suppress(OSError):
        os.dup2(2, 1)


def _leave(number: int, frame: object) -> None:
    raise Unused
