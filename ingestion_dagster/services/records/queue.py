"""The queue as a person sees it: what waits, what is dead, the budget of reads. `services/queue.py` hands work out."""

from typing import Any, NamedTuple

from ingestion_dagster.core.errors import StoreUnavailable
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.google_access import quota_report
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database
from ingestion_dagster.store.requests.reports import DeadLetter, QueueOverview

__all__ = ["DeadLetter", "QueueOverview", "QueueStatus", "dead_letters", "replay", "status"]


class QueueStatus(NamedTuple):
    """Messages by list in Redis and what endangers them, the record, and Google's budget where it is used."""

    depth: dict[str, int]
    warnings: list[str]
    overview: QueueOverview
    quota: dict[str, Any] | None


def status(deployment: Deployment) -> QueueStatus:
    """How much waits, what is at work, what failed."""

    async def _overview(database: Database) -> QueueOverview:
        async with database.transaction() as connection:
            return await requests.overview(connection)

    depth, warnings = _redis(deployment)
    return QueueStatus(depth, warnings, deployment.run(_overview), quota_report(deployment))


def _redis(deployment: Deployment) -> tuple[dict[str, int], list[str]]:
    """Where Redis is away the record is still worth showing."""
    with deployment.mailbox() as mailbox:
        try:
            unsafe = [f"may lose messages: {one}" for one in mailbox.unsafe_settings()]
            return mailbox.depth(), unsafe + mailbox.wrong_keys()
        except StoreUnavailable as error:
            return {}, [str(error)]


def dead_letters(deployment: Deployment, limit: int) -> list[DeadLetter]:
    """Requests that were given up, newest first."""

    async def _letters(database: Database) -> list[DeadLetter]:
        async with database.transaction() as connection:
            return await requests.dead_letters(connection, limit)

    return deployment.run(_letters)


def replay(deployment: Deployment, request_id: int) -> str:
    """Let a dead request wait for its turn again; its task id."""

    async def _again(database: Database) -> str:
        async with database.transaction() as connection:
            return await requests.replay(connection, request_id, deployment.rules)

    return deployment.run(_again)
