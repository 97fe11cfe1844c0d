"""Items that get another key: the pairs a batch was matched by, kept as evidence, and the change itself.

Which old key became which new one is decided in `core/guards/rekeying.py`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.errors import StoreRejected, StoreUnavailable
from ingestion_dagster.core.guards.rekeying import Rekey
from ingestion_dagster.store.batches.types import Batch
from ingestion_dagster.store.records import records


@dataclass(frozen=True, slots=True)
class ItemRekey:
    """An item got another key."""

    former_sku: str
    supplier_sku: str
    batch_id: int
    """The batch that brought the new key."""
    rekeyed_at: datetime


async def known_keys(connection: AsyncConnection, supplier_id: UUID) -> set[str]:
    """Keys of all the supplier's items, in the list or not."""
    rows = await connection.execute(
        text("SELECT supplier_sku FROM supplier_items WHERE supplier_id = :supplier"), {"supplier": supplier_id}
    )
    return set(rows.scalars())


async def looks_known(connection: AsyncConnection, batch_id: int, supplier_id: UUID) -> bool:
    """Whether at least half of some staged rows are known items; True where none are known or staged at all."""
    row = (await connection.execute(text(LOOK), {"batch": batch_id, "supplier": supplier_id})).one()
    return not row.any_known or 2 * row.direct >= row.looked_at


async def keys_by_row(connection: AsyncConnection, batch_id: int) -> list[tuple[int, str]]:
    """(0-based row, key) of every row that names an item, taken or refused."""
    rows = await connection.execute(text(KEYS_BY_ROW), {"batch": batch_id})
    return [(int(row.row_number) - 1, str(row.supplier_sku)) for row in rows]


async def note(connection: AsyncConnection, batch_id: int, rekey: Rekey, pairs: Mapping[str, str]) -> None:
    """The batch's rows have other keys than the catalogue: how, and old key -> new key of what was found again."""
    await connection.execute(
        text(
            "UPDATE ingestion_batches SET report = report || jsonb_build_object('rekey', CAST(:rekey AS jsonb))"
            " WHERE id = :id"
        ),
        {"id": batch_id, "rekey": orjson.dumps(rekey.model_dump()).decode()},
    )
    if pairs:
        await connection.execute(
            text(
                "INSERT INTO item_rekeys (batch_id, former_sku, supplier_sku)"
                " SELECT :batch, unnest(CAST(:old AS text[])), unnest(CAST(:new AS text[]))"
            ),
            {"batch": batch_id, "old": list(pairs), "new": list(pairs.values())},
        )


def rekey_of(batch: Batch) -> Rekey | None:
    """The change of key that comes with the batch."""
    noted = (batch.report or {}).get("rekey")
    return Rekey.model_validate(noted) if noted else None


async def check_keys(connection: AsyncConnection, batch: Batch) -> None:
    """A batch that was read before the items got another key does not fit the catalogue any more.

    Raises StoreUnavailable for one on its way (reading again helps), StoreRejected for one that waits for a person.
    """
    other = (
        await connection.execute(
            text(REKEYED_SINCE),
            {"batch": batch.id, "supplier": batch.supplier_id, "created": batch.created_at},
        )
    ).scalar()
    if other is None:
        return
    said = f"batch {batch.id} was read before batch {other} gave the items of {batch.supplier_key} another key"
    if batch.state == "staged":
        raise StoreUnavailable(f"{said}; load it again")
    raise StoreRejected(f"{said}; `ingestion load {batch.supplier_key} --snapshot {batch.snapshot_id}` reads it again")


@asynccontextmanager
async def as_rekeyed(connection: AsyncConnection, batch: Batch) -> AsyncIterator[int]:
    """The catalogue as it will be once the items have their new keys; undone afterwards. How many are carried over."""
    if rekey_of(batch) is None:
        yield 0
        return
    trial = await connection.begin_nested()
    try:
        yield await carry_out(connection, batch)
    finally:
        if trial.is_active:
            await trial.rollback()


async def carry_out(connection: AsyncConnection, batch: Batch) -> int:
    """Give the items their new keys, under the lock of the supplier; how many were found again.

    Old and new keys may look alike and mean other items. So what is not found again keeps its history under its old
    key with an addition, and is never taken for a new item that happens to have that key.
    """
    if rekey_of(batch) is None:
        return 0
    parameters = {"batch": batch.id, "supplier": batch.supplier_id}
    for statement in (FIND, STEP_ASIDE, SET_ASIDE, TAKE_NEW):
        await connection.execute(text(statement), parameters)
    carried = await connection.execute(text(CARRIED), parameters)
    return int(carried.scalar_one())


async def of_item(connection: AsyncConnection, item_id: int) -> list[ItemRekey]:
    """Keys that the item had before, newest first."""
    rows = await connection.execute(
        text(
            "SELECT former_sku, supplier_sku, batch_id, rekeyed_at FROM item_rekeys WHERE supplier_item_id = :item"
            " ORDER BY batch_id DESC"
        ),
        {"item": item_id},
    )
    return records(ItemRekey, rows)


async def key_now(connection: AsyncConnection, supplier_id: UUID, former_sku: str) -> str | None:
    """The key of the item that had `former_sku` last."""
    found = await connection.execute(text(KEY_NOW), {"supplier": supplier_id, "sku": former_sku})
    key = found.scalar()
    return None if key is None else str(key)


LOOK = """
SELECT count(*) AS looked_at, count(item.id) AS direct,
       EXISTS (SELECT FROM supplier_items WHERE supplier_id = :supplier) AS any_known
FROM (SELECT supplier_sku FROM staged_items WHERE batch_id = :batch LIMIT 200) staged
LEFT JOIN supplier_items item ON item.supplier_id = :supplier AND item.supplier_sku = staged.supplier_sku
"""

KEYS_BY_ROW = """
SELECT row_number, supplier_sku FROM staged_items WHERE batch_id = :batch
UNION ALL
SELECT row_number, supplier_sku FROM parsing_logs
WHERE batch_id = :batch AND supplier_sku IS NOT NULL AND row_number IS NOT NULL
"""

REKEYED_SINCE = """
SELECT max(id) FROM ingestion_batches
WHERE supplier_id = :supplier AND id <> :batch AND state = 'applied' AND report ? 'rekey' AND decided_at > :created
"""

FIND = """
UPDATE item_rekeys pair SET supplier_item_id = item.id, rekeyed_at = statement_timestamp()
FROM supplier_items item
WHERE pair.batch_id = :batch AND item.supplier_id = :supplier AND item.supplier_sku = pair.former_sku
"""

STEP_ASIDE = """
UPDATE supplier_items item SET supplier_sku = chr(1) || item.id
FROM item_rekeys pair WHERE pair.batch_id = :batch AND pair.supplier_item_id = item.id
"""
"""A new key may be an old one of another item; keys are unique at every moment."""

SET_ASIDE = """
WITH stays AS (
    SELECT id, supplier_sku FROM supplier_items item
    WHERE supplier_id = :supplier AND supplier_sku NOT LIKE chr(1) || '%'
      AND NOT EXISTS (SELECT FROM item_rekeys earlier
                      WHERE earlier.supplier_item_id = item.id AND earlier.set_aside
                        AND earlier.supplier_sku = item.supplier_sku)
), noted AS (
    INSERT INTO item_rekeys (batch_id, supplier_item_id, former_sku, supplier_sku, set_aside, rekeyed_at)
    SELECT :batch, id, supplier_sku,
           CASE WHEN length(supplier_sku) <= 220 THEN supplier_sku
                ELSE left(supplier_sku, 185) || '-' || md5(supplier_sku) END
           || ' (until batch ' || CAST(:batch AS bigint) || ')',
           true, statement_timestamp()
    FROM stays RETURNING supplier_item_id, supplier_sku
)
UPDATE supplier_items item SET supplier_sku = noted.supplier_sku
FROM noted WHERE item.id = noted.supplier_item_id AND item.supplier_id = :supplier
"""

TAKE_NEW = """
UPDATE supplier_items item SET supplier_sku = pair.supplier_sku
FROM item_rekeys pair
WHERE pair.batch_id = :batch AND pair.supplier_item_id = item.id AND item.supplier_sku LIKE chr(1) || '%'
"""

CARRIED = """
SELECT count(*) FROM item_rekeys pair JOIN supplier_items item ON item.id = pair.supplier_item_id
WHERE pair.batch_id = :batch AND NOT pair.set_aside AND item.active AND item.missing_since IS NULL
"""

KEY_NOW = """
SELECT item.supplier_sku FROM item_rekeys pair JOIN supplier_items item ON item.id = pair.supplier_item_id
WHERE item.supplier_id = :supplier AND pair.former_sku = :sku ORDER BY pair.batch_id DESC LIMIT 1
"""
