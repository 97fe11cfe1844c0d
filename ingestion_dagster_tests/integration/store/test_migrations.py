"""The schema: migrations go both ways and agree with the code."""

from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from ingestion_dagster.core.errors import StoreError, StoreRejected
from ingestion_dagster.local import services
from ingestion_dagster.settings import settings
from ingestion_dagster.store import migrate
from ingestion_dagster.store.schema import metadata
from ingestion_dagster_tests.conftest import temporary_root
from ingestion_dagster_tests.integration.cli.test_telling_commands import Terminal


def tables_of(url: str) -> set[str]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'S') AND relnamespace = 'public'::regnamespace"
        )
        return {row[0] for row in cursor.fetchall()}


def test_up_down_and_up_again_leaves_the_same_schema(blank_database_url: str) -> None:
    migrate.upgrade(blank_database_url)
    first = tables_of(blank_database_url)
    migrate.downgrade(blank_database_url, "base")
    assert tables_of(blank_database_url) == {"alembic_version"}
    migrate.upgrade(blank_database_url)
    assert tables_of(blank_database_url) == first
    assert migrate.current(blank_database_url) == migrate.head()


def test_the_migrated_database_is_what_the_code_describes(database_url: str) -> None:
    differences = migrate._with_connection(
        database_url, lambda connection: compare_metadata(MigrationContext.configure(connection), metadata)
    )
    assert differences == []


def test_times_are_timestamptz_everywhere(database_url: str) -> None:
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type = 'timestamp without time zone'"
        )
        assert cursor.fetchall() == []


def test_the_promised_indexes_and_types_exist(database_url: str) -> None:
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
        indexes = " ".join(row[0] for row in cursor.fetchall())
        cursor.execute(
            "SELECT enumlabel FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typname = 'product_status'"
            " ORDER BY enumsortorder"
        )
        assert [row[0] for row in cursor.fetchall()] == ["draft", "active", "archived"]
    assert "USING gin (characteristics jsonb_path_ops)" in indexes
    assert "parsing_logs USING btree (created_at DESC)" in indexes
    assert "products USING btree (status)" in indexes


@pytest.mark.parametrize("price", ["'NaN'", "-0.01"])
def test_the_database_refuses_prices_that_are_no_money(database_url: str, price: str) -> None:
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO suppliers (key, name, source_type) VALUES ('a', 'A', 'csv') RETURNING id")
        supplier = cursor.fetchone()[0]
        with pytest.raises(psycopg2.errors.CheckViolation):
            cursor.execute(
                f"INSERT INTO supplier_items (supplier_id, supplier_sku, name, current_price)"
                f" VALUES ('{supplier}', 'x', 'x', {price})"
            )


def test_deleting_a_supplier_with_items_is_refused_so_history_stays(database_url: str) -> None:
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO suppliers (key, name, source_type) VALUES ('a', 'A', 'csv') RETURNING id")
        supplier = cursor.fetchone()[0]
        cursor.execute(
            f"INSERT INTO supplier_items (supplier_id, supplier_sku, name, current_price)"
            f" VALUES ('{supplier}', 'x', 'x', 1)"
        )
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            cursor.execute("DELETE FROM suppliers")


def set_revision(url: str, revision: str) -> None:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = %s", (revision,))


@pytest.mark.parametrize("work", [migrate.upgrade, migrate.bring_up, lambda url: migrate.downgrade(url, "0001")])
def test_a_catalogue_of_a_newer_program_is_left_alone_and_said_so_in_one_sentence(
    database_url: str, work: Callable[[str], None]
) -> None:
    set_revision(database_url, "9999")
    with pytest.raises(StoreRejected, match="'9999', which this program does not know") as raised:
        work(database_url)
    assert f"`ingestion db downgrade {migrate.head()}`" in str(raised.value)
    assert migrate.current(database_url) == "9999"


@pytest.mark.parametrize("work", [migrate.upgrade, migrate.downgrade])
def test_a_revision_that_does_not_exist_is_refused_with_those_that_do(
    database_url: str, work: Callable[[str, str], None]
) -> None:
    with pytest.raises(StoreRejected, match="nonsense") as raised:
        work(database_url, "nonsense")
    assert f"head, {migrate.head()}, " in str(raised.value)
    assert "0001 and base" in str(raised.value)
    migrate.bring_up(database_url)


def test_what_a_person_took_back_stays_back_until_a_person_brings_it_back(blank_database_url: str) -> None:
    migrate.bring_up(blank_database_url)
    for revision, shown in (("0001", "0001"), ("base", "base (empty)")):
        migrate.downgrade(blank_database_url, revision)
        for _ in range(2):
            with pytest.raises(StoreRejected, match="on purpose") as raised:
                migrate.bring_up(blank_database_url)
        assert f"revision {shown} on purpose" in str(raised.value)
        assert "`ingestion db upgrade` brings it back" in str(raised.value)
    migrate.upgrade(blank_database_url)
    migrate.bring_up(blank_database_url)


def test_a_catalogue_of_an_older_program_is_upgraded_unasked(blank_database_url: str) -> None:
    migrate.upgrade(blank_database_url, "0001")
    migrate.bring_up(blank_database_url)
    assert migrate.current(blank_database_url) == migrate.head()


def test_the_next_command_on_embedded_servers_says_that_the_schema_was_taken_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ingestion = Terminal(capsys, monkeypatch)
    with temporary_root() as root:
        monkeypatch.setenv("INGESTION_LOCAL_ROOT", str(root))
        settings.cache_clear()
        with services(root):
            assert ingestion("supplier", "list")[0] == 0
            assert ingestion("db", "downgrade", "0001")[0] == 0
            assert ingestion("db", "current")[1].startswith("catalogue at 0001")
            code, _, said = ingestion("supplier", "list")
            assert (code, "revision 0001 on purpose" in said) == (1, True)
            assert ingestion("db", "upgrade")[0] == 0
            assert ingestion("supplier", "list")[0] == 0
    settings.cache_clear()


@pytest.mark.parametrize("words", [("db", "current"), ("db", "upgrade"), ("supplier", "list")])
@pytest.mark.parametrize("told", ["password", "DATABASE_URL", "exist"])
def test_a_database_that_lets_nobody_in_is_told_in_one_line_without_the_password(
    database_url: str,
    words: tuple[str, ...],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = urlsplit(database_url)
    spoilt = {
        "password": parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":not-it@")),
        "DATABASE_URL": parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:1"),
        "exist": parts._replace(path="/no_such_database"),
    }
    monkeypatch.setenv("DATABASE_URL", urlunsplit(spoilt[told]))
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    code, _, said = Terminal(capsys, monkeypatch)(*words)
    settings.cache_clear()
    assert (code, len(said.strip().splitlines())) == (1, 1)
    assert told in said
    assert "DATABASE_URL" in said
    assert str(parts.password) not in said
    assert "not-it" not in said


@pytest.mark.parametrize(("state", "told"), [("53100", "the disk of the database is full"), ("42P01", "db current")])
def test_what_the_server_refuses_is_told_with_what_helps(database_url: str, state: str, told: str) -> None:
    statement = text(f"DO $$ BEGIN RAISE EXCEPTION 'could not' USING ERRCODE = '{state}'; END $$")
    with pytest.raises(StoreError, match=told) as raised:
        migrate._with_connection(database_url, lambda connection: connection.execute(statement))
    assert raised.value.retryable is (state == "53100")


@pytest.mark.parametrize(
    ("name", "fits"), [("csv", True), ("sftp", True), ("a1_b", True), ("SFTP", False), ("", False)]
)
def test_a_source_type_may_have_any_name_of_its_form(database_url: str, name: str, fits: bool) -> None:
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        insert = "INSERT INTO suppliers (key, name, source_type) VALUES ('a', 'A', %s)"
        if fits:
            cursor.execute(insert, (name,))
        else:
            with pytest.raises(psycopg2.errors.CheckViolation, match="ck_suppliers_source_type"):
                cursor.execute(insert, (name,))
