"""A fresh field for a battle or a test: databases of its own, an empty Redis database, a folder."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import redis

from ingestion_dagster_tests.chaos.runs import TABLE
from ingestion_dagster_tests.chaos.servers import Servers
from ingestion_dagster_tests.chaos.workers import EFFECTS, Field


@contextmanager
def fresh(servers: Servers, mutant: str | None = None, zombies: float = 0.01, at_once: int = 24) -> Iterator[Field]:
    """With the table of effects in the catalogue and the table of runs in a database beside it."""
    catalogue, runs = servers.new_database(), servers.new_database(migrated=False)
    for url, statement in ((catalogue, EFFECTS), (runs, TABLE)):
        connection = psycopg2.connect(url)
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushall()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        yield Field(catalogue, runs, servers.redis_url, Path(folder), mutant, zombies, at_once)
