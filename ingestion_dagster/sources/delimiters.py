"""Which character separates the fields of a text file: proved over many records, never by counting one line."""

import csv
from collections import Counter
from typing import NamedTuple

CANDIDATES = (";", "\t", ",", "|")
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
    return best.delimiter if best and best.score > 0.15 else None


def declared_delimiter(first_line: str) -> str | None:
    """What Excel's own first line `sep=;` says."""
    line = first_line.strip().strip('"').lower()
    return first_line.strip().strip('"')[4] if len(line) == 5 and line.startswith("sep=") else None


def delimiter_name(delimiter: str) -> str:
    """For people: `semicolon`, `tab`."""
    return _NAMES.get(delimiter, repr(delimiter))


def _fit(sample: str, delimiter: str) -> _Fit:
    records = _records(sample, delimiter)
    counts = Counter(len(record) for record in records)
    several = {width: count for width, count in counts.items() if width > 1}
    if not several:
        return _Fit(0.0, delimiter)
    # Rows are often a little ragged: a neighbouring width is worth half a hit.
    width, _ = max(several.items(), key=lambda found: (found[1] * min(found[0], 6), found[0]))
    exact = counts[width]
    near = sum(count for other, count in several.items() if other != width)
    share = (exact + 0.5 * near) / len(records)
    return _Fit(share * _width_worth(width) * (1 - _halved_numbers(records)), delimiter)


def _records(sample: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(sample.splitlines(keepends=True), delimiter=delimiter)
    records = []
    try:
        for record in reader:
            if any(field.strip() for field in record):
                records.append(record)
    except csv.Error:
        pass
    return records or [[]]


def _width_worth(width: int) -> float:
    """Two fields may be chance (a comma in a sentence); many equal fields are not."""
    return width / (width + 1.5)


def _halved_numbers(records: list[list[str]]) -> float:
    """Share of records in which a field break stands between two digits and nothing else speaks for the break."""
    halves = sum(
        any(
            left[-1:].isdigit() and right[:1].isdigit() and (not left.strip().isdigit() or len(right.strip()) in (2, 3))
            for left, right in zip(record, record[1:], strict=False)
        )
        for record in records
    )
    return 0.5 * halves / len(records)
