"""What a header says the money is for: shipping, packaging, customs, a deposit … Such a cost is no price of the item.

It is read as grammar: a word for money (its head) and a purpose, in any order, glued or apart (`Shipping cost`, `Cost
of shipping`, `Versandkosten`, `Frais de port`). The words are data (`cost_purposes.json`, `cost_words.json`).
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

from ingestion_dagster.core.words.normalise import normalise, word_lists

_WHOLE_UNTIL: Final = 4
"""Stems of so few letters are whole words: `duty`, `Zoll`, `vám`."""
_LONGEST_STEM: Final = 3
_REACH: Final = 3
"""Words between `incl.` and what is included: `excl. VAT and shipping`."""
_NEEDS_COST: Final = frozenset({"packaging", "storage", "decoration", "labour"})
"""`Packaging cost` is an extra; the price of a packaging or of a print is a price."""
_NO_PRICE: Final = frozenset({"discount", "commission", "margin", "savings", "stock"})
"""`Discount amount` and `Stock value` are extras, the discount price and the price from stock are prices."""
_MONEY_ITSELF: Final = frozenset({"customs", "deposit", "recycling", "surcharge", "commission", "margin", "savings"})
_BRACKETS = re.compile(r"[(\[（【]([^)\]）】]*)[)\]）】]")
_COMMA = re.compile(r"[,;|，、]")
_NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Purpose(NamedTuple):
    """What the money is for; whether the header means money at all (`Shipping` alone may be anything); and the words
    by which the price includes or excludes it (`incl delivery`), empty where it is a cost of its own."""

    role: str
    is_money: bool
    included: str = ""


@lru_cache(maxsize=8192)
def purpose_of(text: str) -> Purpose | None:
    """The purpose that a header names, None where it names none."""
    outside, asides = _parts(text)
    money = _money_word(" ".join([outside, *asides]))
    for part in [outside, *asides]:
        found = _purpose_in(part)
        if found is None:
            continue
        if found.included:
            return Purpose(found.role, bool(money), found.included)
        head = money or found.glued
        is_price = head in _words("price")
        if part is not outside and outside and found.beside:
            continue
        if found.role in _NEEDS_COST and (not head or is_price or head in _words("value")):
            continue
        if found.role in _NO_PRICE and is_price:
            continue
        return Purpose(found.role, bool(head) or found.role in _MONEY_ITSELF)
    return None


def names_discount(text: str) -> bool:
    """Whether a header speaks of a discount: `Discount %`, `Ihr Rabatt`, `Скидка`. A discount group is a code."""
    found = _purpose_in(normalise(text.replace("%", " ")))
    grouped = any(word.endswith(("group", "gruppe", "code", "grp", "gr")) for word in normalise(text).split())
    return found is not None and found.role == "discount" and not found.included and not grouped


def means_money(text: str) -> bool:
    """Whether a header has a word for an amount: `Total value`, `Сумма`, `Betrag`."""
    return bool(_money_word(normalise(text)))


class _Found(NamedTuple):
    role: str
    glued: str
    """The word for money at the end of a compound."""
    beside: int
    """Other words in the same part."""
    included: str = ""


def _parts(text: str) -> tuple[str, list[str]]:
    """The header's text, and what it adds in brackets or after a comma; normalised."""
    outside, *more = _COMMA.split(_BRACKETS.sub(" ", text))
    asides = [normalise(part) for part in (*more, *_BRACKETS.findall(text))]
    return normalise(outside), [part for part in asides if part]


@cache
def _words(group: str) -> frozenset[str]:
    return frozenset(word for word in word_lists("cost_words")[group] if word)


@cache
def _stems() -> tuple[dict[str, str], frozenset[str]]:
    """stem -> role, and those that are whole words."""
    lists = word_lists("cost_purposes")
    stems = {stem: role.removesuffix("_whole") for role, listed in lists.items() for stem in listed if stem}
    whole = frozenset(w for role, listed in lists.items() if role.endswith("_whole") for w in listed)
    return stems, whole


def _money_word(plain: str) -> str:
    for word in plain.split():
        if word in _words("words") or (_NO_SPACES.search(word) and (word := _ending(word))):
            return word
    return ""


def _ending(word: str) -> str:
    return max((tail for tail in _words("glued") if word.endswith(tail)), key=len, default="")


def _purpose_in(plain: str) -> _Found | None:
    tokens = plain.split()
    for at, length, role, glued in _matches(tokens):
        before = tokens[max(0, at - _REACH) : at]
        named = tokens[at : at + length]
        after = tokens[at + length : at + length + 2]
        rest = [*tokens[:at], *tokens[at + length :]]
        within = any(mark in word for word in named for mark in _words("included_within") if _NO_SPACES.search(word))
        if within or _words("including") & {*before, *named, *after}:
            return _Found(role, glued, len(rest), " ".join([*before[-1:], *named]))
        if role in _NEEDS_COST and before and before[-1] in _words("per"):
            return None
        return _Found(role, glued, sum(word not in _words("words") for word in rest))
    return None


def _matches(tokens: list[str]) -> Iterator[tuple[int, int, str, str]]:
    """(position, words, role, glued money word) of every purpose among the words."""
    for at in range(len(tokens)):
        for length in range(min(_LONGEST_STEM, len(tokens) - at), 0, -1):
            role, glued = _role(" ".join(tokens[at : at + length]))
            if role:
                yield at, length, role, glued
                break


@lru_cache(maxsize=8192)
def _role(phrase: str) -> tuple[str, str]:
    """The role of the purpose that a word is or begins with, and the word for money that it ends with."""
    stems, whole = _stems()
    if _NO_SPACES.search(phrase):
        inside = max((stem for stem in stems if _NO_SPACES.search(stem) and stem in phrase), key=len, default="")
        return (stems[inside], _ending(phrase)) if inside else ("", "")
    glued = max((tail for tail in _words("glued") if phrase.endswith(tail) and phrase != tail), key=len, default="")
    if phrase in stems:
        return stems[phrase], glued
    for end in range(len(phrase) - 1, 2, -1):
        role = stems.get(phrase[:end])
        if not role or phrase[:end] in whole:
            continue
        if end > _WHOLE_UNTIL or (glued and len(phrase) - end - len(glued) in (0, 1)):
            return role, glued
    surcharge = any(phrase.endswith(tail) for tail in _words("surcharge_tails"))
    return ("surcharge", "") if surcharge else ("", "")
