"""What is on record about one price: item, history, batches, snapshots, mapping. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.reports.provenance import Absence
from ingestion_dagster.core.sheets import cell_address
from ingestion_dagster.store.batches.types import READ_LIST, ReadList
from ingestion_dagster.store.records import record, record_or_none, records

MOST_KEYS = 200_000
"""Keys that near matches are looked for in."""


@dataclass(frozen=True, slots=True)
class ItemNow:
    """An item as the catalogue shows it, in the list or not."""

    id: int
    supplier_sku: str
    name: str
    current_price: Decimal
    currency: str | None
    active: bool
    missing_since: datetime | None
    last_ingested_at: datetime


@dataclass(frozen=True, slots=True)
class KnownPrice:
    """A price that an item had: how long, and where it stood."""

    price: Decimal
    currency: str | None
    printed_price: Decimal | None
    """What the list prints for `price_basis` pieces; None where it prints the price of one."""
    price_basis: int | None
    valid_from: datetime
    valid_to: datetime | None
    batch_id: int
    snapshot_id: int
    row_number: int
    """1-based."""
    column_index: int
    """0-based."""

    @property
    def cell(self) -> str:
        """The address of the cell that it stood in."""
        return cell_address(self.row_number - 1, self.column_index)


@dataclass(frozen=True, slots=True)
class KnownStep(KnownPrice):
    """The same of the price from a quantity on."""

    from_quantity: int


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Who confirmed a mapping, and when."""

    confirmed_by: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that a batch did not take, and why."""

    row_number: int
    """1-based."""
    error_message: str


async def item(connection: AsyncConnection, supplier_id: UUID, sku: str) -> ItemNow | None:
    """The supplier's item with this key as the catalogue shows it, in or out of the list."""
    row = (
        await connection.execute(
            text(
                "SELECT id, supplier_sku, name, current_price, currency, active, missing_since, last_ingested_at"
                " FROM supplier_items_current WHERE supplier_id = :supplier AND supplier_sku = :sku"
            ),
            {"supplier": supplier_id, "sku": sku},
        )
    ).first()
    return record_or_none(ItemNow, row)


async def keys(connection: AsyncConnection, supplier_id: UUID) -> list[str]:
    """Keys of the supplier's items."""
    rows = await connection.execute(
        text("SELECT supplier_sku FROM supplier_items WHERE supplier_id = :supplier ORDER BY supplier_sku LIMIT :most"),
        {"supplier": supplier_id, "most": MOST_KEYS},
    )
    return list(rows.scalars())


async def history(connection: AsyncConnection, item_id: int) -> list[KnownPrice]:
    """Every price the item had, newest first."""
    return records(KnownPrice, await connection.execute(text(HISTORY), {"item": item_id}))


async def steps(connection: AsyncConnection, item_id: int) -> list[KnownStep]:
    """Every price by quantity that the item has or had, by quantity, the newest first."""
    return records(KnownStep, await connection.execute(text(STEPS), {"item": item_id}))


async def absences(connection: AsyncConnection, item_id: int) -> list[Absence]:
    """When the item was not in the list, newest first."""
    rows = await connection.execute(
        text(
            "SELECT missing_since, returned_at, batch_id FROM item_absences WHERE supplier_item_id = :item"
            " ORDER BY id DESC"
        ),
        {"item": item_id},
    )
    return records(Absence, rows)


async def batch(connection: AsyncConnection, batch_id: int) -> ReadList:
    """A batch with the snapshot it read."""
    return record(ReadList, (await connection.execute(text(BATCH), {"batch": batch_id})).one())


async def remembered(connection: AsyncConnection, mapping_id: int) -> Confirmation | None:
    """Who confirmed a mapping, and when."""
    row = (
        await connection.execute(
            text("SELECT confirmed_by, updated_at FROM column_mappings WHERE id = :id"),
            {"id": mapping_id},
        )
    ).first()
    return record_or_none(Confirmation, row)


async def rejects_of_key(connection: AsyncConnection, batch_id: int, sku: str) -> list[RefusedRow]:
    """Rows with this key that the batch did not take."""
    rows = await connection.execute(
        text(
            "SELECT row_number, error_message FROM parsing_logs"
            " WHERE batch_id = :batch AND supplier_sku = :sku ORDER BY row_number LIMIT 20"
        ),
        {"batch": batch_id, "sku": sku},
    )
    return records(RefusedRow, rows)


HISTORY = """
SELECT known.price, known.currency, known.valid_from, known.valid_to, known.batch_id, known.row_number,
       known.column_index, known.printed_price, known.price_basis, batch.snapshot_id
FROM price_validity known JOIN ingestion_batches batch ON batch.id = known.batch_id
WHERE known.supplier_item_id = :item
ORDER BY known.valid_from DESC, known.price_history_id DESC
"""

STEPS = """
SELECT step.from_quantity, step.price, step.currency, step.printed_price, step.price_basis, step.valid_from,
       step.valid_to, step.batch_id, step.row_number, step.column_index, batch.snapshot_id
FROM price_steps step JOIN ingestion_batches batch ON batch.id = step.batch_id
WHERE step.supplier_item_id = :item
ORDER BY step.from_quantity, step.valid_from DESC, step.id DESC
"""

BATCH = f"""
SELECT {READ_LIST}
FROM ingestion_batches batch JOIN sheet_snapshots snapshot ON snapshot.id = batch.snapshot_id
WHERE batch.id = :batch
"""
