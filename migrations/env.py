"""How Alembic reaches the catalogue: on asyncpg, through the connection that `store.migrate` hands in, or alone.

Alone means `alembic …` on the command line, for writing new revisions; users call `ingestion db upgrade`.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from ingestion_dagster.store.database import engine_for
from ingestion_dagster.store.schema import metadata


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=False)
    with context.begin_transaction():
        context.run_migrations()


async def _connect_and_migrate() -> None:
    from ingestion_dagster.local.addresses import database_url  # only a developer's own call needs it

    engine = engine_for(database_url())
    async with engine.begin() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    _migrate(handed_in)
else:
    asyncio.run(_connect_and_migrate())
