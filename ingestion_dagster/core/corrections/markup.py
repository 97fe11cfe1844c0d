"""What is written into a supplier's own sheet to show its mistakes: where, and in which words. Writes nothing itself.

Whatever we write can be opened without harm: no text of ours can become a formula.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from ingestion_dagster.core.corrections.compare import Progress, WrongRow, counted
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.rows.types import CellProblem
from ingestion_dagster.core.sheets import Range, Row, cell_address
from ingestion_dagster.core.words.correction_words import our_headers, words

_FORMULA_STARTS: Final = frozenset("=+-@\t\r\n＝＋－＠")
"""First characters that spreadsheet programs take for a formula (OWASP, CSV injection)."""
_LISTED: Final = 1000
"""Mistakes listed one by one per kind on the summary tab; all of them are marked in the list itself."""

SummaryCell = str | int | None


class Markup(BaseModel):
    """Everything that is added to the sheet. Rows and columns are 0-based; every text is safe to be written."""

    model_config = ConfigDict(frozen=True)

    tab: str
    column: int
    """The free column to the right of the table that takes the reasons."""
    header_row: int | None
    header: str
    cells: tuple[tuple[int, int, str], ...]
    """(row, column, comment) of each wrong cell."""
    reasons: tuple[tuple[int, str], ...]
    """(row, all its reasons)."""
    summary_tab: str
    summary: tuple[tuple[SummaryCell, ...], ...]


class Facts(BaseModel):
    """What the summary says about the list beside its mistakes."""

    model_config = ConfigDict(frozen=True)

    supplier: str
    file: str
    received: datetime
    rows: int
    before: datetime | None
    """When the list was received that this one is compared with."""


def neutral(text: str) -> str:
    """`text` so that no program takes it for a formula: an apostrophe before what begins like one."""
    shown = "".join(character if character.isprintable() or character == "\n" else " " for character in text)
    first = shown.lstrip()[:1] or shown[:1]
    return f"'{shown}" if first in _FORMULA_STARTS or shown[:1] in _FORMULA_STARTS else shown


def free_column(rows: Iterable[Row], mapped: MappedSheet, merges: Sequence[Range], touched: frozenset[int]) -> int:
    """The first column to the right of the table that is empty beside it and not merged where we write.

    A list that was marked before and sent back has such a column already.
    """
    first = mapped.header_row_index if mapped.header_row_index >= 0 else mapped.first_data_row
    ours = [column for column, header in enumerate(mapped.headers) if header.strip() in our_headers()]
    if ours:
        return ours[0]
    end = mapped.last_column if mapped.last_column is not None else len(mapped.headers) - 1
    used: set[int] = set()
    for number, row in enumerate(rows):
        if number >= first:
            used.update(column for column, value in enumerate(row) if value is not None and value != "")
    if mapped.last_column is None:
        end = max(used, default=end)
    for area in merges:
        if any(area.first_row <= row <= area.last_row for row in touched):
            used.update(range(area.first_column, area.last_column + 1))
    column = max(end, 0) + 1
    while column in used:
        column += 1
    return column


def markup_of(
    rows: Iterable[Row], mapped: MappedSheet, merges: Sequence[Range], progress: Progress, facts: Facts, language: str
) -> Markup:
    """The marks for the wrong rows of `progress`. `rows` are all rows of the sheet, read once."""
    wrong = sorted((*progress.new, *progress.repeated), key=lambda row: row.row)
    header_row = _header_row(mapped)
    touched = frozenset(row.row for row in wrong) | ({header_row} if header_row is not None else set())
    said = words(language)
    return Markup(
        tab=mapped.sheet,
        column=free_column(rows, mapped, merges, touched),
        header_row=header_row,
        header=said["column"],
        cells=tuple(_cells(wrong, mapped)),
        reasons=tuple((row.row, neutral("\n".join(problem.message for problem in row.problems))) for row in wrong),
        summary_tab=said["tab"],
        summary=tuple(_summary(progress, mapped, facts, said)),
    )


def _header_row(mapped: MappedSheet) -> int | None:
    """The row that takes the extra column's header: the last of the header, else the one above the first item."""
    if mapped.header_rows:
        return mapped.header_rows[-1]
    if mapped.header_row_index >= 0:
        return mapped.header_row_index
    return mapped.first_data_row - 1 if mapped.first_data_row > 0 else None


def _cells(wrong: Sequence[WrongRow], mapped: MappedSheet) -> list[tuple[int, int, str]]:
    """One comment per cell; what is wrong with a row as a whole is said at its key."""
    found: dict[tuple[int, int], list[str]] = {}
    for row in wrong:
        for problem in row.problems:
            found.setdefault((row.row, place_of(problem, mapped)), []).append(problem.message)
    return [(row, column, neutral("\n".join(texts))) for (row, column), texts in found.items()]


def place_of(problem: CellProblem, mapped: MappedSheet) -> int:
    """The column where a person looks for the problem."""
    if problem.column is not None:
        return problem.column
    for field in (problem.field, mapped.key):
        column = mapped.column(field)
        if column is not None:
            return column
    return mapped.first_column


def _summary(
    progress: Progress, mapped: MappedSheet, facts: Facts, said: Mapping[str, str]
) -> list[tuple[SummaryCell, ...]]:
    wrong = (*progress.new, *progress.repeated)
    lines: list[tuple[SummaryCell, ...]] = [
        (neutral(said["title"].format(supplier=facts.supplier)),),
        (neutral(said["list"].format(file=facts.file, tab=mapped.sheet, date=_day(facts.received))),),
        (said["how"].format(column=said["column"]),),
        (),
        (said["rows"], facts.rows),
        (said["wrong"], len(wrong)),
        (),
    ]
    if facts.before is None:
        lines.append((said["first"],))
    else:
        lines.append((said["since"].format(date=_day(facts.before)),))
        lines += [(said[status], count) for status, count in progress.counts().items()]
    lines += [(), (said["count"], said["reason"])]
    lines += [(count, neutral(message)) for _, count, message in counted(wrong)]
    lines += [(), (said["status"], said["cell"], said["item"], said["says"], said["reason"])]
    for status, rows in (
        ("new", progress.new),
        ("repeated", progress.repeated),
        ("fixed", progress.fixed),
        ("removed", progress.removed),
    ):
        lines += [_line(said[status], row, mapped) for row in rows[:_LISTED]]
        if len(rows) > _LISTED:
            lines.append((said["more"].format(count=len(rows) - _LISTED),))
    return lines


def _line(status: str, row: WrongRow, mapped: MappedSheet) -> tuple[SummaryCell, ...]:
    first = row.problems[0]
    cell = cell_address(row.row, place_of(first, mapped))
    return (status, cell, neutral(row.supplier_sku or ""), neutral(first.raw), neutral(first.message))


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
