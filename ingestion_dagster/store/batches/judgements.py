"""What was said about a batch: the guards' judgement, the rows it holds for, what it means for later lists.
How a batch goes from state to state is in `batches.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.fields import COMPARED, FURTHER
from ingestion_dagster.core.guards.facts import GuardResult
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.store.batches import batches
from ingestion_dagster.store.batches.types import SameList
from ingestion_dagster.store.states import BatchState


class Judged(NamedTuple):
    """A batch with what the guards said of it."""

    batch_id: int
    state: BatchState
    results: list[GuardResult]


async def record_judgement(
    connection: AsyncConnection, batch_id: int, guards: Sequence[JsonObject], questions: Sequence[JsonObject]
) -> None:
    """What the guards said about the batch."""
    await connection.execute(
        text(
            "UPDATE ingestion_batches SET guards = CAST(:guards AS jsonb), questions = CAST(:questions AS jsonb)"
            " WHERE id = :id"
        ),
        {"id": batch_id, "guards": orjson.dumps(guards).decode(), "questions": orjson.dumps(questions).decode()},
    )


async def newest_judgement(connection: AsyncConnection, key: str) -> Judged | None:
    """The newest batch of the supplier that was judged."""
    row = (
        await connection.execute(
            text(
                "SELECT b.id, b.state, b.guards FROM ingestion_batches b JOIN suppliers s ON s.id = b.supplier_id"
                " WHERE s.key = :key AND b.guards <> '[]' ORDER BY b.id DESC LIMIT 1"
            ),
            {"key": key},
        )
    ).first()
    if row is None:
        return None
    return Judged(row.id, row.state, [GuardResult.model_validate(guard) for guard in row.guards])


async def seal(connection: AsyncConnection, batch_id: int) -> None:
    """Write down the hash of the staged rows: what a person approves later is exactly what was judged."""
    await connection.execute(
        text(f"UPDATE ingestion_batches SET content_hash = ({CONTENT_HASH}) WHERE id = :batch"), {"batch": batch_id}
    )


async def content_hash(connection: AsyncConnection, batch_id: int) -> str:
    """Hash of the batch's staged rows as they are now."""
    return str((await connection.execute(text(CONTENT_HASH), {"batch": batch_id})).scalar_one())


async def set_fingerprint(connection: AsyncConnection, batch_id: int, fingerprint: str) -> None:
    """The batch counts as read under these rules."""
    await connection.execute(
        text("UPDATE ingestion_batches SET fingerprint = :fingerprint WHERE id = :id"),
        {"id": batch_id, "fingerprint": fingerprint},
    )


async def of_same_list(connection: AsyncConnection, supplier_id: UUID, fingerprint: str) -> SameList | None:
    """The batch that has this very list already: in force, or stopped and newer than that.

    A batch closed because it was overtaken is older than the one in force, so a list that comes back is read anew.
    """
    row = (await connection.execute(text(SAME_LIST), {"supplier": supplier_id, "fingerprint": fingerprint})).first()
    return SameList(row.id, row.state) if row else None


async def planned(connection: AsyncConnection, supplier_key: str, fingerprint: str) -> int | None:
    """The batch that an earlier plan made of this very list, if its staged rows are still those that were judged."""
    row = (await connection.execute(text(PLANNED), {"key": supplier_key, "fingerprint": fingerprint})).first()
    if row is None or await content_hash(connection, row.id) != row.content_hash:
        return None
    return int(row.id)


async def close_overtaken(connection: AsyncConnection, supplier_id: UUID, applied_id: int) -> list[int]:
    """Undecided batches that are older than the one just applied can never be applied: reject them; their ids."""
    older = await connection.execute(text(OVERTAKEN), {"supplier": supplier_id, "applied": applied_id})
    closed = [int(batch_id) for batch_id in older.scalars()]
    for batch_id in closed:
        await batches.move(connection, batch_id, "rejected", "load", f"overtaken by batch {applied_id}")
    return closed


_OWN = ", ".join(field for field in COMPARED if field not in FURTHER)
_MORE = ", ".join(f"'{field}', {field}" for field in FURTHER)
# A field that came after a batch was judged is empty in its rows, and must not make it another one.
_FILLED = f" || coalesce(nullif(jsonb_strip_nulls(jsonb_build_object({_MORE}))::text, '{{}}'), '')" if FURTHER else ""

CONTENT_HASH = f"""
SELECT encode(sha256(convert_to(coalesce(string_agg(
           md5(row(row_number, supplier_sku, price, price_column, printed_price, price_basis,
                   from_quantity, price_steps,
                   {_OWN})::text{_FILLED}),
           '' ORDER BY row_number, supplier_sku), '')
       || coalesce((SELECT string_agg(md5(row(former_sku, supplier_sku)::text), '' ORDER BY former_sku)
                    FROM item_rekeys WHERE batch_id = :batch), ''), 'UTF8')), 'hex')
FROM staged_items WHERE batch_id = :batch
"""
"""Of the rows, and of the old keys that their items are known by where those are others."""

SAME_LIST = """
SELECT batch.id, batch.state FROM ingestion_batches batch JOIN suppliers supplier ON supplier.id = batch.supplier_id
WHERE batch.supplier_id = :supplier AND batch.fingerprint = :fingerprint
  AND (batch.id = supplier.last_batch_id
       OR (batch.id > coalesce(supplier.last_batch_id, 0) AND batch.state IN ('held', 'rejected')))
  AND NOT EXISTS (SELECT FROM batch_transitions moved
                  WHERE moved.batch_id = batch.id AND moved.to_state = 'rejected' AND moved.actor = 'load')
ORDER BY batch.state = 'applied' DESC, batch.id DESC LIMIT 1
"""
"""A batch that was only overtaken was rejected by no person: its list is read again."""

PLANNED = """
SELECT batch.id, batch.content_hash
FROM ingestion_batches batch JOIN suppliers supplier ON supplier.id = batch.supplier_id
WHERE supplier.key = :key AND batch.fingerprint = :fingerprint AND batch.state = 'staged'
  AND batch.content_hash IS NOT NULL AND batch.base_batch_id IS NOT DISTINCT FROM supplier.last_batch_id
ORDER BY batch.id DESC LIMIT 1
"""

OVERTAKEN = """
SELECT batch.id FROM ingestion_batches batch JOIN ingestion_batches applied ON applied.id = :applied
WHERE batch.supplier_id = :supplier AND batch.state IN ('staged', 'held', 'approved') AND batch.id <> applied.id
  AND (batch.snapshot_id < applied.snapshot_id OR (batch.snapshot_id = applied.snapshot_id AND batch.id < applied.id))
ORDER BY batch.id
"""
