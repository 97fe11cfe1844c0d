"""Suppliers whose lists are Google Sheets, served by the stand-in and loaded through the real steps, for tests."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import text

from ingestion_dagster.core.steps import Attempt, LoadSummary, SheetSnapshot
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.upsert import upsert_items
from ingestion_dagster.pipeline.validate import validate_rows
from ingestion_dagster.settings import Settings
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database, connected
from ingestion_dagster_tests.fake_google import FakeCell, FakeDocument, FakeGoogle, FakeTab

HEADER = ["SKU", "Name", "Price", "Currency", "Stock"]


def key_of(name: str) -> str:
    return f"1Sheet-of-{name}".ljust(24, "0")


def address_of(name: str) -> str:
    return f"https://docs.google.com/spreadsheets/d/{key_of(name)}"


def rows_of(count: int = 8, cents: float = 0.25) -> list[list[Any]]:
    return [
        HEADER,
        *([FakeCell(100 + n, "00000"), f"Article number {n}", 3.5 * n + cents, "EUR", n] for n in range(1, count + 1)),
    ]


def document(name: str, *tabs: FakeTab, **more: Any) -> FakeDocument:
    return FakeDocument(key_of(name), name, list(tabs) or [FakeTab("Prices", rows_of())], **more)


class GoogleShop:
    """One deployment whose Google is the stand-in."""

    def __init__(
        self, google: FakeGoogle, database_url: str, redis_url: str, root: Path, *, robot: bool = True, **known: Any
    ) -> None:
        quick = {"google_pause_seconds": 0.01, "google_credentials": google.key_file if robot else None}
        quick |= {"google_reads_per_minute_user": 6000, "google_reads_per_minute_project": 6000}
        addresses = {"google_sheets_url": google.url, "google_drive_url": google.url}
        settings = Settings(local_root=root, **(quick | addresses | known))
        self.google = google
        self.deployment = Deployment(settings, database_url, redis_url, google_minute=google.quota.minute)

    def register(self, *names: str, source: dict[str, Any] | None = None, **settings: Any) -> None:
        async def _register(database: Database) -> None:
            async with database.transaction() as connection:
                for name in names:
                    where = {"sheet_url": address_of(name)} | (source or {})
                    await suppliers.register(connection, name, name.title(), "google_sheets", where, settings)

        self.deployment.run(_register)

    def fetch(self, name: str) -> SheetSnapshot:
        return asyncio.run(fetch(self.deployment, name))

    def load(self, name: str) -> LoadSummary:
        """Fetched, read, merged, as the ops do."""

        async def _load() -> LoadSummary:
            attempt = Attempt("test")
            mapped = await map_columns(self.deployment, await fetch(self.deployment, name))
            return await upsert_items(self.deployment, await validate_rows(self.deployment, mapped, attempt), attempt)

        return asyncio.run(_load())

    def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        async def _run() -> list[tuple[Any, ...]]:
            async with connected(self.deployment.database_url) as database, database.transaction() as connection:
                result = await connection.execute(text(statement), values)
                return [tuple(row) for row in result] if result.returns_rows else []

        return asyncio.run(_run())

    def prices(self, name: str) -> dict[str, str]:
        return dict(
            self.sql(
                "SELECT i.supplier_sku, trim_scale(i.current_price)::text FROM supplier_items i"
                " JOIN suppliers s ON s.id = i.supplier_id WHERE s.key = :key ORDER BY 1",
                key=name,
            )
        )

    def traces(self) -> dict[str, int]:
        """What a load leaves behind: rows by table, and files in the snapshot store."""
        tables = ("sheet_snapshots", "ingestion_batches", "staged_items", "supplier_items", "price_history")
        counts = self.sql("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables))[0]
        folder = Path(self.deployment.settings.snapshot_store)
        return dict(zip(tables, counts, strict=True)) | {"files": len(files_below(folder))}


def files_below(folder: Path) -> list[Path]:
    found: Iterable[Path] = folder.rglob("*") if folder.exists() else ()
    return [path for path in found if path.is_file()]
