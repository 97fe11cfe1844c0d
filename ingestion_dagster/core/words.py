"""How words of a sheet are compared: one normal form for every script, and the word lists kept as data.

Nothing here knows columns or rows; which words mean which field is in `lexicon.py`.
"""

import json
import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

_UNDECOMPOSED = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ё": "е", "ґ": "г", "°": "o", "º": "o"}
)
_CAMEL = re.compile(r"(?<=[a-zа-яà-ÿ])(?=[A-ZА-ЯÀ-Þ][a-zа-яà-ÿA-ZА-ЯÀ-Þ])|(?<=[A-ZА-Я])(?=[A-ZА-Я][a-zа-я])")
_LETTERS_THEN_DIGIT = re.compile(r"(?<=[^\W\d_]{2})(?=\d)")
_NOT_WORD = re.compile(r"[^\w#%]+|_+")


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """One spelling for all: `ItemNo.` -> `item no`, `CÓDIGO` -> `codigo`, `Prix_unitaire (€)` -> `prix unitaire`.

    Letters lose case and Latin, Greek, Cyrillic, Arabic or Hebrew accents (sheets are typed with and without);
    what is neither letter nor digit separates words, `#` and `%` stay.
    """
    text = unicodedata.normalize("NFKC", text)
    text = _CAMEL.sub(" ", text)
    text = _LETTERS_THEN_DIGIT.sub(" ", text).casefold()
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFD", text) if not _is_accent(c))
        text = unicodedata.normalize("NFC", text).translate(_UNDECOMPOSED)
    return " ".join(_NOT_WORD.sub(" ", text).split())


def _is_accent(character: str) -> bool:
    return "\u0300" <= character <= "\u036f" or "\u0591" <= character <= "\u05c7" or "\u064b" <= character <= "\u065f"


@lru_cache(maxsize=16)
def word_lists(name: str) -> dict[str, tuple[str, ...]]:
    """`data/words/<name>.json` as group -> normalised phrases. A group is a language or a role."""
    raw = json.loads((files(__package__) / "data" / "words" / f"{name}.json").read_text(encoding="utf-8"))
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
