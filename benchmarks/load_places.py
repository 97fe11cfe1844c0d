"""Where the load benchmarks run: a private server with production-like settings, databases, processes, counters.

Autovacuum is off so that it cannot fall into one measurement and not into the next; between two days every
database is vacuumed and analysed, as it would be overnight.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg2

from ingestion_dagster.local import Services, erase, services
from ingestion_dagster.store import migrate

SETTINGS = """
shared_buffers = 2GB
max_wal_size = 8GB
checkpoint_timeout = 30min
work_mem = 64MB
maintenance_work_mem = 256MB
effective_cache_size = 8GB
autovacuum = off
"""
HERE = Path(__file__).parent
CHECKOUT = HERE.parent


@dataclass(frozen=True)
class Server:
    """The running server and the folder everything lives in."""

    running: Services
    root: Path

    def database(self, name: str) -> str:
        """URL of the database called `name`."""
        return urlunsplit(urlsplit(self.running.database_url)._replace(path=f"/{name}"))

    def fresh(self, name: str, template: str) -> str:
        """A new copy of `template`. Copying files makes a checkpoint, so each measurement begins right after one."""
        query(self.running.database_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        query(self.running.database_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.database(name)


@contextmanager
def server() -> Iterator[Server]:
    """A server of our own with a migrated database called `template`; nothing is left behind."""
    root = Path(tempfile.mkdtemp(prefix="ingestion-bench-"))
    root.chmod(0o711)
    try:
        (root / "inbox").mkdir()
        (root / "postgresql.conf").write_text(SETTINGS)
        with services(root) as running:
            found = Server(running, root)
            query(running.database_url, "CREATE DATABASE template TEMPLATE template0")
            migrate.upgrade(found.database("template"))
            yield found
    finally:
        erase(root)
        shutil.rmtree(root)


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """One statement outside a transaction."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def add_supplier(url: str, key: str, file: str, source_type: str = "csv") -> None:
    """Register a supplier whose list is `file` in the inbox."""
    source = json.dumps({"file_path": file})
    query(
        url,
        "INSERT INTO suppliers (key, name, source_type, source)"
        f" VALUES ('{key}', '{key}', '{source_type}', '{source}')",
    )


def wait_for_quiet(limit: float = 20.0, busy: float = 0.25) -> None:
    """Wait until other processes use less than `busy` of a processor for half a second, or `limit` seconds."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        before = _busy()
        time.sleep(0.5)
        if (_busy() - before) / 0.5 < busy:
            return


def _server_cpu(url: str) -> float:
    """Processor seconds of the server, ended backends included."""
    backend = query(url, "SELECT pg_backend_pid()")[0][0]
    for _ in range(20):  # the backend that answered has to be gone and counted
        if not psutil.pid_exists(backend):
            break
        time.sleep(0.01)
    postmaster = next(p for p in psutil.process_iter(["name", "ppid"]) if _is_postmaster(p, url))
    total = 0.0
    for process in (postmaster, *postmaster.children()):
        times = process.cpu_times()
        total += times.user + times.system
    gone = postmaster.cpu_times()
    return total + gone.children_user + gone.children_system


def _is_postmaster(process: psutil.Process, url: str) -> bool:
    try:
        return f"port={urlsplit(url).port}" in process.cmdline()
    except psutil.Error:
        return False


def _busy() -> float:
    times = psutil.cpu_times()
    return times.user + times.system + times.nice + times.irq + times.softirq


def run_counted(url: str, script: str, *arguments: object) -> dict[str, Any]:
    """The JSON object that a benchmark script prints, run in a fresh interpreter: it says `ready` and waits until the
    machine is quiet.

    Adds the server's processor seconds and the share of the time that others kept processors busy.
    """
    process = start(script, *arguments)
    assert process.stdin is not None
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        _result(process, script, "")
    wait_for_quiet()
    server_before, busy, started = _server_cpu(url), _busy(), time.perf_counter()
    process.stdin.write("\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    elapsed, busy, server_cpu = time.perf_counter() - started, _busy() - busy, _server_cpu(url) - server_before
    process.communicate()
    result = _result(process, script, answer)
    foreign = max(busy - server_cpu - result["cpu"], 0.0) / elapsed
    return result | {"server_cpu": server_cpu, "foreign": foreign}


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A benchmark script in a fresh interpreter, its standard streams at hand."""
    return subprocess.Popen(
        [sys.executable, str(HERE / script), *map(str, arguments)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _result(process: subprocess.Popen[str], script: str, answer: str) -> dict[str, Any]:
    if process.wait():
        raise SystemExit(f"{script} failed, see above")
    result: dict[str, Any] = json.loads(answer)
    return result


def table(titles: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """Print a table that is also Markdown."""
    print("| " + " | ".join(titles) + " |")
    print("|" + "---|" * len(titles))
    for line in lines:
        print("| " + " | ".join(map(str, line)) + " |", flush=True)


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median with the range: `0.52 (0.50-0.61)`."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"
