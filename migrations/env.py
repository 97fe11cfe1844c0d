"""How Alembic reaches the catalogue: on asyncpg, through the connection that `store.migrate` hands in, or alone.

Alone means `alembic …` on the command line, for writing new revisions; users call `ingestion db upgrade`.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection

from ingestion_dagster.local import services
from ingestion_dagster.settings import settings
from ingestion_dagster.store.database import engine_for
from ingestion_dagster.store.schema import metadata


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=False)
    with context.begin_transaction():
        context.run_migrations()


@contextmanager
def _address() -> Iterator[str]:
    """Not through `open_deployment`, which would migrate a fresh catalogue from inside Alembic."""
    given = settings().database_url
    if given is not None:
        yield given.get_secret_value()
        return
    with services(settings().local_root) as running:
        yield running.database_url


async def _connect_and_migrate(url: str) -> None:
    engine = engine_for(url)
    async with engine.begin() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    _migrate(handed_in)
else:
    with _address() as address:
        asyncio.run(_connect_and_migrate(address))
