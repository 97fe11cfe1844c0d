"""Codes and barcodes of which a spreadsheet kept only the first digits: what is left is no code, and the same for many
items.
"""

import re
from typing import Final

from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.values.barcodes import is_gtin

SHORTENED_NUMBER: Final = re.compile(r"[-+]?[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,3}|[-+]?[0-9][.,][0-9]{3,}[Ee][0-9]{1,3}")
"""A long number as spreadsheets show it: `4.60703E+12`, `7E+08`, or as programs write it: `4.60703e12`. Its digits are
gone; `1E5` and `2.5E10` are codes."""
LOST_DIGITS: Final = "00000"


def is_shortened(barcode: str) -> bool:
    """Whether a barcode has lost its last digits: by an exponent, or by noughts that its check digit does not bear."""
    if barcode.endswith(LOST_DIGITS):
        return 12 <= len(barcode) <= 14 and barcode.isascii() and barcode.isdigit() and not is_gtin(barcode)
    return SHORTENED_NUMBER.fullmatch(barcode) is not None


def mostly_shortened(values: list[CellValue]) -> bool:
    """Whether most filled cells of a column are numbers with an exponent."""
    filled = [value for value in values if value not in (None, "")]
    lost = sum(isinstance(value, str) and SHORTENED_NUMBER.fullmatch(value.strip()) is not None for value in filled)
    return lost > len(filled) / 2
