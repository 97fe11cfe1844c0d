"""Barcodes: GTIN-8, -12, -13 and -14 with their checksum. What is none stays the text it was."""

import re
from typing import Final

from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.values.digits import plain

_BETWEEN: Final = re.compile(r"[\s\-]+")
_LENGTHS: Final = frozenset({8, 12, 13, 14})
_WEIGHTS: Final = (3, 1) * 7


def is_gtin(digits: str) -> bool:
    """True for 8, 12, 13 or 14 ASCII digits whose last is the GS1 check digit of the others."""
    if len(digits) not in _LENGTHS or not (digits.isascii() and digits.isdigit()):
        return False
    body = digits[-2::-1]
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=False))
    return (10 - total % 10) % 10 == int(digits[-1]) and digits.strip("0") != ""


def barcode_of(value: CellValue) -> str | None:
    """A barcode cell as text: a number (also 4.6e12 as float) as its digits, `460-7034 170011` without blanks
    where the checksum then holds, anything else as it stands. None for blanks and what no barcode can be."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        text = plain(value).strip()
        if not text:
            return None
        digits = _BETWEEN.sub("", text)
        return digits if is_gtin(digits) else text
    if value != value or value in (float("inf"), float("-inf")) or value <= 0:
        return None
    return str(int(value)) if value == int(value) else repr(value)
