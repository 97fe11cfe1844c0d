"""Which currency a sign, a word or a number format means, as an ISO 4217 code. Amounts are read in `prices.py`.

The signs are data (`data/currencies.json`); one that several currencies share is settled by a hint or not at all.
"""

import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from locale import windows_locale
from typing import NamedTuple

_LONGEST_TEXT = 500
_EDGE = re.compile(r"[\s.,:;()\[\]/*]*")
_NOT_LETTER_BEFORE, _NOT_LETTER_AFTER = r"(?<![^\W\d_])", r"(?!'?[^\W\d_])"
_CODE = r"(?:(?<![^\W\d_])|(?<=[a-zà-ÿа-я]))[A-Z]{3}(?![^\W\d_])|(?<![^\W\d_])[A-Za-z]{3}(?![^\W\d_])"
_BRACKETED_FORMAT = re.compile(r"\[\$([^\]]*?)(?:-([^\]-]+(?:-[^\]]+)?))?\]")
_QUOTED_FORMAT = re.compile(r'"([^"]*)"|\\(.)|([$€£¥₽₴₺₹₩₪₸₫฿])')
_SCRIPTS_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0eff\u2e80-\u9fff\uac00-\ud7af]")


class Sign(NamedTuple):
    """A currency sign found in a text: where, and the codes it can mean, the likeliest first."""

    start: int
    end: int
    codes: tuple[str, ...]
    settled: bool
    """False where the sign alone is not enough to take the likeliest code."""

    def code(self, hint: str | None = None) -> str | None:
        """The code meant; `hint` (a code) wins where the sign can mean it."""
        if hint in self.codes:
            return hint
        return self.codes[0] if self.settled else None


class _Table(NamedTuple):
    codes: frozenset[str]
    common: frozenset[str]
    edge_codes: frozenset[str]
    meaning: dict[str, tuple[tuple[str, ...], bool]]
    edge: frozenset[str]
    in_text: re.Pattern[str]
    beside_number: re.Pattern[str]
    of_place: dict[str, str]
    no_decimals: frozenset[str]


@cache
def _table() -> _Table:
    raw = json.loads((files("ingestion_dagster.core") / "data" / "currencies.json").read_text(encoding="utf-8"))
    meaning: dict[str, tuple[tuple[str, ...], bool]] = {}
    for group in ("anywhere", "at_the_edge", "beside_number"):
        for sign, codes in raw[group].items():
            meaning[_folded(sign)] = (tuple(codes.removeprefix("? ").split()), not codes.startswith("?"))
    in_text = [*raw["anywhere"], *raw["at_the_edge"]]
    places = {place: code for code, listed in raw["territories"].items() for place in listed.split()}
    places |= {language: places[place] for language, place in raw["languages"].items()}
    return _Table(
        frozenset(raw["codes"]),
        frozenset(raw["common_codes"]),
        frozenset(raw["risky_codes"]),
        meaning,
        frozenset(_folded(sign) for sign in raw["at_the_edge"]),
        _signs_pattern(in_text),
        _signs_pattern([*in_text, *raw["beside_number"]]),
        places,
        frozenset(raw["no_decimals"]),
    )


def _ignores_case(sign: str) -> bool:
    """Long words and words of other scripts; short Latin ones are too much like other words."""
    letters = [c for c in sign if c.isalpha()]
    return len(letters) > 1 and (len(letters) > 3 or not sign.isascii())


def _folded(sign: str) -> str:
    return sign.casefold() if _ignores_case(sign) else sign


def _signs_pattern(signs: Iterable[str]) -> re.Pattern[str]:
    parts = []
    for sign in sorted(signs, key=len, reverse=True):
        body = re.escape(sign)
        body = f"(?i:{body})" if _ignores_case(sign) else body
        if sign[0].isalpha() and not _SCRIPTS_WITHOUT_SPACES.match(sign[0]):
            body = _NOT_LETTER_BEFORE + body
        if sign[-1].isalpha() and not _SCRIPTS_WITHOUT_SPACES.match(sign[-1]):
            body = body + _NOT_LETTER_AFTER
        parts.append(body)
    return re.compile("|".join([*parts, _CODE]))


def find_signs(text: str, beside_number: bool) -> list[Sign]:
    """Currency signs in `text`, left to right. Beside a number short words count (`R`, `ft`, `pen`) that mean
    something else in a header."""
    table = _table()
    found = []
    pattern = table.beside_number if beside_number else table.in_text
    for match in pattern.finditer(text):
        sign = match.group()
        meaning = table.meaning.get(sign) or table.meaning.get(_folded(sign))
        edge_only = _folded(sign) in table.edge
        if meaning is None:
            meaning, edge_only = _code_meaning(sign), sign in table.edge_codes
        if meaning is None or (edge_only and not beside_number and not _at_the_edge(text, match.start(), match.end())):
            continue
        found.append(Sign(match.start(), match.end(), *meaning))
    return found


def _code_meaning(word: str) -> tuple[tuple[str, ...], bool] | None:
    table, code = _table(), word.upper()
    if code not in table.codes:
        return None
    if word == "GBp":  # pence, a hundredth of the amount
        return None
    return ((code,), True) if word == code or code in table.common else None


def _at_the_edge(text: str, start: int, end: int) -> bool:
    """In brackets, or the last word beside others: `Fiyat TL`, `Ár (Ft)`; not `TOP SELLERS`, `ALL PRICES`."""
    before, after = text[:start].rstrip(), text[end:]
    if before.endswith(("(", "[", ",", "/")):
        return True
    return _EDGE.fullmatch(after) is not None and (not before or any(c.islower() for c in before) or "." in after)


def likeliest(signs: list[Sign], hint: str | None = None) -> str | None:
    """The code that all `signs` agree on: `US$ … USD` is one, `USD/EUR` is none."""
    if not signs:
        return None
    shared = [code for code in signs[0].codes if all(code in sign.codes for sign in signs)]
    if not shared:
        return None
    if hint in shared:
        return hint
    return shared[0] if len(shared) == 1 or any(sign.settled for sign in signs) else None


def currency_of(text: str, hint: str | None = None) -> str | None:
    """The currency a cell, a header or a number format names, as ISO 4217; None where none or more than one.

    `hint` is a code (`CAD`) or a locale (`sv_SE`, `sv`) that settles a shared sign: `$` is USD and `£` GBP without
    one, `kr` is nothing. A hint never adds a currency that the text does not name. A text of more than 500
    characters names none.
    """
    return _currency_of(text, hint) if len(text) <= _LONGEST_TEXT else None


@lru_cache(maxsize=4096)
def _currency_of(text: str, hint: str | None) -> str | None:
    hint = currency_of_place(hint) if hint and hint not in _table().codes else hint
    if "[$" in text or _looks_like_format(text):
        return _currency_of_format(text, hint)
    has_number = any(c.isdigit() for c in text)
    return likeliest(find_signs(text, beside_number=has_number and len(text) < 24), hint)


def currency_of_format(code: str | None, hint: str | None = None) -> str | None:
    """The currency of a number format code: `#,##0.00 [$€-407]`, `0.00" zł"`. Its own locale outranks `hint`."""
    return _currency_of_format(code, hint) if code else None


@lru_cache(maxsize=4096)
def _currency_of_format(code: str, hint: str | None) -> str | None:
    section = code.split(";", 1)[0]
    for sign, place in _BRACKETED_FORMAT.findall(section):
        own = currency_of_place(_locale_of_lcid(place))
        found = likeliest(find_signs(sign, beside_number=True), own or hint)
        if found:
            return found
    rest = _BRACKETED_FORMAT.sub("", section)
    literal = "".join(quoted or escaped or sign for quoted, escaped, sign in _QUOTED_FORMAT.findall(rest))
    return likeliest(find_signs(literal, beside_number=True), hint)


def _looks_like_format(text: str) -> bool:
    return ("0" in text or "#" in text) and not any(c in "123456789" for c in text) and ("#" in text or '"' in text)


def _locale_of_lcid(place: str) -> str | None:
    """`407` -> `de_DE`; a format may name the locale itself (`de-DE`)."""
    if not place or place[0] in "xX":
        return None
    try:
        return windows_locale.get(int(place, 16) & 0xFFFF)
    except ValueError:
        return place


def currency_of_place(place: str | None) -> str | None:
    """The legal tender of a locale or language: `de_CH` -> CHF, `sv` -> SEK. None where unknown."""
    if not place:
        return None
    parts = re.split(r"[-_.@]", place)
    table = _table().of_place
    for part in reversed(parts[1:]):
        if part.upper() in table:
            return table[part.upper()]
    return table.get(parts[0].lower())


def currency_of_country(code: str) -> str | None:
    """The legal tender of a country by its ISO 3166 letters: `CH` -> CHF. None where unknown."""
    return _table().of_place.get(code.upper())


def has_no_decimals(currency: str | None) -> bool:
    """True for money without smaller coins (JPY, VND): `1.234` cannot be a fraction there."""
    return currency in _table().no_decimals


def is_currency(code: str) -> bool:
    """True for an ISO 4217 code, in use or historic."""
    return code in _table().codes


def is_common(code: str) -> bool:
    """True for a code that is written often enough to be known by its letters alone, also inside `TEUR`."""
    return code in _table().common
