"""Text that was encoded twice: UTF-8 once read as a one-byte encoding and saved as UTF-8 again (`РљР°Р±РµР»СЊ`).

Only what turns back into valid UTF-8 is touched: that hardly ever happens to honest text by chance.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

_CODECS = ("cp1251", "cp1252", "mac-roman", "cp866", "cp850", "cp437")
_ENOUGH = 0.5
_LEAST_CHARS = 4
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
