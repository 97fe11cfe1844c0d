"""What a person is asked where a price column has more decimals than the supplier's prices: one question for the column
with both readings, instead of one reject for each row. Prices are read in `core/values/prices.py`.
"""

from decimal import Decimal
from typing import Final

from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import NumberStyle, Question, ReadingHints
from ingestion_dagster.core.price_terms import PRICE_DECIMALS
from ingestion_dagster.core.questions.ask import column_title
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.values.cell_text import cell_text
from ingestion_dagster.core.values.prices import Amount, PricePolicy, price_reader

_ASKED_FROM: Final = 0.1
"""Share of the prices; fewer are single mistakes, rejected with their row."""


def decimals_questions(table: Table, column: int, style: NumberStyle | None, hints: ReadingHints) -> list[Question]:
    """Whether the prices of `column` are kept with their decimals or rounded, where a setting does not say so."""
    if hints.price_scale_policy == "round":
        return []
    values = [row[column] for _, row in table.body if column < len(row) and row[column] is not None]
    too_fine = [value for value in values if _code(value, style, hints.price_scale) == "price_decimals"]
    priced = len(too_fine) + sum(_code(value, style, hints.price_scale) == "" for value in values)
    if len(too_fine) < max(1.0, _ASKED_FROM * priced):
        return []
    scale = next((n for n in range(hints.price_scale + 1, PRICE_DECIMALS + 1) if _all_fit(too_fine, style, n)), None)
    first = too_fine[0]
    exact = f"{cell_text(first)} (price_scale={scale})"
    if scale is None:
        most = f"price_scale={PRICE_DECIMALS} price_scale_policy=round"
        exact = f"{_rounded(first, style, PRICE_DECIMALS)} ({most})"
    rounded = f"{_rounded(first, style, hints.price_scale)} (price_scale_policy=round)"
    message = (
        f"{len(too_fine)} of {priced} prices looked at in {column_title(table, column)} have more than"
        f" {hints.price_scale} decimals: is {cell_text(first)} to be loaded as {exact}, or as {rounded}?"
        " Until one of them is set, these rows are rejected."
    )
    options = (exact, rounded)
    return [
        Question(code="price_decimals", message=message, field="price", columns=(column,), options=options),
    ]


def _code(value: CellValue, style: NumberStyle | None, scale: int) -> str:
    """The reject code of a price at that scale, empty for a good one."""
    read = price_reader(style, PricePolicy(scale, "reject", "accept"), None)(value)
    return "" if isinstance(read, Amount) else read.code


def _all_fit(values: list[CellValue], style: NumberStyle | None, scale: int) -> bool:
    return all(_code(value, style, scale) == "" for value in values)


def _rounded(value: CellValue, style: NumberStyle | None, scale: int) -> Decimal | str:
    read = price_reader(style, PricePolicy(scale, "round", "accept"), None)(value)
    return read.value if isinstance(read, Amount) else cell_text(value)
