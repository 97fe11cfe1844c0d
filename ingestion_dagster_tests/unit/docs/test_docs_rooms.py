"""The page about architecture and the glossary against the code: rooms, functions, terms."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from ingestion_dagster.settings import CHECKOUT
from ingestion_dagster.store.schema import metadata
from ingestion_dagster_tests.room_table import PACKAGE, PAGE, rooms, rule_of, written

GLOSSARY = CHECKOUT / "docs/glossary.md"
STORED = "references/"
"""A folder of the snapshot store, not of ours."""
NAMED = re.compile(r"`([\w/]+(?:\.py|/))`(?: `(\w+)`)?")


@cache
def defined_in(module: Path) -> set[str]:
    """Functions, classes and constants of a module, methods too."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    return names


def missing(page: Path) -> list[str]:
    """What a page names that is not where it says."""
    found = []
    for path, name in NAMED.findall(page.read_text(encoding="utf-8")):
        place = PACKAGE / path
        if path != STORED and not place.exists() and not (CHECKOUT / path).exists():
            found.append(path)
        elif name and place.is_file() and name not in defined_in(place):
            found.append(f"{path} {name}")
    return found


def terms() -> list[tuple[str, str]]:
    """(term, where) of each line of the glossary."""
    rows = [line.strip("| ").split(" | ") for line in GLOSSARY.read_text(encoding="utf-8").splitlines()]
    return [(row[0], row[-1]) for row in rows if len(row) == 3 and row[0] not in ("term",) and "---" not in row[0]]


def test_the_table_of_rooms_is_what_the_rooms_say_of_themselves() -> None:
    assert PAGE.read_text(encoding="utf-8") == written()


def test_every_room_has_a_rule() -> None:
    assert not [room for room in rooms() if not rule_of(room / "__init__.py")]


@pytest.mark.parametrize("page", [PAGE, GLOSSARY], ids=lambda page: page.stem)
def test_what_the_page_names_is_where_it_says(page: Path) -> None:
    assert missing(page) == []


def test_a_name_that_is_not_there_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`core/sheets.py` `Workbook`, `core/sheets.py` `Nothing`, `core/no.py`, `nowhere/`")
    assert missing(page) == ["core/sheets.py Nothing", "core/no.py", "nowhere/"]


def test_every_table_of_the_glossary_is_one_of_the_catalogue() -> None:
    named = re.findall(r"table `(\w+)`", GLOSSARY.read_text(encoding="utf-8"))
    assert named
    assert set(named) <= set(metadata.tables)


def test_no_term_stands_twice() -> None:
    words = [word.strip() for term, _ in terms() for word in re.sub(r"\(.*?\)", "", term).split(",")]
    assert len(words) > 40
    assert len(words) == len(set(words))
