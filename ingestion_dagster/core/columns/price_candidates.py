"""Which columns may be the price at all, by header and values. Which of them is, is in `price_choice.py`."""

from typing import Final

from ingestion_dagster.core.columns.column_scores import Column
from ingestion_dagster.core.columns.price_choice import PriceChoice, PriceColumn, choose_price
from ingestion_dagster.core.layout.cell_kinds import rough_number
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.words.cost_purpose import means_money

_RIGHT_OF_NAME: Final = 0.8
"""Where no word tells, codes stand to the left of the names and prices to the right."""
_EXTRA: Final = 0.5
"""Confidence of a price column whose header says that it is something else."""
_MONEY: Final = 1.0


def find_price(table: Table, columns: dict[int, Column]) -> PriceChoice | None:
    """The price. A column whose header says what else the money is for is one only where nothing says price, and then a
    person decides."""
    choice = choose_price([_price_column(table, c, _place(c, columns)) for c in _price_candidates(columns)])
    if choice is not None and choice.chosen.said >= 0.5:
        return choice
    extras = [_price_column(table, c, 0.0) for c in columns.values() if _is_extra(c)]
    if choice is not None:
        return choice._replace(alternatives=(*choice.alternatives, *(extra.column for extra in extras)))
    last = choose_price(extras)
    if last is None:
        return None
    why = f"no column says price, and “{last.chosen.header}” may be something else"
    return last._replace(confidence=min(last.confidence, _EXTRA), evidence=(why,))


def _price_candidates(columns: dict[int, Column]) -> list[Column]:
    found = []
    for column in columns.values():
        said = column.words.scores.get("price", 0.0)
        rival = max((s for f, s in column.words.scores.items() if f != "price"), default=0.0)
        if rival <= said + 0.1 and column.scores["price"] > -0.8 and column.values["price"] > -3.5:
            found.append(column)
    return found


def _is_extra(column: Column) -> bool:
    """Amounts under a header that means money, though not the price of an item."""
    words = column.words
    if words.scores.get("other", 0.0) < 0.5 or column.values["price"] < _MONEY:
        return False
    return "for" in words.qualifiers or means_money(column.header)


def _place(column: Column, columns: dict[int, Column]) -> float:
    """Where no word tells, prices stand to the right of the names."""
    names = max(columns.values(), key=lambda c: c.values["name"], default=None)
    if column.words.scores.get("price", 0.0) >= 0.5 or names is None or names.values["name"] <= 0:
        return 0.0
    return _RIGHT_OF_NAME if column.position > names.position else -_RIGHT_OF_NAME


def _price_column(table: Table, column: Column, place: float) -> PriceColumn:
    at = column.position
    numbers = tuple(rough_number(row[at]) if at < len(row) else None for _, row in table.body)
    return PriceColumn(at, column.header, column.words, column.profile, column.scores["price"] + place, numbers)
