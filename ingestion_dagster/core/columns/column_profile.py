"""Counts over the values of one column: how many are filled, distinct, of which kind.

What they say about which field it is, is in `column_evidence.py`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from ingestion_dagster.core.layout.cell_kinds import BLANK, kind_of, may_be_code, rough_number
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.values.barcodes import is_gtin

_LONG_COUNT: Final = 15


class ColumnProfile(NamedTuple):
    """Counts over the sampled rows of one column; shares are of the filled cells."""

    rows: int
    filled: int
    kinds: dict[str, int]
    numbers: tuple[float, ...]
    distinct: int
    characters: float
    """Mean length of the filled cells as text."""
    words: float
    gtins: int
    long_digits: int
    """Integers of eight digits and more."""
    like_codes: int = 0
    """Amounts that could be article numbers: a whole number with a few letters, none twice."""

    @property
    def fill(self) -> float:
        """Share of rows with a value."""
        return self.filled / self.rows if self.rows else 0.0

    def share(self, *kinds: str) -> float:
        """Share of the filled cells that are of these kinds."""
        return sum(self.kinds.get(kind, 0) for kind in kinds) / self.filled if self.filled else 0.0

    @property
    def numeric(self) -> float:
        """Share of numbers, with or without a currency."""
        return self.share("int", "decimal", "money")

    @property
    def money(self) -> float:
        """Share of amounts with a currency that cannot be article numbers."""
        return max(0.0, self.share("money") - (self.like_codes / self.filled if self.filled else 0.0))

    @property
    def variety(self) -> float:
        """Share of distinct values, 1.0 for a key."""
        return self.distinct / self.filled if self.filled else 0.0

    @property
    def constant(self) -> bool:
        """The same value in every row, and enough rows to say so."""
        return self.filled > 3 and self.distinct == 1

    @property
    def counts_rows(self) -> bool:
        """1, 2, 3 …: a row number. Restarting per section is allowed."""
        return self._counts(largest_step=1)

    @property
    def counts_with_gaps(self) -> bool:
        """A row number of which some rows were taken out. Sorted prices may look so too: only for a header that says
        row number."""
        return len(self.numbers) >= _LONG_COUNT and self._counts(largest_step=3)

    def _counts(self, largest_step: int) -> bool:
        if self.filled < 3 or self.share("int") < 0.95 or len(self.numbers) < 3:
            return False
        steps = list(zip(self.numbers, self.numbers[1:], strict=False))
        rising = sum(1 for a, b in steps if 0 < b - a <= largest_step or (b == 1 and a > 1))
        return rising >= 0.9 * len(steps) and min(self.numbers) <= 2

    @property
    def is_series(self) -> bool:
        """Numbers that go up by as much each time: 100, 101, 102 … or 10, 20, 30 …"""
        steps = [b - a for a, b in zip(self.numbers, self.numbers[1:], strict=False)]
        return len(steps) >= 3 and sum(0 < step == steps[0] for step in steps) >= 0.8 * len(steps)

    @property
    def zeros(self) -> float:
        """Share of zeros among the numbers."""
        return sum(1 for n in self.numbers if n == 0) / len(self.numbers) if self.numbers else 0.0


def profile(values: Sequence[CellValue]) -> ColumnProfile:
    """Look at the sampled values of one column."""
    kinds: Counter[str] = Counter()
    numbers: list[float] = []
    seen: set[object] = set()
    characters = words = gtins = long_digits = like_codes = 0
    for value in values:
        kind = kind_of(value)
        if kind == BLANK:
            continue
        kinds[kind] += 1
        seen.add(value)
        like_codes += kind == "money" and may_be_code(value)
        text = value if isinstance(value, str) else None
        if kind in ("int", "decimal", "money"):
            number = rough_number(value)
            if number is not None:
                numbers.append(number)
            digits = text.strip() if text is not None else f"{value:.0f}" if kind == "int" else ""
            long_digits += len(digits) >= 8 and digits.isdigit()
            gtins += is_gtin(digits)
            characters += len(text) if text is not None else len(str(value))
        elif text is not None:
            characters += len(text)
            words += text.count(" ") + 1
            gtins += kind == "code" and is_gtin(text.strip())
    filled = sum(kinds.values())
    return ColumnProfile(
        rows=len(values),
        filled=filled,
        kinds=dict(kinds),
        numbers=tuple(numbers),
        distinct=len(seen),
        characters=characters / filled if filled else 0.0,
        words=words / filled if filled else 0.0,
        gtins=gtins,
        long_digits=long_digits,
        like_codes=like_codes if len(seen) == filled else 0,
    )
