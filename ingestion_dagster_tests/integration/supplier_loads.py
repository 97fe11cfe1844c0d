"""Suppliers whose lists are loaded through the real steps, one after the other, for tests of what is told later."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from ingestion_dagster.core.steps import Attempt, LoadSummary
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.upsert import upsert_items
from ingestion_dagster.pipeline.validate import validate_rows
from ingestion_dagster.settings import Settings
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database


@dataclass
class SupplierLoads:
    """One deployment with suppliers that deliver files."""

    deployment: Deployment
    loads: int = 0

    @classmethod
    def at(cls, database_url: str, root: Path) -> "SupplierLoads":
        shop = cls(Deployment(Settings(local_root=root), database_url, "redis://nowhere.invalid"))
        shop.deployment.settings.inbox_path.mkdir(parents=True)
        return shop

    def register(self, key: str, filename: str, name: str = "Acme & Sons", **settings: Any) -> None:
        """Add the supplier, or change its settings."""

        async def _register(database: Database) -> None:
            async with database.transaction() as connection:
                source_type = "csv" if filename.endswith(".csv") else "excel"
                await suppliers.register(connection, key, name, source_type, {"file_path": filename}, settings)

        self.deployment.run(_register)

    def load(self, key: str, filename: str, data: bytes) -> LoadSummary:
        """Deliver `data` and load it, as the ops do."""
        (self.deployment.settings.inbox_path / filename).write_bytes(data)
        self.loads += 1
        attempt = Attempt(f"test-{self.loads}")

        async def _load() -> LoadSummary:
            snapshot = await fetch(self.deployment, key)
            mapped = await map_columns(self.deployment, snapshot)
            staged = await validate_rows(self.deployment, mapped, attempt)
            return await upsert_items(self.deployment, staged, attempt)

        return asyncio.run(_load())

    def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        async def _select(database: Database) -> list[tuple[Any, ...]]:
            async with database.transaction() as connection:
                result = await connection.execute(text(statement), values)
                return [tuple(row) for row in result] if result.returns_rows else []

        return self.deployment.run(_select)
