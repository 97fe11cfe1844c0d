"""How quotation marks are used in a text file, and its records by that: as the csv module has it, or as people and
other programs write them (backslashes, inch marks, whole lines in quotes).

Which character separates is in `delimiters.py`; rows that are too wide are in `ragged_rows.py`.
"""

import csv
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ingestion_dagster.sources.text.loose_quotes import split_loosely
from ingestion_dagster.sources.written_cells import decode_entities

QUOTE, SEPARATOR = "\ufdd0", "\ufdd1"
"""Stand for a quotation mark and a separator that are text. Unicode promises that no text holds these characters."""
NO_DELIMITER = "\x1f"
_RECORD_LINES = 1_000
"""A quoted cell over more lines than this is an unclosed quotation mark."""
_LINES_AGAIN = 50_000
"""Lines that may be read twice because a quotation mark did not close; from then on a cell has one line."""
_WRAPPED = re.compile(r'\s*"((?:[^"]|"")*)"[\s,;|\t]*')
_ESCAPED = re.compile(r"\\(.)")
_NULL = "\\N"
_NUMBER = re.compile(r"\s*[-+]?[^\w\s]?\s?[0-9]+(?:[.,' ][0-9]+)*\s?[^\w\s]?\s*")
_LEAST_RECORDS = 3


class Shape(NamedTuple):
    """How records are written."""

    delimiter: str
    padded: bool = False
    """Quotation marks stand behind a blank (`a, "b"`), which the csv module must be told."""
    escaped: bool = False
    """A backslash stands before quotation marks and separators that are text, and `\\N` is an empty cell."""
    entities: bool = False
    """The file has text that may be HTML entities."""
    usual: tuple[bool, ...] | None = None
    """Which fields of most records are numbers; None where that is not known."""


Record = list[str]
Lines = Callable[[], Iterator[str]]


def is_padded(text: str, delimiter: str) -> bool:
    """Whether quotation marks stand behind a blank."""
    return text.count(f'{delimiter} "') > text.count(f'{delimiter}"')


def are_lines_wrapped(sample: list[str]) -> bool:
    """Whether whole lines stand in quotation marks: a file that was opened and saved as one column."""
    filled = [line for line in sample if line.strip()]
    wrapped = sum(_WRAPPED.fullmatch(line) is not None for line in filled)
    return wrapped >= 2 and wrapped >= 0.6 * len(filled)


def unwrapped(lines: Iterator[str]) -> Iterator[str]:
    """The lines without the quotation marks around each; a line that has none stays. A cell over several lines is
    handed on as one line."""
    for line in lines:
        whole, count = line, 1
        if line.lstrip()[:1] == '"':
            while whole.count('"') % 2 and count < _RECORD_LINES and (more := next(lines, None)) is not None:
                whole, count = whole + more, count + 1
        found = _WRAPPED.fullmatch(whole)
        yield found[1].replace('""', '"') + "\n" if found else whole


def is_escaped(sample: list[str], shape: Shape) -> bool:
    """Whether a backslash stands before quotation marks (or separators) that are text: told by more records that
    come out whole."""
    text = "".join(sample)
    if '\\"' not in text and f"\\{shape.delimiter}" not in text:
        return False
    plain, escaped = _faults(sample, shape), _faults(sample, shape._replace(escaped=True))
    return escaped < plain or (escaped == plain > 0 and '\\"' in text and '""' not in text)


def _faults(sample: list[str], shape: Shape) -> int:
    trouble: list[int] = []
    broken: list[int] = []
    widths = [len(record) for record in split_records(iter(sample), shape, trouble, broken) if record]
    usual = max(set(widths), key=widths.count, default=0)
    return 3 * len(broken) + sum(width != usual for width in widths)


def split_records(
    source: Iterator[str], shape: Shape, unclosed: list[int], loose: list[int] | None = None
) -> Iterator[Record]:
    """Records by the csv module, those that it refuses by `split_loosely`, one line each.

    Lines (from 1) are added to `unclosed` where a quotation mark never closes, to `loose` where the module refused.
    """
    waiting: deque[str] = deque()
    taken: list[str] = []
    done = again = 0
    most = _RECORD_LINES
    prepare = _preparer(shape)

    def feed() -> Iterator[str]:
        while True:
            line = waiting.popleft() if waiting else next(source, None)
            if line is None:
                return
            taken.append(line)
            if len(taken) > most:
                raise csv.Error("a quotation mark is not closed")
            yield prepare(line) if prepare is not None else line

    finish = _finisher(shape) if prepare is not None else None
    while True:
        try:
            for record in csv.reader(feed(), delimiter=shape.delimiter, skipinitialspace=shape.padded, strict=True):
                if len(taken) > 1 and _is_several(taken, shape):
                    raise csv.Error("a quotation mark swallowed whole records")
                done += len(taken)
                taken.clear()
                yield record if finish is None else finish(record)
        except csv.Error:
            waiting.extendleft(reversed(taken[1:]))
            again += len(taken) - 1
            if again > _LINES_AGAIN + 2 * done:
                most = 1
            line = taken[0].rstrip("\r\n")
            taken.clear()
            done += 1
            cells, closed = split_loosely(prepare(line) if prepare else line, shape.delimiter, shape.padded)
            if not closed:
                unclosed.append(done)
            if loose is not None:
                loose.append(done)
            yield cells if finish is None else finish(cells)
            continue
        return


def _preparer(shape: Shape) -> Callable[[str], str] | None:
    """What is done to a line before it is split; None where nothing is."""
    if not shape.escaped and not shape.entities:
        return None
    hidden = {'"': QUOTE, shape.delimiter: SEPARATOR}
    meant = hidden | {"\\": "\\"}

    def prepare(line: str) -> str:
        if shape.escaped and "\\" in line:
            line = _ESCAPED.sub(lambda found: meant.get(found[1], found[0]), line)
        return decode_entities(line, hidden) if shape.entities and "&" in line else line

    return prepare


def _finisher(shape: Shape) -> Callable[[Record], Record]:
    """What is done to a record after it was split: hidden characters come back."""

    def finish(record: Record) -> Record:
        joined = "".join(record)
        if QUOTE in joined or SEPARATOR in joined:
            record = [cell.replace(QUOTE, '"').replace(SEPARATOR, shape.delimiter) for cell in record]
        return ["" if cell == _NULL else cell for cell in record] if shape.escaped and _NULL in joined else record

    return finish


def _is_several(lines: list[str], shape: Shape) -> bool:
    """Whether a record over several lines is several records: each line alone has numbers where most records have
    them."""
    if shape.usual is None:
        return False
    return all(numbers_of(split_loosely(line, shape.delimiter, shape.padded)[0]) == shape.usual for line in lines)


def usual_numbers(records: Iterable[Record]) -> tuple[bool, ...] | None:
    """Which fields of most records are numbers; None where there is no such thing as most records."""
    patterns = Counter(numbers_of(record) for record in records if len(record) > 1)
    pattern, count = max(patterns.items(), key=lambda found: found[1], default=((), 0))
    return pattern if any(pattern) and count >= _LEAST_RECORDS else None


def numbers_of(record: Record) -> tuple[bool, ...]:
    """Per field whether it is written like a number."""
    return tuple(_NUMBER.fullmatch(cell) is not None for cell in record)
