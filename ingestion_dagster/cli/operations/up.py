"""`ingestion up`: services, migrations, Dagster's UI and daemon, kept at work until Ctrl-C."""

import signal
import sys
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from ingestion_dagster.cli.show.output import complain, console, warn
from ingestion_dagster.core.disk_errors import in_words
from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.instance.processes import Running, alone, check_port, dagster_processes
from ingestion_dagster.services.records import schema
from ingestion_dagster.settings import settings


def up(
    port: Annotated[int, typer.Option(help="Port of the Dagster UI on this machine.", min=1, max=65535)] = 3000,
    samples: Annotated[bool, typer.Option("--samples", help="Register the bundled sample suppliers.")] = False,
) -> None:
    """Start everything that is needed and the Dagster UI; Ctrl-C stops all of it.

    What ends or hangs meanwhile is started again; where that does not help, all of it ends with the reason.
    """
    # Started in the background by a script, a process ignores SIGINT; here it always means "stop".
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    known = settings()
    with ExitStack() as stack:
        stack.enter_context(alone(known, "ingestion up"))
        check_port(port)
        status = stack.enter_context(console.status("starting …"))
        deployment = stack.enter_context(open_deployment(known))
        schema.bring_up(deployment)
        _make_inbox(known.inbox_path)
        if samples:
            from ingestion_dagster.samples import register_samples

            register_samples(deployment)
        _warn_about_redis(deployment)
        running = stack.enter_context(dagster_processes(deployment, port))
        status.stop()
        _tell(running)
        _keep(running)


def _make_inbox(inbox: Path) -> None:
    try:
        inbox.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        complain(f"the inbox {inbox} cannot be made: {in_words(error)}, or name another folder in INGESTION_INBOX")
        sys.exit(1)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _warn_about_redis(deployment: Deployment) -> None:
    with deployment.mailbox() as mailbox:
        problems = mailbox.unsafe_settings()
    for problem in problems:
        warn(f"Redis may lose messages: {problem}")
    if problems and deployment.settings.strict_redis:
        complain("Redis is not set up safely and INGESTION_STRICT_REDIS is on; see the settings above")
        sys.exit(1)


def _tell(running: Running) -> None:
    _print(f"Dagster UI   {running.url}")
    _print(f"inbox        {running.deployment.settings.inbox_path}")
    _tell_addresses(running)
    _print(f"logs         {running.logs}")
    _print("Ctrl-C stops everything.")


def _tell_addresses(running: Running) -> None:
    """Also when the servers come back at other ones."""
    _print(f'queue        {running.deployment.redis_url}   LPUSH ingestion:queue \'{{"supplier": "KEY"}}\'')
    _print(f"catalogue    {running.deployment.database_url}")


def _keep(running: Running) -> None:
    """Until Ctrl-C. Raises ServicesFailed where something cannot be brought back."""
    try:
        from ingestion_dagster.instance.supervision import (
            needs_of,
            supervise,  # brings the Redis client with it
        )

        needs = needs_of(running, moved=lambda: _tell_addresses(running))
        supervise(needs, lambda line: _print(f"{datetime.now():%H:%M:%S} {line}"))
    except KeyboardInterrupt:
        _print("stopping …")


def _print(line: str) -> None:
    """A terminal that is gone, or a full disk where the output goes, is no reason to end."""
    with suppress(OSError):
        console.print(line, highlight=False, markup=False, emoji=False, soft_wrap=True)
