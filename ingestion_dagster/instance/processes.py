"""Dagster's processes on a laptop: code server, daemon, webserver, on a leash. In production they are containers.

How each is started and ended is here; whether it works is asked in `health.py`, what follows from that is decided in
`supervision.py`.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.instance import health
from ingestion_dagster.instance.home import dagster_environment, home_of, prepare_home
from ingestion_dagster.local.child_process import leashed
from ingestion_dagster.local.ports import next_free_port, port_free, taken_by
from ingestion_dagster.local.sockets import socket_path
from ingestion_dagster.local.sole import sole
from ingestion_dagster.settings import Settings

START_LIMIT = 90.0
MODULE, LOCATION = "ingestion_dagster.definitions", "ingestion_dagster"


@dataclass
class Running:
    """The processes by name, and where they are reached; `url` of the UI is None without one."""

    deployment: Deployment
    port: int | None
    socket: Path
    """Of the code server. Nothing listens on a port but the UI: whoever reaches the code server can run code."""
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    leashes: dict[str, ExitStack] = field(default_factory=dict)

    @property
    def url(self) -> str | None:
        return f"http://127.0.0.1:{self.port}" if self.port else None

    @property
    def logs(self) -> Path:
        return self.deployment.settings.local_root / "log"

    @property
    def storage(self) -> str:
        """Where Dagster keeps its records, for `health.daemon`."""
        return health.storage_of(dagster_environment(self.deployment), home_of(self.deployment.settings))

    def log_of(self, name: str) -> Path:
        return self.logs / f"dagster-{name.replace(' ', '-')}.log"

    def commands(self) -> dict[str, tuple[str, ...]]:
        """What is run, in the order of starting."""
        workspace = str(home_of(self.deployment.settings) / "workspace.yaml")
        code = ("dagster", "api", "grpc", "--socket", str(self.socket), "--module-name", MODULE)
        found = {
            "code server": (*code, "--location-name", LOCATION),
            "daemon": ("dagster-daemon", "run", "-w", workspace),
        }
        if self.port is not None:
            found["webserver"] = ("ingestion", "webserver", "--port", str(self.port), "--workspace", workspace)
        return found

    def start(self, name: str) -> None:
        """Start it; that it answers is not waited for. What was there before under that name is ended first."""
        self.end(name)
        leash = ExitStack()
        command, environment = self.commands()[name], dagster_environment(self.deployment)
        self.processes[name] = leash.enter_context(leashed(command, environment, self.log_of(name)))
        self.leashes[name] = leash

    def start_code_server_again(self) -> None:
        """With what ended with it closed in Dagster first; where that fails, the leases of those runs end some time."""
        self.end("code server")
        with suppress(ServicesFailed, subprocess.SubprocessError):
            _close_lost_runs(self)
        self.start("code server")

    def run_processes(self) -> int | None:
        """How many of the code server's processes are runs; None where that cannot be told."""
        import psutil

        try:
            (server,) = psutil.Process(self.processes["code server"].pid).children()
            found = [child.cmdline() for child in server.children() if child.status() != psutil.STATUS_ZOMBIE]
        except (psutil.Error, ValueError):
            return None
        return sum("multiprocessing.spawn" in " ".join(command) for command in found)

    def end(self, name: str) -> None:
        """End it and all it started, by force where it does not obey."""
        leash = self.leashes.pop(name, None)
        if leash is not None:
            leash.close()

    def end_all(self) -> None:
        """All at the same time."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for name in list(self.leashes):
            self.end(name)

    def ended(self) -> str | None:
        """The name of a process that is gone, if any."""
        return next((name for name in self.processes if self.end_of(name)), None)

    def end_of(self, name: str) -> str | None:
        """How the process ended, in words; None while it is there."""
        code = self.processes[name].poll()
        if code is None:
            return None
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended by itself (exit {code})"


@contextmanager
def alone(settings: Settings, what: str) -> Iterator[None]:
    """Be the only one with this folder and this Dagster home: two daemons would be in each other's way.

    `what` is the command, as another is told. Raises ServicesFailed, which names the one that is there.
    """
    with ExitStack() as stack:
        for folder in sorted({settings.local_root.resolve(), home_of(settings).resolve()}):
            stack.enter_context(sole(folder, what))
        yield


@contextmanager
def dagster_processes(deployment: Deployment, port: int | None) -> Iterator[Running]:
    """Everything Dagster needs, ready to work; with the UI where it gets a `port`. All end with this process.

    Raises ServicesFailed where the port is taken or a process does not come up.
    """
    if port is not None:
        check_port(port)
    home = prepare_home(deployment.settings)
    with socket_path(deployment.settings.local_root / "run", "code.sock") as socket:
        running = Running(deployment, port, socket)
        server = {"socket": str(socket), "location_name": LOCATION}
        (home / "workspace.yaml").write_text(json.dumps({"load_from": [{"grpc_server": server}]}) + "\n")
        try:
            running.start("code server")
            # Dagster's tables are made by whoever comes first; two at once would get in each other's way.
            _close_lost_runs(running)
            _until(lambda: health.code_server(f"unix:{socket}", 1) is None, running, "code server")
            running.start("daemon")
            if running.url is not None:
                url = running.url
                running.start("webserver")
                _until(lambda: health.webserver(url, 2) is None, running, "webserver")
            yield running
        finally:
            running.end_all()


def check_port(port: int) -> None:
    """Raises ServicesFailed, which says who has the port and which one is free, where it is taken."""
    if not port_free(port):
        free = next_free_port(port)
        raise ServicesFailed(f"`--port {port}` is taken by {taken_by(port)}; try `--port {free}`")


def _close_lost_runs(running: Running) -> None:
    """And open Dagster's storage for the first time, so that its tables are there. Nothing may be at work yet."""
    command = [sys.executable, "-m", "ingestion_dagster.instance.lost_runs", str(running.socket)]
    environment = dagster_environment(running.deployment)
    done = subprocess.run(  # noqa: S603 - our own interpreter and words
        command, env=environment, capture_output=True, timeout=START_LIMIT, check=False
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise ServicesFailed(f"Dagster's instance does not open: {''.join(last)}")


def _until(condition: Callable[[], bool], running: Running, name: str) -> None:
    end = time.monotonic() + START_LIMIT
    while not condition():
        ended = running.end_of(name)
        if ended or time.monotonic() > end:
            how = ended or f"does not answer within {START_LIMIT:.0f} s"
            raise ServicesFailed(f"the {name} {how}; see {running.log_of(name)}")
        time.sleep(0.1)
