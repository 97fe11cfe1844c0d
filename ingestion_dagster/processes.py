"""Dagster's processes on a laptop: code server, daemon, webserver, on a leash. In production they are containers."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ingestion_dagster.instance import dagster_environment, prepare_home
from ingestion_dagster.local.errors import ServicesFailed
from ingestion_dagster.local.leash import leashed, port_free
from ingestion_dagster.workplace import Workplace

START_LIMIT = 90.0
MODULE = "ingestion_dagster.definitions"


@dataclass
class Running:
    """The processes by name, and where the UI answers (None without one)."""

    url: str | None
    logs: Path
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def ended(self) -> str | None:
        """The name of a process that is gone, if any."""
        return next((name for name, process in self.processes.items() if process.poll() is not None), None)


@contextmanager
def dagster_processes(place: Workplace, port: int | None) -> Iterator[Running]:
    """Everything Dagster needs, ready to work; with the UI where it gets a `port`. All end with this process.

    A port that is taken is replaced by a free one. Raises ServicesFailed where a process does not come up.
    """
    home, environment = prepare_home(place.settings), dagster_environment(place)
    if port is not None and not port_free(port):
        port = _free_port()
    code_port = _free_port()
    workspace = home / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server:\n      host: 127.0.0.1\n      port: {code_port}\n"
        "      location_name: ingestion_dagster\n"
    )
    running = Running(f"http://127.0.0.1:{port}" if port else None, place.settings.local_root / "log")
    with ExitStack() as stack:

        def start(name: str, *command: str) -> None:
            log = running.logs / f"dagster-{name.replace(' ', '-')}.log"
            running.processes[name] = stack.enter_context(leashed(command, environment, log))

        start("code server", "dagster", "code-server", "start", "-h", "127.0.0.1", "-p", str(code_port), "-m", MODULE)
        # The tables of Dagster's database are made by whoever comes first; two at once would get in each other's way.
        _make_storage(environment)
        _until(lambda: not port_free(code_port), running)
        start("daemon", "dagster-daemon", "run", "-w", str(workspace))
        if port is not None:
            start("webserver", "dagster-webserver", "-h", "127.0.0.1", "-p", str(port), "-w", str(workspace))
            _until(lambda: _answers(f"{running.url}/server_info"), running)
        stack.callback(_end_together, running)
        yield running


def _make_storage(environment: dict[str, str]) -> None:
    """Open the instance once, in a process of its own, so that its tables exist."""
    opening = "import dagster; dagster.DagsterInstance.get().get_runs_count()"
    done = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", opening], env=environment, capture_output=True, timeout=START_LIMIT, check=False
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise ServicesFailed(f"Dagster's instance does not open: {''.join(last)}")


def _end_together(running: Running) -> None:
    """Ask all to end at once; waiting for them happens where they were started."""
    for process in running.processes.values():
        if process.poll() is None:
            process.terminate()


def _until(condition: Callable[[], bool], running: Running) -> None:
    end = time.monotonic() + START_LIMIT
    while not condition():
        gone = running.ended()
        if gone or time.monotonic() > end:
            raise ServicesFailed(f"the {gone or 'Dagster UI'} did not start; see {running.logs}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
