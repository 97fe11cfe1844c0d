"""What stands beside or instead of the number in a price cell: currency, VAT words, `from`, `on request`.

Words are data (`data/price_words.json`), all languages at once: a list mixes them. Numbers are read elsewhere.
"""

import json
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from ingestion_dagster.core.values.currencies import Sign, find_signs, likeliest
from ingestion_dagster.core.values.digits import plain

_SEPARATORS = re.compile(r"[\s.,:;!?*†‡|\"'«»„“”_]+")
_SLASHED_UNIT = re.compile(r"/ ?[^\W\d]{1,14}\b[23²³]?")
_ERROR_TEXT = re.compile(r"#(?:REF|N/A|VALUE|DIV/0|NAME|NULL|NUM|SPILL|CALC|ERROR)[!?]?|Err:\d{3}", re.IGNORECASE)
_NOT_FINITE = frozenset({"nan", "inf", "infinity", "∞", "+inf"})
_DASHES = re.compile(r"[\s\-_.*/\\x×]*")


class Affix(NamedTuple):
    """The text around one number. `problem` is empty, or the reject code it makes of the cell."""

    signs: tuple[Sign, ...]
    problem: str

    def currency(self, hint: str | None) -> str | None:
        """The currency that the signs around the number agree on."""
        return likeliest(list(self.signs), hint)


@cache
def _words() -> dict[str, frozenset[str]]:
    raw = json.loads((files("ingestion_dagster.core") / "data" / "price_words.json").read_text(encoding="utf-8"))
    groups: dict[str, frozenset[str]] = {}
    for group, content in raw.items():
        if group == "note":
            continue
        phrases = content if isinstance(content, list) else [p for listed in content.values() for p in listed]
        groups[group] = frozenset(_worded(phrase) for phrase in phrases) - {""}
    return groups


def words(group: str) -> frozenset[str]:
    """The phrases of one group in the spelling of `_worded`: `on_request`, `from`, `joins`, `vat`, `units` …"""
    return _words()[group]


def _worded(text: str) -> str:
    return " ".join(_SEPARATORS.sub(" ", plain(text).casefold()).split())


@cache
def _anywhere_in(group: str) -> re.Pattern[str]:
    """The longer phrases of a group, found within a sentence (`Bitte auf Anfrage bestellen`)."""
    long = sorted((p for p in words(group) if len(p) > 5 or (not p.isascii() and len(p) > 3)), key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(phrase)}" for phrase in long))


@lru_cache(maxsize=4096)
def read_affixes(before: str, after: str) -> Affix:
    """What `before` and `after` (plain spelling) say about the number between them."""
    signs_before = find_signs(before, beside_number=True)
    signs_after = [sign for sign in find_signs(after, beside_number=True) if after[: sign.start].rstrip()[-1:] != "/"]
    signs = (*signs_before, *signs_after)
    left, right = _without(before, signs_before), _without(after, signs_after)
    if "%" in before or "%" in after:
        return Affix(signs, "price_percent")
    if signs and not any(s for s in _shared_codes(signs)):
        return Affix(signs, "price_two_currencies")
    bracket_left, bracket_right = left.strip(), right.strip()
    if (
        bracket_left.endswith("-")
        or bracket_right == "-"
        or (bracket_left == "(" and right.count("(") < right.count(")"))
    ):
        return Affix(signs, "price_negative")
    left, right = _meaningful(left), _meaningful(_SLASHED_UNIT.sub(" ", right.replace("(", " ").replace(")", " ")))
    if not left and (not right or _is_unit_phrase(right)):
        return Affix(signs, "")
    return Affix(signs, _problem(left, right))


def _shared_codes(signs: tuple[Sign, ...]) -> list[str]:
    return [code for code in signs[0].codes if all(code in sign.codes for sign in signs)]


def _without(text: str, signs: list[Sign]) -> str:
    for sign in reversed(signs):
        text = text[: sign.start] + " " + text[sign.end :]
    return text


def _meaningful(text: str) -> str:
    """`text` as words, phrases that change nothing taken out, longest first."""
    tokens = _worded(text.replace("(", " ").replace(")", " ")).split()
    neutral, kept, at = words("neutral"), list[str](), 0
    while at < len(tokens):
        for length in range(min(5, len(tokens) - at), 0, -1):
            if " ".join(tokens[at : at + length]) in neutral:
                at += length
                break
        else:
            kept.append(tokens[at])
            at += 1
    return " ".join(kept)


def _is_unit_phrase(text: str) -> bool:
    """`за шт`, `pro kg`, `per piece`."""
    per, _, unit = text.partition(" ")
    return per in words("per") and (unit in words("units") or not unit)


def _problem(left: str, right: str) -> str:
    for group, code in (("from", "price_from"), ("up_to", "price_from"), ("about", "price_from")):
        if left in words(group) or right in words(group):
            return code
    if left.startswith(tuple("<>~≈≥≤")) or right.startswith("+"):
        return "price_from"
    for text in (left, right):
        if text in words("on_request") or (len(text) > 5 and _anywhere_in("on_request").search(text)):
            return "price_on_request"
    return "price_unclear"


@lru_cache(maxsize=4096)
def read_wordless(text: str) -> str:
    """The reject code of a cell (plain spelling) without any digit; `price_zero` for `free`."""
    if _ERROR_TEXT.fullmatch(text.strip()):
        return "price_error_cell"
    if text.strip().casefold() in _NOT_FINITE:
        return "price_not_finite"
    said = _worded(text)
    without_signs = _without(text, find_signs(text, beside_number=True))
    if said in words("on_request"):
        return "price_on_request"
    if said in words("none") or _DASHES.fullmatch(without_signs):
        return "price_missing"
    if said in words("free"):
        return "price_zero"
    if _anywhere_in("on_request").search(said):
        return "price_on_request"
    if _anywhere_in("none").search(said):
        return "price_missing"
    return "price_text"


def is_free(text: str) -> bool:
    """`Free!`, `бесплатно`: an amount of zero said in words."""
    return _worded(text) in words("free")
