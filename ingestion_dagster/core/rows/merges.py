"""Cells merged over several rows: each of the rows has the value that a person sees beside it."""

from collections.abc import Callable, Iterable

from ingestion_dagster.core.sheets import CellValue, Range, Row


def merge_filler(merges: Iterable[Range], first_row: int, besides: frozenset[int]) -> Callable[[int, Row], Row] | None:
    """A function (row number, row) -> row with the values of merged cells above it, to be called for every row from
    `first_row` on, in order; None where no merge spans two rows of the table.

    Columns in `besides` are left alone: a stock shared by three items is not the stock of each.
    """
    starting: dict[int, list[Range]] = {}
    for area in merges:
        if first_row <= area.first_row < area.last_row and area.first_column not in besides:
            starting.setdefault(area.first_row, []).append(area)
    if not starting:
        return None
    lasting: dict[int, tuple[int, CellValue]] = {}
    """Column -> (last row of the merge, its value)."""

    def fill(number: int, row: Row) -> Row:
        filled = list(row) if lasting else row
        for column, (last, value) in list(lasting.items()):
            if number > last:
                del lasting[column]
                continue
            filled.extend([None] * (column + 1 - len(filled)))
            if filled[column] in (None, ""):
                filled[column] = value
        for area in starting.get(number, ()):
            value = row[area.first_column] if area.first_column < len(row) else None
            if value not in (None, ""):
                lasting[area.first_column] = (area.last_row, value)
        return filled

    return fill
