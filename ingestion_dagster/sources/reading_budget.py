"""How long the rows of one opened sheet may be walked over: understanding and reading happen in the process of the run,
which has no other limit.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.sheets import Row, Sheet, Workbook
from ingestion_dagster.sources.limits import Limits

_ROWS: Final = 500
"""Rows between two looks at the clock."""


class ReadingBudget:
    """Processor seconds of this thread, spent while rows are handed out, by the reader and by whoever works on them.
    Waiting for others costs nothing."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.thread_time) -> None:
        self.seconds = seconds
        self.spent = 0.0
        self._clock = clock

    def rows(self, open_rows: Callable[[], Iterable[Row]]) -> Iterator[Row]:
        """The rows, as long as the budget lasts. Raises SheetError where it is used up."""
        begun, number = self._clock(), 0
        for number, row in enumerate(open_rows(), 1):
            if number % _ROWS == 0:
                now = self._clock()
                self._spend(now - begun, number)
                begun = now
            yield row
        self._spend(self._clock() - begun, number)

    def _spend(self, seconds: float, number: int) -> None:
        self.spent += max(seconds, 0.0)
        if self.spent > self.seconds:
            raise SheetError(
                f"the sheet takes longer than {self.seconds:g} seconds to understand and to read (row {number:,} was "
                "reached); split it, or ask for a plainer one"
            )


def within_budget(workbook: Workbook, limits: Limits) -> Workbook:
    """The workbook with one budget for all walks over its rows from now on."""
    budget = ReadingBudget(limits.reading_seconds)
    return replace(workbook, sheets=tuple(_bounded(sheet, budget) for sheet in workbook.sheets))


def _bounded(sheet: Sheet, budget: ReadingBudget) -> Sheet:
    return replace(sheet, open_rows=partial(budget.rows, sheet.open_rows))
