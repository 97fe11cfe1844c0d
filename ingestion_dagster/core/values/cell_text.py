"""Cells as text that can be stored: one Unicode form, no invisible characters; numbers the way a person typed them.

Which text a field may hold is decided in `core/rows/contract.py`.
"""

import math
import re
import unicodedata
from datetime import date, datetime, time
from typing import Final

from ingestion_dagster.core.sheets import CellError, CellValue
from ingestion_dagster.core.values.shown_codes import shown_code

MAX_EXACT: Final = 10**15
"""A spreadsheet keeps 15 digits; from here on a number has lost some of its own."""

_BLANKS: Final = re.compile(r"\s+")
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs"})
_JOINERS: Final = "\u200c\u200d"
"""Format characters that spell words in Persian and Indic scripts, and emoji."""
_DECIMALS_FORMAT: Final = re.compile(r"#?,?#{0,2}0\.(0{1,6})")


def is_plain(text: str) -> bool:
    """True where `clean` would change nothing but blanks at the ends and within."""
    return text.isprintable() and (text.isascii() or unicodedata.is_normalized("NFC", text))


def clean(text: str) -> str:
    """NFC; every blank, also line breaks, one space; control, zero-width, direction marks and lone surrogates gone."""
    if not is_plain(text):
        text = _visible(unicodedata.normalize("NFC", text), joiners=True)
        text = unicodedata.normalize("NFC", text)
    return _BLANKS.sub(" ", text).strip()


def clean_lines(text: str) -> str:
    """Like `clean`, with line breaks kept: for descriptions."""
    if "\n" not in text and "\r" not in text:
        return clean(text)
    lines = (clean(line) for line in re.split(r"\r\n|\r|\n", text))
    return "\n".join(lines).strip("\n")


def clean_code(text: str) -> str | None:
    """A code kept exactly but for outer blanks, Unicode form and invisible marks; None where it has line breaks,
    tabs, other control characters or characters that were lost in decoding."""
    if is_plain(text):
        return text.strip()
    text = unicodedata.normalize("NFC", text).strip()
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c == "\ufffd" for c in text):
        return None
    visible = _visible(text, joiners=False)
    return unicodedata.normalize("NFC", "".join(" " if c.isspace() else c for c in visible)).strip()


def _visible(text: str, joiners: bool) -> str:
    kept = []
    for character in text:
        if unicodedata.category(character) not in _INVISIBLE_CATEGORIES:
            kept.append(character)
        elif character in "\t\n\r\v\f\x85" or (joiners and character in _JOINERS):
            kept.append(" " if character not in _JOINERS else character)
    return "".join(kept)


def number_text(value: int | float, number_format: str | None = None) -> str:
    """A number cell as the text it shows: 123.0 -> `123`, 5.1 under `0.00` -> `5.10`, 42 under `00000` -> `00042`,
    under `"ART-"00000` -> `ART-00042`.

    Never in scientific notation; `nan` and `inf` as such.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return repr(value)
        if value == int(value):
            value = int(value)
    if number_format:
        if isinstance(value, int) and (shown := shown_code(value, number_format)) is not None:
            return shown
        decimals = _DECIMALS_FORMAT.fullmatch(number_format)
        if decimals and round(value, len(decimals[1])) == value:
            return f"{value:.{len(decimals[1])}f}"
    if isinstance(value, int):
        return str(value)
    return f"{value:.15g}" if 1e-4 <= abs(value) < 1e15 else f"{value:.20f}".rstrip("0")


def cell_text(value: CellValue, number_format: str | None = None) -> str:
    """Any cell as clean text; empty for blank and error cells."""
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, CellError):
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(value, number_format)
    return _moment_text(value)


def _moment_text(value: datetime | date | time) -> str:
    if isinstance(value, datetime) and value.time() == time() and value.tzinfo is None:
        return value.date().isoformat()
    return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()


def json_value(value: CellValue) -> str | int | float | bool | None:
    """A cell as it stands in a JSON object: text clean, numbers as numbers (19.990000000000002 as 19.99)."""
    if isinstance(value, str):
        return clean_lines(value) or None
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, CellError):
        return None
    if isinstance(value, int):
        return value if -MAX_EXACT < value < MAX_EXACT else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value == int(value) and abs(value) < MAX_EXACT else float(f"{value:.15g}")
    return _moment_text(value)


def raw_text(value: CellValue, longest: int = 200) -> str:
    """What stood in the cell, as a person would say it: printable, shortened."""
    if isinstance(value, CellError):
        return value.code
    text = value if isinstance(value, str) else cell_text(value)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
