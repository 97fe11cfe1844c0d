"""What reading a sheet's rows yields: an item, a reject, or a row that is no item. Types only.

Row and column numbers are 0-based sheet positions.
"""

from decimal import Decimal
from typing import Literal, NamedTuple

from ingestion_dagster.core.sheets import cell_address

NotAnItemKind = Literal["blank", "section", "header", "total", "footer"]


class ItemRow(NamedTuple):
    """One good row, in the order in which it is copied into the staging table.

    `characteristics` is the text of a JSON object with sorted keys; `price` is for one piece,
    with six decimals at most.
    """

    row_number: int
    supplier_sku: str
    name: str
    price: Decimal
    currency: str | None
    stock: Decimal | int | None
    barcode: str | None
    brand: str | None
    category: str | None
    unit: str | None
    description: str | None
    url_image: str | None
    characteristics: str
    price_column: int
    printed_price: Decimal | None = None
    """What the cell says where that is not the price of one piece; then `price_basis` is set too."""
    price_basis: int | None = None
    """For how many pieces the printed price is."""
    from_quantity: int | None = None
    """The least quantity of this row's price, where a row is one step of an item."""
    price_steps: str | None = None
    """The text of a JSON list of all steps of the item (`row_steps.step_text`), where columns are steps."""


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
