"""How words of a sheet are compared: one normal form for every script, and the word lists kept as data.

Nothing here knows columns or rows; which words mean which field is in `lexicon.py`.
"""

import json
import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

_UNDECOMPOSED = {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ґ": "г", "°": "o", "º": "o"}
_CAMEL = re.compile(r"(?<=[a-zа-яà-ÿ]{2})(?=[A-ZА-ЯÀ-Þ][a-zа-яà-ÿA-ZА-ЯÀ-Þ])|(?<=[A-ZА-Я])(?=[A-ZА-Я][a-zа-я])")
_LETTERS_THEN_DIGIT = re.compile(r"(?<=[^\W\d_]{2})(?=\d)")
_VOWEL_SIGNS = "\u0900-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u1000-\u109f\u1780-\u17ff"
"""Marks that are part of a word in Indic scripts, Thai, Lao, Burmese and Khmer."""
_DATE_OR_TIME = re.compile(
    r"(?<![\d.])(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2}"
    r"|(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.?|\d{1,2}:\d{2}(?::\d{2})?)(?!\.?\d)"
)
_NOT_WORD = re.compile(rf"[^\w#%{_VOWEL_SIGNS}]+|_+")
_ACCENTED = ((0xC0, 0x250), (0x370, 0x530), (0x1E00, 0x2000))
_ACCENTS = ((0x300, 0x370), (0x591, 0x5C8), (0x64B, 0x660))


@cache
def _unaccented() -> dict[int, str | None]:
    """Letters with accents -> without; accents of their own -> nothing."""
    table: dict[int, str | None] = {ord(letter): plain for letter, plain in _UNDECOMPOSED.items()}
    for first, end in _ACCENTED:
        for point in range(first, end):
            parts = unicodedata.normalize("NFD", chr(point))
            if len(parts) > 1:
                table[point] = "".join(c for c in parts if not unicodedata.combining(c))
    for first, end in _ACCENTS:
        table |= dict.fromkeys(range(first, end))
    return table


def normalised(text: str) -> str:
    """One spelling for all: `ItemNo.` -> `item no`, `CÓDIGO` -> `codigo`, `Prix_unitaire (€)` -> `prix unitaire`.

    Letters lose case and Latin, Greek, Cyrillic, Arabic or Hebrew accents (sheets are typed with and without);
    what is neither letter nor digit separates words, `#` and `%` stay.
    """
    if text.isascii():
        if text.islower() and text.isalpha():
            return text
    else:
        text = unicodedata.normalize("NFKC", text)
    if not text.islower():
        text = _CAMEL.sub(" ", text)
    text = _LETTERS_THEN_DIGIT.sub(" ", text).casefold()
    if not text.isascii():
        text = text.translate(_unaccented())
    return " ".join(_NOT_WORD.sub(" ", text).split())


@lru_cache(maxsize=32768)
def normalise(text: str) -> str:
    """`normalised`, remembered: headers and section titles come again and again."""
    return normalised(text)


def undated(text: str) -> str:
    """`normalise` without dates and times: “Price on 01.05.2026” is the same column tomorrow under another date.

    A year alone stays: the prices of two years may stand side by side.
    """
    rest = normalise(_DATE_OR_TIME.sub(" ", text))
    return rest or ("date" if normalise(text) else "")


@lru_cache(maxsize=16)
def word_lists(name: str) -> dict[str, tuple[str, ...]]:
    """`data/words/<name>.json` as group -> normalised phrases. A group is a language or a role."""
    raw = json.loads((files("ingestion_dagster.core") / "data" / "words" / f"{name}.json").read_text(encoding="utf-8"))
    return {group: tuple(dict.fromkeys(normalise(phrase) for phrase in phrases)) for group, phrases in raw.items()}


@lru_cache(maxsize=16)
def all_words(name: str, besides: str = "") -> frozenset[str]:
    """Every phrase of a word list, whatever its language, without the group `besides`."""
    return frozenset(p for group, phrases in word_lists(name).items() if group != besides for p in phrases if p)


def begins_with(text: str, phrases: frozenset[str], longest: int = 5) -> str:
    """The longest of `phrases` that the normalised `text` begins with, whole words; empty where none."""
    tokens = text.split(" ", longest)
    for count in range(min(longest, len(tokens)), 0, -1):
        phrase = " ".join(tokens[:count])
        if phrase in phrases:
            return phrase
    return ""
