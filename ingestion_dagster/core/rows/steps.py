"""The quantity prices of one row: every further price of the item as JSON, or what is wrong with one of them.

Which columns are steps is found in `core/columns/price_steps.py`; what becomes of them in the catalogue is in
`store/catalogue/price_steps.py`.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from ingestion_dagster.core.price_terms import PriceSteps
from ingestion_dagster.core.rows.price_cells import PieceReader
from ingestion_dagster.core.values.prices import NotAPrice, PriceReader

NO_STEP = frozenset({"price_missing", "price_on_request", "price_zero"})
"""A cell without a price is a step that this item does not have."""


class BadStep(NamedTuple):
    """What is wrong with one step's cell: its field in the row's plan, and the reject code."""

    field: str
    code: str


StepReader = Callable[[int, Any, str | None, Any, str], str | BadStep | None]
"""(row number, cells, the item's currency, basis cell, unit) -> JSON of all steps, None where there is only one."""


def step_field(from_quantity: int) -> str:
    """Under which a step's column stands in a row plan and in rejects."""
    return f"price from {from_quantity}"


def step_reader(steps: PriceSteps, read_price: PriceReader, read_piece: PieceReader) -> StepReader | None:
    """Reads the steps of a row whose columns are steps; None where the sheet has none."""
    if len(steps.columns) < 2:
        return None

    def read(number: int, cells: Any, currency: str | None, basis_cell: Any, unit: str) -> str | BadStep | None:
        found = []
        for column, quantity in steps.columns:
            amount = read_price(cells[column])
            if isinstance(amount, NotAPrice):
                if amount.code in NO_STEP:
                    continue
                return BadStep(step_field(quantity), amount.code)
            if amount.currency is not None and amount.currency != currency:
                return BadStep(step_field(quantity), "currency_conflict")
            piece = read_piece(amount.value, amount.basis, basis_cell, unit)
            if isinstance(piece, str):
                return BadStep(step_field(quantity), piece)
            found.append(step_text(quantity, piece.price, column, piece.printed, piece.basis, number))
        return f"[{','.join(found)}]" if len(found) > 1 else None

    return read


def step_text(
    quantity: int, price: Decimal, column: int, printed: Decimal | None, basis: int | None, row_number: int
) -> str:
    """One step as a JSON list: from quantity, price, column (0-based), printed price, basis, row (1-based)."""
    shown = "null" if printed is None else f"{printed:f}"
    return f"[{quantity},{price:f},{column},{shown},{basis or 'null'},{row_number + 1}]"
