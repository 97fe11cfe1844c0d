"""Tables that stand beside or below the main one of a tab: found so that they can be told, and kept out of it."""

from ingestion_dagster.core.layout.cell_kinds import BLANK
from ingestion_dagster.core.layout.header_rows import Header, filled_columns, header_text, said_by, words_of
from ingestion_dagster.core.layout.sampling import Sample
from ingestion_dagster.core.words.normalise import normalise


def second_table_below(sample: Sample, header: Header, first: int) -> tuple[int | None, list[str]]:
    """The last row of the main table where another header, unlike the first, begins a second one."""
    if not header.rows:
        return None, []
    own = _words_of_row(sample, header.rows[-1]) | _words_of_row(sample, header.rows[0])
    for number in range(first + 2, len(sample.top)):
        kinds = sample.kinds[number]
        filled = filled_columns(kinds)
        if len(filled) < 3 or any(kinds[c] in ("int", "decimal", "money", "long") for c in filled):
            continue
        said = [c for c in filled if said_by(sample.top[number][c])[1] >= 0.9]
        if len(said) < 3 or len(said) < 0.6 * len(filled):
            continue
        words = _words_of_row(sample, number)
        if len(words & own) >= 0.6 * len(words):
            continue
        titles = ", ".join(header_text(sample.top[number][c]) for c in filled[:4])
        return number - 1, [f"a second table begins in row {number + 1}: {titles}"]
    return None, []


def _words_of_row(sample: Sample, row: int) -> set[str]:
    if row >= len(sample.top):
        return set()
    return {normalise(header_text(value)) for value in sample.top[row]} - {""}


def main_block(headers: tuple[str, ...], sample: Sample, first: int) -> tuple[int, int | None, list[str]]:
    """First and last column of the main table where two stand side by side: the header says the same words again,
    or a column that is blank throughout parts two headers that both have a price."""
    named = [normalise(header) for header in headers]
    start = next((c for c, text in enumerate(named) if text), 0)
    cut = _where_words_repeat(named, start) or _where_blank_parts(headers, named, sample, first, start)
    if cut is None:
        return 0, None, []
    left = _rows_filled(sample, first, range(start, cut))
    right = _rows_filled(sample, first, range(cut, len(headers)))
    titles = ", ".join(h for h in headers[cut:] if h)
    if right > 1.5 * left:
        return cut, None, [f"another table stands to the left: {', '.join(h for h in headers[start:cut] if h)}"]
    last = cut - 1
    while last > start and not named[last]:
        last -= 1
    return 0, last, [f"another table stands to the right, from column {cut + 1}: {titles}"]


def _where_words_repeat(named: list[str], start: int) -> int | None:
    filled = [column for column in range(start, len(named)) if named[column]]
    for count in range(2, len(filled) // 2 + 1):
        one = [named[c] for c in filled[:count]]
        two = [named[c] for c in filled[count : 2 * count]]
        if one == two and len(set(one)) == count and any(words_of(text).scores.get("price") for text in one):
            return filled[count]
    return None


def _where_blank_parts(
    headers: tuple[str, ...], named: list[str], sample: Sample, first: int, start: int
) -> int | None:
    for gap in range(start + 2, len(named) - 2):
        if named[gap] or not named[gap - 1] or _rows_filled(sample, first, range(gap, gap + 1)):
            continue
        following = next((c for c in range(gap, len(named)) if named[c]), None)
        if following is None:
            return None
        if _is_list(headers[start:gap]) and _is_list(headers[following:]):
            return following
    return None


def _is_list(headers: tuple[str, ...]) -> bool:
    said: set[str] = set()
    for header in headers:
        scores = words_of(header).scores
        said |= {field for field, score in scores.items() if score >= 0.9}
    return "price" in said and bool(said & {"name", "supplier_sku"})


def _rows_filled(sample: Sample, first: int, columns: range) -> int:
    return sum(
        1
        for kinds in sample.kinds[first:]
        if any(kinds[c] != BLANK for c in range(columns.start, min(columns.stop, len(kinds))))
    )
