"""Names that stand only in the first row of each group (a product and its variants): whether they are those of the rows
below too. The names are filled in by `core/rows/group_names.py`.
"""

from itertools import pairwise
from typing import Final

from ingestion_dagster.core.columns.mapping_evidence import Mapping
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import NameGroups, Question
from ingestion_dagster.core.questions.ask import column_title
from ingestion_dagster.core.questions.examples import item_name
from ingestion_dagster.core.sheets import Row, blank_at, cell_at

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
    named = [not blank_at(row, name) for row in rows]
    if len(rows) < _FEWEST or not named[0] or sum(named) > _NAMED * len(rows) or sum(named) < 2:
        return None
    unnamed = [row for row, has in zip(rows, named, strict=True) if not has]
    own = {row[key] for row in unnamed if not blank_at(row, key) and not blank_at(row, price)}
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
    place = next(i for i, row in enumerate(rows) if blank_at(row, groups.name))
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


def _groups(rows: list[Row], named: list[bool], column: int) -> bool:
    values = [cell_at(row, column) for row in rows]
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
