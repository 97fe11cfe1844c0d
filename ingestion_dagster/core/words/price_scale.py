"""In which part or multiple of a currency prices are printed: cents, pence, thousands, millions, as a header says it.

Words are `data/words/price_scale.json`: factor and, where only one currency has such a coin, its code -> words.
"""

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final, NamedTuple

from ingestion_dagster.core.values.currencies import find_signs, is_common
from ingestion_dagster.core.words.normalise import normalise, word_lists
from ingestion_dagster.core.words.price_basis import is_piece

_CODED: Final = re.compile(r"(?<![^\W_])([kKTM])\s?(?:([A-Z]{3})|[€$£₽₴¥])(?![^\W_])")
"""`k€`, `TEUR`, `MUSD`: thousands and millions as finance people write them."""
_THOUSANDS: Final = re.compile(r"(?<![\d.,])['’`]?000s?(?![\d.,])")
_PENCE: Final = re.compile(r"(?<![^\W\d_])(?:GBp|GBX|p\.?/?pence)(?![^\W\d_])")
_CENT_SIGN: Final = "¢"
_OERE: Final = re.compile(r"(?<![^\W\d_])[öø]re(?![^\W\d_])", re.IGNORECASE)
"""With its letter; `ore` may be hours."""
_DOUBTFUL: Final = "doubtful "
_STATEMENT: Final = 400
_SHORT_STATEMENT: Final = 7
"""Words of a line above the table that may name a scale without a preposition: `Prices, thousand EUR`."""


class Scale(NamedTuple):
    """A printed price times `factor` is money of the currency; `currency` where the word itself says which."""

    factor: Decimal
    word: str
    currency: str | None = None
    doubtful: bool = False


@cache
def _known() -> dict[str, Scale]:
    found: dict[str, Scale] = {}
    for group, phrases in word_lists("price_scale").items():
        if group == "in":
            continue
        factor, _, code = group.removeprefix(_DOUBTFUL).partition(" ")
        for phrase in phrases:
            found.setdefault(phrase, Scale(Decimal(factor), phrase, code or None, group.startswith(_DOUBTFUL)))
    return found


@lru_cache(maxsize=4096)
def scale_in_header(header: str) -> Scale | None:
    """The scale that a price's header names: `Price (cents)`, `Цена, тыс. руб.`, `k€`; None where it names none."""
    if not header or len(header) > 200:
        return None
    if coded := _coded(header):
        return coded
    tokens = normalise(header).split()
    for at in range(len(tokens)):
        for length in (2, 1):
            known = _known().get(" ".join(tokens[at : at + length])) if at + length <= len(tokens) else None
            if known and not _counts_something(tokens, at, length, known):
                return known
    return None


def _coded(text: str) -> Scale | None:
    if _PENCE.search(text):
        return Scale(Decimal("0.01"), "pence", "GBP")
    if _CENT_SIGN in text or _OERE.search(text):
        return Scale(Decimal("0.01"), _CENT_SIGN if _CENT_SIGN in text else "öre")
    for found in _CODED.finditer(text):
        if found[2] is None or is_common(found[2]):
            return Scale(Decimal(1_000_000 if found[1] == "M" else 1000), found[0], found[2])
    thousands = _THOUSANDS.search(text)
    if thousands and find_signs(text, beside_number=False):
        return Scale(Decimal(1000), thousands[0])
    return None


def _counts_something(tokens: list[str], at: int, length: int, known: Scale) -> bool:
    """`per thousand`, `за тыс. шт`: a number of pieces; `100-500 тыс.`: an amount. Neither is what prices are in."""
    lists = word_lists("price_basis")
    per = {*lists["per"], *lists["per before a unit"], *lists["per in a header"]}
    after = tokens[at + length] if at + length < len(tokens) else ""
    before = tokens[at - 1] if at else ""
    return before in per or before.isdigit() or (known.factor > 1 and is_piece(after))


def scale_in_statement(text: str) -> Scale | None:
    """The scale that a sentence above the table names: `All prices in cents`, `Цены указаны в тысячах рублей`."""
    text = text[:_STATEMENT]
    if (coded := _coded(text)) and len(text.split()) <= _SHORT_STATEMENT:
        return coded
    tokens = normalise(text).split()
    introduced = frozenset(word_lists("price_scale")["in"])
    for at, token in enumerate(tokens):
        known = _known().get(token)
        if known is None or known.doubtful or _counts_something(tokens, at, 1, known):
            continue
        near = set(tokens[max(0, at - 2) : at])
        if near & introduced or (len(tokens) <= _SHORT_STATEMENT and not any(t.isdigit() for t in tokens)):
            return known
    return None
