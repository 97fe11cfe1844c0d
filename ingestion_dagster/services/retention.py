"""The nightly sweep: what no price, no question and nobody's work stands on any more is removed. Knows no Dagster."""

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from upath import UPath

from ingestion_dagster.core.clocks import Clocks, warnings
from ingestion_dagster.core.errors import SourceUnavailable, StoreUnavailable
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store import clock
from ingestion_dagster.store.batches import batches, retention
from ingestion_dagster.store.database import Database, connected

RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep removed."""

    snapshots: int = 0
    files: int = 0
    """Contents of snapshots; one may have belonged to several."""
    abandoned_batches: int = 0
    staged_rows: int = 0
    deliveries: int = 0
    references: int = 0
    """Folders of runs."""

    def as_json(self) -> dict[str, int]:
        """Name -> count."""
        return asdict(self)


async def sweep(deployment: Deployment) -> Swept:
    """Remove what the settings allow to forget. May be cut short at any point and done again."""
    known = deployment.settings
    async with connected(deployment.database_url, deployment.limits) as database:
        async with database.transaction() as connection:
            _check_clocks(await clock.clocks(connection))
            abandoned = await retention.abandon(connection, known.work_keep_days)
        async with database.transaction() as connection:
            staged = await batches.sweep_staged(connection)
            deliveries = await retention.prune_deliveries(connection, known.work_keep_days)
        snapshots, files = await _sweep_snapshots(deployment, database)
    return Swept(
        snapshots=snapshots,
        files=files,
        abandoned_batches=abandoned,
        staged_rows=staged,
        deliveries=deliveries,
        references=sweep_references(UPath(known.reference_store), timedelta(days=known.work_keep_days)),
    )


def _check_clocks(clocks: Clocks) -> None:
    """What is swept does not come back, and its age is a difference of clocks. Raises StoreUnavailable."""
    if clocks.agree and not clocks.records_ahead:
        return
    raise StoreUnavailable(f"nothing is swept: {' '.join(warnings(clocks, clocks.database))}")


async def _sweep_snapshots(deployment: Deployment, database: Database) -> tuple[int, int]:
    """Bytes go before their rows are committed as deleted: cut short, the next sweep does the same again."""
    known, files, snapshots = deployment.settings, 0, 0
    async with database.transaction() as connection:
        expired = await retention.expired_snapshots(connection, known.snapshot_keep_last, known.snapshot_keep_days)
    for content in expired:
        async with database.transaction() as connection:
            if await retention.forget_snapshots(connection, content):
                deployment.snapshots.delete(content.sha256)
                files += 1
        snapshots += len(content.snapshot_ids)
    return snapshots, files


def sweep_references(folder: UPath, age: timedelta) -> int:
    """Remove the folders of runs in which nothing was written for `age`; how many."""
    if not folder.exists():
        return 0
    limit = datetime.now(UTC) - age
    old = [run for run in folder.iterdir() if RUN_ID.fullmatch(run.name) and _newest(run) < limit]
    for run in old:
        run.fs.rm(run.path, recursive=True)
    return len(old)


def _newest(folder: UPath) -> datetime:
    """When a file below the folder was written last."""
    files: dict[str, Any] = folder.fs.find(folder.path, detail=True)
    moments = [folder.fs.modified(path) for path in files]
    if not moments:
        return datetime.min.replace(tzinfo=UTC)
    newest = max(moments)
    if not isinstance(newest, datetime):
        raise SourceUnavailable(f"the store of {folder} does not say when files were written")
    return newest if newest.tzinfo else newest.replace(tzinfo=UTC)
