"""The supplier registry in the database. Who a supplier is; not what it sent."""

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import SourceRejected, StoreRejected
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.suppliers.slugs import keys_for
from ingestion_dagster.core.suppliers.supplier import Supplier, settings_from

COLUMNS = "id, key, name, source_type, source, settings, active, contact_email, last_batch_id"


def _supplier(row: Any) -> Supplier:
    values = dict(row._mapping)
    values["settings"] = settings_from(values["settings"])
    return Supplier.model_validate(values)


async def by_key(connection: AsyncConnection, key: str, *, for_update: bool = False) -> Supplier:
    """The supplier called `key`. Raises SourceRejected with near names where there is none."""
    statement = f"SELECT {COLUMNS} FROM suppliers WHERE key = :key{' FOR UPDATE' if for_update else ''}"
    row = (await connection.execute(text(statement), {"key": key})).first()
    if row is None:
        known = (await connection.execute(text("SELECT key FROM suppliers ORDER BY key LIMIT 500"))).scalars().all()
        raise SourceRejected(f"there is no supplier {key!r}{_did_you_mean(key, list(known))}")
    return _supplier(row)


async def by_id(connection: AsyncConnection, supplier_id: Any) -> Supplier:
    """The supplier with this id. Raises StoreRejected where there is none."""
    row = (
        await connection.execute(text(f"SELECT {COLUMNS} FROM suppliers WHERE id = :id"), {"id": supplier_id})
    ).first()
    if row is None:
        raise StoreRejected(f"there is no supplier with id {supplier_id}")
    return _supplier(row)


async def find(connection: AsyncConnection, key: str | None, name: str | None) -> Supplier | None:
    """The supplier with this key, or else with this name (letter case and outer blanks ignored)."""
    row = (
        await connection.execute(
            text(
                f"SELECT {COLUMNS} FROM suppliers"
                " WHERE key = CAST(:key AS text)"
                " OR (CAST(:key AS text) IS NULL AND lower(btrim(name)) = lower(btrim(:name)))"
                " ORDER BY created_at LIMIT 1"
            ),
            {"key": key, "name": name},
        )
    ).first()
    return _supplier(row) if row else None


async def every(connection: AsyncConnection, *, active_only: bool = False) -> list[Supplier]:
    """All suppliers by key."""
    rows = await connection.execute(
        text(f"SELECT {COLUMNS} FROM suppliers WHERE active OR NOT :active_only ORDER BY key"),
        {"active_only": active_only},
    )
    return [_supplier(row) for row in rows]


async def register(
    connection: AsyncConnection,
    key: str,
    name: str,
    source_type: str,
    source: JsonObject,
    settings: JsonObject | None = None,
    contact_email: str | None = None,
) -> Supplier:
    """Add the supplier, or change what differs; settings not named here stay as they are."""
    settings_from(settings or {})
    row = (
        await connection.execute(
            text(
                "INSERT INTO suppliers AS known (key, name, source_type, source, settings, contact_email)"
                " VALUES (:key, :name, :type, CAST(:source AS jsonb), CAST(:settings AS jsonb), :email)"
                " ON CONFLICT (key) DO UPDATE SET name = excluded.name, source_type = excluded.source_type,"
                " source = excluded.source, settings = known.settings || excluded.settings"
                " || CASE WHEN known.settings ? 'guards' AND excluded.settings ? 'guards' THEN jsonb_build_object("
                "'guards', (known.settings -> 'guards') || (excluded.settings -> 'guards')) ELSE '{}' END,"
                " active = true,"
                " contact_email = coalesce(excluded.contact_email, known.contact_email), updated_at = now()"
                f" RETURNING {COLUMNS}"
            ),
            {
                "key": key,
                "name": name,
                "type": source_type,
                "source": orjson.dumps(source).decode(),
                "settings": orjson.dumps(settings or {}).decode(),
                "email": contact_email,
            },
        )
    ).one()
    return _supplier(row)


async def replace(connection: AsyncConnection, supplier: Supplier) -> None:
    """Name, source, settings and mail address as `supplier` has them; the row is locked by the caller."""
    await connection.execute(
        text(
            "UPDATE suppliers SET name = :name, source_type = :type, source = CAST(:source AS jsonb),"
            " settings = CAST(:settings AS jsonb), contact_email = :email, updated_at = now() WHERE id = :id"
        ),
        {
            "id": supplier.id,
            "name": supplier.name,
            "type": supplier.source_type,
            "source": orjson.dumps(supplier.source).decode(),
            "settings": orjson.dumps(supplier.settings.model_dump(mode="json", exclude_unset=True)).decode(),
            "email": supplier.contact_email,
        },
    )


async def set_active(connection: AsyncConnection, key: str, active: bool) -> None:
    """Pause or resume; a paused supplier keeps its items and history."""
    await by_key(connection, key)
    await connection.execute(
        text("UPDATE suppliers SET active = :active, updated_at = now() WHERE key = :key AND active <> :active"),
        {"key": key, "active": active},
    )


async def free_key(connection: AsyncConnection, name: str) -> str:
    """A key for a new supplier called `name` that nobody has. One query, however many names make the same key."""
    wanted = keys_for(name)
    rows = await connection.execute(text("SELECT key FROM suppliers WHERE key = ANY(:keys)"), {"keys": wanted})
    taken = set(rows.scalars())
    free = next((key for key in wanted if key not in taken), None)
    if free is None:
        raise SourceRejected(f"no key is free for a supplier called {name!r}; name one in the message: `supplier`")
    return free


def _did_you_mean(key: str, known: list[str]) -> str:
    from rapidfuzz import process

    near = [match for match, score, _ in process.extract(key, known, limit=3) if score >= 60]
    if near:
        return f"; did you mean {', '.join(near)}?"
    return "; `ingestion supplier list` shows them all" if known else "; none is registered yet"
