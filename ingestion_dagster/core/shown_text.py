"""Text from outside (sheets, messages, names) as a medium may show it: one function per medium, all pure.

What the text says is not changed here, and nothing is stored escaped: escaping belongs where text is shown.
"""

import unicodedata
from typing import Final

LONGEST_LINE: Final = 500
"""Characters of one text from outside that a line shows."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
"""Unicode's controls (C0, C1), format characters (bidi controls, zero width), surrogates, no characters, line ends."""
_JOINERS: Final = frozenset("\u200c\u200d")
_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """`text` as one line of plain text for a terminal, a log or a mail: nothing in it acts or hides.

    A character that would end the line, move the cursor, turn the direction of writing round or not be seen at all is
    written as its code (`\\n`, `\\x1b`, `\\u202e`), every other kind of space as a space. What is longer than `longest`
    characters is cut and ends in `…`. Printable text is returned as it is, and so is what this function returned.
    """
    if not text.isprintable():
        text = "".join(c if _joins(text, place) else _visible(c) for place, c in enumerate(text))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _joins(text: str, place: int) -> bool:
    """Whether a joiner stands there as Persian, Hindi and emoji are written: between two characters to be seen that are
    not ASCII."""
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return text[place] in _JOINERS and len(around) == 2 and all(c > "\x7f" and c.isprintable() for c in around)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if category not in _INVISIBLE:
        return character
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
