"""Text from outside (sheets, messages, names) as a medium may show it: one function per medium, all pure.

What the text says is not changed here, and nothing is stored escaped: escaping belongs where text is shown.
"""

import re
import unicodedata
from typing import Final

LONGEST_LINE: Final = 500
"""Characters of one text from outside that a line shows."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
"""Unicode's controls (C0, C1), format characters (bidi controls, zero width), surrogates, no characters, line ends."""
_JOINERS: Final = frozenset("\u200c\u200d")
_ACTIVE: Final = re.compile(r"[\\`*\[<|~]|(?<=\])\(|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
"""What may begin emphasis, a link, an image, HTML, a character reference or a table's cell; not a `_` inside a word."""
_LINK_LIKE: Final = re.compile(r"[-.+\w]*(?:://|www\.|@|mailto:|xmpp:)", re.IGNORECASE)
_BACKTICKS: Final = re.compile("`+")
_BLOCK_START: Final = re.compile(r"^(\d{1,9}(?=[.)](?: |$))|(?=>|[-+](?:[ -]|$)|#{1,6}(?: |$)|=+$))")
"""Before what begins a list, a quotation, a heading or the line below one."""
_CHAT_ALIKE: Final = str.maketrans({"<": "‹", "[": "(", "]": ")", "`": "'", "@": "＠"})
_CHAT_ADDRESS: Final = re.compile(r"://|(?<=www)\.", re.IGNORECASE)
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


def in_markdown(text: str, longest: int = LONGEST_LINE) -> str:
    """`text` as a piece of a Markdown paragraph or list item: it is read as it stands and makes nothing else.

    Punctuation that could begin markup is escaped. What a renderer would make a link of by itself (GitHub's autolinks,
    which no escape stops) stands in a code span.
    """
    shown = " ".join(_in_markdown(word) for word in one_line(text, longest).split(" "))
    return _BLOCK_START.sub(r"\g<0>\\", shown.strip(" "))


def _in_markdown(word: str) -> str:
    found = _LINK_LIKE.search(word)
    start = found.start() if found else len(word)
    plain = _ACTIVE.sub(r"\\\g<0>", word[:start])
    return plain + _code_span(word[start:]) if found else plain


def in_chat(text: str, longest: int = LONGEST_LINE) -> str:
    """`text` as one line for the chats that take webhooks: no link, no image, nobody mentioned.

    They differ in their markup and in its escapes, so characters that begin a link, an image, code or a mention are
    replaced by others that look alike, and addresses are broken with a space.
    """
    return _CHAT_ADDRESS.sub(" \\g<0>", one_line(text, longest).translate(_CHAT_ALIKE))


def _code_span(text: str) -> str:
    """Literal text in Markdown: nothing is escaped in it, so its fence is longer than any run of backticks in it."""
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


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


def in_json(document: str) -> str:
    """A JSON document with every character that acts or hides as its escape: the same document to a program."""
    if document.isprintable():
        return document
    return "".join(c if c.isprintable() or c in "\n\t" else _escaped(c) for c in document)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
