"""One plain spelling for the characters of a number: ASCII digits, one space, one apostrophe, one minus.

What the spelling means (decimal mark, grouping) is decided in `number_styles.py`.
"""

import unicodedata
from functools import cache

ARABIC_DECIMAL = "٫"
"""Kept: it can only be a decimal mark."""

_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_APOSTROPHES = "’‘ʼ´`′＇\u066c\u02b9"
_MINUSES = "−‒–—―‐‑﹣－ー"
_INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad\u061c"
)


@cache
def _plain_characters() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for point in range(0x660, 0x1FBFA):
        digit = unicodedata.decimal(chr(point), None)
        if digit is not None:
            table[point] = str(digit)
    for point in range(0xFF01, 0xFF5F):  # full-width ASCII
        table[point] = chr(point - 0xFEE0)
    table |= dict.fromkeys(map(ord, _SPACES), " ")
    table |= dict.fromkeys(map(ord, _APOSTROPHES), "'")
    table |= dict.fromkeys(map(ord, _MINUSES), "-")
    table |= dict.fromkeys(map(ord, _INVISIBLE), None)
    table[ord("،")] = ","
    return table


def plain(text: str) -> str:
    """`text` with digits of every script as ASCII, every blank as a space, `’` as `'`, `–` as `-`, invisible
    marks dropped. Line breaks and tabs stay: they separate numbers."""
    return text if text.isascii() else text.translate(_plain_characters())
