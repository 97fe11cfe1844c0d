"""One price from one text, as well as a single text allows: `parse_price`. Columns are read by `prices.py`.

A single text cannot prove its style; where it fits two readings, three digits after a mark are thousands.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from ingestion_dagster.core.values.currencies import Sign, find_signs
from ingestion_dagster.core.values.digits import ARABIC_DECIMAL, plain
from ingestion_dagster.core.values.number_styles import Mark, as_written, readings
from ingestion_dagster.core.values.price_words import is_free, words
from ingestion_dagster.core.values.prices import MAX_PRICE, SCIENTIFIC

_BLANKS = re.compile(r"\s+")
_CURRENCY_AS_MARK = re.compile(r"(?<=[0-9])(?:€(?=[0-9])| ?€ ?(?=[0-9]{2}(?![0-9.,])))(?=[0-9]+(?:[^0-9]|$))")
_TOKEN = re.compile(rf"(?<![0-9])([.,]?[0-9](?:[0-9.,' {ARABIC_DECIMAL}]*[0-9])?)(?![0-9])")
_SPLIT_DECIMALS = re.compile(r"(?<=[0-9][.,]) (?=[0-9]{2}(?![0-9]))")
_PERCENT_AFTER = re.compile(r"[.,]?\s*%")
_WORD_AFTER = re.compile(r"\s*([^\W\d_]+)")
_LOOSE_FRACTION = re.compile(r"[.,](?=(?:[0-9]{1,2}|[0-9]{4,})$)")
_DATE = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}")
_LONGEST = 2000


class Price(NamedTuple):
    """An amount and its ISO 4217 currency, None where the text names none."""

    amount: Decimal
    currency: str | None


def parse_price(text: str | None, decimal: Mark | None = None) -> Price | None:
    """The first price in `text`, None where there is none.

    `decimal` is the decimal mark where it is known; without it `1.234` is 1234 and `12,5` is 12.5. The currency is
    the sign nearest to the number, a shared one (`$`, `kr`) taken for its likeliest meaning.
    """
    if not text or len(text) > _LONGEST:
        return None
    cleaned = _BLANKS.sub(" ", plain(text)).strip()
    if SCIENTIFIC.search(cleaned) or re.search(r"[0-9]_[0-9]", cleaned):
        return None
    cleaned = _SPLIT_DECIMALS.sub("", cleaned)
    if cleaned.count("€") == 1:
        cleaned = _CURRENCY_AS_MARK.sub(f"{ARABIC_DECIMAL}€", cleaned, count=1).replace(
            f"{ARABIC_DECIMAL}€", ARABIC_DECIMAL
        )
    numbers = [match for match in _TOKEN.finditer(cleaned) if not _PERCENT_AFTER.match(cleaned, match.end())]
    if not numbers:
        return Price(Decimal(0), None) if is_free(cleaned) else None
    chosen = _beside_a_sign(cleaned, numbers) if len(numbers) > 1 else numbers[0]
    if _DATE.fullmatch(chosen[1]):
        return None
    return _price_at(cleaned, chosen, decimal, "EUR" if ARABIC_DECIMAL in chosen[1] and "€" in text else None)


def _beside_a_sign(text: str, numbers: list[re.Match[str]]) -> re.Match[str]:
    """The first number that touches a currency sign (`3 Stück für 14,85 €`), else the first number."""
    ends = {sign.end for sign in _signs(text)}
    starts = {sign.start for sign in _signs(text)}
    for previous, match in zip([numbers[0], *numbers], numbers, strict=False):
        before, after = match.start(), match.end()
        if text[previous.end() : before].strip().casefold() in words("joins"):
            return previous
        if ends & {before, before - (text[before - 1 : before] == " ")}:
            return match
        if starts & {after, after + (text[after : after + 1] == " ")}:
            return match
    return numbers[0]


def _price_at(text: str, match: re.Match[str], decimal: Mark | None, currency: str | None) -> Price | None:
    core = _first_number(match[1])
    written = _written(core, decimal)
    if written is None or _is_magnitude(text[match.start() + len(core) :]):
        return None
    amount = Decimal(written)
    if amount > MAX_PRICE:
        return None
    if _is_negative(text, match.start(), match.start() + len(core)):
        amount = -amount
    return Price(amount, currency or _nearest(text, match.start(), match.start() + len(core)))


def _first_number(token: str) -> str:
    """`token` may hold several numbers with blanks between them: the longest beginning that is one number."""
    pieces = token.split(" ")
    for count in range(len(pieces), 0, -1):
        core = " ".join(pieces[:count]).rstrip(".,'")
        if as_written(core, ".") is not None or as_written(core, ",") is not None:
            return core
    return pieces[0]


def _written(core: str, decimal: Mark | None) -> str | None:
    if decimal is not None:
        return as_written(core, decimal) or _loosely(core, decimal)
    reading = readings(core)
    if reading.ambiguous:
        return core.translate({ord(c): None for c in "., '"})
    return reading.point or reading.comma or _loosely(core, None)


def _loosely(core: str, decimal: Mark | None) -> str | None:
    """A number with odd grouping (`12,34,56`): the last mark is decimal unless three digits follow it."""
    core = core.replace(" ", "").replace("'", "").replace(ARABIC_DECIMAL, ".")
    if decimal is None:
        found = _LOOSE_FRACTION.search(core)
        at = found.start() if found else len(core)
    else:
        at = core.rfind(decimal) if decimal in core else len(core)
    whole = re.sub(r"[.,]", "", core[:at])
    fraction = re.sub(r"[.,]", "", core[at + 1 :])
    return f"{whole or '0'}.{fraction or '0'}" if (whole + fraction).isdigit() else None


def _is_magnitude(after: str) -> bool:
    """`12 тыс. руб.`, `5k`: the digits are not the amount."""
    word = _WORD_AFTER.match(after)
    return word is not None and word[1] != "K" and word[1].casefold() in words("magnitude")


def _is_negative(text: str, start: int, end: int) -> bool:
    """A minus in front that is no hyphen, or accounting brackets around all there is."""
    before = text[:start]
    signs = find_signs(before, beside_number=True)
    bare = "".join(c for i, c in enumerate(before) if not any(s.start <= i < s.end for s in signs)).strip()
    after = text[end:].strip()
    return bare == "-" or (bare == "(" and after.endswith(")") and not any(c.isdigit() for c in after))


def _nearest(text: str, start: int, end: int) -> str | None:
    """The currency whose sign stands nearest to the number; signs that touch each other count together."""
    if end - start == len(text):
        return None
    before = [(start - sign.end, sign) for sign in _signs(text[:start])]
    after = [(sign.start, sign) for sign in _signs(text[end:])]
    found = sorted(before + after, key=lambda pair: pair[0])
    if not found:
        return None
    near, best = found[0]
    others = [sign for distance, sign in found[1:] if distance <= near + 6]
    for sign in others:  # `NZD $123`: the code is more exact than the sign
        if len(sign.codes) < len(best.codes) and sign.codes[0] in best.codes:
            best = sign
    return best.codes[0]


def _signs(text: str) -> list[Sign]:
    return find_signs(text, beside_number=True)
