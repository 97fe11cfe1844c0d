"""A table in place of Dagster's run storage, with what the protocol needs of it: a run key is used once, a run has a
state. Real Dagster is in `test_daemon_killed.py`, at smaller numbers."""

from typing import Any

import psycopg2

from ingestion_dagster.core.requests.leases import RunState
from ingestion_dagster.store.requests import Lease

TABLE = """
CREATE TABLE runs (
    run_key text PRIMARY KEY, run_id bigint GENERATED ALWAYS AS IDENTITY, request_id bigint, fence bigint,
    supplier text, state text NOT NULL DEFAULT 'waiting', pid integer
)
"""


class RunStorage:
    """Connects anew after an error, as any client must."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: Any = None

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            if self.connection is None:
                self.connection = psycopg2.connect(self.url, connect_timeout=3)
                self.connection.autocommit = True
            with self.connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        except psycopg2.Error:
            self.connection = None
            raise

    def state_of(self, lease: Lease) -> RunState:
        found = self.sql("SELECT state FROM runs WHERE run_key = %s", lease.run_key)
        return found[0][0] if found else "absent"

    def make(self, lease: Lease) -> None:
        """A run, unless there is one under this key."""
        self.sql(
            "INSERT INTO runs (run_key, request_id, fence, supplier) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            lease.run_key, lease.request_id, lease.fence, lease.supplier_key,
        )  # fmt: skip

    def take(self, pid: int) -> tuple[str, int, int, int] | None:
        """The next run for a worker: run key, run id, request id, fence."""
        found = self.sql(
            "UPDATE runs SET state = 'running', pid = %s WHERE run_key = (SELECT run_key FROM runs"
            " WHERE state = 'waiting' ORDER BY run_id LIMIT 1 FOR UPDATE SKIP LOCKED)"
            " RETURNING run_key, run_id, request_id, fence",
            pid,
        )
        return found[0] if found else None

    def ended(self, run_key: str, state: RunState) -> None:
        self.sql("UPDATE runs SET state = %s WHERE run_key = %s AND state = 'running'", state, run_key)

    def worker_died(self, pid: int) -> None:
        """What Dagster notes when a run's process is gone."""
        self.sql("UPDATE runs SET state = 'failed' WHERE pid = %s AND state = 'running'", pid)
