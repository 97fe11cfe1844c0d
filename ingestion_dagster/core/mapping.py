"""Which column is which field: header words and values weighed together, one column for each field at most.

Words come from `lexicon.py`, values from `column_evidence.py`, the price column from `price_choice.py`.
"""

import math
from typing import Final, NamedTuple

from ingestion_dagster.core.assignment import best_assignment
from ingestion_dagster.core.basis_columns import BasisColumn, basis_column
from ingestion_dagster.core.cell_kinds import rough_number
from ingestion_dagster.core.columns import Column, look_at_columns
from ingestion_dagster.core.cost_purpose import means_money
from ingestion_dagster.core.fields import FIELDS
from ingestion_dagster.core.layout import Table
from ingestion_dagster.core.price_choice import PriceChoice, PriceColumn, choose_price
from ingestion_dagster.core.price_steps import Steps, settle_steps, steps_of
from ingestion_dagster.core.shared_words import settle_words
from ingestion_dagster.core.stock_columns import settle_stock

_RIGHT_OF_NAME: Final = 0.8
"""Where no word tells, codes stand to the left of the names and prices to the right."""
_EXTRA: Final = 0.5
"""Confidence of a price column whose header says that it is something else."""
_MONEY: Final = 1.0
_TIE: Final = 0.75
_TIED: Final = 0.75
"""Confidence of an article number beside another column that would do as well: a person should choose the key."""
_WORTH: Final = {"description": 0.3, "category": 0.5, "brand": 0.6, "unit": 0.7, "url_image": 0.7}
"""A field that a list can do without yields to one that it cannot."""


class Mapping(NamedTuple):
    """field -> column, its confidence and its reasons; the price choice with its alternatives."""

    columns: dict[str, int]
    confidence: dict[str, float]
    evidence: dict[str, tuple[str, ...]]
    price: PriceChoice | None
    alternatives: dict[str, tuple[int, ...]]
    all_columns: dict[int, Column]
    steps: Steps = ()
    """The loaded price's quantity steps, the smallest first; empty where it has none."""
    basis: BasisColumn | None = None
    """The column that says for how many pieces the prices are."""


def map_columns(table: Table, fixed: dict[str, int] | None = None, closed: frozenset[int] = frozenset()) -> Mapping:
    """The best mapping of a table's columns. `fixed` (field -> column) is given by a person and stands; `closed`
    columns are known to be no field."""
    fixed = fixed or {}
    columns, groups = settle_steps(settle_words(look_at_columns(table)), table)
    columns = settle_stock(columns)
    free = {i: c for i, c in columns.items() if i not in fixed.values() and i not in closed}
    basis = basis_column(table, columns, fixed)
    counted = {basis.column} if basis is not None else set()
    no_basis = {i: c for i, c in free.items() if i not in counted}
    price = None if "price" in fixed else _choose_price(table, no_basis)
    free = free if basis is None or basis.texts else no_basis
    taken = dict(fixed)
    if price is not None:
        taken["price"] = price.chosen.column
    prices = {c for c in price.alternatives if columns[c].words.scores.get("price", 0.0) >= 0.5} if price else set()
    open_fields = [f for f in FIELDS if f not in taken and f != "price"]
    usable = [c for i, c in free.items() if i not in taken.values()]
    usable = _most_promising(usable, open_fields)
    if "name" not in taken and not _has_name(usable):
        for c in usable:
            if c.words.scores.get("description") and c.values["name"] > 0:
                c.scores["name"] = max(c.scores["name"], c.scores["description"] - 1.0)
    table_of_scores = [[_open_score(c, field, prices) for c in usable] for field in open_fields]
    for field, place in zip(open_fields, best_assignment(table_of_scores), strict=True):
        if place is not None:
            taken[field] = usable[place].position
    steps = steps_of(taken["price"], columns, table, groups) if "price" in taken else ()
    return _explained(taken, fixed, columns, price)._replace(steps=steps, basis=basis)


def _has_name(columns: list[Column]) -> bool:
    return any(c.scores["name"] > 1.5 for c in columns)


def _open_score(column: Column, field: str, prices: set[int]) -> float:
    """Score of a column in the assignment; a field that a list can do without yields to one that it cannot."""
    score = column.scores[field]
    if column.position in prices and column.words.scores.get(field, 0.0) < 0.75:
        score -= 3.0
    return score * _WORTH.get(field, 1.0) if score > 0 else score


def _most_promising(columns: list[Column], fields: list[str]) -> list[Column]:
    """The columns among the six best of any field: wide sheets have hundreds that are nothing."""
    if len(columns) <= 40:
        return columns
    kept: set[int] = set()
    for field in fields:
        kept |= {c.position for c in sorted(columns, key=lambda c: -c.scores[field])[:6]}
    return [c for c in columns if c.position in kept]


def _choose_price(table: Table, columns: dict[int, Column]) -> PriceChoice | None:
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


def _explained(
    taken: dict[str, int], fixed: dict[str, int], columns: dict[int, Column], price: PriceChoice | None
) -> Mapping:
    confidence: dict[str, float] = {}
    evidence: dict[str, tuple[str, ...]] = {}
    alternatives: dict[str, tuple[int, ...]] = {}
    for field, index in taken.items():
        column = columns.get(index)
        if field in fixed:
            confidence[field], evidence[field] = 1.0, ("given for this supplier",)
        elif field == "price" and price is not None:
            confidence[field] = round(price.confidence, 3)
            evidence[field] = _said(columns[index], "price") + price.evidence + _shown(columns[index])
            if price.alternatives:
                alternatives[field] = price.alternatives
        elif column is not None:
            rivals = _rivals(field, index, taken, columns)
            confidence[field] = _confidence(column, field, rivals, columns)
            evidence[field] = _said(column, field) + _shown(column)
            if rivals:
                alternatives[field] = rivals
    return Mapping(taken, confidence, evidence, price, alternatives, columns)


def _rivals(field: str, index: int, taken: dict[str, int], columns: dict[int, Column]) -> tuple[int, ...]:
    """Free columns that would also do for `field`."""
    own = columns[index].scores[field]
    used = {c for other, c in taken.items() if not (field == "name" and other in ("description", "category"))}
    return tuple(
        c.position
        for c in columns.values()
        if c.position not in used and c.position != index and c.scores[field] > 0.5 and c.scores[field] > own - 2.5
    )


def _confidence(column: Column, field: str, rivals: tuple[int, ...], columns: dict[int, Column]) -> float:
    """Log-odds of the column, less what the closest rival takes away, as a probability."""
    odds = column.scores[field]
    closest = max((columns[r].scores[field] for r in rivals), default=-9.0)
    margin = odds - closest
    if margin < _TIE and field == "supplier_sku":
        return min(_TIED, _probability(odds))
    if margin < 2.0:
        odds -= (2.0 - margin) * 0.8
    elif margin > 5.0 and field == "name":
        odds += 0.7
    return _probability(odds)


def _probability(odds: float) -> float:
    """Log-odds as a confidence; the two numbers make it cautious: +3 is 0.88, +5 is 0.97."""
    return round(1 / (1 + math.exp(-(0.75 * odds - 0.3))), 3)


def _said(column: Column, field: str) -> tuple[str, ...]:
    said = column.words.scores.get(field, 0.0)
    if not column.header:
        return ("the column has no header",)
    if said >= 0.93:
        return (f"the header “{column.header}” says {field}",)
    if said >= 0.4:
        return (f"“{column.words.phrase}” in the header “{column.header}” speaks for {field}",)
    return (f"the header “{column.header}” is unknown",)


def _shown(column: Column) -> tuple[str, ...]:
    p = column.profile
    if not p.filled:
        return ("the column is empty",)
    kinds = sorted(p.kinds.items(), key=lambda kind: -kind[1])
    told = {
        "int": "whole numbers",
        "decimal": "numbers",
        "money": "amounts with currency",
        "text": "texts",
        "word": "single words",
        "code": "codes",
        "long": "long texts",
        "unit": "units",
        "image": "image links",
        "url": "links",
        "currency": "currencies",
        "date": "dates",
        "stock": "stock figures",
        "bool": "yes or no",
    }
    main = told.get(kinds[0][0], kinds[0][0])
    return (f"{kinds[0][1] / p.filled:.0%} {main}, {p.fill:.0%} filled, {p.variety:.0%} different",)
