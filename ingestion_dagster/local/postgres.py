"""The embedded PostgreSQL 16: making its cluster, the command line, telling when it is ready."""

import locale
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO

from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.local.paths import ServerHome, private_folder
from ingestion_dagster.local.ports import HOST
from ingestion_dagster.local.process import child_setup

MAJOR = "16"
ROLE = "ingestion"
DATABASES = ("ingestion", "dagster")
FAST, IMMEDIATE = (signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)

# Durable as in production; sized for a laptop with two cores. `jit` costs more than it gives on statements this short.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_lock_waits": "on",
    "log_min_duration_statement": "2s",
    "cluster_name": "ingestion",
}


def environment() -> dict[str, str]:
    """Nothing of the caller's: PGPORT, PGDATA or an unknown locale would change what the server does."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def cluster(home: ServerHome) -> Path:
    """The data directory in PostgreSQL's sense."""
    return home.data / "postgres" / "cluster"


def prepare(home: ServerHome, password: str, log: IO[bytes]) -> None:
    """Make the cluster with its role and databases, unless it is there. Renamed into place when complete."""
    target = cluster(home)
    folder = private_folder(home, "postgres")
    if target.exists():
        version = (target / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise ServicesFailed(f"{target} was made by PostgreSQL {version}; the bundled one is {MAJOR}.")
        return
    unfinished = folder / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    categories = {"collate": "C", "ctype": _ctype(), **dict.fromkeys(("messages", "monetary", "numeric", "time"), "C")}
    _run(
        home,
        log,
        "initdb",
        f"--pgdata={unfinished}",
        "--username=postgres",
        "--auth=reject",
        "--encoding=UTF8",
        *(f"--lc-{category}={name}" for category, name in categories.items()),
    )
    statements = [f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'"]
    statements += [f"CREATE DATABASE {name} OWNER {ROLE}" for name in DATABASES]
    text = "".join(f"{statement}\n" for statement in statements)
    quiet = "log_min_error_statement=panic"  # a failing statement would take the password into the log
    _run(home, log, "postgres", "--single", "-c", quiet, "-D", str(unfinished), "postgres", text=text)
    # The superuser has no way in; the role's password is asked for even on loopback, because other users can reach it.
    (unfinished / "pg_hba.conf").write_text(f"host all {ROLE} {HOST}/32 scram-sha-256\n")
    unfinished.rename(target)


def overrides(path: Path) -> dict[str, str]:
    """A person's own settings, one `name = value` per line, `#` for comments; an absent file means none."""
    if not path.exists():
        return {}
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if line]
    return {name.strip(): value.strip().strip("'") for name, _, value in pairs}


def start(
    home: ServerHome, port: int, log: IO[bytes], lock: int, extra: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the server. It and all its children inherit `lock`, which is free only when all of them are gone.

    That lock is held exclusively here, so a left-over pid file cannot belong to a running server, even
    if some other process has its number now.
    """
    (cluster(home) / "postmaster.pid").unlink(missing_ok=True)
    settings = {**SETTINGS, **(extra or {}), "port": str(port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return subprocess.Popen(
        [home.postgres_bin / "postgres", "-D", cluster(home), *options],
        env=environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=[lock],
        umask=0o077,
        preexec_fn=child_setup(signal.SIGINT, home.account),
    )


def ready(home: ServerHome, process: subprocess.Popen[bytes]) -> bool:
    """The server writes its own state into line 8 of its pid file."""
    try:
        lines = (cluster(home) / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready"


def left_over(home: ServerHome) -> int | None:
    """The process id of a server that outlived its guardian."""
    try:
        return int((cluster(home) / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def url(port: int, password: str, database: str) -> str:
    return f"postgresql://{ROLE}:{password}@{HOST}:{port}/{database}"


def _ctype() -> str:
    """Byte order for sorting, but letters of every script for lower() and upper()."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C"


def _run(home: ServerHome, log: IO[bytes], program: str, *arguments: str, text: str = "") -> None:
    done = subprocess.run(
        [home.postgres_bin / program, *arguments],
        input=text.encode(),
        env=environment(),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        umask=0o077,
        preexec_fn=child_setup(signal.SIGTERM, home.account),
        check=False,
    )
    log.write(done.stdout)
    if done.returncode != 0 or b"ERROR:" in done.stdout or b"FATAL:" in done.stdout:
        said = done.stdout.decode(errors="replace").strip().splitlines()
        raise ServicesFailed(f"The embedded PostgreSQL could not be set up: {program}: {' '.join(said[-3:])}")
