"""Whether a row below the table's header is a header again, and whether it says what the one in force says.

Rows and texts only: what follows for the reading of the rows below is decided in `core/mapping/sections.py`.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

from ingestion_dagster.core.layout.header_rows import said_by
from ingestion_dagster.core.sheets import CellValue, Row
from ingestion_dagster.core.words.normalise import normalise

FurtherHeader = Literal["no", "same", "other"]

_KNOWN_FROM: Final = 0.9
"""How clearly a cell must say a header word: sentences among the rows say many things a little."""
_PRICE_FROM: Final = 0.75
_SHARE: Final = 0.6
"""Share of a row's cells that must be header words."""
_LONGEST: Final = 80


def further_header(row: Row, headers: tuple[str, ...], columns: range) -> FurtherHeader:
    """What `row` is beside `headers` (a text per column): no header, the same again, or another one.

    A header has two cells that are known words or words of `headers`, they are most of its cells, none of its cells is
    a number, and one of them says price.
    """
    cells = {c: row[c] for c in columns if c < len(row) and row[c] not in (None, "")}
    if len(cells) < 2 or not _speaks(cells.values(), headers):
        return "no"
    return "other" if any(_moved(str(value), headers, column) for column, value in cells.items()) else "same"


def _speaks(values: Iterable[CellValue], headers: tuple[str, ...]) -> bool:
    known = filled = 0
    price = False
    for value in values:
        if not isinstance(value, str) or len(value) > _LONGEST or not any(map(str.isalpha, value)):
            return False
        text = normalise(value)
        if not text:
            continue
        filled += 1
        field, clearness = said_by(value)
        says_price = field == "price" and clearness >= _PRICE_FROM
        known += says_price or clearness >= _KNOWN_FROM or text in _texts(headers)
        price = price or says_price or text in _price_texts(headers)
    return price and known >= 2 and known >= _SHARE * filled


def _moved(value: str, headers: tuple[str, ...], column: int) -> bool:
    """A header word where the header says something else. A section's title may stand in place of one."""
    text = normalise(value)
    if column < len(headers) and set(text.split()) <= _words(headers)[column]:
        return False
    field, clearness = said_by(value)
    return text in _texts(headers) or clearness >= (_PRICE_FROM if field == "price" else _KNOWN_FROM)


@lru_cache(maxsize=64)
def _texts(headers: tuple[str, ...]) -> frozenset[str]:
    return frozenset(normalise(header) for header in headers) - {""}


@lru_cache(maxsize=64)
def _price_texts(headers: tuple[str, ...]) -> frozenset[str]:
    return frozenset(normalise(header) for header in headers if said_by(header)[0] == "price")


@lru_cache(maxsize=64)
def _words(headers: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(normalise(header).split()) for header in headers)
