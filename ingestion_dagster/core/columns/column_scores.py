"""Every column of a table with what its header and its values say, weighed together field by field.

Which column gets which field is decided in `assign_columns.py`.
"""

from typing import Final, NamedTuple

from ingestion_dagster.core.columns.column_evidence import NEVER, value_scores
from ingestion_dagster.core.columns.column_profile import ColumnProfile, profile
from ingestion_dagster.core.fields import TABLE
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.values.lost_digits import mostly_shortened
from ingestion_dagster.core.words.lexicon import NOTHING_SAID, HeaderWords, read_header

_UNSAID: Final = -1.2
"""Log-odds of a header that says something unknown."""
_NO_HEADER: Final = -0.4
_SAID_BUT_ODD: Final = 0.3
"""An exact word is believed where nothing else can be the field: the column may be empty or repeat today."""
_SPOILT: Final = 3.0
"""A column of codes is that also where a spreadsheet left nothing but exponents: its rows are then rejected."""
_WORDY: Final = ("text", "word", "long")


class Column(NamedTuple):
    """All that is known of one column."""

    position: int
    header: str
    words: HeaderWords
    profile: ColumnProfile
    values: dict[str, float]
    scores: dict[str, float]
    lost: bool = False
    """Its header says code, its values are numbers with an exponent: codes that a spreadsheet spoilt."""


def look_at_columns(table: Table) -> dict[int, Column]:
    """Every column of the table with what its header and its values say."""
    rows = [row for _, row in table.body]
    found = {}
    for index in table.columns:
        values = [row[index] if index < len(row) else None for row in rows]
        seen = profile(values)
        header = table.headers[index] if index < len(table.headers) else ""
        if not seen.filled and not header:
            continue
        words = header_words(table.parts[index], header) if index < len(table.parts) else NOTHING_SAID
        scored = value_scores(seen)
        weighed = weigh(words, scored, seen, header)
        said = words.scores.get("supplier_sku", 0.0)
        lost = said >= max(0.5, words.scores.get("barcode", 0.0)) and mostly_shortened(values)
        found[index] = Column(index, header, words, seen, scored, weighed, lost)
    return found


def keep_spoilt(columns: dict[int, Column]) -> dict[int, Column]:
    """The columns, those of spoilt codes with the score of a code: else the names would silently become the key."""
    return {
        place: column._replace(scores=column.scores | {"supplier_sku": max(column.scores["supplier_sku"], _SPOILT)})
        if column.lost
        else column
        for place, column in columns.items()
    }


def header_words(parts: tuple[str, ...], header: str) -> HeaderWords:
    """The words of a header over several rows: read as one, and its lowest part alone."""
    joined = read_header(header)
    single = list(dict.fromkeys(part for part in parts if part))
    if len(single) < 2 or joined.known >= 0.95:
        return joined
    lowest, upper = read_header(single[-1]), read_header(single[0])
    scores = dict(joined.scores)
    for words, factor in ((lowest, 0.95), (upper, 0.7)):
        for group, score in words.scores.items():
            scores[group] = max(scores.get(group, 0.0), score * factor)
    tier = joined.tier or lowest.tier or upper.tier
    return joined._replace(
        scores=scores,
        tier=tier if scores.get("price") else None,
        qualifiers={**upper.qualifiers, **lowest.qualifiers, **joined.qualifiers},
        currencies=joined.currencies or lowest.currencies or upper.currencies,
    )


def weigh(words: HeaderWords, values: dict[str, float], seen: ColumnProfile, header: str) -> dict[str, float]:
    """field -> log-odds of the column being it."""
    nothing = _UNSAID if header else _NO_HEADER
    other = max(words.scores.get("other", 0.0), words.scores.get("row_number", 0.0) - 0.05)
    best = max((s for f, s in words.scores.items() if f in TABLE), default=0.0)
    result = {}
    for field, known in TABLE.items():
        said = words.scores.get(field, 0.0)
        weight = _word_weight(said) if said else nothing
        if not said and best >= 0.9:
            weight -= 1.3
        if other > said and other >= 0.6:
            weight -= 3.0
        if field == "supplier_sku" and seen.counts_rows and (said >= 0.9 or (said >= 0.5 and _is_id(header))):
            weight += 3.0
        if field == "supplier_sku" and seen.counts_with_gaps and words.scores.get("row_number", 0.0) >= 0.9:
            weight -= 6.0
        result[field] = weight + values[field]
        possible = values[field] > NEVER or (field == "name" and seen.constant and seen.share(*_WORDY) > 0.6)
        if said >= 0.95 and field in ("supplier_sku", "name") and best == said and possible:
            result[field] = max(result[field], _SAID_BUT_ODD)
        if not said and known.needs is not None and values[field] < known.needs:
            result[field] = min(result[field], -0.5)
        if seen.filled == 0:
            result[field] = min(result[field], _word_weight(said) - 3.0) if said >= 0.9 else -1.0
    return result


def _word_weight(said: float) -> float:
    """0.5 -> 1, 0.75 -> 2.6, 1 -> 5: an exact synonym weighs much more than a part of one."""
    return 1.0 + 4.0 * max(0.0, (said - 0.5) / 0.5) ** 1.3 if said >= 0.5 else 2.0 * said - 0.2


def _is_id(header: str) -> bool:
    """`ID`, `goods_id`: in an export 1, 2, 3 … may be the key itself. A person is asked, since it may be a position."""
    return "id" in header.casefold().replace("_", " ").replace("-", " ").split()
