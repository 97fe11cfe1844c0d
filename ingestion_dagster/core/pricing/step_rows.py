"""Prices by quantity as rows: one row per article and quantity (`SKU, Min Qty, Price`). Finds the column of quantities.

Steps in columns are found in `core/columns/price_steps.py`; single rows are read in `core/rows/steps.py`.
"""

from collections import defaultdict
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from ingestion_dagster.core.columns.assign_columns import Mapping
from ingestion_dagster.core.layout.cell_kinds import rough_number
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import KeyField
from ingestion_dagster.core.pricing.readings import printed_number
from ingestion_dagster.core.sheets import CellValue, Row
from ingestion_dagster.core.words.normalise import normalise, word_lists
from ingestion_dagster.core.words.quantity_steps import LARGEST, quantity_step

_REPEATED: Final = 0.3
_MOST: Final = 0.8
_HALF: Final = 0.5
_CLEARLY: Final = 0.75
_KEYS: Final[tuple[KeyField, ...]] = ("supplier_sku", "barcode", "name")
_ROLES: Final = ("from", "quantity", "pieces", "step", "more", "up_to", "to", "over")
_LONGEST_PHRASE: Final = 3


class StepRows(NamedTuple):
    """The 0-based columns of quantities and keys, and the field that the repeated keys are."""

    quantity_column: int
    key: KeyField
    key_column: int


def find_step_rows(table: Table, mapping: Mapping) -> StepRows | None:
    """Where keys repeat with another quantity each, and prices that do not rise with it; None where they do not."""
    price = mapping.columns.get("price")
    for key in _KEYS:
        column = mapping.columns.get(key, _said(mapping, key))
        if column is None or price is None:
            continue
        for candidate in mapping.all_columns.values():
            if candidate.position in (price, column) or not names_quantity(candidate.header):
                continue
            if _are_steps(table, column, candidate.position, price):
                return StepRows(candidate.position, key, column)
        return None
    return None


def _said(mapping: Mapping, key: KeyField) -> int | None:
    """The column whose header says the key though its values repeat: they do, where rows are steps."""
    said = {c.position: c.words.scores.get(key, 0.0) for c in mapping.all_columns.values()}
    best = max(said, key=lambda column: said[column], default=None)
    return best if best is not None and said[best] >= _CLEARLY and best not in mapping.columns.values() else None


def one_row_per_item(table: Table, steps: StepRows) -> Table:
    """The table with the smallest step of each item alone: what its columns are is told by items, not by steps."""
    first: dict[str, tuple[int, tuple[int, Row]]] = {}
    for number, row in table.body:
        key, quantity = str(_cell(row, steps.key_column)), quantity_of(_cell(row, steps.quantity_column)) or 0
        if key not in first or quantity < first[key][0]:
            first[key] = (quantity, (number, row))
    return table._replace(body=[row for _, row in first.values()])


@cache
def _phrases() -> tuple[frozenset[str], frozenset[str]]:
    lists = word_lists("step_words")
    known = frozenset(phrase for role in _ROLES for phrase in lists[role]) | {"order", "purchase", "price", "of"}
    return known, frozenset((*lists["quantity"], *lists["from"]))


def names_quantity(header: str) -> bool:
    """Whether a header says nothing but a quantity from which something holds: `Min Qty`, `Ab Menge`, `Кол-во от`."""
    known, telling = _phrases()
    tokens, at, told = normalise(header).split(), 0, False
    while at < len(tokens):
        for length in range(min(_LONGEST_PHRASE, len(tokens) - at), 0, -1):
            phrase = " ".join(tokens[at : at + length])
            if phrase in known:
                told, at = told or phrase in telling, at + length
                break
        else:
            return False
    return told


def _are_steps(table: Table, key: int, quantity: int, price: int) -> bool:
    groups: dict[str, list[tuple[int, float]]] = defaultdict(list)
    rows = 0
    for _, row in table.body:
        name, count, amount = _cell(row, key), quantity_of(_cell(row, quantity)), printed_number(_cell(row, price))
        if name in (None, "") or amount is None:
            continue
        rows += 1
        if count:
            groups[str(name).strip()].append((count, amount))
    repeated = [sorted(group) for group in groups.values() if len(group) > 1]
    if sum(map(len, repeated)) < max(2, _REPEATED * rows):
        return False
    distinct = [group for group in repeated if len({count for count, _ in group}) == len(group)]
    falling = [g for g in distinct if all(b[1] <= a[1] for a, b in pairwise(g))]
    lower = [group for group in falling if group[-1][1] < group[0][1]]
    return len(falling) >= _MOST * len(repeated) and len(lower) >= _HALF * len(repeated)


def _cell(row: Row, column: int) -> CellValue:
    return row[column] if column < len(row) else None


def quantity_of(value: CellValue) -> int | None:
    """The quantity from which the row's price holds; None for a blank, 0 for what is none."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        number = rough_number(value)
        if number is None or any(c.isalpha() or c in "+<>" for c in value):
            step = quantity_step(value)
            return step.lower if step else 0
        value = number
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 < value <= LARGEST and value == int(value) else 0
