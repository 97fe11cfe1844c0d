"""Where the table is in a tab: its rows, its header, its columns, and what stands around it.

Which column means what is in `mapping.py`; what a single row is, is in `row_kind.py`.
"""

from ingestion_dagster.core.row_kind import RowKind, classify_row

__all__ = ["RowKind", "classify_row"]
