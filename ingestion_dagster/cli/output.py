"""How the command line speaks: tables for people, JSON for programs, one line for a failure."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

# Into a file or pipe, tables keep their columns instead of being folded at 80 characters.
console = Console(width=None if sys.stdout.isatty() else 160)
errors = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def complain(message: str) -> None:
    """One line on standard error."""
    errors.print(f"[bold red]error:[/] {message}", markup=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on a line of its own."""
    sys.stdout.write(orjson.dumps(value, default=str, option=orjson.OPT_SERIALIZE_UUID).decode() + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "nothing") -> None:
    """A table; where there is no row, a sentence."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    count = 0
    for row in rows:
        table.add_row(*(_shown(cell) for cell in row))
        count += 1
    if count:
        console.print(table)
    else:
        console.print(empty)


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell).replace("[", "\\[")
