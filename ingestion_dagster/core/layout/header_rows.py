"""Which rows of a tab are its header: the row that speaks most like one, and what belongs to it above and below."""

from collections import Counter
from itertools import pairwise
from typing import Final, NamedTuple

from ingestion_dagster.core.layout.cell_kinds import BLANK, rough_number
from ingestion_dagster.core.layout.row_kind import is_total_text
from ingestion_dagster.core.layout.sampling import Sample
from ingestion_dagster.core.sheets import CellValue, Range
from ingestion_dagster.core.values.cell_text import cell_text
from ingestion_dagster.core.words.lexicon import NOTHING_SAID, HeaderWords, known_as_header, read_header
from ingestion_dagster.core.words.normalise import normalise

DEEPEST: Final = 40
"""Rows from the top in which a header is looked for."""
_BELOW: Final = 40
_WEIGHED: Final = 6
_WIDE_UNTIL: Final = 8
"""Rows whose every cell is looked at; a sheet with hundreds of columns has its header at the top."""
_NARROW: Final = 80
_TEXTS: Final = frozenset({"text", "word", "code", "unit", "currency", "bool", "stock", "long"})
_NEVER_ALIKE: Final = frozenset({"code", "unit", "currency", "bool"})
"""A header is of another kind than the codes or units below it."""
_NUMBERS: Final = frozenset({"int", "decimal", "money", "percent", "date"})
_LONGEST_HEADER: Final = 160
_YEARS: Final = range(1990, 2101)
_REPEATS: Final = 0.6
"""Share of its texts that a repeated header has in common with the first."""
_GROUP_TITLE: Final = 25
"""Characters of a title over several columns that says nothing known; contacts and terms are longer."""


class Header(NamedTuple):
    """Header rows and how sure they are; no rows where the sheet has no header."""

    rows: tuple[int, ...]
    score: float


def header_text(value: CellValue) -> str:
    """A header cell as one line; numbers and dates are header texts too (`2024`)."""
    return cell_text(value)


def words_of(value: CellValue) -> HeaderWords:
    """What a cell says if it is a header."""
    if not isinstance(value, str) or len(value) > _LONGEST_HEADER:
        return NOTHING_SAID
    return read_header(" ".join(value.split()))


def said_by(value: CellValue) -> tuple[str, float]:
    """Field and clearness of a cell that may be a header, quickly."""
    return known_as_header(" ".join(value.split())) if isinstance(value, str) and len(value) < 200 else ("", 0.0)


def find_header(sample: Sample, merges: tuple[Range, ...]) -> Header:
    """The header of a tab. Words alone do not make one: what stands below must be of another kind."""
    best, best_row = 0.0, -1
    for row, known in _candidates(sample):
        score = _score(sample, row, known) - 0.02 * row
        if score > best + 0.05:
            best, best_row = score, row
    if best_row < 0 or best < 2.2:
        return Header((), best)
    best_row = _first_of_its_words(sample, best_row)
    first = best_row
    while first > 0 and best_row - first < 2 and _belongs_above(sample, first - 1, first, best_row, merges):
        first -= 1
    return Header(rows_of_header(sample, merges, first, best_row), best)


def _first_of_its_words(sample: Sample, row: int) -> int:
    """The first row that says what the header in `row` says, in whatever order: a header that is repeated within the
    list does not begin it."""
    own = _texts_of(sample, row)
    for earlier in range(row):
        texts = _texts_of(sample, earlier)
        shared = len(texts & own)
        if shared < 2 or shared < _REPEATS * max(len(texts), len(own)) or _has_numbers(sample, earlier):
            continue
        if any(_has_numbers(sample, between) for between in range(earlier + 1, row)):
            return earlier
    return row


def _texts_of(sample: Sample, row: int) -> set[str]:
    return {normalise(value) for value in sample.top[row] if isinstance(value, str) and len(value) < 200} - {""}


def _has_numbers(sample: Sample, row: int) -> bool:
    return any(kind in _NUMBERS for kind in sample.kinds[row])


def rows_of_header(
    sample: Sample, merges: tuple[Range, ...], first: int, last: int, until: int | None = None
) -> tuple[int, ...]:
    """The header from `first` to `last` with what belongs to it below, three rows at most, none from `until` on."""
    while last - first < 2 and (until is None or last + 1 < until) and _belongs_below(sample, last + 1, first, merges):
        last += 1
    return tuple(range(first, last + 1))


def filled_columns(kinds: list[str]) -> list[int]:
    """Columns of a row that hold something."""
    return [column for column, kind in enumerate(kinds) if kind != BLANK]


def _candidates(sample: Sample) -> list[tuple[int, float]]:
    """Rows worth weighing, in order, with how many header words they have: the wordiest, and the first of all."""
    known = [
        (row, _known(sample, row, filled))
        for row in range(min(DEEPEST, len(sample.top)))
        if len(filled := filled_columns(sample.kinds[row])) >= 2
    ]
    wordy = sorted(known, key=lambda pair: -pair[1])[:_WEIGHED]
    return sorted({*wordy, *known[:3]})


def _score(sample: Sample, row: int, known: float) -> float:
    kinds = sample.kinds[row]
    filled = filled_columns(kinds)
    below = _body_below(sample, row)
    if not below:
        return 0.0
    common, used = _common_kinds(below)
    steps = _step_cells(sample, row)
    numbers = sum(kinds[c] in _NUMBERS for c in filled if c not in steps)
    data_like = sum(
        (kinds[c] in _NUMBERS and common.get(c) in _NUMBERS) or (kinds[c] in _NEVER_ALIKE and common.get(c) == kinds[c])
        for c in filled
        if c not in steps
    )
    contrast = sum(kinds[c] in _TEXTS and common.get(c) in _NUMBERS for c in filled)
    longs = sum(len(str(sample.top[row][c])) > 80 for c in filled)
    coverage = len(used & set(filled)) / len(used) if used else 0.0
    score = 1.6 * min(known, 4.0) + 1.5 * coverage + 0.6 * min(contrast, 3)
    score += 1.2 * min(1.0, known / len(filled))
    score -= 1.2 * data_like + 0.4 * (numbers - data_like) + 0.8 * longs + 1.5 * (coverage < 0.5)
    if known < 0.5:
        return score if contrast >= 1 and coverage >= 0.8 and not numbers and _looks_apart(sample, row, below) else 0.0
    return score


def _known(sample: Sample, row: int, filled: list[int]) -> float:
    """How many of the row's cells are header words; a field said twice counts half."""
    total = 0.0
    said: Counter[str] = Counter()
    for column in filled if row < _WIDE_UNTIL else filled[:_NARROW]:
        field, score = said_by(sample.top[row][column])
        if not field:
            continue
        said[field] += 1
        weight = 0.4 if field in ("other", "row_number") else 1.0
        total += (score - 0.3) / 0.7 * weight * (1.0 if said[field] == 1 else 0.4)
    return max(total, 0.0)


def _step_cells(sample: Sample, row: int) -> frozenset[int]:
    """Columns of the quantities `1 10 100` over prices that fall, and of `10+ EUR`: numbers that are headers."""
    said = frozenset(
        c
        for c, kind in enumerate(sample.kinds[row])
        if kind in _NUMBERS and words_of(sample.top[row][c]).qualifiers.get("from")
    )
    return said or _bare_step_cells(sample, row)


def _bare_step_cells(sample: Sample, row: int) -> frozenset[int]:
    cells = [c for c in range(len(sample.kinds[row])) if sample.kinds[row][c] == "int"]
    steps = sorted((rough_number(sample.top[row][c]) or 0.0, c) for c in cells)
    numbers = [number for number, _ in steps]
    if len(set(numbers)) < max(2, len(numbers)) or numbers[0] <= 0 or {numbers[0], numbers[-1]} <= set(_YEARS):
        return frozenset()
    falling = rising = 0
    for below in sample.top[row + 1 : row + 1 + _BELOW]:
        prices = [rough_number(below[c]) for _, c in steps if c < len(below)]
        pairs = [(a, b) for a, b in pairwise(prices) if a and b]
        falling += bool(pairs) and all(a >= b for a, b in pairs) and pairs[0][0] > pairs[-1][1]
        rising += any(a < b for a, b in pairs)
    return frozenset(cells) if falling > 4 * rising else frozenset()


def _looks_apart(sample: Sample, row: int, below: list[list[str]]) -> bool:
    """A row of unknown words is a header if it is unlike the rows below in every column that is no text there."""
    texts = [str(v).strip() for v in sample.top[row] if v not in (None, "")]
    short = all(len(text) <= 30 for text in texts)
    return short and len(set(texts)) == len(texts) and len(below) >= 3


def _body_below(sample: Sample, row: int) -> list[list[str]]:
    return [kinds for kinds in sample.kinds[row + 1 : row + 1 + _BELOW] if len(filled_columns(kinds)) >= 2]


def _common_kinds(below: list[list[str]]) -> tuple[dict[int, str], set[int]]:
    """The kind that most cells of a column have, and the columns used by at least half of the rows."""
    counts: dict[int, Counter[str]] = {}
    for kinds in below:
        for column, kind in enumerate(kinds):
            if kind != BLANK:
                counts.setdefault(column, Counter())[kind] += 1
    common = {}
    for column, kinds_here in counts.items():
        numeric = sum(kinds_here[kind] for kind in _NUMBERS)
        total = kinds_here.total()
        common[column] = "decimal" if numeric > 0.6 * total else kinds_here.most_common(1)[0][0]
    used = {column for column, found in counts.items() if found.total() >= 0.5 * len(below)}
    return common, used


def _belongs_above(sample: Sample, row: int, first: int, last: int, merges: tuple[Range, ...]) -> bool:
    """Whether `row` is the upper part of the header that starts at `first`: a group title over some columns, a cell
    merged downwards, or words over columns that are blank below."""
    kinds = sample.kinds[row]
    filled = filled_columns(kinds)
    steps = _step_cells(sample, row)
    if not filled or any(kinds[c] in _NUMBERS for c in filled if c not in steps):
        return False
    if len(steps) > 1 and len(filled) - len(steps) <= 2:
        return True
    table = set(filled_columns(sample.kinds[first]))
    for area in merges:
        if area.first_row <= row < area.last_row and area.first_row == row and area.last_row <= last + 1:
            return True
    wide = [a for a in merges if a.first_row == row and a.last_row == row and a.last_column > a.first_column]
    spans = [a for a in wide if a.last_column - a.first_column + 1 < 0.7 * max(len(table), 1)]
    said = [c for c in filled if said_by(sample.top[row][c])[1] >= 0.7]
    short_titles = len(filled) >= 2 and all(len(str(sample.top[row][c])) <= _GROUP_TITLE for c in filled)
    if spans and (said or short_titles):
        return True
    if len(filled) < 2:
        return False
    over_blank = [c for c in filled if c not in table]
    short = all(len(str(sample.top[row][c])) <= 60 for c in filled)
    return short and bool(said) and (bool(over_blank) or len(said) >= 2) and len(said) >= 0.5 * len(filled)


def _belongs_below(sample: Sample, row: int, first: int, merges: tuple[Range, ...]) -> bool:
    """Whether `row` is the lower part of the header: words (or units) and no data."""
    if row >= len(sample.top):
        return False
    kinds = sample.kinds[row]
    filled = filled_columns(kinds)
    if not filled:
        return False
    for area in merges:
        if first <= area.first_row < row <= area.last_row and area.last_row - area.first_row <= 2:
            return True
    steps = _step_cells(sample, row)
    if any(kinds[c] in _NUMBERS for c in filled if c not in steps) or is_total_text(sample.top[row][filled[0]]):
        return False
    below = _body_below(sample, row)
    common, used = _common_kinds(below)
    above = set(filled_columns(sample.kinds[row - 1]))
    said = [
        c for c in filled if said_by(sample.top[row][c])[1] >= 0.6 or kinds[c] in ("unit", "currency") or c in steps
    ]
    fills_blank = [c for c in filled if c not in above and c in used]
    numeric_below = [c for c in filled if common.get(c) in _NUMBERS]
    enough = 0.4 if len(numeric_below) == len(filled) else 0.6
    if len(said) < max(1, enough * len(filled)) or (len(filled) == 1 and not fills_blank):
        return False
    return bool(fills_blank or numeric_below) and bool(below)
