"""Good rows into `staged_items`, bad rows into `parsing_logs`, both by COPY. Judging and merging happen elsewhere.

Rows go inside the batch's transaction; rejects go through a connection of their own, so that they survive a
load that is rolled back.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.row_types import ItemRow, NotAnItem, RowReject
from ingestion_dagster.store.database import Database

BLOCK = 1000
"""Rows handed to the server at a time: parsing here and writing there overlap."""

STAGED_COLUMNS = (
    "batch_id",
    "row_number",
    "supplier_sku",
    "name",
    "price",
    "currency",
    "stock",
    "barcode",
    "brand",
    "category",
    "unit",
    "description",
    "url_image",
    "characteristics",
    "price_column",
)
LOG_COLUMNS = (
    "task_id",
    "supplier_id",
    "batch_id",
    "error_type",
    "code",
    "error_message",
    "row_number",
    "cell",
    "field",
    "supplier_sku",
    "raw",
    "row_data",
)


@dataclass(slots=True)
class Counts:
    """What was read; `items` are staged, before duplicates are settled."""

    items: int = 0
    rejects: int = 0
    not_items: dict[str, int] = field(default_factory=dict)
    repeated_key: bool = False
    """Whether two items may share a key (a hash was seen twice); the database then looks exactly."""


@dataclass(slots=True)
class RejectLog:
    """Writes rejects of one batch to `parsing_logs`, each block committed at once."""

    database: Database
    task_id: str
    supplier_id: UUID
    batch_id: int
    waiting: list[str] = field(default_factory=list)
    written: int = 0

    async def add(self, reject: RowReject) -> None:
        """Queue one reject; a full block is written."""
        self.waiting.append(
            _line(
                (
                    self.task_id,
                    str(self.supplier_id),
                    str(self.batch_id),
                    "ValidationError",
                    reject.code,
                    reject.message,
                    str(reject.row + 1),
                    reject.cell,
                    reject.field,
                    reject.supplier_sku,
                    reject.raw[:2000],
                    reject.row_data,
                )
            )
        )
        if len(self.waiting) >= BLOCK:
            await self.flush()

    async def flush(self) -> None:
        """Write and commit what waits."""
        if not self.waiting:
            return
        block, self.waiting = self.waiting, []
        async with self.database.transaction() as connection:
            await _copy(connection, "parsing_logs", LOG_COLUMNS, _once("".join(block).encode()))
        self.written += len(block)


async def stage_rows(
    connection: AsyncConnection,
    batch_id: int,
    outcomes: Iterable[ItemRow | RowReject | NotAnItem],
    log: RejectLog,
) -> Counts:
    """COPY the items of `outcomes` into the open transaction; count the rest. Reads `outcomes` once, as it goes."""
    counts = Counts()
    keys: set[int] = set()

    async def blocks() -> AsyncIterator[bytes]:
        prefix = f"{batch_id}\t"
        lines: list[str] = []
        for outcome in outcomes:
            if type(outcome) is ItemRow:
                lines.append(_item_line(outcome))
                keys.add(hash(outcome.supplier_sku))
                if len(lines) >= BLOCK:
                    counts.items += len(lines)
                    yield _sealed(lines, prefix)
                    lines = []
            elif type(outcome) is RowReject:
                counts.rejects += 1
                await log.add(outcome)
            else:
                kind = outcome.kind  # type: ignore[union-attr]
                counts.not_items[kind] = counts.not_items.get(kind, 0) + 1
        counts.items += len(lines)
        yield _sealed(lines, prefix)

    await _copy(connection, "staged_items", STAGED_COLUMNS, blocks())
    await log.flush()
    counts.repeated_key = len(keys) < counts.items
    return counts


def _sealed(lines: list[str], prefix: str) -> bytes:
    """The lines as COPY text of this batch."""
    return "".join([prefix + line for line in lines]).encode()


def _item_line(item: ItemRow) -> str:
    (row, sku, name, price, currency, stock, barcode, brand, category, unit, description, image, extra, column) = item
    line = (
        f"{row + 1}\t{sku}\t{name}\t{price}\t{currency or ''}\t{'' if stock is None else stock}\t{barcode or ''}\t"
        f"{brand or ''}\t{category or ''}\t{unit or ''}\t{description or ''}\t{image or ''}\t{extra}\t{column}\n"
    )
    # One look at the whole line instead of one per cell: only lines that need escaping are taken apart.
    if "\\" in line or "\r" in line or line.count("\t") != 13 or line.count("\n") != 1:
        return _line(
            (
                str(row + 1),
                sku,
                name,
                str(price),
                currency,
                None if stock is None else str(stock),
                barcode,
                brand,
                category,
                unit,
                description,
                image,
                extra,
                str(column),
            )
        )
    return line


def _line(values: tuple[str | None, ...]) -> str:
    """COPY text with the empty string for NULL."""
    return "\t".join([_escaped(value) if value else "" for value in values]) + "\n"


def _escaped(value: str) -> str:
    return (
        value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r").replace("\x00", "")
    )


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _copy(
    connection: AsyncConnection, table: str, columns: tuple[str, ...], source: AsyncIterator[bytes]
) -> None:
    """COPY through the driver under SQLAlchemy's open transaction."""
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_to_table(table, source=source, columns=columns, format="text", null="")


async def settle_duplicates(
    connection: AsyncConnection, batch_id: int, policy: str
) -> tuple[int, list[dict[str, Any]]]:
    """Keys that stand in several rows: equal rows collapse into the first, conflicts follow `policy`.

    Policies: `reject` drops all of them, `first` and `last` keep by row, `lowest` keeps the cheapest. Returns
    the number of collapsed rows and the conflicting rows that were dropped, each with the row it conflicts with.
    """
    await connection.execute(text(MARK_DUPLICATES), {"batch": batch_id})
    collapsed = await connection.execute(text(COLLAPSE_EQUAL), {"batch": batch_id})
    dropped = await connection.execute(text(DROP_CONFLICTING), {"batch": batch_id, "policy": policy})
    rows = [dict(row._mapping) for row in dropped]
    await connection.execute(text("DROP TABLE repeated_rows"))
    return collapsed.rowcount, rows


MARK_DUPLICATES = """
CREATE TEMPORARY TABLE repeated_rows ON COMMIT DROP AS
SELECT row_number, supplier_sku, price, content,
       row_number() OVER (PARTITION BY supplier_sku, content ORDER BY row_number) AS copy_number
FROM (
    SELECT staged.*, md5(row(name, price, currency, stock, barcode, brand, category, unit, description, url_image,
                             characteristics)::text) AS content
    FROM staged_items staged
    WHERE batch_id = :batch AND supplier_sku IN (
        SELECT supplier_sku FROM staged_items WHERE batch_id = :batch GROUP BY supplier_sku HAVING count(*) > 1)
) repeated
"""

COLLAPSE_EQUAL = """
DELETE FROM staged_items staged USING repeated_rows twin
WHERE staged.batch_id = :batch AND staged.row_number = twin.row_number AND twin.copy_number > 1
"""

DROP_CONFLICTING = """
WITH conflicting AS (
    SELECT row_number, supplier_sku, price,
           row_number() OVER (PARTITION BY supplier_sku ORDER BY
               CASE WHEN :policy = 'lowest' THEN price END,
               CASE WHEN :policy = 'last' THEN -row_number ELSE row_number END) AS rank,
           count(*) OVER (PARTITION BY supplier_sku) AS variants,
           min(row_number) OVER (PARTITION BY supplier_sku) AS first_row,
           max(row_number) OVER (PARTITION BY supplier_sku) AS last_row
    FROM repeated_rows WHERE copy_number = 1
), gone AS (
    DELETE FROM staged_items staged USING conflicting
    WHERE staged.batch_id = :batch AND staged.row_number = conflicting.row_number
      AND conflicting.variants > 1 AND (:policy = 'reject' OR conflicting.rank > 1)
    RETURNING staged.row_number, staged.supplier_sku, staged.name, staged.price, staged.price_column,
              CASE WHEN staged.row_number = conflicting.first_row THEN conflicting.last_row
                   ELSE conflicting.first_row END AS other_row
)
SELECT * FROM gone ORDER BY row_number
"""
