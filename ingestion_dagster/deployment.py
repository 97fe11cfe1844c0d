"""Where a piece of work happens: the addresses of its database, queue and snapshot store, from settings or embedded.

The only place that decides between a configured server and the embedded one. Knows no Dagster.
"""

import os
import stat
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ingestion_dagster.core.suppliers.source_types import Allowed
from ingestion_dagster.settings import Settings
from ingestion_dagster.sources.installed import source_types
from ingestion_dagster.sources.snapshot_store import SnapshotStore
from ingestion_dagster.store.database import Database, Limits, run
from ingestion_dagster.store.requests import Rules

if TYPE_CHECKING:
    from ingestion_dagster.local import Services
    from ingestion_dagster.redis_store.mailbox import Mailbox

T = TypeVar("T")


@dataclass(frozen=True)
class Deployment:
    """Settings made concrete. Connections are opened where they are used, never kept here."""

    settings: Settings
    database_url: str
    redis_url: str
    dagster_url: str | None = None
    """Dagster's own database on the embedded server, where that runs."""
    google_minute: float = 60.0
    """Seconds within which Google counts reads. A stand-in of Google may have a faster clock."""

    @property
    def limits(self) -> Limits:
        """Of connections and transactions."""
        known = self.settings
        return Limits(
            pool_size=known.db_pool_size,
            max_overflow=known.db_max_overflow,
            statement_timeout=known.db_statement_timeout,
            lock_timeout=known.db_lock_timeout,
            idle_timeout=known.db_idle_timeout,
            pgbouncer=known.db_pgbouncer,
        )

    @property
    def snapshots(self) -> SnapshotStore:
        """The snapshot store."""
        return SnapshotStore(self.settings.snapshot_store)

    @property
    def rules(self) -> Rules:
        """What messages may say."""
        known = self.settings
        return Rules(self.allowed, known.max_message_bytes, known.max_retries, source_types())

    @property
    def allowed(self) -> Allowed:
        """What suppliers may read."""
        return Allowed(str(self.settings.inbox_path), self.settings.allowed_hosts)

    def run(self, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
        """`work` against the catalogue, for callers that are not asynchronous."""
        return run(self.database_url, work, self.limits)

    @contextmanager
    def mailbox(self) -> "Iterator[Mailbox]":
        """The queue, for the length of the block. A run needs none, and the client takes 0.2 s to import."""
        from ingestion_dagster.redis_store.mailbox import Mailbox

        mailbox = Mailbox(self.redis_url)
        try:
            yield mailbox
        finally:
            mailbox.close()


@contextmanager
def private_files() -> Iterator[None]:
    """What this process and those it starts write meanwhile is for this user only: lists, prices, passwords."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def open_deployment(settings: Settings) -> Iterator[Deployment]:
    """The deployment that `settings` describe; embedded servers run at least for the length of the block.

    A fresh embedded catalogue is migrated, so that the first command a newcomer types works; one that a person has
    taken back raises StoreRejected. A configured database is never migrated unasked. Files that are written meanwhile
    are this user's alone.
    """
    with open_deployment_as_it_is(settings) as deployment:
        if not settings.database_url:
            from ingestion_dagster.store import migrate

            migrate.bring_up(deployment.database_url)
        yield deployment


@contextmanager
def open_deployment_as_it_is(settings: Settings) -> Iterator[Deployment]:
    """The same, whatever schema the catalogue has: for the commands that migrate it."""
    database, queue = settings.database_url, settings.redis_url
    if database and queue:
        with private_files():
            yield Deployment(settings, database.get_secret_value(), queue.get_secret_value())
        return
    from ingestion_dagster.local import services

    _close_to_others(settings.local_root)
    with private_files(), services(settings.local_root) as running:
        yield at(Deployment(settings, "", ""), running)


def at(deployment: Deployment, running: "Services") -> Deployment:
    """The same with the addresses of the embedded servers, where the settings name none."""
    database, queue = deployment.settings.database_url, deployment.settings.redis_url
    return replace(
        deployment,
        database_url=database.get_secret_value() if database else running.database_url,
        redis_url=queue.get_secret_value() if queue else running.redis_url,
        dagster_url=running.dagster_url,
    )


def _close_to_others(root: Path) -> None:
    """The root itself keeps the permissions of the umask, since the servers' account must pass; what was kept in it
    with wider ones is closed. So is the inbox, but to its group, unless others may put lists there: then somebody
    opened it on purpose."""
    with suppress(OSError):  # said by whoever needs the folder
        root.mkdir(parents=True, exist_ok=True)
        for name in ("dagster", "snapshots"):
            if (root / name).is_dir():
                (root / name).chmod(0o700)
        mode = (root / "inbox").stat().st_mode
        if not mode & stat.S_IWOTH:
            (root / "inbox").chmod(stat.S_IMODE(mode) & ~stat.S_IRWXO)
