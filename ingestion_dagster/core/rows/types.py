"""What reading a sheet's rows yields: an item, a reject, or a row that is no item. Types only.

Row and column numbers are 0-based sheet positions.
"""

from typing import Literal, NamedTuple

from ingestion_dagster.core.fields import ItemRow
from ingestion_dagster.core.sheets import cell_address

__all__ = ["CellProblem", "ItemRow", "NotAnItem", "NotAnItemKind", "Problem", "RowReject"]

NotAnItemKind = Literal["blank", "section", "header", "total", "footer"]


class Problem(NamedTuple):
    """What is wrong with one field of a row: its reject code."""

    field: str
    code: str


class CellProblem(NamedTuple):
    """One thing wrong with one cell, said to the person who must fix it. `column` is None for a whole row."""

    column: int | None
    field: str
    code: str
    message: str
    raw: str


class RowReject(NamedTuple):
    """One row that was not taken: its first problem, the others in `more`.

    `row_data` is the text of a JSON object, header -> what stood there.
    """

    row: int
    column: int | None
    field: str
    code: str
    message: str
    raw: str
    row_data: str
    more: tuple[CellProblem, ...] = ()
    supplier_sku: str | None = None
    """The item's key where the row has a readable one: a rejected item is still listed, not vanished."""

    @property
    def cell(self) -> str | None:
        """`C7`, or None where the problem is the whole row's."""
        return None if self.column is None else cell_address(self.row, self.column)


class NotAnItem(NamedTuple):
    """A row that belongs to the sheet's form, not to the list: counted, never rejected."""

    row: int
    kind: NotAnItemKind
