"""Mappings a person confirmed for a supplier, one per header signature. Their meaning is in `core/columns/drift.py`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.columns.drift import RememberedMapping
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.store.records import records


@dataclass(frozen=True, slots=True)
class Remembered:
    """The mapping confirmed last, and how to tell whether anything was confirmed since."""

    id: int
    version: int
    """Of everything confirmed for the supplier: equal versions read equal bytes alike."""
    mapping: RememberedMapping
    earlier: Mapping[str, tuple[int, RememberedMapping]] = field(default_factory=dict)
    """signature -> id and mapping of other layouts; suppliers return to an old layout."""

    def for_signature(self, signature: str) -> tuple[int, RememberedMapping]:
        """What was confirmed for exactly these headers, else what was confirmed last."""
        return self.earlier.get(signature, (self.id, self.mapping))


@dataclass(frozen=True, slots=True)
class KeptMapping:
    """A mapping as it is on record: whose word it is, and since when."""

    id: int
    signature: str
    """Of the headers it is for."""
    mapping: JsonObject
    """A `RememberedMapping`."""
    confirmed: bool
    confirmed_by: str | None
    created_at: datetime
    updated_at: datetime


async def confirmed(connection: AsyncConnection, supplier_id: UUID) -> Remembered | None:
    """What was confirmed for the supplier; None where nobody confirmed anything yet."""
    rows = (
        await connection.execute(
            text(
                "SELECT id, signature, mapping FROM column_mappings WHERE supplier_id = :supplier AND confirmed"
                " ORDER BY updated_at DESC, id DESC"
            ),
            {"supplier": supplier_id},
        )
    ).all()
    if not rows:
        return None
    known = [(int(row.id), RememberedMapping.model_validate(row.mapping)) for row in rows]
    newest_id, newest = known[0]
    return Remembered(
        id=newest_id,
        version=_version([mapping for _, mapping in known]),
        mapping=newest,
        earlier={mapping.signature: (mapping_id, mapping) for mapping_id, mapping in known[1:]},
    )


def _version(known: list[RememberedMapping]) -> int:
    """The newest counts by its place; who confirmed and what the prices were changes no reading."""
    content = [mapping.model_dump(mode="json", exclude={"confirmed_by", "price_profile"}) for mapping in known]
    return int.from_bytes(hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()[:7], "big")


async def keep(connection: AsyncConnection, supplier_id: UUID, mapping: RememberedMapping, confirmed_by: str) -> int:
    """Remember `mapping` as confirmed, in place of what was known for the same headers; its id.

    Questions settled before stay settled: a sheet does not ask them again, so `mapping` does not name them.
    """
    before = await confirmed(connection, supplier_id)
    settled = tuple(dict.fromkeys((*(before.mapping.settled if before else ()), *mapping.settled)))
    kept = mapping.model_copy(update={"confirmed_by": confirmed_by, "settled": settled})
    row = await connection.execute(
        text(
            "INSERT INTO column_mappings (supplier_id, signature, mapping, confirmed, confirmed_by)"
            " VALUES (:supplier, :signature, CAST(:mapping AS jsonb), true, :who)"
            " ON CONFLICT (supplier_id, signature) DO UPDATE SET mapping = excluded.mapping, confirmed = true,"
            " confirmed_by = excluded.confirmed_by, updated_at = clock_timestamp() RETURNING id"
        ),
        {
            "supplier": supplier_id,
            "signature": mapping.signature,
            "mapping": orjson.dumps(kept.model_dump(mode="json")).decode(),
            "who": confirmed_by,
        },
    )
    return int(row.scalar_one())


async def listed(connection: AsyncConnection, supplier_id: UUID) -> list[KeptMapping]:
    """Every remembered mapping of the supplier, newest first."""
    rows = await connection.execute(
        text(
            "SELECT id, signature, mapping, confirmed, confirmed_by, created_at, updated_at FROM column_mappings"
            " WHERE supplier_id = :supplier ORDER BY updated_at DESC, id DESC"
        ),
        {"supplier": supplier_id},
    )
    return records(KeptMapping, rows)
