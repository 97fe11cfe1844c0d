"""How sure each field's column is, by what it says and shows, and which other columns it might be.

Which column gets which field is decided in `assign_columns.py`.
"""

import math
from typing import Final, NamedTuple

from ingestion_dagster.core.columns.basis_columns import BasisColumn
from ingestion_dagster.core.columns.column_scores import Column
from ingestion_dagster.core.columns.price_choice import PriceChoice
from ingestion_dagster.core.columns.price_steps import Steps

_TIE: Final = 0.75
_TIED: Final = 0.75
"""Confidence of an article number beside another column that would do as well: a person should choose the key."""


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


def explained(
    taken: dict[str, int], fixed: dict[str, int], columns: dict[int, Column], price: PriceChoice | None
) -> Mapping:
    """`taken` (field -> column) with how sure each field is, why, and what else it might be among `columns`."""
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
