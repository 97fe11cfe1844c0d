"""`ingestion up`: services, migrations, Dagster's UI and daemon, until Ctrl-C."""

import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from ingestion_dagster.cli.output import complain, console
from ingestion_dagster.instance import dagster_environment, prepare_home
from ingestion_dagster.local.leash import leashed, port_free
from ingestion_dagster.settings import settings
from ingestion_dagster.store import migrate
from ingestion_dagster.workplace import Workplace, workplace

START_LIMIT = 90.0


def up(
    port: Annotated[int, typer.Option(help="Port of the Dagster UI on this machine.", min=1, max=65535)] = 3000,
    samples: Annotated[bool, typer.Option("--samples", help="Register the bundled sample suppliers.")] = False,
) -> None:
    """Start everything that is needed and the Dagster UI; Ctrl-C stops all of it."""
    with workplace(settings()) as place, console.status("starting …") as status:
        if migrate.current(place.database_url) != migrate.head():
            migrate.upgrade(place.database_url)
        place.settings.inbox_path.mkdir(parents=True, exist_ok=True)
        if samples:
            from ingestion_dagster.samples import register_samples

            register_samples(place)
        _warn_about_redis(place)
        with dagster_processes(place, port) as running:
            status.stop()
            _tell(place, running)
            _wait(running)


class Running:
    """Dagster's processes and where they answer."""

    def __init__(self, url: str, logs: Path) -> None:
        self.url = url
        self.logs = logs
        self.processes: dict[str, Any] = {}

    def ended(self) -> str | None:
        """The name of a process that is gone, if any."""
        return next((name for name, process in self.processes.items() if process.poll() is not None), None)


@contextmanager
def dagster_processes(place: Workplace, port: int) -> Iterator[Running]:
    """Code server, daemon and webserver, ready to work. They end with this process, however it ends."""
    home = prepare_home(place.settings)
    port = port if port_free(port) else _free_port(avoid=port)
    code_port = _free_port()
    workspace = home / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server:\n      host: 127.0.0.1\n      port: {code_port}\n"
        "      location_name: ingestion_dagster\n"
    )
    environment = dagster_environment(place)
    logs = place.settings.local_root / "log"
    running = Running(f"http://127.0.0.1:{port}", logs)
    code = [
        "dagster",
        "code-server",
        "start",
        "-h",
        "127.0.0.1",
        "-p",
        str(code_port),
        "-m",
        "ingestion_dagster.definitions",
    ]
    daemon = ["dagster-daemon", "run", "-w", str(workspace)]
    web = ["dagster-webserver", "-h", "127.0.0.1", "-p", str(port), "-w", str(workspace)]
    with ExitStack() as stack:
        # The database's tables are made by the first that comes; two at once would get in each other's way.
        _make_storage(environment)
        for name, command in (("code server", code), ("daemon", daemon), ("webserver", web)):
            log = logs / f"dagster-{name.replace(' ', '-')}.log"
            running.processes[name] = stack.enter_context(leashed(command, environment, log))
            if name == "code server":
                _until(lambda: not port_free(code_port), running)
        _until(lambda: _answers(running.url + "/server_info"), running)
        stack.callback(_end_together, running)
        yield running


def _make_storage(environment: dict[str, str]) -> None:
    """Open the instance once, in a process of its own, so that its tables exist."""
    import subprocess

    subprocess.run(
        [sys.executable, "-c", "import dagster; dagster.DagsterInstance.get().get_runs_count()"],
        env=environment,
        check=True,
        capture_output=True,
        timeout=START_LIMIT,
    )


def _end_together(running: Running) -> None:
    """Ask all to end at once; waiting for them happens where they were started."""
    for process in running.processes.values():
        if process.poll() is None:
            process.terminate()


def _until(condition: Any, running: Running) -> None:
    end = time.monotonic() + START_LIMIT
    while not condition():
        gone = running.ended()
        if gone or time.monotonic() > end:
            complain(f"the {gone or 'Dagster UI'} did not start; see {running.logs}")
            sys.exit(1)
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port(avoid: int = 0) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _warn_about_redis(place: Workplace) -> None:
    with place.mailbox() as mailbox:
        problems = mailbox.unsafe_settings()
    for problem in problems:
        console.print(f"[yellow]warning:[/] Redis may lose messages: {problem}")
    if problems and place.settings.strict_redis:
        complain("Redis is not set up safely and INGESTION_STRICT_REDIS is on; see the settings above")
        sys.exit(1)


def _tell(place: Workplace, running: Running) -> None:
    console.print(f"Dagster UI   [bold]{running.url}[/]")
    console.print(f"inbox        {place.settings.inbox_path}")
    console.print(f'queue        {place.redis_url}   LPUSH ingestion:queue \'{{"supplier": "KEY"}}\'', highlight=False)
    console.print(f"catalogue    {place.database_url}", highlight=False)
    console.print(f"logs         {running.logs}")
    console.print("Ctrl-C stops everything.")


def _wait(running: Running) -> None:
    def _stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, _stop)
    try:
        while (gone := running.ended()) is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("stopping …")
        return
    complain(f"the {gone} ended unexpectedly; see {running.logs}")
    sys.exit(1)
