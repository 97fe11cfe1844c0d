"""What programs write around the text of a cell so that others show it right, taken off again: HTML entities,
`="00012"`, the apostrophe before a code.

Whether a text is a price or a code is not decided here.
"""

import re
from functools import partial
from html.entities import name2codepoint

_ENTITY = re.compile(r"&(?:#[xX]([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|([A-Za-z][A-Za-z0-9]{1,7}));")
_FORMULA = re.compile(r'=\s*"((?:[^"]|"")*)"|=\s*([-+]?[0-9]+(?:[.,][0-9]+)*)')
_APOSTROPHE = re.compile(r"'(?=[^\s']*[0-9])[^\s']+")
_NAMES = name2codepoint | {"apos": ord("'")}
"""The names of HTML 4: the later two thousand hold words that other texts use between `&` and `;`."""
_AGAIN = 2
"""Texts that went through two web shops say `&amp;quot;`."""


def decode_entities(text: str, kept: dict[str, str] | None = None) -> str:
    """`&amp;`, `&euro;`, `&#8364;` as the characters they mean; anything else between `&` and `;` stays.

    `kept`: character -> what is to be written for it instead.
    """
    for _ in range(_AGAIN):
        if "&" not in text or ";" not in text:
            break
        text = _ENTITY.sub(partial(_character, kept or {}), text)
    return text


def hide_entities(text: str) -> str:
    """The text with a letter for each entity, so that their semicolons separate nothing."""
    return _ENTITY.sub("x", text)


def _character(kept: dict[str, str], found: re.Match[str]) -> str:
    sixteen, ten, name = found.groups()
    code = int(sixteen, 16) if sixteen else int(ten) if ten else _NAMES.get(name, -1)
    if code < 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return found[0]
    character = chr(code)
    if character in "\r\n\x00":
        return " "
    return kept.get(character, character)


def unwrap(text: str) -> str:
    """`="00012"` and `=39.90` without what makes a formula of them, `'00012` without the apostrophe.

    The apostrophe goes only before one word with a digit in it, where spreadsheet programs write it; `'n Roll` and
    `'quoted'` keep theirs.
    """
    if text[:1] == "=" and (found := _FORMULA.fullmatch(text.strip())):
        return found[2] if found[1] is None else found[1].replace('""', '"')
    return text[1:] if text[:1] == "'" and _APOSTROPHE.fullmatch(text) else text


def as_meant(text: str) -> str:
    """A cell's text without all of that."""
    if "&" in text:
        text = decode_entities(text)
    return unwrap(text) if text[:1] in ("=", "'") else text
