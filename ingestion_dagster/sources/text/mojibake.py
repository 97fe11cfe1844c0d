"""Text that was read in the wrong encoding before it came to us, and how it is turned back.

UTF-8 read as a one-byte encoding (`РљР°Р±РµР»СЊ`): only what turns back into valid UTF-8 is touched, which honest text
hardly ever does. Cyrillic or Greek read as Western (`Ïðàéñ-ëèñò`): told by words that have no plain letter at all.
Which encoding a file is in is decided in `encodings.py`.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

_CODECS = ("cp1251", "cp1252", "mac-roman", "cp866", "cp850", "cp437")
_ENOUGH = 0.5
_LEAST_CHARS = 4
_ALPHABETS = {"cp1251": "оеаинтсрвлкмдпу", "cp1253": "αοιετσηνρυκμπλω"}
"""One-byte encodings that old programs leave unnamed, and the letters that make up most of any text in them."""
_MOST = 0.6
_WORD = re.compile("[A-Za-zÀ-ÿ¨¸²³¡¢¥´ªº¯¿¼¾½]{3,}")
_PLAIN = re.compile("[A-Za-z]")
_LEAST_WORDS = 5
_LOST = re.compile("[ÐÑ][^\x00-\x7f]|[ÐÑ]\\?|[РС][^\x00-\x7fА-я]")


class Repair(NamedTuple):
    """`line`: the function that turns one line back; `note`: what a person is told."""

    line: Callable[[str], str] | None
    note: str


def find_repair(lines: Iterable[str]) -> Repair | None:
    """What to do about a sample of lines: a repair, a note that there is something amiss, or nothing."""
    foreign = [line for line in lines if not line.isascii()]
    if not foreign:
        return None
    for codec in _CODECS:
        turned = [repaired for line in foreign if (repaired := repair_line(line, codec)) != line]
        if len(turned) >= _ENOUGH * len(foreign) and sum(map(_foreign, turned)) >= _LEAST_CHARS:
            note = f"the text was encoded twice (UTF-8 read as {codec}); repaired"
            return Repair(lambda line, codec=codec: repair_line(line, codec), note)  # type: ignore[misc]
    damaged = sum(len(_LOST.findall(line)) * 3 > _foreign(line) for line in foreign)
    if damaged >= _ENOUGH * len(foreign) and sum(map(_foreign, foreign)) >= 3 * _LEAST_CHARS:
        return Repair(None, "the text looks encoded twice and cannot be repaired; ask for the file as UTF-8 or XLSX")
    if misread := _misread(foreign):
        note = f"the text is {misread} that was read as cp1252; repaired"
        return Repair(lambda line: reread_line(line, misread), note)
    return None


def repair_line(line: str, codec: str) -> str:
    """The line as it was before `codec` got hold of it, or unchanged where it was not damaged that way."""
    if line.isascii():
        return line
    table = _bytes_of(codec)
    try:
        data = bytes(table[char] for char in line)
    except KeyError:
        return line
    for candidate in (data, data.replace(b"\xd0 ", b"\xd0\xa0")):
        # A byte A0 shown as a no-break space is often saved as an ordinary one.
        try:
            return candidate.decode()
        except UnicodeDecodeError:
            continue
    return line


def _misread(lines: list[str]) -> str | None:
    """The encoding of text whose words are made of nothing but accented letters, which no Western language has."""
    foreign = [word for line in lines for word in _WORD.findall(line) if not word.isascii()]
    words = [word for word in foreign if not _PLAIN.search(word)]
    if len(words) < _LEAST_WORDS or len(words) < _MOST * len(foreign):
        return None
    text = "".join(words)
    shares = {
        codec: sum(char in letters for char in reread_line(text, codec).casefold()) / len(text)
        for codec, letters in _ALPHABETS.items()
    }
    likeliest = max(shares, key=lambda codec: shares[codec])
    return likeliest if shares[likeliest] >= _MOST else None


def reread_line(line: str, codec: str) -> str:
    """The line in `codec` instead of cp1252, or unchanged where it cannot have been read so."""
    if line.isascii():
        return line
    table = _bytes_of("cp1252")
    try:
        return bytes(table[char] for char in line).decode(codec)
    except (KeyError, UnicodeDecodeError):
        return line


def _foreign(text: str) -> int:
    return sum(char > "\x7f" for char in text)


@cache
def _bytes_of(codec: str) -> dict[str, int]:
    """Character -> byte, with the bytes that the codec leaves undefined passed through as browsers do."""
    table: dict[str, int] = {}
    for byte in range(256):
        try:
            table[bytes([byte]).decode(codec)] = byte
        except UnicodeDecodeError:
            table[chr(byte)] = byte
    for byte in range(0x80, 0xA0):
        table.setdefault(chr(byte), byte)
    return table
