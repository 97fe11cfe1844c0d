"""What Google Drive said of each supplier's document: when it was last asked, and before the document was last read.

A hint which lists need not be read again. What is asked is in `sources/google/drive.py`, what follows is in
`services/refresh.py`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.json_object import JsonObject

State = JsonObject
"""Document and tab, and Drive's time and version, compared as a whole: equal states mean that nobody edited what was
read."""


class Seen(NamedTuple):
    """Of one supplier: Drive's word when it was last asked, and when its list was last read."""

    listed: State | None
    read: State | None


async def listed(connection: AsyncConnection, supplier_id: UUID) -> State | None:
    """Drive's word when it was last asked about the supplier's document."""
    statement = text("SELECT drive_listed FROM suppliers WHERE id = :id")
    found: State | None = (await connection.execute(statement, {"id": supplier_id})).scalar()
    return found


async def read(connection: AsyncConnection, supplier_id: UUID, state: State | None) -> None:
    """The list was read just now; `state` is what `listed` gave before, None where it has to be read every time."""
    await connection.execute(
        text(
            "UPDATE suppliers SET drive_state = CAST(:state AS jsonb)"
            " WHERE id = :id AND drive_state IS DISTINCT FROM CAST(:state AS jsonb)"
        ),
        {"id": supplier_id, "state": _json(state)},
    )


async def every(connection: AsyncConnection) -> Mapping[UUID, Seen]:
    """By supplier, where there is anything."""
    rows = await connection.execute(
        text(
            "SELECT id, drive_listed, drive_state FROM suppliers"
            " WHERE drive_listed IS NOT NULL OR drive_state IS NOT NULL"
        )
    )
    return {row.id: Seen(row.drive_listed, row.drive_state) for row in rows}


async def note_listing(connection: AsyncConnection, states: Iterable[tuple[UUID, State | None]]) -> None:
    """Drive was asked: its word on each supplier's document, None where it does not know it."""
    values = [{"id": supplier_id, "state": _json(state)} for supplier_id, state in states]
    if values:
        await connection.execute(
            text(
                "UPDATE suppliers SET drive_listed = CAST(:state AS jsonb)"
                " WHERE id = :id AND drive_listed IS DISTINCT FROM CAST(:state AS jsonb)"
            ),
            values,
        )


def _json(state: State | None) -> str | None:
    return orjson.dumps(state).decode() if state is not None else None
