"""What a crash of PostgreSQL leaves of staged rows: those of a held batch stay, a load on its way begins again."""

import os
import signal

import pytest

from ingestion_dagster.core.errors import StoreUnavailable
from ingestion_dagster.store import migrate
from ingestion_dagster.store.batches import batches
from ingestion_dagster.store.database import Database
from ingestion_dagster_tests.conftest import temporary_root
from ingestion_dagster_tests.integration.embedded_users import User, stop_now
from ingestion_dagster_tests.integration.store.batches.test_merge import Catalogue, item

STAGED = "SELECT batch_id, count(*), bool_and(held) FROM staged_items GROUP BY 1 ORDER BY 1"


def move(catalogue: Catalogue, batch: int, state: str) -> None:
    async def _move(database: Database) -> None:
        async with database.transaction() as connection:
            await batches.move(connection, batch, state, "test")

    catalogue.run(_move)


def test_rows_move_to_the_logged_part_when_their_batch_is_held(database_url: str) -> None:
    catalogue = Catalogue(database_url)
    batch = catalogue.stage([item(n, f"S{n}", "1") for n in range(20)])
    assert catalogue.sql(STAGED) == [(batch, 20, False)]
    move(catalogue, batch, "held")
    assert catalogue.sql(STAGED) == [(batch, 20, True)]
    assert catalogue.sql("SELECT relname, relpersistence::text FROM pg_class WHERE relname LIKE 'staged_items_%d'") == [
        ("staged_items_held", "p")
    ]
    move(catalogue, batch, "approved")
    assert catalogue.merge(batch).inserted == 20


def test_a_held_batch_outlives_a_crash_and_a_lost_one_is_loaded_again() -> None:
    with temporary_root() as root:
        first = User(root)
        migrate.upgrade(first.services.database_url)
        catalogue = Catalogue(first.services.database_url)
        held = catalogue.stage([item(n, f"S{n}", "1") for n in range(30)])
        move(catalogue, held, "held")
        arriving = catalogue.stage([item(n, f"S{n}", "2") for n in range(40)])
        os.kill(first.services.postgres_pid, signal.SIGKILL)
        second = User(root)
        catalogue.url = second.services.database_url
        assert catalogue.sql(STAGED) == [(held, 30, True)]
        with pytest.raises(StoreUnavailable, match="load it again"):
            catalogue.merge(arriving)
        move(catalogue, held, "approved")
        assert catalogue.merge(held).inserted == 30
        fresh = catalogue.stage([item(n, f"S{n}", "2") for n in range(40)])
        assert catalogue.merge(fresh).updated == 30
        first.leave()
        second.leave()
        stop_now(second.services)
