"""`ingestion up`: services, migrations, Dagster's UI and daemon, until Ctrl-C."""

import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from ingestion_dagster.cli.output import complain, console, warn
from ingestion_dagster.core.disk_errors import in_words
from ingestion_dagster.processes import Running, dagster_processes
from ingestion_dagster.settings import settings
from ingestion_dagster.store import migrate
from ingestion_dagster.workplace import Workplace, workplace


def up(
    port: Annotated[int, typer.Option(help="Port of the Dagster UI on this machine.", min=1, max=65535)] = 3000,
    samples: Annotated[bool, typer.Option("--samples", help="Register the bundled sample suppliers.")] = False,
) -> None:
    """Start everything that is needed and the Dagster UI; Ctrl-C stops all of it."""
    # Started in the background by a script, a process ignores SIGINT; here it always means "stop".
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    with workplace(settings()) as place, console.status("starting …") as status:
        migrate.bring_up(place.database_url)
        _make_inbox(place.settings.inbox_path)
        if samples:
            from ingestion_dagster.samples import register_samples

            register_samples(place)
        _warn_about_redis(place)
        with dagster_processes(place, port) as running:
            status.stop()
            _tell(place, running)
            _wait(running)


def _make_inbox(inbox: Path) -> None:
    try:
        inbox.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        complain(f"the inbox {inbox} cannot be made: {in_words(error)}, or name another folder in INGESTION_INBOX")
        sys.exit(1)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _warn_about_redis(place: Workplace) -> None:
    with place.mailbox() as mailbox:
        problems = mailbox.unsafe_settings()
    for problem in problems:
        warn(f"Redis may lose messages: {problem}")
    if problems and place.settings.strict_redis:
        complain("Redis is not set up safely and INGESTION_STRICT_REDIS is on; see the settings above")
        sys.exit(1)


def _tell(place: Workplace, running: Running) -> None:
    lines = (
        ("Dagster UI", running.url),
        ("inbox", place.settings.inbox_path),
        ("queue", f'{place.redis_url}   LPUSH ingestion:queue \'{{"supplier": "KEY"}}\''),
        ("catalogue", place.database_url),
        ("logs", running.logs),
    )
    for name, value in lines:
        console.print(f"{name:<12} {value}", highlight=False, markup=False, soft_wrap=True)
    console.print("Ctrl-C stops everything.")


def _wait(running: Running) -> None:
    try:
        while (gone := running.ended()) is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("stopping …")
        return
    complain(f"the {gone} ended unexpectedly; see {running.logs}")
    sys.exit(1)
