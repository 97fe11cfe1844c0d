"""The whole system for end-to-end tests: embedded servers, Dagster's code server, daemon and UI, one set for all."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import redis

from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.instance.processes import Running, dagster_processes
from ingestion_dagster.local.ports import choose_port
from ingestion_dagster.settings import Settings
from ingestion_dagster_tests.conftest import temporary_root


@dataclass
class Stack:
    """What an outside producer and reader can reach, and nothing more."""

    deployment: Deployment
    dagster: Running

    @property
    def inbox(self) -> Path:
        folder = self.deployment.settings.inbox_path
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def push(self, message: dict[str, Any] | bytes) -> None:
        with redis.Redis.from_url(self.deployment.redis_url) as client:
            client.lpush("ingestion:queue", message if isinstance(message, bytes) else json.dumps(message))

    def result(self, task_id: str, patience: float = 45.0) -> dict[str, Any]:
        end = time.monotonic() + patience
        with redis.Redis.from_url(self.deployment.redis_url) as client:
            while time.monotonic() < end:
                found = client.get(f"ingestion:result:{task_id}")
                if found:
                    answer: dict[str, Any] = json.loads(found)
                    return answer
                time.sleep(0.1)
        raise AssertionError(f"no result for {task_id} after {patience} s")

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.deployment.database_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall()
        finally:
            connection.close()

    def dagster_partitions(self) -> set[str]:
        connection = psycopg2.connect(self.deployment.dagster_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT partition FROM dynamic_partitions")
                return {row[0] for row in cursor.fetchall()}
        finally:
            connection.close()

    def dagster_runs(self, job: str, batch: int) -> int:
        """How many runs of the job speak of the batch in their configuration."""
        connection = psycopg2.connect(self.deployment.dagster_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT run_body FROM runs WHERE pipeline_name = %s", [job])
                configs = [json.loads(row[0])["run_config"] for row in cursor.fetchall()]
        finally:
            connection.close()
        return sum(f'"batch_id": {batch}' in json.dumps(config) for config in configs)

    def wait_for_batches(self, supplier: str, count: int, patience: float = 100.0) -> None:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            found = self.sql(
                "SELECT count(*) FROM ingestion_batches b JOIN suppliers s ON s.id = b.supplier_id"
                " WHERE s.key = %s AND b.decided_at IS NOT NULL",
                supplier,
            )
            if found[0][0] >= count:
                return
            time.sleep(0.3)
        raise AssertionError(f"{supplier} has no {count} decided batches after {patience} s")


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """Everything `ingestion up` starts, in a folder of its own; stopped before the tests that do not need it."""
    with temporary_root() as root:
        settings = Settings(local_root=root)
        with open_deployment(settings) as deployment, dagster_processes(deployment, choose_port()) as running:
            yield Stack(deployment, running)
