"""Rows of a mapped sheet, read one at a time: items, rejects, and rows that are no items. Opens no files.

items + rejects + no items == rows between the table's first and last row, always.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import orjson

from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.layout.find_table import classify_row
from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.rows.contract import LIMITS, MAX_TEXT
from ingestion_dagster.core.rows.fast_path import ShortWay, mixed_row_reader, plain_row_reader
from ingestion_dagster.core.rows.full_path import Examined, row_examiner
from ingestion_dagster.core.rows.group_names import name_filler
from ingestion_dagster.core.rows.merges import merge_filler
from ingestion_dagster.core.rows.plan import RowPlan, plan_rows
from ingestion_dagster.core.rows.reject_messages import message_for
from ingestion_dagster.core.rows.signature import Below, Sign, sign_of
from ingestion_dagster.core.rows.types import CellProblem, ItemRow, NotAnItem, NotAnItemKind, Problem, RowReject
from ingestion_dagster.core.sheets import SHIFTED, Row, Sheet, column_letter
from ingestion_dagster.core.values.cell_text import clean, raw_text
from ingestion_dagster.core.words.normalise import all_words, begins_with, normalise

__all__ = ["CellProblem", "ItemRow", "NotAnItem", "NotAnItemKind", "RowReject", "read_rows"]

_LONGEST_SECTION = 255
_MOST_CELLS_SHOWN = 100
_MOST_REJECTS = 100_000
"""Rejects beyond which a list that has more of them than items is not read on: each is written down with its cells."""
_DOUBT = frozenset({"key_missing", "name_missing", "row_shifted", "currency_unknown"})
"""Problems (besides any of the price) of rows that may be no items at all."""


def read_rows(sheet: Sheet, mapped: MappedSheet, hints: ReadingHints) -> Iterator[ItemRow | RowReject | NotAnItem]:
    """Every row of the table once, in order, as what it is. Streams: memory does not grow with the sheet.

    Hidden rows are read like others; a cell merged over several rows counts for each of them. Formula-like text is
    kept raw; escaping is the exporter's work.
    """
    way = _way(sheet, mapped, hints)
    first, last = way.plan.first_row, way.plan.last_row
    beginnings, section, below, rejects = _total_beginnings(), None, Below(), 0
    fill = merge_filler(sheet.merges, first, frozenset({way.plan.columns["stock"]}))
    named = name_filler(mapped)
    parts = {part.first_row: part.reading for part in mapped.sections}
    for number, cells in enumerate(sheet.rows()):
        if number < first:
            continue
        if last is not None and number > last:
            break
        if number in parts:
            way = _way_below(sheet, parts[number], hints, way)
            named = name_filler(way.mapped)
        row = fill(number, cells) if fill is not None else cells
        if row is not cells and _only_continues(cells, row, way.plan):
            yield from below.no_item(NotAnItem(number, "blank"))
            continue
        if number < way.mapped.first_data_row:
            yield from below.no_item(NotAnItem(number, "header"))
            continue
        row = named(row) if named is not None else row
        item = way.read_short(number, row, section)
        if item is not None and (item[1][:_INITIALS].casefold() not in beginnings or not _sounds_like_total(item[1])):
            if below.stirred:
                yield from below.item_follows()
            yield item
            continue
        seen = way.examine(number, row, section)
        if seen.item is not None and not _sounds_like_total(seen.key):
            yield from below.item_follows()
            yield seen.item
            continue
        if seen.item is not None or _may_be_no_item(seen):
            own = cells[:-1] if cells and cells[-1] == SHIFTED else cells
            kind = classify_row(own, way.mapped)
            sign = sign_of(own, way.mapped, frozenset(p.code for p in seen.problems)) if kind == "item" else None
            if kind != "item" or sign is Sign.SURE:
                section = _title(cells, way.mapped) if kind == "section" else section
                yield from below.no_item(NotAnItem(number, "footer" if kind == "item" else kind))
                continue
            if sign is not None and seen.item is None:
                yield from below.doubtful(_reject(number, row, seen, way.plan), sign)
                continue
        yield from below.item_follows()
        if seen.item is None:
            rejects += 1
            if rejects % _MOST_REJECTS == 0 and rejects > (number - first) / 2:
                raise _no_list(number - first + 1, rejects, seen)
        yield seen.item or _reject(number, row, seen, way.plan)
    yield from below.end()


def _no_list(rows: int, rejects: int, last: Examined) -> SheetError:
    return SheetError(
        f"{rejects:,} of the first {rows:,} rows could not be taken, the last because of {last.problems[0].code}: this "
        "is no list that can be read. See `ingestion inspect` of its first rows, and correct the columns or the file"
    )


class _Way(NamedTuple):
    """How rows are read from some row on: the reading, its plan, and the two ways through a row."""

    mapped: MappedSheet
    plan: RowPlan
    read_short: ShortWay
    examine: Callable[[int, Row, str | None], Examined]


def _way(sheet: Sheet, mapped: MappedSheet, hints: ReadingHints) -> _Way:
    plan = plan_rows(sheet, mapped, hints)
    short = mixed_row_reader(plan, sheet) if sheet.typed else plain_row_reader(plan)
    return _Way(mapped, plan, short, row_examiner(plan, sheet))


def _way_below(sheet: Sheet, reading: MappedSheet | None, hints: ReadingHints, above: _Way) -> _Way:
    """The way below a further header; where that could not be read, every item is refused."""
    if reading is not None:
        return _way(sheet, reading, hints)

    def refuse(number: int, row: Row, section: str | None) -> Examined:
        seen = above.examine(number, row, section)
        return Examined(None, (Problem("price", "header_unread"), *seen.problems), seen.key)

    return above._replace(read_short=lambda number, row, section: None, examine=refuse)


def _only_continues(cells: Row, filled: Row, plan: RowPlan) -> bool:
    """Key and price are those of the row above, both merged with it: an item drawn over two rows of the sheet."""
    columns = (plan.columns[plan.key], plan.columns["price"])
    return all(_blank(cells, column) and not _blank(filled, column) for column in columns)


def _blank(row: Row, column: int) -> bool:
    return column >= len(row) or row[column] in (None, "")


def _may_be_no_item(seen: Examined) -> bool:
    if any(problem.code == "row_cut_off" for problem in seen.problems):
        return False
    return any(problem.field == "price" or problem.code in _DOUBT for problem in seen.problems)


_INITIALS = 3


@cache
def _total_beginnings() -> frozenset[str]:
    """The first letters of all total words, of short ones also with what may follow them."""
    phrases = all_words("totals", besides="after")
    return frozenset((phrase + after)[:_INITIALS] for phrase in phrases for after in ("", ":", ".", " "))


def _sounds_like_total(key: str) -> bool:
    """Whether a key is a total word or begins with one: rare enough to look at the whole row then."""
    return bool(begins_with(normalise(key), all_words("totals", besides="after")))


def _title(row: Row, mapped: MappedSheet) -> str | None:
    """The section's name: the first text of the row."""
    for value in row[mapped.first_column : None if mapped.last_column is None else mapped.last_column + 1]:
        if isinstance(value, str) and (title := clean(value)):
            return title[:_LONGEST_SECTION].rstrip()
    return None


def _reject(number: int, row: Row, seen: Examined, plan: RowPlan) -> RowReject:
    first, *others = (_cell_problem(problem, row, plan) for problem in seen.problems)
    return RowReject(number, *first, _row_data(row, plan.headers), tuple(others), seen.key or None)


def _cell_problem(problem: Problem, row: Row, plan: RowPlan) -> CellProblem:
    column = plan.columns.get(problem.field)
    if column is not None and column >= plan.width:
        column = None
    raw = raw_text(row[column]) if column is not None and column < len(row) else ""
    header = plan.headers[column] if column is not None and column < len(plan.headers) else ""
    message = message_for(
        problem.code,
        plan.language,
        raw=raw,
        field=clean(header) or problem.field,
        limit=LIMITS.get(problem.field, MAX_TEXT),
        scale=plan.policy.scale,
    )
    return CellProblem(column, problem.field, problem.code, message, raw)


def _row_data(row: Row, headers: tuple[str, ...]) -> str:
    """What stood in the row: header (or column letter) -> text, in the order of the columns."""
    data: dict[str, str] = {}
    for column, value in enumerate(row[:_MOST_CELLS_SHOWN]):
        shown = raw_text(value)
        if shown.strip():
            header = clean(headers[column]) if column < len(headers) else ""
            data[header if header and header not in data else column_letter(column)] = shown
    return orjson.dumps(data).decode()
