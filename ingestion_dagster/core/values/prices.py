"""One price cell, strictly: an amount, or why it is none. Guessing from a single text is `one_price.py`'s.

A number cell never passes through text. A text cell is read in the style that its column proved.
"""

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from ingestion_dagster.core.mapped_sheet import NumberStyle
from ingestion_dagster.core.sheets import CellError, CellValue
from ingestion_dagster.core.values.digits import plain
from ingestion_dagster.core.values.number_styles import (
    LONGEST_CELL,
    ONE_NUMBER,
    as_written,
    may_be_two,
    readings,
    split_number,
)
from ingestion_dagster.core.values.price_words import Affix, read_affixes, read_wordless, words

MAX_PRICE: Final = Decimal("999999999999.9999")
"""Twelve digits before the point: below what NUMERIC(20,6) holds, above what anything costs."""
MAX_INTEGER_DIGITS: Final = 12
SCIENTIFIC: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[eE][+-]?[0-9]")

_RANGE = re.compile(
    r"[0-9][^-0-9]*-{1,2}[^-0-9]*[0-9]|[0-9][^0-9]*(?:\.\.\.?|…|[~〜～])[^0-9]*[0-9]|[0-9]+[^0-9a-z]*/-[^0-9]*[0-9]"
)
_WORD_BETWEEN = re.compile(r"(?<=[0-9])[^0-9]+(?=[0-9])")
_NOISE_FROM = 9
"""Decimals from which a fraction may be the noise of binary arithmetic."""


class Amount(NamedTuple):
    """A price that was read. `currency` is what the cell itself says; `rounded` where decimals were cut by policy."""

    value: Decimal
    currency: str | None = None
    affix: Affix | None = None
    rounded: bool = False
    basis: int | None = None
    """For how many pieces, where the cell says so."""


class NotAPrice(NamedTuple):
    """Why a cell holds no price: a stable reject code, and the cell as text."""

    code: str
    raw: str


PriceReader = Callable[[CellValue], Amount | NotAPrice]


class PricePolicy(NamedTuple):
    """What a supplier's settings say about prices."""

    scale: int = 2
    excess: Literal["reject", "round"] = "reject"
    zero: Literal["reject", "accept"] = "reject"


def price_reader(
    style: NumberStyle | None = None, policy: PricePolicy | None = None, currency: str | None = None
) -> PriceReader:
    """A function that reads one cell of a price column.

    `style` is what the column's texts prove (None: nothing is known, so only texts with one reading are read);
    `currency` is the code or locale expected there and settles shared signs (`$`, `kr`, `руб`).
    """
    policy = policy or PricePolicy()
    read_core = _core_reader(style or NumberStyle())
    one_number = ONE_NUMBER.fullmatch

    simple, comma = bare_number(style, policy), style is not None and style.decimal == ","
    make = tuple.__new__

    @lru_cache(maxsize=8192)
    def read_text(text: str) -> Amount | NotAPrice:
        cleaned = text.strip() if text.isascii() else plain(text).strip()
        match = one_number(cleaned)
        if match is None:
            return _not_one_number(cleaned, text) or finish_split(cleaned, text)
        before, core, after = match.groups()
        if not before and not after:
            return finish(core, None, text)
        if before[-1:] in (".", ",", "٫") or after[:1] in (".", ",", ":", ";", "-"):
            return finish_split(cleaned, text)
        return finish(core, read_affixes(before, after), text)

    def finish_split(cleaned: str, text: str) -> Amount | NotAPrice:
        split = split_number(cleaned)
        if split is None:
            return NotAPrice(_several_numbers(cleaned), text)
        return finish(split.core, read_affixes(split.before, split.after), text)

    def finish(core: str, affix: Affix | None, text: str) -> Amount | NotAPrice:
        if affix is not None and affix.problem:
            return NotAPrice(affix.problem, text)
        written = read_core(core)
        if written is None:
            return NotAPrice(_unreadable(core, style), text)
        found = affix.currency(currency) if affix is not None and affix.signs else None
        return bounded(written, found, affix, text, policy)

    def read(value: CellValue) -> Amount | NotAPrice:
        if isinstance(value, str):
            if simple(value):
                amount = Decimal(value.replace(",", ".") if comma else value)
                if amount:
                    return make(Amount, (amount, None, None, False, None))
            return read_text(value) if len(value) <= LONGEST_CELL else NotAPrice("price_text", value[:LONGEST_CELL])
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_number(value, policy)
        return _other_cell(value)

    return read


def bare_number(style: NumberStyle | None, policy: PricePolicy) -> Callable[[str], object]:
    """Matches a bare number in the style's own decimals, most cells of most columns: its reading is `Decimal` of the
    text with a point for the mark. Zero is left to the policy."""
    mark = style.decimal if style is not None else None
    fraction = rf"(?:[{mark}][0-9]{{1,{policy.scale}}})?" if mark and policy.scale else ""
    return re.compile(rf"[0-9]{{1,9}}{fraction}").fullmatch


def _core_reader(style: NumberStyle) -> Callable[[str], str | None]:
    """Cores to ASCII digits with a point; None where the style does not allow it or does not settle it."""
    decimal, spaces = style.decimal, style.thousands == " "

    def read(core: str) -> str | None:
        if core.isdigit():
            return core
        if not spaces and may_be_two(core):
            return None
        if decimal is not None:
            return as_written(core, decimal)
        reading = readings(core)
        return None if reading.ambiguous else reading.point or reading.comma

    return read


def _unreadable(core: str, style: NumberStyle | None) -> str:
    reading = readings(core)
    if reading.point is None and reading.comma is None:
        return "price_malformed"
    if style is not None and style.decimal is not None and as_written(core, style.decimal) is None:
        return "price_other_style"
    return "price_ambiguous"


def bounded(
    written: str, currency: str | None, affix: Affix | None, raw: str, policy: PricePolicy
) -> Amount | NotAPrice:
    """The amount of `written` (ASCII digits, at most one point) within bounds and scale."""
    whole, _, fraction = written.partition(".")
    if len(whole) > MAX_INTEGER_DIGITS and len(whole.lstrip("0")) > MAX_INTEGER_DIGITS:
        return NotAPrice("price_out_of_bounds", raw)
    rounded = False
    if len(fraction) > policy.scale:
        value, rounded, fits = _scaled(Decimal(written[:64]), policy)
        if not fits:
            return NotAPrice("price_decimals", raw)
    else:
        value = Decimal(written)
    if not value and policy.zero == "reject":
        return NotAPrice("price_zero", raw)
    return Amount(value, currency, affix, rounded)


def _scaled(value: Decimal, policy: PricePolicy) -> tuple[Decimal, bool, bool]:
    """`value` at the policy's scale, whether digits that mean something were cut, and whether that is allowed.

    What is left after nine decimals is noise of binary arithmetic (19.990000000000002), not a price.
    """
    cut = value.quantize(Decimal(1).scaleb(-policy.scale), ROUND_HALF_UP)
    noise = max(Decimal(1).scaleb(-_NOISE_FROM), abs(value).scaleb(-14))
    if abs(value - cut) < noise and (cut or not value):
        return cut, False, True
    return cut, True, policy.excess == "round"


def _from_number(value: int | float, policy: PricePolicy) -> Amount | NotAPrice:
    raw = repr(value)
    if isinstance(value, float) and not math.isfinite(value):
        return NotAPrice("price_not_finite", raw)
    if value < 0:
        return NotAPrice("price_negative", raw)
    if value > MAX_PRICE:
        return NotAPrice("price_out_of_bounds", raw[:40])
    exact = Decimal(raw)
    rounded = False
    if exact.as_tuple().exponent < -policy.scale:  # type: ignore[operator]  # finite: an int
        exact, rounded, fits = _scaled(exact, policy)
        if not fits:
            return NotAPrice("price_decimals", raw)
    if not exact and policy.zero == "reject":
        return NotAPrice("price_zero", raw)
    return Amount(exact, None, None, rounded)


def _other_cell(value: CellValue) -> NotAPrice:
    if value is None:
        return NotAPrice("price_missing", "")
    if isinstance(value, bool):
        return NotAPrice("price_boolean", "TRUE" if value else "FALSE")
    if isinstance(value, CellError):
        return NotAPrice("price_error_cell", str(value))
    if isinstance(value, datetime | date | time):
        return NotAPrice("price_date", value.isoformat())
    return NotAPrice("price_text", str(value))


def _not_one_number(cleaned: str, raw: str) -> NotAPrice | None:
    """The code of a text without digits, or with digits that are no plain number; None to look further."""
    if not any(c.isdigit() for c in cleaned):
        return NotAPrice(read_wordless(cleaned), raw)
    if SCIENTIFIC.search(cleaned) or "_" in cleaned:
        return NotAPrice("price_malformed", raw)
    return None


def _several_numbers(text: str) -> str:
    if "%" in text:
        return "price_percent"
    lowered = text.casefold()
    if _RANGE.search(lowered):
        return "price_range"
    for between in _WORD_BETWEEN.findall(lowered):
        if between.strip() in words("joins") or any(word in words("joins") - {"-"} for word in between.split()):
            return "price_range"
    return "price_multiple"
