"""Which columns of a table are the quantity steps of one price: `1-9`, `10-49`, `50 +` belong together.

What one header says is in `core/words/quantity_steps.py`; which of the prices is loaded is in `price_choice.py`.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from ingestion_dagster.core.columns.column_scores import Column, weigh
from ingestion_dagster.core.layout.cell_kinds import rough_number
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.sheets import Row
from ingestion_dagster.core.words.lexicon import read_header
from ingestion_dagster.core.words.quantity_steps import QuantityStep, quantity_step

_SAID: Final = 0.75
"""How clearly a step says price: its words do not, its neighbours do."""
_EQUAL: Final = 1.0001
_LARGEST_ORDINAL: Final = 12
_YEARS: Final = range(1990, 2101)
_PRICE_LIKE: Final = 0.5


class StepColumn(NamedTuple):
    """One column of a group of steps: 0-based, the least quantity it holds for and the largest where one is said."""

    column: int
    from_quantity: int
    to_quantity: int | None = None


class _Candidate(NamedTuple):
    column: Column
    step: QuantityStep
    kind: tuple[object, ...]
    """Prices of one kind make one group: whose price, net or gross, in which currency."""


Steps = tuple[StepColumn, ...]


def settle_steps(columns: dict[int, Column], table: Table) -> tuple[dict[int, Column], tuple[Steps, ...]]:
    """The columns with every quantity step known as a price from its quantity on, and the groups of steps, each with
    its smallest quantity first.

    Headers that are a step by themselves (`10+`) are one; ranges and bare numbers only where the prices beside each
    other fall as the quantities grow.
    """
    settled = dict(columns)
    groups = []
    for candidates in _grouped(columns, table):
        group = _proven(candidates, table)
        said = max((_price_said(c) for c in group), default=0.0)
        settled |= {c.column.position: _as_step(c, said) for c in group}
        if group:
            groups.append(tuple(StepColumn(c.column.position, c.step.lower, c.step.upper) for c in group))
    return settled, tuple(groups)


def steps_of(price: int, columns: dict[int, Column], table: Table, groups: Iterable[Steps]) -> Steps:
    """The steps of the price in column `price`; empty where it has none.

    A plain price beside steps that begin above one piece is the first of them where it is not below theirs.
    """
    for group in groups:
        if any(step.column == price for step in group):
            return group if len(group) > 1 else ()
    for group in groups:
        first = group[0]
        if first.from_quantity > 1 and _falls(price, first.column, table):
            return (StepColumn(price, 1, None), *group)
    return ()


def _grouped(columns: dict[int, Column], table: Table) -> list[list[_Candidate]]:
    """Steps of one kind, sorted by quantity; a quantity that comes again begins the next group."""
    groups: list[list[_Candidate]] = []
    newest: dict[tuple[object, ...], list[_Candidate]] = {}
    for _, column in sorted(columns.items()):
        candidate = _candidate(column, table)
        if candidate is None:
            continue
        group = newest.get(candidate.kind)
        if group is None or any(other.step.lower == candidate.step.lower for other in group):
            newest[candidate.kind] = group = []
            groups.append(group)
        group.append(candidate)
    return [sorted(group, key=lambda c: c.step.lower) for group in groups]


def _candidate(column: Column, table: Table) -> _Candidate | None:
    if column.profile.numeric < _PRICE_LIKE or not column.header:
        return None
    words = column.words
    for text in (column.header, *reversed(table.parts[column.position])):
        step = quantity_step(text)
        if step is not None and (words.qualifiers.get("from") or _leaves_a_price(step)):
            return _Candidate(column, step, (words.tier, words.qualifiers.get("tax"), words.currencies))
    return None


def _leaves_a_price(step: QuantityStep) -> bool:
    """Nothing beside the quantity, or words that say price."""
    if not step.rest:
        return True
    said = read_header(step.rest).scores
    return said.get("price", 0.0) >= 0.5 and said["price"] >= max(said.values())


def _proven(candidates: list[_Candidate], table: Table) -> list[_Candidate]:
    """Those of the candidates that are steps: all of them where their prices fall, else what is said outright."""
    counted = {c.step.lower for c in candidates if c.step.strength == "number"}
    if len(counted) > 1 and _are_ordinals(counted):
        candidates = [c for c in candidates if c.step.strength != "number"]
    said = [c for c in candidates if c.column.words.qualifiers.get("from")]
    positions = [c.column.position for c in candidates]
    fall = len(positions) > 1 and all(_falls(a, b, table) for a, b in pairwise(positions))
    return candidates if fall and _lower(positions[0], positions[-1], table) else said


def _are_ordinals(counted: set[int]) -> bool:
    """`Price 1`, `Price 2` are two prices, `2025` and `2026` two years."""
    lowest, highest = min(counted), max(counted)
    in_turn = highest - lowest + 1 == len(counted) and highest <= _LARGEST_ORDINAL
    return in_turn or (lowest in _YEARS and highest in _YEARS)


def _falls(first: int, second: int, table: Table) -> bool:
    """The second column is hardly ever above the first, where both have a number."""
    pairs = _pairs(first, second, table)
    return bool(pairs) and sum(b <= a * _EQUAL for a, b in pairs) >= 0.9 * len(pairs)


def _lower(first: int, second: int, table: Table) -> bool:
    pairs = _pairs(first, second, table)
    return sum(b * _EQUAL < a for a, b in pairs) >= 0.5 * len(pairs)


def _pairs(first: int, second: int, table: Table) -> list[tuple[float, float]]:
    numbers = ((_number(row, first), _number(row, second)) for _, row in table.body)
    return [(a, b) for a, b in numbers if a and b]


def _number(row: Row, column: int) -> float | None:
    return rough_number(row[column]) if column < len(row) else None


def _price_said(candidate: _Candidate) -> float:
    return max(_SAID, candidate.column.words.scores.get("price", 0.0))


def _as_step(candidate: _Candidate, said: float) -> Column:
    column, step = candidate.column, candidate.step
    bounds = {"from": str(step.lower)} | ({"to": str(step.upper)} if step.upper else {})
    words = column.words._replace(scores={"price": said}, qualifiers=column.words.qualifiers | bounds)
    return column._replace(words=words, scores=weigh(words, column.values, column.profile, column.header))
