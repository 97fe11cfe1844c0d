"""A real `ingestion up` with a disk of its own that can be filled, for tests that take away what it stands on."""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import redis

from ingestion_dagster.local import state
from ingestion_dagster.local.paths import Paths
from ingestion_dagster.local.ports import choose_port
from ingestion_dagster.local.process import wait_for

DISK_MB = 320
LIST = "Item code,Name,Price,Currency\n" + "".join(f"U-{n},Umbrella number {n},{n}.50,EUR\n" for n in range(1, 21))
READY = "Ctrl-C stops everything."


class Up:
    """The process, what it says, and a producer and a reader beside it."""

    def __init__(self, disk: Path, mounted: bool) -> None:
        self.disk, self.root, self.mounted = disk, disk / "local", mounted
        (self.root / "inbox").mkdir(parents=True)
        self.output = Path(tempfile.mkstemp(prefix="up-says-")[1])
        self.acknowledged: list[str] = []
        command = [str(Path(sys.executable).parent / "ingestion"), "up", "--port", str(choose_port())]
        known = {**os.environ, "INGESTION_LOCAL_ROOT": str(self.root), "INGESTION_RETRY_BASE_SECONDS": "1"}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, env=known, stdout=output, stderr=output, start_new_session=True)

    def says(self) -> str:
        return self.output.read_text(errors="replace")

    def waits_for(self, text: str, seconds: float) -> None:
        assert wait_for(lambda: text in self.says() or self.process.poll() is not None, seconds, 0.2), self.says()
        assert self.process.poll() is None, self.says()

    @property
    def services(self) -> state.Services:
        found: list[state.Services] = []

        def there() -> bool:
            known = state.read(Paths(self.root).state)
            found.extend([known] if known else [])
            return bool(found)

        assert wait_for(there, 60, 0.2), self.says()
        return found[0]

    def delivers(self, *names: str) -> None:
        """Their lists into the inbox."""
        for name in names:
            (self.root / "inbox" / f"{name}.csv").write_text(LIST.replace("U-", f"{name}-"))

    def send(self, name: str) -> bool:
        """One message for a list that was delivered; whether its LPUSH was answered."""
        message = {
            "task_id": name,
            "supplier_name": name,
            "parser_type": "csv",
            "source_config": {"file_path": f"{name}.csv"},
        }
        known = state.read(Paths(self.root).state)
        if known is None:
            return False
        try:
            with redis.Redis.from_url(known.redis_url, socket_timeout=5) as client:
                client.lpush("ingestion:queue", json.dumps(message))
        except (redis.RedisError, OSError):
            return False
        self.acknowledged.append(name)
        return True

    def sends(self, name: str, seconds: float = 90) -> None:
        """A list and its message, as a producer does it: again until there is an answer."""
        self.delivers(name)
        assert wait_for(lambda: self.send(name), seconds, 0.5), self.says()

    def writes_much(self) -> bool:
        """More into Redis than what is left of the block it writes to; whether it was answered."""
        try:
            with redis.Redis.from_url(self.services.redis_url, socket_timeout=5) as client:
                client.set("chaos:much", bytes(1 << 20))
        except (redis.RedisError, OSError):
            return False
        return True

    def loaded(self, seconds: float) -> None:
        """Everything that was acknowledged is loaded."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(psycopg2.OperationalError):
                found = dict(self.sql("SELECT task_id, state FROM ingestion_requests"))
                if all(found.get(name) == "applied" for name in self.acknowledged):
                    return
            assert self.process.poll() is None, self.says()
            time.sleep(0.5)
        raise AssertionError(f"{found} after {seconds} s\n{self.says()}")

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.services.database_url, connect_timeout=5)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()
        finally:
            connection.close()

    def family(self) -> list[psutil.Process]:
        """It and all below it, and the servers with their guardian."""
        known = state.read(Paths(self.root).state)
        roots = [self.process.pid, *([known.guardian_pid] if known else [])]
        found = []
        for pid in roots:
            with suppress(psutil.NoSuchProcess):
                found += [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return found

    def program(self, *words: str) -> psutil.Process:
        """The process of its own with these words in its command line; the leash before it not."""
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                line = " ".join(process.cmdline())
                if all(word in line for word in words) and "local.child_process" not in line:
                    return process
        raise AssertionError(f"no {words}\n{self.says()}")

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        if not self.mounted:
            self._limit_files(0)
            yield
            self._limit_files(resource.RLIM_INFINITY)
            return
        ballast = self.disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
        yield
        ballast.unlink()

    def _limit_files(self, size: int) -> None:
        """Where no disk can be mounted: no process may write to a file. What is started meanwhile inherits it."""
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                process.rlimit(psutil.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)


@contextmanager
def one_up() -> Iterator[Up]:
    """Ready, on a disk of its own where one can be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="ingestion-up-"))
    folder.chmod(0o711)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=711", "tmpfs", str(folder)]
    root = os.geteuid() == 0 and "CHAOS_NO_MOUNT" not in os.environ
    mounted = root and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    up = Up(folder, mounted)
    try:
        up.waits_for(READY, 120)
        yield up
    finally:
        if up.process.poll() is None:
            up.process.kill()
            up.process.wait()
        wait_for(lambda: not up.family()[1:] and not Paths(up.root).state.exists(), 40, 0.2)
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
        subprocess.run(["rm", "-rf", str(folder), str(up.output)], check=False)
