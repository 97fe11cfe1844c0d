"""A load (or an approval) in a process of its own that kills itself at one point. The product knows nothing of this:
its functions are wrapped here.

    python -m ingestion_dagster_tests.integration.dying_load URL ROOT KEY POINT [BATCH]
"""

import asyncio
import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingestion_dagster.core.steps import Attempt
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline import upsert, validate
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.services import review
from ingestion_dagster.settings import Settings
from ingestion_dagster.sources.snapshot_store import SnapshotStore
from ingestion_dagster.store import requests
from ingestion_dagster.store.batches import batches, merge, staging


def die() -> None:
    """Now, and without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, when: Callable[..., bool] = lambda *_: True) -> None:
    """Die as the function is called (and `when` says so of its arguments)."""
    wrapped = getattr(owner, name)

    @functools.wraps(wrapped)
    def call(*arguments: Any, **named: Any) -> Any:
        if when(*arguments):
            die()
        return wrapped(*arguments, **named)

    setattr(owner, name, call)


def after(owner: Any, name: str) -> None:
    """Die once the coroutine function has done its work."""
    wrapped = getattr(owner, name)

    @functools.wraps(wrapped)
    async def call(*arguments: Any, **named: Any) -> Any:
        await wrapped(*arguments, **named)
        die()

    setattr(owner, name, call)


def _after_put() -> None:
    put = SnapshotStore.put

    def call(store: SnapshotStore, data: bytes) -> tuple[str, str]:
        put(store, data)
        die()
        raise AssertionError

    setattr(SnapshotStore, "put", call)  # noqa: B010


POINTS: dict[str, Callable[[], None]] = {
    "bytes kept, not on record": _after_put,
    "rows copied, not committed": lambda: after(staging, "stage_rows"),
    "staged": lambda: after(validate, "validate_rows"),
    "judged, not decided": lambda: after(upsert, "judge"),
    "merged, batch not moved": lambda: before(batches, "move", lambda _, __, state, *___: state == "applied"),
    "inside the merge's last step": lambda: after(merge, "mark_seen"),
    "acknowledged, not committed": lambda: after(upsert, "_acknowledge"),
    "settled, not committed": lambda: after(requests, "settle_held"),
    "committed": lambda: before(batches, "sweep_staged"),
}


async def _load(deployment: Deployment, key: str) -> None:
    attempt = Attempt("dying")
    snapshot = await fetch(deployment, key)
    understood = await map_columns(deployment, snapshot)
    staged = await validate.validate_rows(deployment, understood, attempt)
    await upsert.upsert_items(deployment, staged, attempt)


def main(url: str, root: str, key: str, point: str, batch: str | None = None) -> None:
    """Load the supplier's list, or approve the batch, as far as the point."""
    deployment = Deployment(Settings(local_root=Path(root)), url, "redis://127.0.0.1:1/0")
    POINTS[point]()
    asyncio.run(_load(deployment, key) if batch is None else _approve(deployment, int(batch)))


async def _approve(deployment: Deployment, batch_id: int) -> None:
    await review.approve(deployment, batch_id, "ann", None)


if __name__ == "__main__":
    main(*sys.argv[1:])
