"""The price of one item's row, the long way: of one piece, from which quantity on, with all its steps.

Called by `full_path.py`; the arithmetic is in `core/price_terms.py`, the steps are read in `steps.py`.
"""

from typing import Any

from ingestion_dagster.core.pricing.step_rows import quantity_of
from ingestion_dagster.core.rows.plan import RowPlan
from ingestion_dagster.core.rows.steps import BadStep
from ingestion_dagster.core.rows.types import Problem
from ingestion_dagster.core.sheets import Row
from ingestion_dagster.core.values.cell_text import cell_text, raw_text
from ingestion_dagster.core.values.prices import Amount


def steps_of(
    plan: RowPlan, number: int, cells: Row, currency: str | None, values: dict[str, Any], problems: list[Problem]
) -> None:
    """`from_quantity` of a row that is a step, `price_steps` of one whose columns are."""
    at = plan.columns
    if plan.has("from_quantity"):
        values["from_quantity"] = quantity_of(cells[at["from_quantity"]]) if cells[at["from_quantity"]] else 1
        if values["from_quantity"] == 0:
            problems.append(Problem("from_quantity", "price_step_unclear"))
    if plan.read_steps is not None:
        steps = plan.read_steps(number, cells, currency, cells[at["price_basis"]], cell_text(cells[at["unit"]]))
        if isinstance(steps, BadStep):
            problems.append(Problem(*steps))
        else:
            values["price_steps"] = steps


def price_of_one(
    plan: RowPlan,
    amount: Amount,
    cells: Row,
    values: dict[str, Any],
    kept: dict[str, Any],
    problems: list[Problem],
) -> None:
    """`price` and, where the printed one is something else, `printed_price` and `price_basis`."""
    at = plan.columns
    piece = plan.read_piece(amount.value, amount.basis, cells[at["price_basis"]], cell_text(cells[at["unit"]]))
    if isinstance(piece, str):
        problems.append(Problem("price_basis" if plan.has("price_basis") and "basis" in piece else "price", piece))
        return
    values |= {"price": piece.price, "printed_price": piece.printed, "price_basis": piece.basis}
    if amount.rounded or piece.rounded:
        kept["price_text"] = raw_text(cells[at["price"]])
