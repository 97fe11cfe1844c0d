"""Migrations by function call: the command line, the demo and the tests share these. Synchronous on purpose."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from ingestion_dagster.store.database import engine_for

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
LOCK = 7_202_511_230_001
"""Advisory lock that keeps two migrating processes apart."""


def _config(connection: Connection | None = None) -> Config:
    config = Config(toml_file=None)
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def _with_connection(url: str, work: Callable[[Connection], Any]) -> Any:
    async def _run() -> Any:
        engine = engine_for(url)
        try:
            async with engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(_run())


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the catalogue at `url` to `revision`, all steps in one transaction."""
    _with_connection(url, lambda connection: command.upgrade(_config(connection), revision))


def downgrade(url: str, revision: str) -> None:
    """Take the catalogue back to `revision` (`base` for empty)."""
    _with_connection(url, lambda connection: command.downgrade(_config(connection), revision))


def current(url: str) -> str | None:
    """The revision the catalogue is at, None for an empty database."""
    found: str | None = _with_connection(url, lambda c: MigrationContext.configure(c).get_current_revision())
    return found


def head() -> str | None:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()
