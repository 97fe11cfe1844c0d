"""How many pieces a stock cell says there are, as far as it says so. Never a reason to reject a row.

What is not a plain count keeps its text beside the number, so that nothing a supplier said is lost.
"""

import json
import math
import re
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from ingestion_dagster.core.mapped_sheet import NumberStyle
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.values.cell_text import cell_text, clean
from ingestion_dagster.core.values.digits import plain
from ingestion_dagster.core.values.number_styles import LONGEST_CELL, as_written, readings, split_number
from ingestion_dagster.core.values.price_words import words

MAX_STOCK: Final = 10**12
_THREE_DECIMALS: Final = Decimal("0.001")
_SEPARATORS: Final = re.compile(r"[\s.,:;!?()\[\]]+")
_ENDS: Final = re.compile(r"([0-9]+)\s*(?:-|\.\.\.?|…|~)\s*[0-9]+")


class Stock(NamedTuple):
    """`number` is None where nobody can tell; `text` is what stood there unless the number says all of it."""

    number: Decimal | int | None
    text: str | None = None


StockReader = Callable[[CellValue], Stock]
_UNKNOWN: Final = Stock(None)


@cache
def _groups() -> dict[str, frozenset[str]]:
    raw = json.loads((files("ingestion_dagster.core") / "data" / "stock_words.json").read_text(encoding="utf-8"))
    groups = {}
    for group, content in raw.items():
        if group != "note":
            phrases = content if isinstance(content, list) else [p for listed in content.values() for p in listed]
            groups[group] = frozenset(_worded(p) for p in phrases)
    return groups


def _worded(text: str) -> str:
    return " ".join(_SEPARATORS.sub(" ", plain(text).casefold()).split())


def stock_of(value: CellValue, style: NumberStyle | None = None) -> Decimal | int | None:
    """The number of a stock cell. `1 000 шт` is 1000; `>10`, `10+` and `5-10` count as their lower end; `нет` is 0;
    `в наличии`, `<5`, `+` and everything else is None."""
    return stock_reader(style)(value).number


def stock_reader(style: NumberStyle | None = None) -> StockReader:
    """A function that reads one cell of a stock column whose texts prove `style`."""
    style = style or NumberStyle()

    @lru_cache(maxsize=4096)
    def read_text(text: str) -> Stock:
        return _from_text(text, style)

    def read(value: CellValue) -> Stock:
        if isinstance(value, str):
            return read_text(value) if len(value) <= LONGEST_CELL else Stock(None, clean(value)[:LONGEST_CELL].rstrip())
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_number(value)
        if value is None:
            return _UNKNOWN
        if value is False:
            return Stock(0, "FALSE")
        return Stock(None, cell_text(value) or None)

    return read


def _from_number(value: int | float) -> Stock:
    if isinstance(value, float) and not math.isfinite(value):
        return _UNKNOWN
    if value < 0 or value > MAX_STOCK:
        return Stock(0 if value < 0 else None, cell_text(value))
    return _counted(Decimal(repr(value)), None)


def _counted(number: Decimal, text: str | None) -> Stock:
    """Three decimals are kept (metres, kilograms); whole numbers are int."""
    if number == number.to_integral_value():
        return Stock(int(number), text)
    return Stock(number.quantize(_THREE_DECIMALS, ROUND_DOWN).normalize(), text)


def _from_text(text: str, style: NumberStyle) -> Stock:
    shown = clean(text)
    cleaned = plain(shown).strip()
    said = _worded(cleaned)
    groups = _groups()
    if not cleaned.strip("-"):
        return _UNKNOWN
    if said in groups["none"]:
        return Stock(0, shown)
    if said in groups["some"]:
        return Stock(None, shown)
    lower_end = _ENDS.match(cleaned)
    if lower_end and "-" not in cleaned[: lower_end.start(1)]:
        return _counted(Decimal(lower_end[1]), shown)
    split = split_number(cleaned)
    if split is None:
        return Stock(None, shown)
    return _from_split(split.before, split.core, split.after, shown, style)


def _from_split(before: str, core: str, after: str, shown: str, style: NumberStyle) -> Stock:
    number = _number(core, style)
    if number is None or number > MAX_STOCK:
        return Stock(None, shown)
    groups, left, right = _groups(), _worded(before), _worded(after)
    if not left and not right and not before.strip() and not after.strip():
        return _counted(number, None)
    if before.strip() == "-":
        return Stock(0, shown)
    if (
        left in (">", ">=", "≥", *groups["above"])
        or right in ("+", "и более", "and more", "以上")
        or right in groups["above"]
    ):
        return _counted(number, shown)
    if left in ("<", "<=", "≤", *groups["below"]) or right in groups["below"]:
        return Stock(None, shown)
    known_left = not left or left in groups["some"] or left in ("~", "≈")
    if known_left and (not right or right in words("units")):
        return _counted(number, None if not left and right in words("units") else shown)
    return Stock(None, shown)


def _number(core: str, style: NumberStyle) -> Decimal | None:
    """`core` in the column's style; an unsettled `1.234` may be pieces or metres and stays unknown."""
    if style.decimal is not None:
        written = as_written(core, style.decimal)
    else:
        reading = readings(core)
        written = None if reading.ambiguous else reading.point or reading.comma
    try:
        return None if written is None else Decimal(written)
    except InvalidOperation:
        return None
