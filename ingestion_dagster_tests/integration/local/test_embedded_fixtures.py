"""The fixtures every other integration test stands on."""

import psycopg2
import pytest
import redis

from ingestion_dagster.settings import Settings
from ingestion_dagster.store import migrate


def test_each_test_gets_a_migrated_catalogue_of_its_own(database_url: str, blank_database_url: str) -> None:
    assert database_url != blank_database_url
    assert migrate.current(database_url) == migrate.head()
    assert migrate.current(blank_database_url) is None


@pytest.mark.parametrize("round_", [1, 2])
def test_nothing_is_left_in_redis_by_the_test_before(redis_url: str, round_: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "over")


def test_the_embedded_servers_hold_what_the_contract_demands(database_url: str, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        for name, value in {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}.items():
            assert client.config_get(name) == {name: value}
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int / 10000, current_setting('TimeZone')")
            assert cursor.fetchone() == (16, "UTC")
            cursor.execute("SELECT lower('ЖÄ')")
            assert cursor.fetchone() == ("жä",)
    finally:
        connection.close()


def test_a_developers_own_databases_are_out_of_reach() -> None:
    settings = Settings()
    assert settings.database_url is None
    assert settings.redis_url is None
