"""Which character separates the fields of a text file: proved over many records, never by counting one line."""

import contextlib
import csv
import re
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

CANDIDATES = (";", "\t", ",", "|")
_WHOLE = re.compile(r"(?:.*[^\d.,])?\d{1,6}")
_DECIMALS = re.compile(r"\d{2,3}(?!\d)")
_NAMES = {";": "semicolon", "\t": "tab", ",": "comma", "|": "vertical bar"}


class _Fit(NamedTuple):
    score: float
    delimiter: str


def detect_delimiter(sample: str) -> str | None:
    """The delimiter of `sample` (the first lines of the file), None where it has one column only.

    The right one gives most records the same number of fields. A comma inside numbers (`12,50`) does that too,
    so fields that are only halves of numbers count against it.
    """
    fits = [_fit(sample, delimiter) for delimiter in CANDIDATES if delimiter in sample]
    best = max(fits, default=None)
    return best.delimiter if best and best.score > 0.12 else None


def declared_delimiter(first_line: str) -> str | None:
    """What Excel's own first line `sep=;` says."""
    line = first_line.strip().strip('"').lower()
    return first_line.strip().strip('"')[4] if len(line) == 5 and line.startswith("sep=") else None


def delimiter_name(delimiter: str) -> str:
    """For people: `semicolon`, `tab`."""
    return _NAMES.get(delimiter, repr(delimiter))


def _fit(sample: str, delimiter: str) -> _Fit:
    records = _records(sample, delimiter)
    widths = sorted(len(record) for record in records)
    width, hits = max(Counter(widths).items(), key=lambda found: (found[0] > 1, found[1] * min(found[0], 6), found[0]))
    if width < 2:
        return _Fit(0.0, delimiter)
    near = sum(1 < other != width for other in widths)
    equal = _Fit((hits + 0.5 * near) / len(records) * _width_worth(width), delimiter)
    # A list inside the last cells (part numbers) makes every row differ, but none is ever narrow.
    floor = widths[len(widths) // 10]
    wide = _Fit(0.8 * _width_worth(floor) if floor >= 4 else 0.0, delimiter)
    against = (_prose(records) if delimiter in ",;" else 0.0) + (_halved_numbers(records) if delimiter == "," else 0.0)
    return _Fit(max(equal, wide).score * (1 - against), delimiter)


def _records(sample: str, delimiter: str) -> list[list[str]]:
    with contextlib.suppress(csv.Error):
        padded = f'{delimiter} "' in sample and f'{delimiter}"' not in sample
        records = csv.reader(sample.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=padded)
        return [record for record in records if any(field.strip() for field in record)] or [[]]
    return [[]]


def _width_worth(width: int) -> float:
    """Two fields may be chance (a comma in a sentence); many equal fields are not."""
    return width / (width + 2.5)


def _prose(records: list[list[str]]) -> float:
    """Half the share of breaks with a blank behind and none before: punctuation (`red, green`), not a delimiter."""
    breaks = [(left, right) for record in records for left, right in pairwise(record)]
    blanks = sum(right[:1] == " " and right.strip() != "" and left[-1:] != " " for left, right in breaks)
    return 0.5 * blanks / max(len(breaks), 1)


def _halved_numbers(records: list[list[str]]) -> float:
    """Half the share of records in which a comma stands inside what looks like one number: `12` `50`."""
    halves = sum(
        any(_WHOLE.fullmatch(left) and _DECIMALS.match(right) for left, right in pairwise(record)) for record in records
    )
    return 0.5 * halves / len(records)
