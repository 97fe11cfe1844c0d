"""Rows of a mapped sheet, read one at a time: items, rejects, and rows that are no items. Opens no files."""

from ingestion_dagster.core.row_types import CellProblem, ItemRow, NotAnItem, NotAnItemKind, RowReject

__all__ = ["CellProblem", "ItemRow", "NotAnItem", "NotAnItemKind", "RowReject"]
