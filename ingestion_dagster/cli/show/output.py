"""How the command line speaks: sentences and tables for people, JSON for programs, one line for a failure.

The only room that writes to the terminal. What comes from outside is shown as text: no markup, no emoji codes, no
control characters are understood in it.
"""

import dataclasses
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.text import Text

from ingestion_dagster.cli.show.tables import table_lines
from ingestion_dagster.core.shown_text import in_json, one_line

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WIDE: Final = 160
"""Width of what is drawn into a file or pipe."""

console = Console(width=None if sys.stdout.isatty() else WIDE, markup=False, emoji=False, highlight=False)
errors = Console(stderr=True, markup=False, emoji=False, highlight=False)

FIRST_WORD_AFTER: float = 2.0
"""Seconds after which a pipe is told what is at work; what ends sooner says nothing."""
NEXT_WORD_AFTER: float = 5.0
LONGEST_SENTENCE: Final = 4000

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def strong(text: object) -> Text:
    """Text that stands out, such as a key or a command to type."""
    return tinted(text, "bold")


def tinted(text: object, style: str) -> Text:
    """Text in a colour."""
    return Text(one_line(str(text), LONGEST_SENTENCE), style=style)


def say(*parts: object) -> None:
    """One line on standard output; it is not wrapped, so that it can be searched and copied."""
    console.print(_joined(parts), soft_wrap=True)


def warn(message: object) -> None:
    """One line on standard output that begins with `warning:`."""
    console.print(_joined((tinted("warning: ", "yellow"), message)), soft_wrap=True)


def remark(message: object) -> None:
    """One line on standard error that is no failure."""
    errors.print(_joined((message,)), soft_wrap=True)


def complain(message: object) -> None:
    """One line on standard error that begins with `error:`."""
    errors.print(_joined((tinted("error: ", "bold red"), message)), soft_wrap=True)


def _joined(parts: Iterable[object]) -> Text:
    return Text.assemble(*(part if isinstance(part, Text) else one_line(str(part), LONGEST_SENTENCE) for part in parts))


def print_json(value: Any) -> None:
    """One JSON document on a line of its own."""
    text = orjson.dumps(value, default=str, option=orjson.OPT_SERIALIZE_UUID).decode()
    sys.stdout.write(in_json(text) + "\n")


def fields(row: "DataclassInstance") -> dict[str, Any]:
    """A row's fields by name, for JSON that has more beside them."""
    return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "nothing") -> None:
    """A table; where there is no row, the sentence `empty`."""
    lines = list(table_lines(title, columns, rows, terminal_width()))
    draw(lines or [Text(empty)])


def print_facts(title: str, facts: Iterable[tuple[str, Any]]) -> None:
    """Names with their values, one a line."""
    print_table(title, ("", ""), facts)


def terminal_width() -> int | None:
    """Cells of the terminal; None in a pipe, where lines are as long as they need to be."""
    return console.width if console.is_terminal else None


def draw(parts: Iterable[Any]) -> None:
    """Rich's renderables on standard output."""
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))


class Progress:
    """What is at work now, for a person who waits."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._said_at = time.monotonic() - NEXT_WORD_AFTER + FIRST_WORD_AFTER
        self._said = ""

    def update(self, text: str) -> None:
        """Something else is at work, or more of the same."""
        self.text = text
        self.tell()

    def tell(self) -> None:
        """A plain line, unless one was written a moment ago."""
        if self.text != self._said and time.monotonic() - self._said_at >= NEXT_WORD_AFTER:
            self._said_at, self._said = time.monotonic(), self.text
            remark(self.text)


class _Spinner(Progress):
    def __init__(self, text: str, status: Any) -> None:
        super().__init__(text)
        self._status = status

    def tell(self) -> None:
        self._status.update(Text(one_line(self.text)))


@contextmanager
def progress(text: str) -> Iterator[Progress]:
    """Tell on standard error what is at work: a moving line on a terminal, now and then a plain line in a pipe."""
    if errors.is_terminal:
        with errors.status(Text(one_line(text))) as status:
            yield _Spinner(text, status)
        return
    told, done = Progress(text), threading.Event()

    def now_and_then() -> None:
        pause = FIRST_WORD_AFTER
        while not done.wait(pause):
            told.tell()
            pause = NEXT_WORD_AFTER

    thread = threading.Thread(target=now_and_then, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        done.set()
        thread.join()
