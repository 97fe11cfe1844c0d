"""Which rows of a tab are looked at: all of its top and some spread over the rest, so that a tall list costs no more
than a short one."""

from itertools import islice
from typing import Final, NamedTuple

from ingestion_dagster.core.layout.cell_kinds import BLANK, kind_of
from ingestion_dagster.core.sheets import CUT_OFF, SHIFTED, Row, Sheet

TOP: Final = 240
"""Rows read completely from the top."""
_STEP: Final = 20
_LAST: Final = 4000
"""Row until which every `_STEP`-th row is looked at."""
MAX_COLUMNS: Final = 400
"""Columns looked at; what stands further right is never a field."""
_BROKEN: Final = (SHIFTED, CUT_OFF)
"""Last cells of rows that say nothing of the columns."""


class Sample(NamedTuple):
    """Rows of one tab: `top[i]` is row i, `spread` are later rows with their numbers."""

    top: list[Row]
    spread: list[tuple[int, Row]]
    kinds: list[list[str]]
    """`kinds[i][c]`: what the cell of row i in `top` looks like."""

    @property
    def width(self) -> int:
        """Number of columns that any looked-at row reaches."""
        return max((len(row) for row in self.kinds), default=0)


def take_sample(sheet: Sheet) -> Sample:
    """Read the sample of a tab. Hidden rows are part of the list as they are part of the file."""
    rows = ([] if row and row[-1] in _BROKEN else row for row in sheet.rows())
    top = [row[:MAX_COLUMNS] for row in islice(rows, TOP)]
    spread = []
    if len(top) == TOP:
        for number, row in enumerate(islice(rows, _LAST - TOP), start=TOP):
            if number % _STEP == 0:
                spread.append((number, row[:MAX_COLUMNS]))
    return Sample(top, spread, [_kinds(row) for row in top])


def _kinds(row: Row) -> list[str]:
    kinds = [kind_of(value) for value in row]
    while kinds and kinds[-1] == BLANK:
        kinds.pop()
    return kinds
