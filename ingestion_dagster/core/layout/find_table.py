"""Where the table is in a tab: its header, its rows and columns, and what other tables stand around it.

Which column means what is in `core/columns/assign_columns.py`; what a single row is, is in `row_kind.py`.
"""

from typing import NamedTuple

from ingestion_dagster.core.layout.cell_kinds import NUMERIC, kind_of
from ingestion_dagster.core.layout.further_headers import further_header
from ingestion_dagster.core.layout.header_rows import Header, filled_columns, find_header, header_text, rows_of_header
from ingestion_dagster.core.layout.neighbour_tables import main_block, second_table_below
from ingestion_dagster.core.layout.row_kind import RowKind, classify_row
from ingestion_dagster.core.layout.sampling import Sample
from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.sheets import CellValue, Range, Row, Sheet
from ingestion_dagster.core.words.normalise import normalise

__all__ = ["RowKind", "Table", "classify_row", "find_table"]


class Table(NamedTuple):
    """One table of a tab. `headers` has a text per column from column 0 on; `body` holds sampled rows that may be
    items, with their row numbers."""

    header_rows: tuple[int, ...]
    header_score: float
    headers: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    """Per column the header cells one by one, top to bottom."""
    first_data_row: int
    last_data_row: int | None
    first_column: int
    last_column: int | None
    body: list[tuple[int, Row]]
    around: tuple[str, ...]
    """Texts above the header: titles, terms, contacts."""
    others: tuple[str, ...]
    """Other tables on the tab, in words."""
    hidden: frozenset[int] = frozenset()
    """Columns that the supplier hid."""

    @property
    def columns(self) -> range:
        """The table's columns."""
        end = len(self.headers) if self.last_column is None else self.last_column + 1
        return range(self.first_column, end)


def find_table(sheet: Sheet, sample: Sample, hints: ReadingHints) -> Table:
    """The main table of a tab. Hinted rows win over what is found."""
    header = _hinted_header(sheet, sample, hints) or find_header(sample, sheet.merges)
    parts = _header_parts(sample, header.rows, sheet.merges)
    headers = tuple(" ".join(dict.fromkeys(part for part in column if part)) for column in parts)
    first = hints.data_start_row - 1 if hints.data_start_row else _first_data_row(sample, header)
    last, below = second_table_below(sample, header, first)
    first_column, last_column, beside = main_block(headers, sample, first)
    body = [(n, row) for n, row in enumerate(sample.top) if n >= first and (last is None or n <= last)]
    if last is None:
        body += sample.spread
    if header.rows:
        body = _above_further_header(body, headers)
    body = _items_only(body, headers, first_column, last_column)
    if not header.rows and body and not hints.data_start_row:
        body = _without_preamble(body)
        first = body[0][0]
    return Table(
        header_rows=header.rows,
        header_score=header.score,
        headers=headers,
        parts=parts,
        first_data_row=first,
        last_data_row=last,
        first_column=first_column,
        last_column=last_column,
        body=body,
        around=_texts_around(sample, header.rows[0] if header.rows else first),
        others=tuple(beside + below),
        hidden=sheet.hidden_columns,
    )


def _hinted_header(sheet: Sheet, sample: Sample, hints: ReadingHints) -> Header | None:
    if hints.header_row is None:
        return None
    if hints.header_row == 0:
        return Header((), 9.0)
    first = hints.header_row - 1
    until = hints.data_start_row - 1 if hints.data_start_row else None
    return Header(rows_of_header(sample, sheet.merges, first, first, until), 9.0)


def _header_parts(sample: Sample, rows: tuple[int, ...], merges: tuple[Range, ...]) -> tuple[tuple[str, ...], ...]:
    """Header cells per column. A title over several columns belongs to each of them: told by a merged range, or by
    blanks to its right over cells that are filled below."""
    texts: list[list[str]] = [[] for _ in range(sample.width)]
    for depth, row in enumerate(rows):
        if row >= len(sample.top):
            continue
        line = [header_text(value) for value in sample.top[row]] + [""] * (sample.width - len(sample.top[row]))
        for area in merges:
            if area.first_row <= row <= area.last_row and area.first_column < sample.width:
                origin = header_text(_cell(sample, area.first_row, area.first_column))
                for column in range(area.first_column, min(area.last_column + 1, sample.width)):
                    line[column] = origin
        if depth < len(rows) - 1 and not merges:
            _spread_right(line, [header_text(v) for v in sample.top[rows[depth + 1]]])
        for column in range(sample.width):
            texts[column].append(line[column])
    return tuple(tuple(column) for column in texts)


def _spread_right(line: list[str], below: list[str]) -> None:
    title = ""
    for column, text in enumerate(line):
        if text:
            has_part = column < len(below) and bool(below[column])
            title = text if has_part else ""
        elif title and column < len(below) and below[column]:
            line[column] = title
        else:
            title = ""


def _cell(sample: Sample, row: int, column: int) -> CellValue:
    if row < len(sample.top) and column < len(sample.top[row]):
        return sample.top[row][column]
    return None


def _first_data_row(sample: Sample, header: Header) -> int:
    if header.rows:
        first = header.rows[-1] + 1
        return first + 1 if _counts_columns(sample, first) else first
    for number, kinds in enumerate(sample.kinds):
        if len(filled_columns(kinds)) >= 2:
            return number
    return 0


def _counts_columns(sample: Sample, row: int) -> bool:
    """A row `1 2 3 4 …` under the header numbers the columns; it is no item."""
    if row >= len(sample.top):
        return False
    texts = [header_text(value) for value in sample.top[row]]
    numbers = [text for text in texts if text]
    return len(numbers) >= 3 and numbers == [str(n) for n in range(1, len(numbers) + 1)]


def _items_only(
    body: list[tuple[int, Row]], headers: tuple[str, ...], first: int, last: int | None
) -> list[tuple[int, Row]]:
    """Rows that are filled about as much as most rows: sections, totals and blanks would blur the columns."""
    end = None if last is None else last + 1
    counted = [
        (number, row, sum(1 for v in row[first:end] if v not in (None, "") and not _blank(v))) for number, row in body
    ]
    counts = sorted(count for _, _, count in counted if count >= 2)
    if not counts:
        return [(number, row) for number, row, count in counted if count]
    least = max(2, 0.5 * counts[len(counts) // 2])
    said = {normalise(header) for header in headers} - {""}
    return [(n, row) for n, row, count in counted if count >= least and not _repeats_header(row, said)]


def _above_further_header(body: list[tuple[int, Row]], headers: tuple[str, ...]) -> list[tuple[int, Row]]:
    """The rows above a header that says something else: what stands below it would blur the columns."""
    for place, (_, row) in enumerate(body):
        if place and further_header(row, headers, range(len(row))) == "other":
            return body[:place]
    return body


def _without_preamble(body: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """The rows from the first one that has numbers where most rows have them: without a header nothing else parts a
    letterhead from the items."""
    width = max(len(row) for _, row in body)
    numeric = [
        c for c in range(width) if sum(kind_of(row[c]) in NUMERIC for _, row in body if c < len(row)) > 0.6 * len(body)
    ]
    for start, (_, row) in enumerate(body):
        if any(c < len(row) and kind_of(row[c]) in NUMERIC for c in numeric):
            return body[start:]
    return body


def _blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _repeats_header(row: Row, said: set[str]) -> bool:
    texts = [normalise(v) for v in row if isinstance(v, str) and len(v) < 60]
    same = sum(1 for text in texts if text in said)
    return same >= 2 and same >= 0.6 * sum(1 for v in row if v is not None)


def _texts_around(sample: Sample, until: int) -> tuple[str, ...]:
    return tuple(
        value.strip() for row in sample.top[:until] for value in row if isinstance(value, str) and value.strip()
    )
