"""Secrets appear nowhere: loads that succeed and fail in every way run through Dagster on a real instance storage, and
then its tables, ours, Redis, the logs and the kept files are searched for them."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import dagster as dg
import psycopg2
import pytest
import redis
from psycopg2 import sql

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.instance.home import prepare_home
from ingestion_dagster.settings import Settings
from ingestion_dagster_tests.fake_google import FakeGoogle, Fault, serve
from ingestion_dagster_tests.integration.defined import definitions_at
from ingestion_dagster_tests.integration.google_shop import GoogleShop, document, files_below

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning"),
    pytest.mark.timeout(120),
]
PASSWORD = "canary-password-5e1f0c"
REDIS_PASSWORD = "canary-redis-90ab77"
FAULTS = (
    (Fault.FORBIDDEN, 1),
    (Fault.UNAUTHENTICATED, 1),
    (Fault.INVALID_GRANT, 0),
    (Fault.NOT_JSON, 0),
    (Fault.DROP, 1),
)
"""What goes wrong, and from which request on."""
BROKEN_KEY = "canary-broken-key-33d2"


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with serve([document("acme")]) as running:
        yield running


@pytest.fixture
def instance(tmp_path: Path, dagster_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", dagster_url)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    prepare_home(Settings(local_root=tmp_path))
    (tmp_path / "kept").mkdir()
    with dg.DagsterInstance.get() as made:
        made.add_dynamic_partitions("suppliers", ["acme"])
        yield made


def ways(shop: GoogleShop, tmp_path: Path) -> Iterator[tuple[Deployment, bool]]:
    """A deployment per way to succeed or fail, set up when it is asked for; and whether it succeeds."""
    place, google = shop.deployment, shop.google
    yield place, True
    for fault, position in FAULTS:
        google.forget()
        google.faults.add_for_ever(fault, position)
        yield place, False
    google.forget()
    for number, key in enumerate((f'{{"type": "service_account", "{BROKEN_KEY}', _bad_pem(google))):
        broken = tmp_path / f"broken{number}.json"
        broken.write_text(key)
        yield replace(place, settings=place.settings.model_copy(update={"google_credentials": broken})), False
    parts = urlsplit(place.database_url)
    wrong = parts._replace(netloc=f"nobody-here:{PASSWORD}@{parts.hostname}:{parts.port}")
    yield replace(place, database_url=urlunsplit(wrong)), False
    short = place.settings.model_copy(update={"job_timeout": 10, "google_deadline": 8.0})
    yield replace(place, settings=short, redis_url=f"redis://:{REDIS_PASSWORD}@127.0.0.1:1/0"), False


def _bad_pem(google: FakeGoogle) -> str:
    known = json.loads(google.key_file.read_text())
    lines = known["private_key"].splitlines()
    return json.dumps(known | {"private_key": "\n".join((lines[0], BROKEN_KEY, *lines[3:]))})


def test_no_secret_is_in_any_table_log_file_or_message(
    google: FakeGoogle,
    instance: dg.DagsterInstance,
    database_url: str,
    dagster_url: str,
    redis_url: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    shop = GoogleShop(google, database_url, redis_url, tmp_path / "kept", google_deadline=1.0)
    shop.register("acme")
    told = []
    for place, succeeds in ways(shop, tmp_path):
        done = definitions_at(place).resolve_job_def("ingest_supplier").execute_in_process(
            partition_key="acme", instance=instance, raise_on_error=False
        )  # fmt: skip
        assert done.success == succeeds
        told += [str(event) for event in done.all_events]
    captured = capfd.readouterr()
    private_key = json.loads(google.key_file.read_text())["private_key"].splitlines()
    tokens = list(google.tokens._tokens)
    used = [urlsplit(url).password for url in (database_url, redis_url)]
    secrets = [*filter(None, used), PASSWORD, REDIS_PASSWORD, BROKEN_KEY, *private_key[1:-1], *tokens]
    assert len(tokens) > 2
    places = {
        "Dagster's tables": everything_in(dagster_url),
        "the catalogue": everything_in(database_url),
        "Redis": everything_in_redis(redis_url),
        "the logs": captured.out + captured.err,
        "the events": "\n".join(told),
        "kept files": files_as_text(tmp_path / "kept") + files_as_text(tmp_path / "home"),
    }
    for name in ("Dagster's tables", "the catalogue", "the logs", "the events"):
        assert "acme" in places[name], f"the search does not see {name}"
    assert "is not shared with the robot" in places["Dagster's tables"]
    assert {(name, secret) for name, content in places.items() for secret in secrets if secret in content} == set()


def everything_in(url: str) -> str:
    """Every row of every table as text; bytes as they are."""
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            found = []
            for (table,) in cursor.fetchall():
                cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
                found += [
                    bytes(value).decode("utf-8", "replace") if isinstance(value, memoryview) else str(value)
                    for row in cursor.fetchall()
                    for value in row
                ]
            return "\n".join(found)
    finally:
        connection.close()


def everything_in_redis(url: str) -> str:
    with redis.Redis.from_url(url) as client:
        return "\n".join(f"{key} {client.dump(key)}" for key in client.keys("*"))


def files_as_text(folder: Path) -> str:
    def content(path: Path) -> bytes:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data

    return "\n".join(content(path).decode("utf-8", "replace") for path in files_below(folder))
