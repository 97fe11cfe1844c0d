"""Migrations by function call: the command line, the demo and the tests share these. Synchronous on purpose."""

import asyncio
from collections.abc import Callable
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text

import ingestion_dagster
from ingestion_dagster.core.errors import StoreRejected
from ingestion_dagster.store.database import DRIVER_ERRORS, engine_for, translated

LOCK = 7_202_511_230_001
"""Advisory lock that keeps two migrating processes apart."""
KEPT = "kept back by `ingestion db downgrade`"
"""Comment on Alembic's table while a person wants an older schema than the newest."""


def _config(connection: Connection | None = None) -> Config:
    config = Config(toml_file=None)
    config.set_main_option("script_location", str(ingestion_dagster.shipped("migrations")).replace("%", "%%"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def _with_connection(url: str, work: Callable[[Connection], Any]) -> Any:
    """`work` in one transaction. Raises StoreUnavailable or StoreRejected, each in one sentence."""

    async def _run() -> Any:
        engine = engine_for(url)
        try:
            async with engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(_run())
    except (*DRIVER_ERRORS, OSError) as error:
        raise translated(error) from error


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the catalogue at `url` to `revision`, all steps in one transaction; it is kept back no longer.

    Raises StoreRejected where the schema is a newer program's, or there is no such revision.
    """

    def _upgrade(connection: Connection) -> None:
        _check_known(_current(connection))
        _alembic(lambda: command.upgrade(_config(connection), revision))
        connection.execute(text("COMMENT ON TABLE alembic_version IS NULL"))

    _with_connection(url, _upgrade)


def downgrade(url: str, revision: str) -> None:
    """Take the catalogue back to `revision` (`base` for empty), where it is kept until the next `upgrade`.

    Raises StoreRejected as `upgrade`.
    """

    def _downgrade(connection: Connection) -> None:
        _check_known(_current(connection))
        _alembic(lambda: command.downgrade(_config(connection), revision))
        if _current(connection) != head():
            connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{KEPT}'"))

    _with_connection(url, _downgrade)


def current(url: str) -> str | None:
    """The revision the catalogue is at, None for an empty database."""
    found: str | None = _with_connection(url, _current)
    return found


def head() -> str | None:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def bring_up(url: str) -> None:
    """Upgrade to the newest schema, unasked: for a fresh catalogue, or one of an older program.

    Raises StoreRejected, with the command to type, where a person has taken the schema back, or it is a newer
    program's.
    """

    def _looked_at(connection: Connection) -> tuple[str | None, bool]:
        return _current(connection), _kept_back(connection)

    found, kept = _with_connection(url, _looked_at)
    if found == head():
        return
    _check_known(found)
    if kept:
        raise StoreRejected(
            f"the catalogue is at revision {found or 'base (empty)'} on purpose (`ingestion db downgrade`), this"
            f" program needs {head()}; `ingestion db upgrade` brings it back"
        )
    upgrade(url)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _kept_back(connection: Connection) -> bool:
    looked = inspect(connection)
    return looked.has_table("alembic_version") and looked.get_table_comment("alembic_version")["text"] == KEPT


def _check_known(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreRejected(
            f"the catalogue is at revision {revision!r}, which this program does not know (its newest is {head()}): a"
            " newer ingestion_dagster has upgraded it; use that version, or take the catalogue back with it:"
            f" `ingestion db downgrade {head()}`"
        )


def _alembic(work: Callable[[], None]) -> None:
    try:
        work()
    except CommandError as error:
        steps = ", ".join(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions("base"))
        raise StoreRejected(f"{error}; the revisions are head, {steps} and base (empty)") from error
