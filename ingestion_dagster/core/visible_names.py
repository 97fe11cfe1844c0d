"""Whether a name from outside can be read by a person, and what is kept of one that controls the line it stands in.

How a text is shown is in `shown_text.py`.
"""

import unicodedata
from typing import Final

_INVISIBLE_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Bidirectional embeddings, overrides and isolates: they show a text in another order than it has."""


def is_visible(text: str) -> bool:
    """Whether a name can be read by a person: something in it is seen, and nothing controls or turns the line."""
    return shows_something(text) and not any(_controls(character) for character in text)


def shows_something(text: str) -> bool:
    """Whether anything of `text` is seen at all."""
    return any(unicodedata.category(c)[0] in "LNPS" and c not in _INVISIBLE_LETTERS for c in text)


def without_controls(text: str) -> str:
    """`text` as a name that can be stored: line breaks and tabs are a blank, other characters that control or turn
    the line are left out. A name that `is_visible` stays as it is."""
    if not any(_controls(character) for character in text):
        return text
    return "".join(" " if c.isspace() else "" if _controls(c) else c for c in text).strip()


def _controls(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS
