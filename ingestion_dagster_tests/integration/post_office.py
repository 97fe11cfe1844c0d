"""A deployment with its mailbox for tests of the queue; runs are played by a table of states."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy import text

from ingestion_dagster.core.requests.leases import RunState
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.redis_store.mailbox import Mailbox
from ingestion_dagster.services.queue import Memory, Tick, tick
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database, connected
from ingestion_dagster.store.requests import Lease

T = TypeVar("T")


class Post:
    """Ticks in which every run has the state that `runs` says."""

    def __init__(self, deployment: Deployment, mailbox: Mailbox) -> None:
        self.deployment, self.mailbox, self.memory = deployment, mailbox, Memory()
        self.runs: dict[str, RunState] = {}

    def send(self, **message: Any) -> None:
        self.mailbox.send(json.dumps(message).encode())

    def send_file(self, supplier: str, task_id: str | None = None, **more: Any) -> None:
        task = {"task_id": task_id} if task_id else {}
        config = {"file_path": f"{supplier.lower()}.csv"}
        self.send(supplier_name=supplier, parser_type="csv", source_config=config, **task, **more)

    def tick(self) -> Tick:
        def run_of(lease: Lease) -> RunState:
            return self.runs.get(lease.run_key, "absent")

        async def _tick(database: Database) -> Tick:
            return await tick(self.deployment, self.mailbox, database, run_of, self.memory)

        return self.deployment.run(_tick)

    def sql(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        async def _run(database: Database) -> list[dict[str, Any]]:
            async with database.transaction() as connection:
                result = await connection.execute(text(statement), values)
                return [dict(row._mapping) for row in result] if result.returns_rows else []

        return self.deployment.run(_run)

    def with_connection(self, work: Callable[[Any], Awaitable[T]]) -> T:
        async def _work() -> T:
            async with connected(self.deployment.database_url) as database, database.transaction() as connection:
                return await work(connection)

        return asyncio.run(_work())

    def states(self) -> dict[str, str]:
        return {row["task_id"]: row["state"] for row in self.sql("SELECT task_id, state FROM ingestion_requests")}

    def begin(self, lease: Lease) -> None:
        """A run takes the lease's request up."""
        self.with_connection(lambda c: requests.begin(c, lease.request_id, lease.fence, f"run of {lease.run_key}", 60))

    def acknowledge(self, lease: Lease) -> None:
        result = {"task_id": lease.task_id, "status": "success"}
        self.with_connection(lambda c: requests.acknowledge(c, lease.request_id, lease.fence, "applied", None, result))
