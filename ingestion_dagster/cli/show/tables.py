"""Tables on a terminal or in a pipe: a number, a price, an id is never cut or folded. What they hold is the commands'.

On a terminal long texts are wrapped in their column; columns that do not fit go below their row. In a pipe there is one
line for each row, however long.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ingestion_dagster.core.shown_text import one_line

Cell = tuple[str, ...]
"""The lines of one cell."""
LONGEST_CELL: Final = 2000
_SHORT: Final = 12
"""Columns as narrow as this are never wrapped."""
_NARROWEST: Final = 16
_PADDED: Final = 60
_GAP: Final = "  "
_BELOW: Final = 4
_RULER: Final = Console(width=80)
"""Rich wraps by a console's rules."""
_FIGURE: Final = re.compile(r"(?=.*\d)[-+\w.,:/ %()]{1,24}")
_NUMBER: Final = re.compile(r"[-+]?\d[\d,. ]*( ?%)?( [A-Z]{3})?")


def shown(cell: Any) -> Cell:
    """A cell's lines as plain text: a tuple has several. Whole numbers get no separators, since they may be ids."""
    if cell is None:
        return ("",)
    if isinstance(cell, datetime):
        return (f"{cell:%Y-%m-%d %H:%M:%S}",)
    lines = cell if isinstance(cell, tuple) else (cell,)
    return tuple(one_line(str(line), LONGEST_CELL) for line in lines)


def table_lines(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], width: int | None, styles: Sequence[str] = ()
) -> Iterator[Text]:
    """The lines of a table, `width` cells wide; None: as wide as it needs to be. No row, no line.

    Without titles of columns there is no header. `styles` are Rich's, one a column.
    """
    table = [[shown(cell) for cell in row] for row in rows]
    if not table:
        return
    if title:
        yield Text(one_line(title, LONGEST_CELL), style="italic")
    columns, styles = list(columns), [*styles, *("" for _ in columns[len(styles) :])]
    widths = [max(map(cell_len, (name, *lines))) for name, lines in zip(columns, _by_column(table), strict=True)]
    if width is None:
        flat = [[(_in_one(cell),) for cell in row] for row in table]
        yield from _rows(columns, flat, [min(w, _PADDED) for w in widths], styles)
    elif (fitting := narrowed(widths, table, width)) is not None:
        yield from _rows(columns, [_wrapped(row, fitting) for row in table], fitting, styles)
    else:
        yield from _rows_with_rest_below(columns, table, widths, styles, width)


def narrowed(widths: Sequence[int], table: Sequence[Sequence[Cell]], width: int) -> list[int] | None:
    """Widths that fit, taken from the widest texts; None where texts would become too narrow, or figures be cut."""
    rigid = [_is_rigid(lines, w) for lines, w in zip(_by_column(table), widths, strict=True)]
    fitting, room = list(widths), width - len(_GAP) * (len(widths) - 1)
    while (over := sum(fitting) - room) > 0:
        loose = [n for n, fixed in enumerate(rigid) if not fixed and fitting[n] > _NARROWEST]
        if not loose:
            return None
        widest = max(loose, key=fitting.__getitem__)
        second = max((fitting[n] for n in loose if n != widest), default=_NARROWEST)
        fitting[widest] -= max(1, min(over, fitting[widest] - max(second, _NARROWEST)))
    return fitting


def _by_column(table: Sequence[Sequence[Cell]]) -> list[list[str]]:
    return [[line for cell in column for line in cell] for column in zip(*table, strict=True)]


def _is_rigid(lines: Sequence[str], width: int) -> bool:
    return width <= _SHORT or all(_FIGURE.fullmatch(line) for line in lines if line)


def _in_one(cell: Cell) -> str:
    return " / ".join(filter(None, cell))


def _folded(text: str, width: int) -> list[str]:
    return [part.plain.rstrip() for part in Text(text).wrap(_RULER, width)] or [""]


def _wrapped(row: Sequence[Cell], widths: Sequence[int]) -> list[Cell]:
    return [
        tuple(part for line in cell for part in (_folded(line, width) if cell_len(line) > width else (line,)))
        for cell, width in zip(row, widths, strict=True)
    ]


def _rows(
    columns: Sequence[str], table: Sequence[Sequence[Cell]], widths: Sequence[int], styles: Sequence[str]
) -> Iterator[Text]:
    right = [any(lines) and all(_NUMBER.fullmatch(line) for line in lines if line) for lines in _by_column(table)]
    if any(columns):
        yield _line(columns, widths, right, ["bold"] * len(columns))
    for row in table:
        for number in range(max(len(cell) for cell in row)):
            yield _line([cell[number] if number < len(cell) else "" for cell in row], widths, right, styles)


def _rows_with_rest_below(
    columns: Sequence[str], table: Sequence[Sequence[Cell]], widths: Sequence[int], styles: Sequence[str], width: int
) -> Iterator[Text]:
    """As many columns as fit in a line, and the others by name below each row."""
    first = 0
    while first < len(widths) and sum(widths[: first + 1]) + len(_GAP) * first <= width:
        first += 1
    above = list(_rows(columns[:first], [[(_in_one(cell),) for cell in row[:first]] for row in table], widths, styles))
    if first:
        yield above[0]
    for line, row in zip(above[1:], table, strict=True) if first else ((Text("-"), row) for row in table):
        yield line
        for name, cell in zip(columns[first:], row[first:], strict=True):
            if text := _in_one(cell):
                yield from (Text(" " * _BELOW + part) for part in _folded(f"{name}: {text}", max(width - _BELOW, 20)))


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool], styles: Sequence[str]) -> Text:
    line = Text()
    for number, text in enumerate(cells):
        blanks = " " * max(0, widths[number] - cell_len(text))
        line.append(_GAP if number else "")
        line.append(blanks + text if right[number] else text + blanks, style=styles[number])
    line.rstrip()
    return line
