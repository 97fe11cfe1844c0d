"""Which column is which field: header words and values weighed together, one column for each field at most.

Words come from `core/words/lexicon.py`, values from `column_evidence.py`, the price column from `price_candidates.py`.
"""

from ingestion_dagster.core.columns.assignment import best_assignment
from ingestion_dagster.core.columns.basis_columns import BasisColumn, basis_column
from ingestion_dagster.core.columns.column_scores import Column, keep_spoilt, look_at_columns
from ingestion_dagster.core.columns.hidden_columns import with_hidden
from ingestion_dagster.core.columns.mapping_evidence import Mapping, explained
from ingestion_dagster.core.columns.price_candidates import find_price
from ingestion_dagster.core.columns.price_steps import settle_steps, steps_of
from ingestion_dagster.core.columns.shared_words import settle_words
from ingestion_dagster.core.columns.stock_columns import settle_stock
from ingestion_dagster.core.fields import FIELDS, TABLE
from ingestion_dagster.core.layout.find_table import Table

__all__ = ["Mapping", "map_columns"]


def map_columns(table: Table, fixed: dict[str, int] | None = None, closed: frozenset[int] = frozenset()) -> Mapping:
    """The best mapping of a table's columns. `fixed` (field -> column) is given by a person and stands; `closed`
    columns are known to be no field. Hidden columns are taken only for what no visible one can be."""
    fixed = fixed or {}
    columns, groups = settle_steps(settle_words(look_at_columns(table)), table)
    columns = keep_spoilt(settle_stock(columns))
    free = {i: c for i, c in columns.items() if i not in fixed.values() and i not in closed}
    basis = basis_column(table, columns, fixed)
    visible = {i: c for i, c in free.items() if i not in table.hidden}
    mapping = _mapped(table, fixed, columns, visible, basis)
    if len(visible) < len(free):
        everything = _mapped(table, fixed, columns, free, basis)
        mapping = with_hidden(mapping, everything, table.hidden & free.keys())
    steps = steps_of(mapping.columns["price"], columns, table, groups) if "price" in mapping.columns else ()
    return mapping._replace(all_columns=columns, steps=steps, basis=basis)


def _mapped(
    table: Table,
    fixed: dict[str, int],
    columns: dict[int, Column],
    free: dict[int, Column],
    basis: BasisColumn | None,
) -> Mapping:
    no_basis = {i: c for i, c in free.items() if basis is None or i != basis.column}
    price = None if "price" in fixed else find_price(table, no_basis)
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
    return explained(taken, fixed, {i: c for i, c in columns.items() if i in free or i in taken.values()}, price)


def _has_name(columns: list[Column]) -> bool:
    return any(c.scores["name"] > 1.5 for c in columns)


def _open_score(column: Column, field: str, prices: set[int]) -> float:
    """Score of a column in the assignment; a field that a list can do without yields to one that it cannot."""
    score = column.scores[field]
    if column.position in prices and column.words.scores.get(field, 0.0) < 0.75:
        score -= 3.0
    return score * TABLE[field].worth if score > 0 else score


def _most_promising(columns: list[Column], fields: list[str]) -> list[Column]:
    """The columns among the six best of any field: wide sheets have hundreds that are nothing."""
    if len(columns) <= 40:
        return columns
    kept: set[int] = set()
    for field in fields:
        kept |= {c.position for c in sorted(columns, key=lambda c: -c.scores[field])[:6]}
    return [c for c in columns if c.position in kept]
