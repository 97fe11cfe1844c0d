"""Which suppliers the registry sheet looks after. Reading the sheet and writing suppliers is done elsewhere."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def lock(connection: AsyncConnection) -> None:
    """One reading of the registry at a time, until the transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('ingestion.registry', 0))"))


async def managed(connection: AsyncConnection) -> frozenset[str]:
    """Keys of suppliers that the sheet named once. Others, added by command or message, it never pauses."""
    return frozenset((await connection.execute(text("SELECT key FROM suppliers WHERE managed"))).scalars())


async def adopt(connection: AsyncConnection, keys: Sequence[str]) -> None:
    """From now on the sheet looks after these."""
    await connection.execute(
        text("UPDATE suppliers SET managed = true WHERE key = ANY(:keys) AND NOT managed"), {"keys": list(keys)}
    )


async def never_asked(connection: AsyncConnection) -> list[str]:
    """Keys that the sheet brought and nobody has asked a load of yet: the queue may have been away at that moment."""
    rows = await connection.execute(
        text(
            "SELECT key FROM suppliers WHERE managed AND active"
            " AND NOT EXISTS (SELECT FROM ingestion_requests request WHERE request.supplier_id = suppliers.id)"
            " AND NOT EXISTS (SELECT FROM sheet_snapshots snapshot WHERE snapshot.supplier_id = suppliers.id)"
            " ORDER BY key"
        )
    )
    return list(rows.scalars())
