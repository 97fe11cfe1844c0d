"""The table of rooms on the page about architecture, written from what each room says of itself.

`python -m ingestion_dagster_tests.room_table` writes it anew; a test compares the two.
"""

import ast
from pathlib import Path

from ingestion_dagster.settings import CHECKOUT

PAGE = CHECKOUT / "docs/architecture.md"
PACKAGE = CHECKOUT / "ingestion_dagster"
BEGIN, END = "<!-- rooms: written by program -->\n", "<!-- end of rooms -->\n"


def rooms() -> list[Path]:
    """Every folder of the package that has modules, a parent before its children."""
    found = (file.parent for file in PACKAGE.rglob("__init__.py"))
    return sorted(room for room in found if room != PACKAGE)


def rule_of(module: Path) -> str:
    """What a module or room says of itself, as one line."""
    said = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return " ".join(said.split())


def table() -> str:
    """The rooms as a Markdown table: path, rule, number of modules."""
    lines = ["| room | its rule | modules |", "|---|---|---|"]
    for room in rooms():
        modules = [file for file in room.glob("*.py") if file.name != "__init__.py"]
        path = room.relative_to(PACKAGE)
        lines.append(f"| {'· ' * (len(path.parts) - 1)}`{path}/` | {rule_of(room / '__init__.py')} | {len(modules)} |")
    return "\n".join(lines) + "\n"


def written() -> str:
    """The page with the table as it has to be."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
