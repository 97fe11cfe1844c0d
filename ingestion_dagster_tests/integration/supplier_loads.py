"""Suppliers whose lists are loaded through the real steps, one after the other, for tests of what is told later."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from ingestion_dagster.core.steps import LoadSummary
from ingestion_dagster.deployment import Workplace
from ingestion_dagster.pipeline import validate
from ingestion_dagster.pipeline.validate import Errand
from ingestion_dagster.settings import Settings
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import Database


@dataclass
class Shop:
    """One workplace with suppliers that deliver files."""

    place: Workplace
    loads: int = 0

    @classmethod
    def at(cls, database_url: str, root: Path) -> "Shop":
        shop = cls(Workplace(Settings(local_root=root), database_url, "redis://nowhere.invalid"))
        shop.place.settings.inbox_path.mkdir(parents=True)
        return shop

    def register(self, key: str, filename: str, name: str = "Acme & Sons", **settings: Any) -> None:
        """Add the supplier, or change its settings."""

        async def _register(database: Database) -> None:
            async with database.transaction() as connection:
                source_type = "csv" if filename.endswith(".csv") else "excel"
                await suppliers.register(connection, key, name, source_type, {"file_path": filename}, settings)

        self.place.run(_register)

    def load(self, key: str, filename: str, data: bytes) -> LoadSummary:
        """Deliver `data` and load it, as the ops do."""
        (self.place.settings.inbox_path / filename).write_bytes(data)
        self.loads += 1
        errand = Errand(f"test-{self.loads}")

        async def _load() -> LoadSummary:
            snapshot = await validate.fetch(self.place, key)
            mapped = await validate.map_columns(self.place, snapshot)
            staged = await validate.validate_rows(self.place, mapped, errand)
            return await validate.upsert_items(self.place, staged, errand)

        return asyncio.run(_load())

    def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        async def _select(database: Database) -> list[tuple[Any, ...]]:
            async with database.transaction() as connection:
                result = await connection.execute(text(statement), values)
                return [tuple(row) for row in result] if result.returns_rows else []

        return self.place.run(_select)
