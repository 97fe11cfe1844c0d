"""Numbers that a file's own separator divides (`1,234.00` or `39,90` in a comma file), put together again in one row.

In which columns that is proved is learned in `ragged_rows.py`.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Style = Literal["thousands", "decimal"]

_SIGN = r"\s?(?:[€$£¥₽₴₸₺₹₩₫₪]|[A-Z]{3})?\s?"
_FIRST_GROUP = re.compile(rf"{_SIGN}[-+]?[1-9][0-9]{{0,2}}")
_GROUP = re.compile(r"[0-9]{3}")
_LAST_GROUP = re.compile(rf"([0-9]{{3}})(\.[0-9]{{1,4}})?{_SIGN}")
_WHOLE = re.compile(rf"{_SIGN}[-+]?(?:0|[1-9][0-9]{{0,2}}(?:[. '\u00a0\u202f][0-9]{{3}})+|[1-9][0-9]*)")
_CENTS = re.compile(rf"([0-9]{{2}}){_SIGN}")
_MOST_GROUPS = 4
_MOST_WAYS = 6
_MOST_EXTRA = 8


class Joint(NamedTuple):
    """A number put together: its column in the table, how it was divided, its pieces."""

    column: int
    style: Style
    pieces: tuple[str, ...]


Way = tuple[Joint, ...]
"""One way to bring a row to its width: the joints from left to right."""


def ways(cells: list[str], width: int, allowed: frozenset[tuple[int, Style]] | None = None) -> list[Way]:
    """All ways (at most a few) to bring `cells` to `width` by joining pieces of numbers, in `allowed` columns only.

    Empty where there is none, also for rows that are far too wide.
    """
    extra = len(cells) - width
    if not 0 < extra <= _MOST_EXTRA:
        return []
    found: list[Way] = []
    for way in _ways(cells, 0, 0, extra, allowed):
        found.append(way)
        if len(found) == _MOST_WAYS:
            break
    return found


def possible_joints(cells: list[str]) -> list[Joint]:
    """All numbers that could be put together in a row, wherever they would stand."""
    return [joint for at in range(len(cells) - 1) for joint in _joints(cells, at, at, _MOST_GROUPS)]


def _ways(
    cells: list[str], at: int, column: int, extra: int, allowed: frozenset[tuple[int, Style]] | None
) -> Iterator[Way]:
    """Ways from cell `at` on, which becomes `column`, with `extra` cells still too many."""
    if extra == 0:
        yield ()
        return
    for place in range(at, len(cells) - 1):
        for joint in _joints(cells, place, column + place - at, extra):
            if allowed is None or joint[:2] in allowed:
                used = len(joint.pieces)
                for more in _ways(cells, place + used, joint.column + 1, extra - used + 1, allowed):
                    yield (joint, *more)


def _joints(cells: list[str], at: int, column: int, extra: int) -> Iterator[Joint]:
    """Numbers that begin at cell `at` and take at most `extra` more cells."""
    if at + 1 >= len(cells):
        return
    if _WHOLE.fullmatch(cells[at]) and _CENTS.fullmatch(cells[at + 1]):
        yield Joint(column, "decimal", tuple(cells[at : at + 2]))
    if not _FIRST_GROUP.fullmatch(cells[at]):
        return
    for end in range(at + 1, min(at + _MOST_GROUPS, at + extra + 1, len(cells))):
        if _LAST_GROUP.fullmatch(cells[end]):
            yield Joint(column, "thousands", tuple(cells[at : end + 1]))
        if not _GROUP.fullmatch(cells[end]):
            return


def joined(cells: list[str], way: Way, delimiter: str) -> list[str]:
    """The row with its numbers whole: `1,234.00`."""
    row: list[str] = []
    at = 0
    for joint in way:
        before = joint.column - len(row)
        row += [*cells[at : at + before], delimiter.join(joint.pieces)]
        at += before + len(joint.pieces)
    return row + cells[at:]


def says_thousands(joint: Joint) -> bool:
    """Whether the last group is no number of its own: `080`, `234.00`."""
    last = _LAST_GROUP.fullmatch(joint.pieces[-1])
    return last is not None and (last[1][0] == "0" or last[2] is not None)


def says_decimal(joint: Joint) -> bool:
    """Whether the pieces are no numbers of their own: `0` before, or `05` behind."""
    cents = _CENTS.fullmatch(joint.pieces[1])
    return cents is not None and (cents[1][0] == "0" or joint.pieces[0].strip().lstrip("-+") == "0")
