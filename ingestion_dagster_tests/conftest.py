"""Services and databases for the tests. What a single test module needs for itself stays in that module.

PostgreSQL and Redis are the embedded ones, in a folder of their own, unless TEST_DATABASE_URL and
TEST_REDIS_URL name others. DATABASE_URL and REDIS_URL are never used: they may be somebody's real data.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg2
import pytest
import redis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from ingestion_dagster.local import Services, erase, services
from ingestion_dagster.settings import Settings
from ingestion_dagster.store import migrate

hypothesis_settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("ci", parent=hypothesis_settings.get_profile("dev"), derandomize=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "dev")

# Tests throw their databases away, so they need no disk flush; it takes a fresh database from 0.2 s to 0.03 s.
POSTGRES_SETTINGS = "fsync = off\n"


def pytest_configure() -> None:
    """Keep the developer's own settings out of every test and of every process a test starts."""
    for name in list(os.environ):
        if name.startswith("INGESTION_") or name in ("DAGSTER_HOME", "GOOGLE_APPLICATION_CREDENTIALS"):
            del os.environ[name]
    os.environ["DATABASE_URL"] = os.environ["REDIS_URL"] = ""  # an empty value also hides the one in a .env file
    Settings.model_config["env_file"] = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Laws are not measured for coverage: hundreds of random examples cost a minute and would move the figure."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("no_cover")


@contextmanager
def temporary_root() -> Iterator[Path]:
    """A folder for embedded services, removed with everything in it.

    Not pytest's `tmp_path`: its parent is private, so the servers' account of a root user could not enter it.
    """
    root = Path(tempfile.mkdtemp(prefix="ingestion-test-"))
    root.chmod(0o711)
    try:
        yield root
    finally:
        erase(root)
        shutil.rmtree(root)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Services]:
    """The embedded set that the whole session shares."""
    with temporary_root() as root:
        (root / "postgresql.conf").write_text(POSTGRES_SETTINGS)
        with services(root) as running:
            yield running


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> str:
    """URL of a database on a server where tests may create databases; its own content is never touched."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        parts = urlsplit(given)
        return urlunsplit(parts._replace(scheme=parts.scheme.partition("+")[0]))
    running: Services = request.getfixturevalue("embedded")
    return running.database_url


@pytest.fixture(scope="session")
def catalogue_template(postgres_server: str) -> Iterator[str]:
    """Name of a migrated database to copy from."""
    with new_database(postgres_server) as url:
        migrate.upgrade(url)
        yield _name(url)


@pytest.fixture
def database_url(postgres_server: str, catalogue_template: str) -> Iterator[str]:
    """A migrated, empty catalogue of this test's own, `postgresql://…`."""
    with new_database(postgres_server, catalogue_template) as url:
        yield url


@pytest.fixture
def blank_database_url(postgres_server: str) -> Iterator[str]:
    """A database of this test's own with nothing in it, `postgresql://…`."""
    with new_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def dagster_template(postgres_server: str) -> Iterator[str]:
    """Name of a database with Dagster's own tables, which take seconds to make, to copy from."""
    import dagster as dg

    with new_database(postgres_server) as url, tempfile.TemporaryDirectory() as folder:
        storage = {"storage": {"postgres": {"postgres_url": _for_dagster(url)}}}
        with dg.DagsterInstance.local_temp(folder, overrides=storage):
            pass
        yield _name(url)


@pytest.fixture
def dagster_url(postgres_server: str, dagster_template: str) -> Iterator[str]:
    """Storage for a Dagster instance of this test's own, `postgresql+psycopg2://…`, for DAGSTER_POSTGRES_URL."""
    with new_database(postgres_server, dagster_template) as url:
        yield _for_dagster(url)


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest) -> str:
    """URL of a Redis whose contents tests may delete."""
    given = os.environ.get("TEST_REDIS_URL")
    if not given:
        running: Services = request.getfixturevalue("embedded")
        return running.redis_url
    with redis.Redis.from_url(given) as client:
        if client.info("keyspace"):
            pytest.exit("TEST_REDIS_URL holds keys; tests would delete them. Name an empty Redis.", returncode=4)
    return given


_redis_numbers = itertools.cycle(range(1, 16))


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """An empty logical Redis database, `redis://…/N`."""
    url = urlunsplit(urlsplit(redis_server)._replace(path=f"/{next(_redis_numbers)}"))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


CLIENTS_AWAY = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = '{}' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@contextmanager
def new_database(server: str, template: str = "template0") -> Iterator[str]:
    """A database with a name of its own, dropped afterwards even while somebody is connected."""
    name = f"test_{uuid4().hex[:12]}"
    _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        # WITH (FORCE) would also end a passing autovacuum worker, which is the superuser's; a plain DROP waits for it.
        _execute(server, CLIENTS_AWAY.format(name))
        _execute(server, f'DROP DATABASE IF EXISTS "{name}"')


def _execute(server: str, statement: str) -> None:
    connection = psycopg2.connect(server)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def _for_dagster(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql+psycopg2"))


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
