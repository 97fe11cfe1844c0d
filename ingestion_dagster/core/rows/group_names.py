"""Rows get the name of the group they stand in, where names stand only in the first row of each group."""

from collections.abc import Callable

from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.sheets import CellValue, Row, blank_at, cell_at


def name_filler(mapped: MappedSheet) -> Callable[[Row], Row] | None:
    """A function row -> row with the name of its group, to be called for every row in order."""
    groups = mapped.name_groups
    if groups is None:
        return None
    last: list[CellValue] = [None, None]
    """The group's value and name."""

    def fill(row: Row) -> Row:
        if blank_at(row, groups.key):
            last[1] = None
            return row
        value = None if groups.group is None else cell_at(row, groups.group)
        if not blank_at(row, groups.name):
            last[:] = value, row[groups.name]
            return row
        if last[1] is None or value != last[0]:
            return row
        filled = [*row, *[None] * (groups.name + 1 - len(row))]
        filled[groups.name] = last[1]
        return filled

    return fill
