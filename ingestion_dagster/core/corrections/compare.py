"""A supplier's mistakes: which rows are wrong, and what became of the mistakes of the list before.

How they are put into the supplier's own file is in `markup.py` and `sources/marked_*.py`.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import orjson

from ingestion_dagster.core.rows.contract import LIMITS, MAX_TEXT
from ingestion_dagster.core.rows.reject_messages import message_for
from ingestion_dagster.core.rows.types import CellProblem, RowReject
from ingestion_dagster.core.sheets import column_index

Status = Literal["new", "repeated", "fixed", "removed"]


class WrongRow(NamedTuple):
    """A row that was not taken, with everything that is known to be wrong in it. `row` is 0-based.

    `content` is header and text of its cells: the row's identity where it has no key.
    """

    row: int
    supplier_sku: str | None
    content: tuple[tuple[str, str], ...]
    problems: tuple[CellProblem, ...]


class Progress(NamedTuple):
    """The mistakes of a list beside those of the list before. `removed` items are not in the list any more."""

    new: tuple[WrongRow, ...]
    repeated: tuple[WrongRow, ...]
    fixed: tuple[WrongRow, ...]
    removed: tuple[WrongRow, ...]

    def counts(self) -> dict[Status, int]:
        """How many rows of each kind."""
        return {
            "new": len(self.new),
            "repeated": len(self.repeated),
            "fixed": len(self.fixed),
            "removed": len(self.removed),
        }


@dataclass(frozen=True, slots=True)
class RejectRecord:
    """A row that an earlier load did not take, as it is on record."""

    row_number: int
    """1-based."""
    cell: str | None
    """Its address; None where the whole row is meant."""
    field: str | None
    code: str
    raw: str | None
    """What stood there."""
    supplier_sku: str | None
    row_data: Mapping[str, str] | None
    """The row's cells by header."""
    error_message: str


def from_reject(reject: RowReject) -> WrongRow:
    """What reading found."""
    first = CellProblem(reject.column, reject.field, reject.code, reject.message, reject.raw)
    return WrongRow(reject.row, reject.supplier_sku, _content(orjson.loads(reject.row_data)), (first, *reject.more))


def from_record(logged: RejectRecord, headers: Sequence[str], language: str, scale: int, other: int | str) -> WrongRow:
    """What the record of an earlier load says, in `language`. `other` is the row it conflicts with (1-based)."""
    column = column_of(logged.cell)
    header = headers[column] if column is not None and column < len(headers) else ""
    field, raw = logged.field or "row", logged.raw or ""
    values = {
        "raw": raw,
        "field": header.strip() or field,
        "limit": LIMITS.get(field, MAX_TEXT),
        "scale": scale,
        "key": logged.supplier_sku or raw,
        "row": logged.row_number,
        "other": other,
    }
    try:
        message = message_for(logged.code, language, **values)
    except KeyError:
        message = logged.error_message  # a code of an earlier version
    problem = CellProblem(column, field, logged.code, message, raw)
    return WrongRow(logged.row_number - 1, logged.supplier_sku, _content(logged.row_data or {}), (problem,))


def column_of(cell: str | None) -> int | None:
    """`F12` -> 5."""
    letters = (cell or "").rstrip("0123456789")
    return column_index(letters) if letters else None


def _content(row_data: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(row_data.items()))


def compare(now: Sequence[WrongRow], before: Sequence[WrongRow], listed: Collection[str]) -> Progress:
    """Which mistakes are new, repeated, fixed, or gone with their item.

    An item (a row with a key) that is still wrong counts as repeated, whatever is wrong with it now. Rows without a
    key are recognised by their content, their words, the wrong cell's content, and last by their place. `listed` are
    the keys of the items that were taken from the list of today.
    """
    paired_now: set[int] = set()
    paired_before: set[int] = set()
    for identity in _IDENTITIES:
        waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for number, row in enumerate(before):
            if number not in paired_before and (known := identity(row)) is not None:
                waiting[known].append(number)
        for number, row in enumerate(now):
            if number not in paired_now and (known := identity(row)) is not None and waiting[known]:
                paired_before.add(waiting[known].popleft())
                paired_now.add(number)
    over = [row for number, row in enumerate(before) if number not in paired_before]
    still = {row.supplier_sku for row in now if row.supplier_sku}
    return Progress(
        new=_picked(now, lambda number: number not in paired_now),
        repeated=_picked(now, lambda number: number in paired_now),
        fixed=tuple(row for row in over if not _is_gone(row, listed, still)),
        removed=tuple(row for row in over if _is_gone(row, listed, still)),
    )


def _picked(rows: Sequence[WrongRow], wanted: Callable[[int], bool]) -> tuple[WrongRow, ...]:
    return tuple(row for number, row in enumerate(rows) if wanted(number))


def _is_gone(row: WrongRow, listed: Collection[str], still: Collection[str]) -> bool:
    """A row without a key is taken to be corrected: nothing says that it is gone."""
    return row.supplier_sku is not None and row.supplier_sku not in listed and row.supplier_sku not in still


def _by_item_and_problem(row: WrongRow) -> Hashable | None:
    first = row.problems[0]
    return (row.supplier_sku, first.field, first.code) if row.supplier_sku else None


def _by_item(row: WrongRow) -> Hashable | None:
    return row.supplier_sku or None


def _by_content(row: WrongRow) -> Hashable | None:
    return row.content if row.content and not row.supplier_sku else None


def _by_words(row: WrongRow) -> Hashable | None:
    """Names stay where prices and stock move."""
    said = tuple(pair for pair in row.content if any(map(str.isalpha, pair[1])))
    return said if said and not row.supplier_sku else None


def _by_wrong_cell(row: WrongRow) -> Hashable | None:
    first = row.problems[0]
    return (first.field, first.code, first.raw) if first.raw and not row.supplier_sku else None


def _by_place(row: WrongRow) -> Hashable | None:
    first = row.problems[0]
    return (row.row, first.field, first.code) if not row.supplier_sku else None


_IDENTITIES: Final[tuple[Callable[[WrongRow], Hashable | None], ...]] = (
    _by_item_and_problem,
    _by_item,
    _by_content,
    _by_words,
    _by_wrong_cell,
    _by_place,
)
"""From the surest to the weakest; each pairs what the ones before left over."""


def counted(rows: Iterable[WrongRow]) -> list[tuple[str, int, str]]:
    """(code, rows, a message of it) of the first problem of each row, the most frequent first."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.problems[0].code, []).append(row.problems[0].message)
    return sorted(((code, len(texts), texts[0]) for code, texts in found.items()), key=lambda each: (-each[1], each[0]))
