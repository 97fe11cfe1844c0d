"""PostgreSQL and Valkey that can be killed and started again on the same port and files, without a guardian.

The programs and settings are the embedded ones; `fsync` is off in PostgreSQL, because killing a process loses no page
of the operating system. Power failure is not what is tested here.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg2

from ingestion_dagster.local import postgres, state, valkey
from ingestion_dagster.local.paths import Paths, make_folders, settle
from ingestion_dagster.local.ports import choose_port
from ingestion_dagster.local.process import end, wait_for
from ingestion_dagster.store import migrate

QUICK = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "log_min_duration_statement": "-1"}


class Servers:
    """Both servers; `kill_*` is SIGKILL, `start_*` waits until it answers."""

    def __init__(self, root: Path) -> None:
        self.paths = Paths(root)
        make_folders(self.paths)
        self.deployment = settle(self.paths)
        self.passwords = state.passwords(self.deployment.data / "passwords.json")
        self.log = (self.paths.log / "servers.log").open("ab")
        postgres.prepare(self.deployment, self.passwords["postgres"], self.log)
        self.lock = os.open(root / "chaos.lock", os.O_CREAT | os.O_RDWR, 0o600)
        self.postgres_port, self.valkey_port = choose_port(None), choose_port(None)
        self.postgres: subprocess.Popen[bytes] | None = None
        self.valkey: subprocess.Popen[bytes] | None = None

    def start_postgres(self) -> None:
        self.postgres = postgres.start(self.deployment, self.postgres_port, self.log, self.lock, QUICK)
        if not wait_for(lambda: self.postgres is not None and postgres.ready(self.deployment, self.postgres), 60):
            raise RuntimeError(f"PostgreSQL does not start; see {self.paths.log}")

    def start_valkey(self) -> None:
        password = self.passwords["redis"]
        self.valkey = valkey.start(self.deployment, self.valkey_port, password, self.log, self.lock)
        if not wait_for(lambda: valkey.ready(self.valkey_port, password), 30):
            raise RuntimeError(f"Valkey does not start; see {self.paths.log}")

    def kill_postgres(self) -> None:
        """The postmaster and, as a power failure would, all that it started."""
        assert self.postgres is not None
        children = _children_of(self.postgres.pid)
        for pid in (self.postgres.pid, *children):
            _kill(pid)
        self.postgres.wait()
        time.sleep(0.05)

    def kill_valkey(self) -> None:
        assert self.valkey is not None
        self.valkey.kill()
        self.valkey.wait()

    @property
    def redis_url(self) -> str:
        return valkey.url(self.valkey_port, self.passwords["redis"])

    @property
    def valkey_folder(self) -> Path:
        return Path(self.deployment.data / "valkey")

    def url(self, database: str) -> str:
        return postgres.url(self.postgres_port, self.passwords["postgres"], database)

    def new_database(self, *, migrated: bool = True) -> str:
        """URL of a fresh database, with the catalogue's tables unless told otherwise."""
        name = f"chaos_{uuid4().hex[:10]}"
        if migrated and not getattr(self, "_template", None):
            self._template = self.new_database(migrated=False)
            migrate.upgrade(self._template)
        template = urlsplit(self._template).path.lstrip("/") if migrated else "template0"
        connection = psycopg2.connect(self.url("ingestion"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        connection.close()
        return self.url(name)

    def stop(self) -> None:
        for process in (self.valkey, self.postgres):
            if process is not None and process.poll() is None:
                end(process, ((signal.SIGINT, 10.0), (signal.SIGKILL, 5.0)))
        self.log.close()
        os.close(self.lock)


@contextmanager
def servers(root: Path) -> Iterator[Servers]:
    """Both running."""
    made = Servers(root)
    try:
        made.start_postgres()
        made.start_valkey()
        yield made
    finally:
        made.stop()
        data = made.paths.data
        shutil.rmtree(data.resolve(), ignore_errors=True)
        if data.is_symlink():
            data.unlink()


def numbered(url: str, number: int) -> str:
    """The same Redis, another logical database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


def _children_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(entry.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
