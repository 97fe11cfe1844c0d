"""What one row of an understood table is: an item or something that stands around items.

Only rows that look suspicious are asked about, and a row alone decides; finding the table is in `find_table.py`.
"""

import re
from functools import lru_cache
from typing import Literal

from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.sheets import CellError, CellValue, Row
from ingestion_dagster.core.words.normalise import all_words, begins_with, normalise, word_lists

RowKind = Literal["item", "section", "header", "total", "footer", "blank"]

_RULER = re.compile(r"[\s\-_=*.·•—–~|]*")
_CONTACT = re.compile(r"\s*(?:https?://|www\.)|.*?(?:\S@\S+\.\w|\+?\d[\d\s().-]{8,}\d)", re.IGNORECASE | re.DOTALL)
"""Mail and telephone anywhere, an address at the beginning: `Drives (www.maker.com)` is a section."""
_LONG_TEXT = 120
"""Characters; no section title is longer, terms and notes are."""


def classify_row(row: Row, mapped: MappedSheet) -> RowKind:
    """What `row` is within the table of `mapped`. Anything that may be an item is one: a bad item is a reject,
    an overlooked item would be a silent loss."""
    cells = _filled(row, mapped)
    if not cells:
        return "blank"
    if _is_repeated_header(cells, mapped):
        return "header"
    if _is_total(cells, mapped):
        return "total"
    key_columns = {mapped.column(name) for name in ("supplier_sku", "barcode", "name")} - {None}
    has_key = any(column in cells for column in key_columns)
    if mapped.column("price") in cells:
        return "item" if has_key or any(isinstance(v, str) for v in cells.values()) else "total"
    if not has_key and all(_is_number(value) for value in cells.values()):
        return "total"
    return _without_price(cells, mapped)


def _without_price(cells: dict[int, CellValue], mapped: MappedSheet) -> RowKind:
    identifying = {mapped.column(name) for name in ("supplier_sku", "barcode", "name", "category")} - {None}
    beside = set(mapped.mapping().values()) - identifying - {mapped.column("price")}
    filled_beside = [column for column in beside if column in cells]
    texts = [value for value in cells.values() if isinstance(value, str)]
    if any(_is_footer_text(text) for text in texts) and not filled_beside:
        return "footer"
    has_code = any(mapped.column(name) in cells for name in ("supplier_sku", "barcode"))
    if has_code and mapped.column("name") in cells:
        return "item" if filled_beside or len(beside) < 2 else "section"
    if len(cells) <= 2 and not filled_beside:
        return "section" if texts else "footer"
    if filled_beside and any(column in cells for column in identifying):
        return "item"
    return "section" if len(cells) <= 3 and not filled_beside else "footer"


def _filled(row: Row, mapped: MappedSheet) -> dict[int, CellValue]:
    """The table's cells of a row that hold something; drawn rules and blanks hold nothing."""
    last = len(row) if mapped.last_column is None else min(len(row), mapped.last_column + 1)
    found: dict[int, CellValue] = {}
    for column in range(mapped.first_column, last):
        value = row[column]
        if value is None or (isinstance(value, str) and _RULER.fullmatch(value)):
            continue
        found[column] = value
    return found


def _is_number(value: CellValue) -> bool:
    if isinstance(value, str):
        return any(c.isdigit() for c in value) and not any(c.isalpha() for c in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_footer_text(text: str) -> bool:
    if len(text) > _LONG_TEXT or _CONTACT.match(text):
        return True
    phrase = begins_with(normalise(text), all_words("footers"))
    return bool(phrase) and (":" in text or len(phrase) > 4)


@lru_cache(maxsize=64)
def _header_words(headers: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(normalise(header).split()) for header in headers)


def _is_repeated_header(cells: dict[int, CellValue], mapped: MappedSheet) -> bool:
    """At least two cells, and most of them, say what their column's header says."""
    if mapped.header_row_index < 0:
        return False
    headers = _header_words(mapped.headers)
    said = 0
    for column, value in cells.items():
        words = frozenset(normalise(str(value)).split()) if isinstance(value, str) else frozenset()
        if words and column < len(headers) and words <= headers[column]:
            said += 1
    return said >= 2 and said >= 0.6 * len(cells)


def _is_total(cells: dict[int, CellValue], mapped: MappedSheet) -> bool:
    totals, after = all_words("totals", besides="after"), word_lists("totals")["after"]
    for column, value in cells.items():
        if not isinstance(value, str) or isinstance(value, CellError) or len(value) > _LONG_TEXT:
            continue
        text = normalise(value)
        phrase = begins_with(text, totals)
        if not phrase:
            continue
        rest = text[len(phrase) :].split()
        sure = not rest or rest[0] in after or all(_is_number(w) for w in rest) or ":" in value
        if not sure and (mapped.column("price") in cells or mapped.column("name") in (None, *cells)):
            continue
        return not _has_own_key(cells, mapped, column)
    return False


def _has_own_key(cells: dict[int, CellValue], mapped: MappedSheet, total_column: int) -> bool:
    """A code beside the total word: then the word is a product's name (`T-100 | Total | 12.50`)."""
    for name in ("supplier_sku", "barcode"):
        column = mapped.column(name)
        if column is None or column == total_column:
            continue
        value = cells.get(column)
        if value is not None and not is_total_text(value):
            return True
    return False


def is_total_text(value: CellValue) -> bool:
    """Whether a cell begins with a word for a sum."""
    return isinstance(value, str) and bool(begins_with(normalise(value), all_words("totals", besides="after")))
