"""Which bytes were received when, and from where. The bytes themselves are kept by `sources/snapshot_store.py`."""

from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.steps import SheetSnapshot


async def lock_bytes(connection: AsyncConnection, sha256: str) -> None:
    """Hold off the sweep of these bytes (and other writers of them) until the transaction ends."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('ingestion.bytes.' || :sha, 0))"), {"sha": sha256}
    )


async def record(
    connection: AsyncConnection,
    supplier_id: UUID,
    sha256: str,
    path: str,
    size_bytes: int,
    filename: str,
    source: JsonObject,
) -> int:
    """The id of the snapshot; the bytes that this supplier sent last are not recorded again."""
    found = (
        await connection.execute(
            text(
                "WITH newest AS (SELECT id, sha256, filename, deleted_at FROM sheet_snapshots"
                " WHERE supplier_id = :supplier ORDER BY id DESC LIMIT 1)"
                " SELECT id FROM newest WHERE sha256 = :sha AND filename = :filename AND deleted_at IS NULL"
            ),
            {"supplier": supplier_id, "sha": sha256, "filename": filename},
        )
    ).scalar()
    if found is not None:
        return int(found)
    return int(
        (
            await connection.execute(
                text(
                    "INSERT INTO sheet_snapshots (supplier_id, sha256, path, size_bytes, filename, source)"
                    " VALUES (:supplier, :sha, :path, :size, :filename, CAST(:source AS jsonb)) RETURNING id"
                ),
                {
                    "supplier": supplier_id,
                    "sha": sha256,
                    "path": path,
                    "size": size_bytes,
                    "filename": filename,
                    "source": orjson.dumps(source).decode(),
                },
            )
        ).scalar_one()
    )


async def get(connection: AsyncConnection, snapshot_id: int, supplier_key: str) -> SheetSnapshot:
    """The reference to a stored snapshot of this supplier. Raises SourceRejected where it is not there any more."""
    row = (
        await connection.execute(
            text(
                "SELECT s.id, s.sha256, s.size_bytes, s.filename, s.deleted_at FROM sheet_snapshots s"
                " JOIN suppliers p ON p.id = s.supplier_id WHERE s.id = :id AND p.key = :key"
            ),
            {"id": snapshot_id, "key": supplier_key},
        )
    ).first()
    if row is None:
        raise SourceRejected(f"supplier {supplier_key!r} has no snapshot {snapshot_id}")
    if row.deleted_at is not None:
        raise SourceRejected(
            f"the bytes of snapshot {snapshot_id} were removed on {row.deleted_at:%Y-%m-%d} (retention)"
        )
    return SheetSnapshot(
        id=row.id, supplier_key=supplier_key, sha256=row.sha256, size_bytes=row.size_bytes, filename=row.filename
    )


async def newest(connection: AsyncConnection, supplier_key: str) -> SheetSnapshot:
    """The snapshot fetched last. Raises SourceRejected where there is none."""
    snapshot_id = (
        await connection.execute(
            text(
                "SELECT s.id FROM sheet_snapshots s JOIN suppliers p ON p.id = s.supplier_id"
                " WHERE p.key = :key AND s.deleted_at IS NULL ORDER BY s.id DESC LIMIT 1"
            ),
            {"key": supplier_key},
        )
    ).scalar()
    if snapshot_id is None:
        raise SourceRejected(
            f"no list of {supplier_key!r} was fetched yet: materialize supplier_sheet (`ingestion load` does both)"
        )
    return await get(connection, snapshot_id, supplier_key)
