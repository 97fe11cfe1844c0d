"""What `ingestion up` needs, how each is asked whether it works, and how it is started again. One table, one loop.

The questions are in `health.py`, the decisions in `core/restart_policy.py`, the processes in `processes.py` and
`local/`.
"""

import math
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn

from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.core.restart_policy import RestartPolicy, Restarts
from ingestion_dagster.deployment import at
from ingestion_dagster.instance import health
from ingestion_dagster.instance.home import records_are_ours
from ingestion_dagster.instance.processes import Running
from ingestion_dagster.local import Services, guarded, restarted
from ingestion_dagster.redis_store import mailbox
from ingestion_dagster.store import database

LOOK = 0.5
"""Seconds between two looks at what has ended; a question is asked every `Need.every` seconds only."""
ELSEWHERE = RestartPolicy(unanswered=30, starting=0, trouble=math.inf, first_pause=900, longest_pause=900)
"""A server that is not ours cannot be started from here and comes back by itself: it is waited for, and said to be."""
ROOM = RestartPolicy(unanswered=0, starting=0, trouble=math.inf, first_pause=900, longest_pause=900)
"""A disk gets room from a person only: it is said at once and again every quarter of an hour."""
SERVERS, CATALOGUE, REDIS, RECORDS = "PostgreSQL and Redis", "PostgreSQL", "Redis", "Dagster's storage"

Say = Callable[[str], None]


@dataclass
class Need:
    """One row of the table. `ask` gives the trouble in words, None where all is well; `ended` likewise, and costs
    nothing. `revive` raises ServicesFailed or OSError where it cannot."""

    name: str
    ask: Callable[[], str | None]
    revive: Callable[[], None] | None = None
    ended: Callable[[], str | None] = lambda: None
    after: tuple[str, ...] = ()
    """Names of what it stands on; while one of them is away it is not judged."""
    every: float = 5.0
    policy: RestartPolicy = field(default_factory=RestartPolicy)


@dataclass
class Supervised:
    """A need and what is known of it."""

    need: Need
    restarts: Restarts
    ask_at: float = -math.inf
    well: bool = True
    failure: str = ""
    """Why it could not be started the last time."""


def needs_of(running: Running, moved: Callable[[], None] = lambda: None) -> list[Need]:
    """The table, in the order in which one stands on another. `moved` is called when the servers have new addresses."""
    servers = _servers(running, moved)
    below = tuple(need.name for need in servers if need.name in (SERVERS, RECORDS))
    root = running.deployment.settings.local_root
    disk = Need(f"the disk of {root}", lambda: health.room(root), policy=ROOM)
    return [disk, *servers, *_dagster(running, below)]


def _servers(running: Running, moved: Callable[[], None]) -> list[Need]:
    """The embedded ones, which come and go together, and those that somebody else runs."""
    known = running.deployment.settings
    own_catalogue, own_redis = not known.database_url, not known.redis_url
    found = []
    if own_catalogue or own_redis:

        def ask() -> str | None:
            return (_catalogue(running) if own_catalogue else None) or (_redis(running) if own_redis else None)

        def revive() -> None:
            _use(running, restarted(known.local_root), moved)

        def ended() -> str | None:
            return None if guarded(known.local_root) else "have lost their guardian"

        found.append(Need(SERVERS, ask, revive, ended))
    if not own_catalogue:
        found.append(Need(CATALOGUE, lambda: _catalogue(running), policy=ELSEWHERE))
    if not own_redis:
        found.append(Need(REDIS, lambda: _redis(running), policy=ELSEWHERE))
    if running.storage != running.deployment.dagster_url:
        found.append(Need(RECORDS, lambda: health.records(running.storage), policy=ELSEWHERE))
    return found


def _dagster(running: Running, below: tuple[str, ...]) -> list[Need]:
    """Dagster's processes. Each stands on its storage, the daemon on the code server too: waiting for one that hangs
    keeps it from its heartbeats."""
    asks: dict[str, Callable[[], str | None]] = {
        "code server": lambda: health.code_server(f"unix:{running.socket}", processes=running.run_processes),
        "daemon": lambda: health.daemon(running.storage) if records_are_ours(running.deployment.settings) else None,
        "webserver": lambda: health.webserver(str(running.url)),
    }
    after = {"daemon": (*below, "the code server")}
    policy = {"daemon": RestartPolicy(unanswered=30)}  # a heartbeat that is missed was long to come already
    return [
        Need(
            f"the {name}",
            asks[name],
            running.start_code_server_again if name == "code server" else partial(running.start, name),
            partial(running.end_of, name),
            after.get(name, below),
            policy=policy.get(name, RestartPolicy()),
        )
        for name in running.processes
    ]


def _catalogue(running: Running) -> str | None:
    trouble = database.ask(running.deployment.database_url, running.deployment.limits, health.SECONDS)
    return f"PostgreSQL {trouble}" if trouble else None


def _redis(running: Running) -> str | None:
    trouble = mailbox.ask(running.deployment.redis_url, health.SECONDS)
    return f"Redis {trouble}" if trouble else None


def _use(running: Running, services: Services, moved: Callable[[], None]) -> None:
    """The servers run again; where they could not have their old addresses, everything that knew those starts anew."""
    deployment = at(running.deployment, services)
    if deployment == running.deployment:
        return
    running.deployment = deployment
    moved()
    names = list(running.processes)
    running.end_all()
    for name in names:
        running.start(name)


def supervise(needs: Sequence[Need], say: Say) -> NoReturn:
    """Ask, and start again what is dead, until this is interrupted. `say` gets one line for each thing that happens.

    Raises ServicesFailed with the reason where something cannot be brought back.
    """
    supervised = {need.name: Supervised(need, Restarts(need.policy)) for need in needs}
    while True:
        for one in supervised.values():
            _look(one, all(supervised[name].well for name in one.need.after), say)
        time.sleep(LOOK)


def _look(one: Supervised, stands: bool, say: Say) -> None:
    """One look at one need; `stands` is false while what it stands on is away."""
    need, restarts = one.need, one.restarts
    if not stands:
        restarts.pause(time.monotonic())
        return
    ended = need.ended()
    if ended is None and time.monotonic() < one.ask_at:
        return
    trouble = ended or _asked(need)
    now = time.monotonic()
    one.ask_at = now + (1.0 if restarts.started_at is not None else need.every)
    one.well = trouble is None
    match restarts.look(now, ended=ended is not None, answers=trouble is None):
        case "back":
            one.failure = ""
            say(f"{need.name}: all is well again")
        case "revive":
            _revive(one, str(trouble), say)
        case "give up":
            tried = f"could not be brought back within {restarts.policy.trouble:.0f} s"
            raise ServicesFailed(f"{need.name} {tried}: {one.failure or trouble}")


def _asked(need: Need) -> str | None:
    try:
        return need.ask()
    except Exception as error:  # whatever it is, it is no answer
        return f"could not be asked ({type(error).__name__}: {error})"


def _revive(one: Supervised, trouble: str, say: Say) -> None:
    """Start it again, in one line; where that failed the last time too, only that it failed again."""
    need, restarts = one.need, one.restarts
    said = trouble if trouble.startswith(need.name) else f"{need.name} {trouble}"
    if need.revive is None:
        say(f"{said}; waiting for it")
        restarts.failed(time.monotonic())
        return
    if not one.failure:
        say(f"{said}; starting again")
    try:
        need.revive()
    except (ServicesFailed, OSError, subprocess.SubprocessError) as error:
        pause = restarts.failed(time.monotonic())
        one.failure = str(error)
        say(f"{need.name} could not be started, next try in {pause:.0f} s: {error}")
        return
    one.failure = ""
    restarts.started(time.monotonic())
