"""The two partitioned assets. What their steps do is in `load_ops.py`."""

import dagster as dg

from ingestion_dagster.core.suppliers.supplier import READER_VERSION
from ingestion_dagster.defs.load_ops import fetch_sheet, map_columns, upsert_items, validate_rows
from ingestion_dagster.defs.partitions import suppliers

GROUP = "ingestion"
OWNERS = ["team:catalogue"]


@dg.graph_asset(
    partitions_def=suppliers,
    group_name=GROUP,
    owners=OWNERS,
    tags={"domain": "supplier-prices", "layer": "received"},
    kinds={"googlesheets", "excel", "csv"},
)
def supplier_sheet() -> None:
    """The supplier's list as it was received: bytes kept under their sha256, nothing interpreted yet.

    Materializing it alone fetches the list; a retry refetches nothing else.
    """
    return fetch_sheet()  # type: ignore[no-any-return]


@dg.graph_asset(
    partitions_def=suppliers,
    group_name=GROUP,
    owners=OWNERS,
    tags={"domain": "supplier-prices", "layer": "catalogue"},
    kinds={"postgres"},
    code_version=READER_VERSION,
)
def supplier_items(supplier_sheet: None) -> None:
    """The supplier's items with prices in PostgreSQL, each price traceable to a cell of the list.

    Materializing it alone re-reads the stored list with today's rules and settings. A list that looks wrong is
    held for a person and changes nothing.
    """
    return upsert_items(validate_rows(map_columns(supplier_sheet)))  # type: ignore[no-any-return]
