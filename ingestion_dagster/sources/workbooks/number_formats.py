"""Number format codes of cells, kept as runs down each column. Which cell has which style is found elsewhere."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

BUILT_IN = (
    {
        1: "0",
        2: "0.00",
        3: "#,##0",
        4: "#,##0.00",
        9: "0%",
        10: "0.00%",
        11: "0.00E+00",
        12: "# ?/?",
        13: "# ??/??",
        14: "mm-dd-yy",
        15: "d-mmm-yy",
        16: "d-mmm",
        17: "mmm-yy",
        18: "h:mm AM/PM",
        19: "h:mm:ss AM/PM",
        20: "h:mm",
        21: "h:mm:ss",
        22: "m/d/yy h:mm",
        37: "#,##0_);(#,##0)",
        38: "#,##0_);[Red](#,##0)",
        39: "#,##0.00_);(#,##0.00)",
        40: "#,##0.00_);[Red](#,##0.00)",
        45: "mm:ss",
        46: "[h]:mm:ss",
        47: "mm:ss.0",
        48: "##0.0E+0",
        49: "@",
    }
    | dict.fromkeys((5, 6, 41, 42), "#,##0")
    | dict.fromkeys((7, 8, 43, 44), "#,##0.00")
)
"""Formats that a workbook may name by number only (ECMA-376 part 1, 18.8.30).

5 to 8, 42 and 44 mean "the currency of the computer that shows it", so the file says nothing about the currency
and neither do we.
"""

Runs = list[tuple[int, int]]
"""(first row, format index) in rising row order: the format holds until the next run."""


_Column = tuple[list[int], list[str | None]]


class FormatRuns:
    """Collects runs while cells come by in row order; a hundred thousand equal cells cost one run."""

    def __init__(self, codes: Sequence[str | None]) -> None:
        """`codes`: style index -> format code, None for General."""
        self._codes = codes
        self._known: dict[str | None, int] = {None: 0}
        self._last: dict[int, int] = {}
        self.columns: dict[int, Runs] = {}

    def add(self, row: int, column: int, style: int) -> None:
        """The cell at (row, column) has `style`."""
        if self._last.get(column, -1) == style:
            return
        self._last[column] = style
        code = self._codes[style] if 0 <= style < len(self._codes) else None
        index = self._known.setdefault(code, len(self._known))
        runs = self.columns.setdefault(column, [])
        if not runs or runs[-1][1] != index:
            runs.append((row, index))

    def until(self, column: int, row: int) -> list[tuple[int, str | None]]:
        """(first row, code) of the runs of `column` that begin before `row`."""
        codes = list(self._known)
        return [(first, codes[index]) for first, index in self.columns.get(column, ()) if first < row]

    def as_json(self) -> dict[str, object]:
        """`{"codes": [...], "columns": {"2": [[0, 0], [5, 1]]}}`, read back by `FormatLookup`."""
        return {"codes": list(self._known), "columns": {str(column): runs for column, runs in self.columns.items()}}


class FormatLookup:
    """(row, column) -> format code, from what `FormatRuns.as_json` made.

    Where only the rows before `known_until` are known, the first question further down a column fetches that column
    by `more`.
    """

    def __init__(
        self,
        found: dict[str, Any] | None,
        known_until: int | None = None,
        more: Callable[[int], dict[str, Any]] | None = None,
    ) -> None:
        self._until = known_until
        self._more = more
        self._head = _columns(found) if found else {}
        self._whole: dict[int, _Column | None] = {}

    def __call__(self, row: int, column: int) -> str | None:
        """The cell's format code; None for General, for cells never seen and for unknown ones."""
        if self._until is None or self._more is None or row < self._until:
            known = self._head.get(column)
        else:
            if column not in self._whole:
                self._whole[column] = _columns(self._more(column)).get(column)
            known = self._whole[column]
        if known is None:
            return None
        place = bisect_right(known[0], row) - 1
        return known[1][place] if place >= 0 else None


def _columns(found: dict[str, Any]) -> dict[int, _Column]:
    codes = found["codes"]
    return {
        int(column): ([first for first, _ in runs], [codes[index] for _, index in runs])
        for column, runs in found["columns"].items()
    }
