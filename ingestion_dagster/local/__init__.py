"""PostgreSQL and Redis without an installation: servers that come as packages, started on demand, never orphaned.

`services(root)` is the only way in. What a database or queue is used for does not belong here.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.local import state
from ingestion_dagster.local.locks import held, open_lock, try_exclusive
from ingestion_dagster.local.paths import ADVICE, Paths, make_folders, shortage
from ingestion_dagster.local.ports import answers
from ingestion_dagster.local.process import python_call, wait_for
from ingestion_dagster.local.state import Services

__all__ = ["Services", "ServicesFailed", "erase", "services"]

START_LIMIT = 90.0


@contextmanager
def services(root: Path) -> Iterator[Services]:
    """A running PostgreSQL 16 and Redis with their data below `root`, for the length of the block.

    Every process that is inside such a block shares one set; the first starts it, and it stops about
    two seconds after the last is gone, however it went: being a user is a lock that the kernel
    releases. Data, passwords and, where they are still free, ports stay the same from one start to the next.

    Raises `ServicesFailed` with the reason.
    """
    paths = Paths(root.resolve())
    make_folders(paths)
    with held(paths.users_lock, shared=True):
        yield _running(paths)


def guarded(root: Path) -> bool:
    """Whether the process that keeps the services is there. Without it they end."""
    lock = open_lock(Paths(root.resolve()).guardian_lock)
    try:
        return not try_exclusive(lock)
    finally:
        os.close(lock)


def restarted(root: Path) -> Services:
    """The services started anew, for a process that is inside `services(root)` and gets no answer from them.

    What is left of the earlier ones is ended first, by force where it hangs. Raises `ServicesFailed` with the reason.
    """
    paths = Paths(root.resolve())
    _end_guardian(paths)
    return _running(paths)


def _end_guardian(paths: Paths) -> None:
    known, guardian = state.read(paths.state), open_lock(paths.guardian_lock)
    try:
        for number, seconds in ((signal.SIGTERM, 40.0), (signal.SIGKILL, 10.0)):
            if try_exclusive(guardian):
                return
            if known is not None:
                with suppress(ProcessLookupError):
                    os.kill(known.guardian_pid, number)
            if wait_for(lambda: try_exclusive(guardian), seconds):
                return
    finally:
        os.close(guardian)


def erase(root: Path) -> None:
    """Stop the services below `root` and delete all they keep, the private folder elsewhere included.

    Raises `ServicesFailed` while somebody still uses them.
    """
    paths = Paths(root.resolve())
    if not paths.run.exists():
        return
    users, guardian = open_lock(paths.users_lock), open_lock(paths.guardian_lock)
    try:
        if not wait_for(lambda: try_exclusive(users), 1):
            raise ServicesFailed(f"The services below {root} are in use; stop `ingestion up` first.")
        running = state.read(paths.state)
        if running is not None and not try_exclusive(guardian):
            os.kill(running.guardian_pid, signal.SIGTERM)
        if not wait_for(lambda: try_exclusive(guardian), 40):
            raise ServicesFailed(f"The services below {root} do not stop; see {paths.log}.")
        shutil.rmtree(paths.data.resolve(), ignore_errors=True)
        if paths.data.is_symlink():
            paths.data.unlink()
        shutil.rmtree(paths.log, ignore_errors=True)
        shutil.rmtree(paths.run, ignore_errors=True)
    finally:
        os.close(users)
        os.close(guardian)


def _running(paths: Paths) -> Services:
    """Wait for the set another process started, or start it. Nobody sees the addresses of an earlier set."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        with held(paths.start_lock, shared=False):
            guardian = open_lock(paths.guardian_lock)
            try:
                if try_exclusive(guardian):
                    paths.state.unlink(missing_ok=True)
                    starter = _spawn(paths, guardian)
                else:
                    starter = None
            finally:
                os.close(guardian)
            found = state.read(paths.state)
        if starter is not None:
            _wait_until_ready(starter, paths)
        elif found is not None and answers(found.postgres_port) and answers(found.redis_port):
            return found
        else:
            time.sleep(0.05)
    raise ServicesFailed(
        f"The embedded services were not ready after {START_LIMIT:.0f} s; see {paths.log}{shortage(paths)}. {ADVICE}"
    )


def _spawn(paths: Paths, lock: int) -> subprocess.Popen[bytes]:
    """Start the guardian and hand it the lock that says it is alive."""
    with (paths.log / "guardian.log").open("ab") as log:
        return subprocess.Popen(
            [*python_call("ingestion_dagster.local.supervisor", "main"), str(paths.root), str(lock)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,
        )


def _wait_until_ready(starter: subprocess.Popen[bytes], paths: Paths) -> None:
    log = paths.log / "guardian.log"
    try:
        answer, _ = starter.communicate(timeout=START_LIMIT)
    except subprocess.TimeoutExpired as error:
        raise ServicesFailed(
            f"The embedded services take over {START_LIMIT:.0f} s to start; see {log}{shortage(paths)}"
        ) from error
    text = answer.decode(errors="replace")
    if text != "ready":
        raise ServicesFailed(f"{text or f'The embedded services did not start; see {log}. {ADVICE}'}{shortage(paths)}")
