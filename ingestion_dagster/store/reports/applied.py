"""What past batches took into the catalogue, from the record: no rows are kept per batch, so it is put together.

After a batch was applied, every item that it took is in the catalogue with the price that the history has for that
moment, and is not missing. Items whose row it refused are there too, with an older price.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ingestion_dagster.store.batches.types import READ_LIST, ReadList
from ingestion_dagster.store.records import records

if TYPE_CHECKING:
    import pandas as pd


async def lists(connection: AsyncConnection, supplier_id: UUID, last: int) -> list[ReadList]:
    """The last applied batch of each of the supplier's newest `last` applied snapshots, newest first."""
    rows = await connection.execute(text(LISTS), {"supplier": supplier_id, "last": last})
    return records(ReadList, rows)


async def prices_after(connection: AsyncConnection, supplier_id: UUID, batch: ReadList) -> "pd.DataFrame":
    """supplier_sku, price (Decimal), currency of everything in the list right after `batch` was applied."""
    import pandas as pd

    rows = await connection.execute(text(PRICES), {"supplier": supplier_id, "moment": batch.decided_at})
    return pd.DataFrame([tuple(row) for row in rows], columns=["supplier_sku", "price", "currency"])


LISTS = f"""
SELECT * FROM (
    SELECT DISTINCT ON (batch.snapshot_id) {READ_LIST}
    FROM ingestion_batches batch JOIN sheet_snapshots snapshot ON snapshot.id = batch.snapshot_id
    WHERE batch.supplier_id = :supplier AND batch.state = 'applied' AND batch.mapping IS NOT NULL
    ORDER BY batch.snapshot_id, batch.id DESC
) applied
ORDER BY snapshot_id DESC LIMIT :last
"""

PRICES = """
SELECT supplier_sku, price, currency FROM prices_as_of(:moment)
WHERE supplier_id = :supplier AND NOT missing
ORDER BY supplier_sku
"""
