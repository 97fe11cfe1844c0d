"""The schema: migrations go both ways and agree with the code."""

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ingestion_dagster.store import migrate
from ingestion_dagster.store.schema import metadata


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
