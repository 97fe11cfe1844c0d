"""Good rows into `staged_items`, bad rows into `parsing_logs`, both by COPY. Judging and merging happen elsewhere.

Rows go inside the batch's transaction; rejects go through a connection of their own, so that they survive a
load that is rolled back.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from types import NoneType
from typing import Any, NamedTuple, get_args, get_type_hints
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.core.fields import COMPARED
from ingestion_dagster.core.rows.types import ItemRow, NotAnItem, RowReject
from ingestion_dagster.store.database import Database
from ingestion_dagster.store.records import records

BLOCK = 1000
"""Rows handed to the server at a time: parsing here and writing there overlap."""

ARRIVING = "staged_items_arriving"
"""The part of `staged_items` that new rows go to; it is named directly to spare the server the routing."""

STAGED_COLUMNS = ("batch_id", *ItemRow._fields)
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
    items: list[ItemRow] = []

    def sealed() -> bytes:
        counts.items += len(items)
        keys.update(map(hash, map(_KEY, items)))
        block = _block(items, batch_id)
        items.clear()
        return block.encode()

    async def blocks() -> AsyncIterator[bytes]:
        add = items.append
        for outcome in outcomes:
            if type(outcome) is ItemRow:
                add(outcome)
                if len(items) >= BLOCK:
                    yield sealed()
            elif type(outcome) is RowReject:
                counts.rejects += 1
                await log.add(outcome)
            else:
                kind = outcome.kind  # type: ignore[union-attr]
                counts.not_items[kind] = counts.not_items.get(kind, 0) + 1
        yield sealed()

    await _copy(connection, ARRIVING, STAGED_COLUMNS, blocks())
    await log.flush()
    counts.repeated_key = len(keys) < counts.items
    return counts


_KEY = itemgetter(ItemRow._fields.index("supplier_sku"))


def _line_writer() -> Callable[[Sequence[ItemRow], int], list[str]]:
    """Makes `lambda items, batch_id: [f"{batch_id}\\t{row_number + 1}\\t…\\n" for (row_number, …) in items]`.

    It is put together once, of the columns there are: a loop over them would cost more per row than all the rest here.
    """
    hints = get_type_hints(ItemRow)
    cells = ["{batch_id}", "{row_number + 1}"]
    for column in ItemRow._fields[1:]:
        nullable = NoneType in get_args(hints[column])
        cells.append(f"{{'' if {column} is None else {column}}}" if nullable else f"{{{column}}}")
    line, columns = "\\t".join(cells), ", ".join(ItemRow._fields)
    made: Callable[[Sequence[ItemRow], int], list[str]] = eval(  # noqa: S307 - of our own column names
        f'lambda items, batch_id: [f"{line}\\n" for ({columns}) in items]'
    )
    return made


_lines_of = _line_writer()


def _block(items: Sequence[ItemRow], batch_id: int) -> str:
    """The items as lines of COPY text."""
    block = "".join(_lines_of(items, batch_id))
    # One look at the whole block instead of one per cell: almost none has anything that COPY could misread.
    tabs, lines = len(items) * (len(STAGED_COLUMNS) - 1), len(items)
    if "\\" in block or "\r" in block or "\x00" in block or block.count("\t") != tabs or block.count("\n") != lines:
        return "".join([_item_line(item, batch_id) for item in items])
    return block


def _item_line(item: ItemRow, batch_id: int) -> str:
    """The careful way: every text escaped."""
    row, *values = item
    return _line((str(batch_id), str(row + 1), *(None if value is None else str(value) for value in values)))


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


class DroppedRow(NamedTuple):
    """A staged row whose key another row has with other values. Rows are 1-based."""

    row_number: int
    supplier_sku: str
    other_row: int


async def settle_duplicates(connection: AsyncConnection, batch_id: int, policy: str) -> tuple[int, list[DroppedRow]]:
    """Keys that stand in several rows: equal rows collapse into the first, conflicts follow `policy`.

    Policies: `reject` drops all of them, `first` and `last` keep by row, `lowest` keeps the cheapest. Returns
    the number of collapsed rows and the conflicting rows that were dropped, each with the row it conflicts with.
    """
    await connection.execute(text(MARK_DUPLICATES), {"batch": batch_id})
    collapsed = await connection.execute(text(COLLAPSE_EQUAL), {"batch": batch_id})
    dropped = await connection.execute(text(DROP_CONFLICTING), {"batch": batch_id, "policy": policy})
    rows = records(DroppedRow, dropped)
    await connection.execute(text("DROP TABLE repeated_rows"))
    return collapsed.rowcount, rows


MARK_DUPLICATES = f"""
CREATE TEMPORARY TABLE repeated_rows ON COMMIT DROP AS
SELECT row_number, supplier_sku, from_quantity, price, content,
       row_number() OVER (PARTITION BY supplier_sku, from_quantity, content ORDER BY row_number) AS copy_number
FROM (
    SELECT staged.*, md5(row(price, {", ".join(COMPARED)}, price_steps)::text) AS content
    FROM staged_items staged
    WHERE batch_id = :batch AND supplier_sku IN (
        SELECT supplier_sku FROM staged_items WHERE batch_id = :batch
        GROUP BY supplier_sku, from_quantity HAVING count(*) > 1)
) repeated
"""

COLLAPSE_EQUAL = """
DELETE FROM staged_items staged USING repeated_rows twin
WHERE staged.batch_id = :batch AND staged.row_number = twin.row_number AND twin.copy_number > 1
"""

DROP_CONFLICTING = """
WITH conflicting AS (
    SELECT row_number, supplier_sku, price,
           row_number() OVER (PARTITION BY supplier_sku, from_quantity ORDER BY
               CASE WHEN :policy = 'lowest' THEN price END,
               CASE WHEN :policy = 'last' THEN -row_number ELSE row_number END) AS rank,
           count(*) OVER (PARTITION BY supplier_sku, from_quantity) AS variants,
           min(row_number) OVER (PARTITION BY supplier_sku, from_quantity) AS first_row,
           max(row_number) OVER (PARTITION BY supplier_sku, from_quantity) AS last_row
    FROM repeated_rows WHERE copy_number = 1
), gone AS (
    DELETE FROM staged_items staged USING conflicting
    WHERE staged.batch_id = :batch AND staged.row_number = conflicting.row_number
      AND conflicting.variants > 1 AND (:policy = 'reject' OR conflicting.rank > 1)
    RETURNING staged.row_number, staged.supplier_sku,
              CASE WHEN staged.row_number = conflicting.first_row THEN conflicting.last_row
                   ELSE conflicting.first_row END AS other_row
)
SELECT * FROM gone ORDER BY row_number
"""
