"""Names that stand only in the first row of each group (a product and its variants): whether they are those of the rows
below too. Finding and reading; the question is asked in `understand.py`.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from ingestion_dagster.core.columns.mapping_evidence import Mapping
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import MappedSheet, NameGroups, Question
from ingestion_dagster.core.questions.ask import column_title
from ingestion_dagster.core.questions.examples import item_name
from ingestion_dagster.core.sheets import CellValue, Row

_FEWEST: Final = 4
_NAMED: Final = 0.8
_NEARLY_ALL: Final = 0.95


def find_name_groups(table: Table, mapping: Mapping) -> NameGroups | None:
    """Where rows without a name, though with a key and a price of their own, follow one with a name: the column whose
    value they share with it (`Handle`), None where no column does. None altogether where names are not missing so."""
    name, key, price = (mapping.columns.get(field) for field in ("name", "supplier_sku", "price"))
    if name is None or key is None or price is None:
        return None
    rows = _contiguous(table)
    named = [not _blank(row, name) for row in rows]
    if len(rows) < _FEWEST or not named[0] or sum(named) > _NAMED * len(rows) or sum(named) < 2:
        return None
    unnamed = [row for row, has in zip(rows, named, strict=True) if not has]
    own = {row[key] for row in unnamed if not _blank(row, key) and not _blank(row, price)}
    if len(own) < _NEARLY_ALL * len(unnamed):
        return None
    for column in mapping.all_columns:
        if column not in (name, key, price) and _groups(rows, named, column):
            return NameGroups(name=name, key=key, group=column)
    return NameGroups(name=name, key=key, group=None)


def name_questions(table: Table, mapping: Mapping, groups: NameGroups | None) -> list[Question]:
    """Whether names are those of the rows below, where no column says which rows belong together."""
    if groups is None or groups.group is not None:
        return []
    rows = _contiguous(table)
    place = next(i for i, row in enumerate(rows) if _blank(row, groups.name))
    above = str(rows[place - 1][groups.name])[:60]
    return [
        Question(
            code="name_groups",
            message=f"rows have no name of their own in {column_title(table, groups.name)}: is"
            f" {item_name(table, mapping, place)} “{above}”, as the row above it?",
            field="name",
            columns=(groups.name,),
            options=("the name of the row above", "rows without a name"),
        )
    ]


def name_filler(mapped: MappedSheet) -> Callable[[Row], Row] | None:
    """A function row -> row with the name of its group, to be called for every row in order."""
    groups = mapped.name_groups
    if groups is None:
        return None
    last: list[CellValue] = [None, None]
    """The group's value and name."""

    def fill(row: Row) -> Row:
        if _blank(row, groups.key):
            last[1] = None
            return row
        value = None if groups.group is None else _cell(row, groups.group)
        if not _blank(row, groups.name):
            last[:] = value, row[groups.name]
            return row
        if last[1] is None or value != last[0]:
            return row
        filled = [*row, *[None] * (groups.name + 1 - len(row))]
        filled[groups.name] = last[1]
        return filled

    return fill


def _groups(rows: list[Row], named: list[bool], column: int) -> bool:
    values = [_cell(row, column) for row in rows]
    if any(value in (None, "") for value in values):
        return False
    same = [a == b for a, b in pairwise(values)]
    return all(again != has for again, has in zip(same, named[1:], strict=True))


def _contiguous(table: Table) -> list[Row]:
    """The rows looked at without a gap, from the first on."""
    rows = []
    for place, (number, row) in enumerate(table.body):
        if place and number > table.body[place - 1][0] + 2:
            break
        rows.append(row)
    return rows


def _cell(row: Row, column: int) -> CellValue:
    return row[column] if column < len(row) else None


def _blank(row: Row, column: int) -> bool:
    value = _cell(row, column)
    return value is None or (isinstance(value, str) and not value.strip())
