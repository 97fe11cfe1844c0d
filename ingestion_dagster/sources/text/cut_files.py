"""Whether a text file ends in the middle of its last row: told by what the other rows have and the last one lacks."""

import re
from typing import Final

from ingestion_dagster.sources.text.quoting import Record, numbers_of

_TAIL: Final = 65_536
_BLOCK: Final = 4_096
_MOSTLY: Final = 0.95
_LEAST: Final = 3
_HEADER: Final = 3
"""Rows that may be the header."""
_DECIMALS: Final = re.compile(r"[.,]([0-9]*)\s*[^\w\s]?\s*$")


def last_line(data: bytes, encoding: str) -> str | None:
    """The last line of a file that ends without a line end; None where it ends with one."""
    if data.rstrip(b" \t\x00\x1a").endswith((b"\n", b"\r")):
        return None
    start = max(0, len(data) - _TAIL) // 4 * 4
    text = data[start:].decode(_without_mark(encoding), "replace").rstrip("\x1a\x00")
    return text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]


def _without_mark(encoding: str) -> str:
    return {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding.removesuffix("-sig"))


def is_cut_off(last: Record, closed: bool, rows: list[Record], size: int) -> bool:
    """Whether the row `last`, behind which no line end stands, lacks what nearly all of `rows` have.

    `closed`: its quotation marks pair up; `size`: bytes of the file. A file of whole disk blocks is a cut copy.
    """
    if len(rows) < _LEAST or not any(cell.strip() for cell in last):
        return False
    usual = max({len(row) for row in rows}, key=[len(row) for row in rows].count)
    regular = sum(len(row) == usual for row in rows) >= _MOSTLY * len(rows)
    if not regular or usual < 2:
        return False
    if not closed or len(last) < usual or size % _BLOCK == 0:
        return True
    return len(last) == usual and _lacks_decimals(last, rows)


def _lacks_decimals(last: Record, rows: list[Record]) -> bool:
    """Whether the last number has fewer decimals than every other in its column."""
    column = len(last) - 1
    cells = [row[column] for row in rows if column < len(row) and row[column].strip()]
    numbers = [cell for cell, is_number in zip(cells, numbers_of(cells), strict=True) if is_number]
    if len(numbers) < max(_LEAST, len(cells) - _HEADER):
        return False
    decimals = {_decimals(cell) for cell in numbers}
    return len(decimals) == 1 and _decimals(last[column]) < min(decimals)


def _decimals(cell: str) -> int:
    found = _DECIMALS.search(cell)
    return len(found[1]) if found else 0
