"""Arrows point inwards: which package may import which. The rule is in docs/architecture.md."""

import ast
import sys
from pathlib import Path

import pytest

import ingestion_dagster

ROOT = Path(ingestion_dagster.__file__).parent
CORE_LIBRARIES = {"pandas", "pydantic", "pydantic_core", "rapidfuzz", "orjson", "anyascii"}
ADAPTERS = ("sources", "store", "redis_store")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager"}


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def own_rooms(path: Path) -> set[str]:
    rooms = set()
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "ingestion_dagster" and len(parts) > 1:
            rooms.add(parts[1])
    return rooms


@pytest.mark.parametrize("path", [p for p in modules() if room_of(p) == "core"], ids=lambda p: p.stem)
def test_core_imports_only_itself_and_small_pure_libraries(path: Path) -> None:
    foreign = {name.split(".")[0] for name in imports_of(path)} - set(sys.stdlib_module_names) - CORE_LIBRARIES
    assert foreign <= {"ingestion_dagster"}
    assert own_rooms(path) <= {"core"}


@pytest.mark.parametrize("path", [p for p in modules() if room_of(p) in ADAPTERS], ids=lambda p: p.stem)
def test_adapters_import_neither_dagster_nor_each_other_nor_anything_outside(path: Path) -> None:
    assert not any(name.split(".")[0] == "dagster" for name in imports_of(path))
    assert own_rooms(path) <= {"core", room_of(path)}


def test_only_the_store_knows_asyncpg_and_only_the_redis_room_knows_redis() -> None:
    for path in modules():
        libraries = {name.split(".")[0] for name in imports_of(path)}
        if room_of(path) != "store":
            assert "asyncpg" not in libraries, path
        if room_of(path) != "redis_store":
            assert "redis" not in libraries, path


def test_no_module_is_called_by_a_name_that_says_nothing() -> None:
    assert not [path for path in modules() if path.stem in FORBIDDEN_NAMES]


def test_every_module_says_what_belongs_in_it() -> None:
    assert not [path for path in modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]


def test_no_dagster_module_postpones_its_annotations() -> None:
    """Dagster reads the annotations of decorated functions; postponed ones break context, config and resources."""
    for path in modules():
        source = path.read_text(encoding="utf-8")
        if "import dagster" in source:
            assert "from __future__ import annotations" not in source, path
