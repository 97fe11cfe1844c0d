"""Rows of a text file that are wider than its table: numbers that the separator divides are put together where that is
proved for their column, any other such row is marked as shifted, never read in the wrong columns.
"""

from collections import Counter
from itertools import pairwise
from typing import Final, NamedTuple

from ingestion_dagster.core.sheets import SHIFTED, CellValue
from ingestion_dagster.sources.text.divided_numbers import (
    Joint,
    Style,
    joined,
    possible_joints,
    says_decimal,
    says_thousands,
    ways,
)
from ingestion_dagster.sources.text.quoting import Record, numbers_of

_LEAST: Final = 3
"""Rows that have to agree: a single odd row may as well hold a stray separator."""
_LEAST_CENTS: Final = 3
_MOSTLY: Final = 0.9
_FEW: Final = 0.1


class Fit(NamedTuple):
    """What is known of the rows below a header."""

    first_row: int
    """Row from which on it holds."""
    width: int
    """Cells that a row has at most."""
    divided: frozenset[tuple[int, Style]] = frozenset()
    """Columns whose numbers the separator divides, and how."""
    until: int | None = None
    """Row from which on it holds no more: the header of another table."""
    leading: bool = False
    """Every row begins with a separator that the header has not."""
    habits: "Habits | None" = None
    """Where rows differ in their number of cells, so that a divided number may stand in one that is not too wide; None
    where they do not."""

    def holds(self, row: int) -> bool:
        """Whether `row` is one of the table's."""
        return row >= self.first_row and (self.until is None or row < self.until)

    def is_doubtful(self, record: Record) -> bool:
        """Whether a row that is not too wide may hold a divided number behind which cells are left out."""
        joints = possible_joints(record) if self.habits is not None else []
        return any(joint[:2] in self.divided or self.habits.oppose(joint) for joint in joints)  # type: ignore[union-attr]

    def fitted(self, record: Record, delimiter: str) -> list[CellValue]:
        """A record that is too wide as its row: put together, as it is where only blanks are too many, or marked as
        shifted."""
        if self.leading and not record[0].strip():
            record = record[1:]
            if len(record) <= self.width:
                return list(record)
        found = ways(record, self.width, self.divided) if self.divided else []
        if len(found) == 1:
            return list(joined(record, found[0], delimiter))
        if not found and not any(cell.strip() for cell in record[self.width :]):
            doubtful = delimiter == "," and ways(record, self.width)
            if not doubtful:
                return list(record)
        return [*record, SHIFTED]


class Habits(NamedTuple):
    """How the columns look in rows that certainly hold no divided number: whether they have numbers, and whether all
    (True) or none (False) of these have decimals. A column is missing where too few rows tell."""

    numbers: dict[int, bool]
    decimals: dict[int, bool | None]
    suspicious: bool
    """Some row is too wide by what may be a divided number: then what nothing tells speaks for one, too."""

    def oppose(self, joint: Joint) -> bool:
        """Whether the pieces of `joint` are unlike what stands in their columns elsewhere."""
        return any(self._unlike(place, piece.strip()) for place, piece in enumerate(joint.pieces, joint.column))

    def _unlike(self, place: int, piece: str) -> bool:
        if place not in self.numbers:
            return self.suspicious
        padded = len(piece) > 1 and piece[0] == "0" and "." not in piece
        decimals = self.decimals[place]
        return not self.numbers[place] or padded or (decimals is not None and ("." in piece) != decimals)


def _habits(rows: list[Record], suspicious: bool) -> Habits:
    clean = [row for row in rows if not possible_joints(row)]
    found = Habits({}, {}, suspicious)
    for column in range(max(map(len, clean), default=0)):
        cells = [row[column] for row in clean if column < len(row) and row[column].strip()]
        numbers = [cell for cell, is_number in zip(cells, numbers_of(cells), strict=True) if is_number]
        if len(cells) >= _LEAST:
            written = {"." in cell for cell in numbers}
            found.numbers[column] = len(numbers) > len(cells) / 2
            found.decimals[column] = written.pop() if len(written) == 1 else None
    return found


def find_fit(records: list[Record], header: tuple[int, ...], delimiter: str, text: str) -> Fit | None:
    """How the rows of `records`, the file's first, fit below the header in the rows `header`; None where their width
    proves nothing, as in lists whose last cell is a list itself. `text`: what the records were split from."""
    first = header[-1] + 1 if header else 0
    own = max((len(records[row]) for row in header), default=0)
    until = _next_table(records, first, own) if own else None
    rows = [record for record in records[first:until] if sum(bool(cell.strip()) for cell in record) > 1]
    if not rows:
        return None
    usual, _ = max(Counter(map(len, rows)).items(), key=lambda found: (found[1], -found[0]))
    base = own or usual
    wide = [row for row in rows if len(row) > base]
    habits = None
    if own and delimiter == ",":
        suspicious = any(ways(row, base) for row in wide)
        if suspicious or any(len(row) < base for row in rows):
            habits = _habits(rows, suspicious)
    if not wide:
        return Fit(first, base, until=until, habits=habits)
    named = _filled(records[header[-1]]) if header else 0
    if named == base and all(_filled(row) <= base for row in wide):
        # Separators at the end of the rows that the header has not.
        return Fit(first, max(base, usual), until=until, habits=habits)
    if named == base and len(wide) == len(rows) >= _LEAST and not any(row[0].strip() for row in wide):
        return Fit(first, base, until=until, leading=True)
    fit = _fit_of_wide(first, base, rows, wide, delimiter, text)
    return fit and fit._replace(until=until, habits=habits)


def _next_table(records: list[Record], first: int, width: int) -> int | None:
    """The row of a wider header below: names in all of its cells, numbers in the next row."""
    for place, (record, below) in enumerate(pairwise(records[first + 1 :]), first + 1):
        alike = len(record) > width and len(below) == len(record) and all(cell.strip() for cell in record)
        if alike and not any(numbers_of(record)) and any(numbers_of(below)):
            return place
    return None


def _fit_of_wide(
    first: int, base: int, rows: list[Record], wide: list[Record], delimiter: str, text: str
) -> Fit | None:
    normal = [row for row in rows if len(row) <= base]
    divided = _proved(base, normal, wide, text) if delimiter == "," else frozenset()
    if divided:
        return Fit(first, base, divided)
    if len(wide) <= _FEW * len(rows) or (delimiter == "," and _may_be_divided(base, wide)):
        return Fit(first, base)
    if len(wide) > len(rows) / 2:
        # Columns without a header.
        usual, count = max(Counter(map(len, wide)).items(), key=lambda found: found[1])
        return Fit(first, usual) if count >= _MOSTLY * len(wide) else None
    return None if _stay_in_place(base, normal, wide) else Fit(first, base)


def _filled(record: Record) -> int:
    """Cells up to the last one that holds something."""
    return max((place for place, cell in enumerate(record, 1) if cell.strip()), default=0)


def _proved(base: int, normal: list[Record], wide: list[Record], text: str) -> frozenset[tuple[int, Style]]:
    """Columns whose numbers are certainly divided: at least three rows have no other way to the table's width, the
    pieces stand in no quotation marks and are no numbers of their own, and the undivided numbers of the column are
    written to match."""
    sole = [found[0] for row in wide if len(found := ways(row, base)) == 1]
    joints: dict[tuple[int, Style], list[Joint]] = {}
    for way in sole:
        for joint in way:
            if ",".join(joint.pieces) in text:
                joints.setdefault((joint.column, joint.style), []).append(joint)
    return frozenset(
        place
        for place, found in joints.items()
        if len(found) >= _LEAST
        and _matches_undivided(*place, normal)
        and (any(map(says_thousands, found)) and len(normal) >= _LEAST if place[1] == "thousands" else _cents(found))
        and not any(column == place[0] and style != place[1] for column, style in joints)
    )


def _cents(found: list[Joint]) -> bool:
    return any(map(says_decimal, found)) and len({joint.pieces for joint in found}) >= _LEAST_CENTS


def _matches_undivided(column: int, style: Style, normal: list[Record]) -> bool:
    """Where numbers are grouped by the separator none has four digits in a row; where it is the decimal mark, none
    has decimals behind a point."""
    cells = [row[column] for row in normal if column < len(row) and row[column].strip()]
    numbers = [cell for cell, is_number in zip(cells, numbers_of(cells), strict=True) if is_number]
    if len(numbers) < _MOSTLY * len(cells):
        return False
    if style == "thousands":
        return not any(len(cell.partition(".")[0].strip("+- \u20ac$\u00a3")) > 3 for cell in numbers)
    return not any("." in cell for cell in numbers)


def _may_be_divided(base: int, wide: list[Record]) -> bool:
    """Whether nearly all of the rows could be brought to the table's width by numbers put together."""
    return sum(bool(ways(row, base)) for row in wide) >= _MOSTLY * len(wide)


def _stay_in_place(base: int, normal: list[Record], wide: list[Record]) -> bool:
    """Whether the rows have numbers in the columns in which normal rows have them: what is too much stands behind."""
    count = Counter(numbers_of(row[:base]) for row in normal)
    if not count:
        return True
    pattern = count.most_common(1)[0][0]
    return sum(numbers_of(row[: len(pattern)]) == pattern for row in wide) >= _MOSTLY * len(wide)
