"""What a person is asked about the meaning of prices: both readings of a printed price side by side.

When to ask is decided in `meaning.py`.
"""

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from ingestion_dagster.core.columns.assign_columns import Mapping
from ingestion_dagster.core.layout.cell_kinds import rough_number
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import Question
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.words.price_basis import basis_in_price
from ingestion_dagster.core.words.price_scale import Scale


class Prices(NamedTuple):
    """The price column as it was found."""

    table: Table
    mapping: Mapping
    column: int
    header: str
    values: list[CellValue]

    def example(self) -> Decimal | None:
        """The first printed price, roughly."""
        return next((Decimal(str(n)) for v in self.values if (n := printed_number(v))), None)


def printed_number(value: CellValue) -> float | None:
    """The number of a price cell, roughly, without what it says of a number of pieces."""
    basis = basis_in_price(value) if isinstance(value, str) else None
    return rough_number(basis.rest if basis else value)


def scale_question(prices: Prices, said: Scale, where: str) -> Question:
    """Asks whether printed prices are scaled."""
    printed = prices.example() or Decimal(100)
    readings = (f"{_shown(printed)} as printed", f"{_shown(printed * said.factor)} ({_shown(printed)} x {said.factor})")
    return Question(
        code="price_scaled",
        message=f"{where} says “{said.word}”: is the price {readings[0]}, or {readings[1]}?"
        f" Set price_factor=1 or price_factor={said.factor}.",
        field="price",
        columns=(prices.column,),
        options=readings,
    )


def basis_question(prices: Prices, subject: str, count: int, column: str | None = None) -> Question:
    """Asks whether printed prices are for `count` pieces; `column` is the header of the column that says so."""
    printed = prices.example() or Decimal(1)
    readings = (f"{_shown(printed)} as printed", f"{_shown(printed / count)} ({_shown(printed)} / {count})")
    setting = f'price_basis="{column}"' if column else f"price_basis={count}"
    return Question(
        code="price_per",
        message=f"{subject}: is the price of one piece {readings[0]}, or {readings[1]}?"
        f" Set price_basis=1 or {setting}.",
        field="price",
        columns=(prices.column,),
        options=readings,
    )


def listed(counts: list[int]) -> str:
    """The different ones, five at most."""
    found = sorted(set(counts))
    return ", ".join(map(str, found[:5])) + (" …" if len(found) > 5 else "")


def _shown(amount: Decimal) -> str:
    """Without trailing zeros, six decimals at most."""
    try:
        return f"{round(amount, 6).normalize():f}"
    except InvalidOperation:
        return str(amount)
