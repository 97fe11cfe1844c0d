"""The embedded Valkey, a server of the Redis protocol: its settings, starting it, telling when it is ready."""

import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO

from ingestion_dagster.local.paths import ServerHome, private_folder
from ingestion_dagster.local.ports import HOST
from ingestion_dagster.local.process import child_setup

TERMINATE = (signal.SIGTERM, 10.0)


def settings(folder: Path, port: int, password: str) -> str:
    """A message that was accepted is on the disk, and none is thrown away when memory is short."""
    lines = [
        f"bind {HOST}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        f'pidfile "{folder / "valkey.pid"}"',
        "daemonize no",
        "appendonly yes",
        "appendfsync always",
        'save ""',
        "maxmemory-policy noeviction",
        "databases 16",
        "logfile ''",
    ]
    return "\n".join(lines) + "\n"


def start(home: ServerHome, port: int, password: str, log: IO[bytes], lock: int) -> subprocess.Popen[bytes]:
    """Start the server; the settings go through a pipe, so the password is in no file and no process list."""
    folder = private_folder(home, "valkey")
    process = subprocess.Popen(
        [home.valkey, "-"],
        cwd="/",
        env={"LC_ALL": "C", "TZ": "UTC"},
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        pass_fds=[lock],
        umask=0o077,
        preexec_fn=child_setup(signal.SIGTERM, home.account),
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(settings(folder, port, password).encode())
    return process


def ready(port: int, password: str) -> bool:
    """Only our own server knows the password, so a stranger on the port does not pass."""
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            received = b""
            while received.count(b"\r\n") < 2:
                part = connection.recv(1024)
                if not part:
                    break
                received += part
    except OSError:
        return False
    return received == b"+OK\r\n+PONG\r\n"


def left_over(home: ServerHome) -> int | None:
    """The process id of a server that outlived its guardian."""
    try:
        return int((home.data / "valkey" / "valkey.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None


def url(port: int, password: str) -> str:
    """With the user's name: an empty one is a wrong one to older command-line clients."""
    return f"redis://default:{password}@{HOST}:{port}/0"
