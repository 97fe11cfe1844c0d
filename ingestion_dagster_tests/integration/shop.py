"""A supplier for tests: writes its list into the inbox as CSV and loads it through the real steps, without Dagster."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.steps import Attempt, LoadSummary, StagedBatch
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.upsert import upsert_items
from ingestion_dagster.pipeline.validate import validate_rows
from ingestion_dagster.settings import Settings
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import connected

T = TypeVar("T")
HEADER = ("SKU", "Name", "Price", "Currency", "Stock")


def rows_of(prices: Iterable[str | float], currency: str = "EUR") -> list[list[Any]]:
    """One item per price: A001, A002 …"""
    return [[f"A{n:03d}", f"Article number {n}", price, currency, n % 7 + 3] for n, price in enumerate(prices, 1)]


class Shop:
    """One supplier with its list."""

    def __init__(self, url: str, root: Path, key: str = "acme", **settings: Any) -> None:
        self.deployment = Deployment(Settings(local_root=root), url, "redis://127.0.0.1:1/0")
        self.key, self.url = key, url
        self.inbox = self.deployment.settings.inbox_path
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.register(**settings)

    def register(self, **settings: Any) -> None:
        self.do(
            lambda c: suppliers.register(
                c, self.key, self.key.title(), "csv", {"file_path": f"{self.key}.csv"}, settings
            )
        )

    def write(self, rows: Iterable[Sequence[Any]], header: Sequence[str] | None = HEADER) -> None:
        lines = [*([header] if header else []), *rows]
        data = "".join(";".join("" if cell is None else str(cell) for cell in line) + "\n" for line in lines)
        (self.inbox / f"{self.key}.csv").write_text(data, encoding="utf-8")

    def load(self, rows: Iterable[Sequence[Any]] | None = None, header: Sequence[str] = HEADER) -> LoadSummary:
        """Write the list (where one is given) and load it."""
        if rows is not None:
            self.write(rows, header)
        return asyncio.run(self._load())

    def stage(self, rows: Iterable[Sequence[Any]], header: Sequence[str] = HEADER) -> StagedBatch:
        """As far as staging."""
        self.write(rows, header)
        return asyncio.run(self._stage(Attempt("stage")))

    def merge(self, staged: StagedBatch) -> LoadSummary:
        return asyncio.run(upsert_items(self.deployment, staged, Attempt("stage")))

    async def _stage(self, attempt: Attempt) -> StagedBatch:
        snapshot = await fetch(self.deployment, self.key)
        understood = await map_columns(self.deployment, snapshot)
        return await validate_rows(self.deployment, understood, attempt)

    async def _load(self) -> LoadSummary:
        attempt = Attempt("test")
        return await upsert_items(self.deployment, await self._stage(attempt), attempt)

    def do(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """`work` in a transaction."""

        async def _work() -> T:
            async with connected(self.url) as database, database.transaction() as connection:
                return await work(connection)

        return asyncio.run(_work())

    def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        async def _run(connection: AsyncConnection) -> list[tuple[Any, ...]]:
            result = await connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

        return self.do(_run)

    def sql_column(self, statement: str) -> list[Any]:
        return [row[0] for row in self.sql(statement)]

    def prices(self) -> dict[str, str]:
        return dict(
            self.sql(
                "SELECT i.supplier_sku, trim_scale(i.current_price)::text FROM supplier_items i"
                " JOIN suppliers s ON s.id = i.supplier_id WHERE s.key = :key ORDER BY 1",
                key=self.key,
            )
        )
