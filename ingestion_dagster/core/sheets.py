"""What an opened sheet looks like to everything else: typed cells in rows, and what is known around them.

Containers are opened in `sources/`; nothing here reads bytes. Positions are 0-based throughout; people are
shown `A1` addresses made by `cell_address`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from typing import NamedTuple


class CellError(NamedTuple):
    """An error cell such as `#REF!`: known as such, never a value."""

    code: str

    def __str__(self) -> str:
        return self.code


SHIFTED = CellError("#SHIFTED")
"""Last cell of a text file's row with more cells than its table has columns."""
CUT_OFF = CellError("#CUT OFF")
"""Last cell of a row in whose middle the file ends."""

CellValue = str | int | float | bool | datetime | date | time | CellError | None
"""A text stays `str` (`00123`, `5.10`), a number stays a number, an empty cell is `None`."""

Row = list[CellValue]
"""One row, possibly shorter or longer than others; trailing empty cells may be missing."""


class Range(NamedTuple):
    """A rectangle of cells, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


def column_letter(index: int) -> str:
    """0 -> `A`, 25 -> `Z`, 26 -> `AA`."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """`A` -> 0, `AA` -> 26. Raises ValueError for anything but ASCII letters."""
    if not letters.isascii() or not letters.isalpha():
        raise ValueError(f"{letters!r} is not a column letter")
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def cell_address(row: int, column: int) -> str:
    """(0, 0) -> `A1`: the way a person finds the cell."""
    return f"{column_letter(column)}{row + 1}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One tab of a workbook, or a text file as its only tab.

    `open_rows` gives a fresh iterator over all rows each time it is called, so that a tall text file is
    streamed and never held whole. `typed` says whether numbers arrive as numbers (XLSX, Google Sheets) or
    everything is text (CSV).
    """

    name: str
    open_rows: Callable[[], Iterable[Row]]
    typed: bool
    hidden: bool = False
    merges: tuple[Range, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    number_format: Callable[[int, int], str | None] = lambda row, column: None
    """(row, column) -> the cell's number format code (`#,##0.00 [$€-407]`), None where unknown or General."""
    locale: str | None = None
    """`de_DE`, `ru_RU` …: the document's own locale where the source tells it."""
    time_zone: str | None = None
    notes: tuple[str, ...] = ()
    """What a person should know about how it was opened: "read as cp1251", "repaired double-encoded text"."""

    def rows(self) -> Iterator[Row]:
        """All rows from the top, freshly read."""
        return iter(self.open_rows())

    def head(self, count: int) -> list[Row]:
        """The first `count` rows."""
        return list(islice(self.open_rows(), count))


@dataclass(frozen=True, slots=True)
class Workbook:
    """All tabs of one source, in the order a person sees them."""

    sheets: tuple[Sheet, ...]
    format: str
    """`csv`, `xlsx`, `xls`, `ods`, `html` or `google_sheets`."""
    encoding: str | None = None
    delimiter: str | None = None
    notes: tuple[str, ...] = field(default=())

    def sheet(self, name: str) -> Sheet:
        """The tab called `name` (exact, then ignoring case and outer blanks). KeyError names what exists."""
        folded = name.strip().casefold()
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        for sheet in self.sheets:
            if sheet.name.strip().casefold() == folded:
                return sheet
        raise KeyError(f"no tab {name!r}; there are: {', '.join(repr(s.name) for s in self.sheets)}")


def cell_at(row: Row, column: int) -> CellValue:
    """None where the row is shorter."""
    return row[column] if column < len(row) else None


def blank_at(row: Row, column: int) -> bool:
    """Whether nothing can be seen there."""
    value = cell_at(row, column)
    return value is None or (isinstance(value, str) and not value.strip())
