"""Codes that are numbers, as their number format shows them: 42 under `"ART-"00000` is `ART-00042`, under `000-000`
it is `000-042`.

Only what writes more than the number itself is followed here; groups of thousands, currencies, percents and dates say
nothing about a code.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[(?P<bracket>[^\]]*)\]|_.|\*.|(?P<digit>[0#?])|(?P<mark>[.,])|(?P<other>.)',
    re.DOTALL,
)
_PLAIN: Final = frozenset(" -+/():$€£¥№_~'^&{}=<>!")
"""Characters that a format shows without quotation marks."""
_COLOURS: Final = frozenset({"black", "blue", "cyan", "green", "magenta", "red", "white", "yellow"})
_LONGEST: Final = 100


class _Form(NamedTuple):
    """`pieces`: texts, and digit places as `0`, `#` or `?` (`places[i]` says which pieces are places)."""

    pieces: tuple[str, ...]
    places: tuple[bool, ...]


def shown_code(value: int, number_format: str) -> str | None:
    """What a cell with the whole number `value` shows; None where the format adds nothing that belongs to a code."""
    form = _form(number_format) if value >= 0 and len(number_format) <= _LONGEST else None
    if form is None:
        return None
    digits = str(value) if value else ""
    count = sum(form.places)
    shown: list[str] = []
    left = count
    for piece, is_place in zip(form.pieces, form.places, strict=True):
        if not is_place:
            shown.append(piece)
            continue
        # The first place takes all the digits that the others do not.
        taken = digits[max(0, len(digits) - left) if left < count else 0 : max(0, len(digits) - left + 1)]
        shown.append(taken or {"0": "0", "?": " "}.get(piece, ""))
        left -= 1
    return "".join(shown).strip()


@lru_cache(maxsize=512)
def _form(number_format: str) -> _Form | None:
    """The first section of a format taken apart; None where it is not made of whole digits and texts, or writes
    nothing but the number."""
    pieces: list[str] = []
    places: list[bool] = []
    for found in _TOKEN.finditer(_first_section(number_format)):
        kind = found.lastgroup
        if kind == "digit":
            pieces.append(found["digit"])
            places.append(True)
        elif kind in ("quoted", "escaped"):
            pieces.append(found[kind])
            places.append(False)
        elif kind == "bracket":
            if found["bracket"].lower() not in _COLOURS and not found["bracket"].startswith("$-"):
                return None
        elif kind == "mark" or (kind == "other" and found["other"] not in _PLAIN):
            return None
        elif kind == "other":
            pieces.append(found["other"])
            places.append(False)
    digits = "".join(piece for piece, is_place in zip(pieces, places, strict=True) if is_place)
    texts = "".join(piece for piece, is_place in zip(pieces, places, strict=True) if not is_place).strip()
    if not digits or not (texts or "00" in digits) or any(sign in texts for sign in "$€£¥₽%"):
        return None
    return _Form(tuple(pieces), tuple(places))


def _first_section(number_format: str) -> str:
    """What stands before the first `;` outside quotation marks: the form of positive numbers."""
    quoted, at = False, 0
    while at < len(number_format):
        char = number_format[at]
        if char == "\\" and not quoted:
            at += 1
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            return number_format[:at]
        at += 1
    return number_format
