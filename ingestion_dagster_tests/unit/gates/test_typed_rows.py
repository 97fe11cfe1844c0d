"""What leaves the store has a type of its own: no row, and no dictionary by column."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion_dagster import store

UNNAMED = {"Any", "Row", "RowMapping", "dict"}
STORE = Path(store.__file__).parent


def unnamed(source: str) -> Iterator[str]:
    """Functions for other modules that answer with what has no name."""
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_") or node.returns is None:
            continue
        if UNNAMED & {name.id for name in ast.walk(node.returns) if isinstance(name, ast.Name)}:
            yield node.name


@pytest.mark.parametrize("path", sorted(STORE.rglob("*.py")), ids=lambda path: str(path.relative_to(STORE)))
def test_every_query_answers_with_a_type_of_its_own(path: Path) -> None:
    assert not list(unnamed(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("answer", ["dict[str, Any]", "list[dict[str, object]]", "Row[Any] | None", "Sequence[Any]"])
def test_the_rule_would_find_a_query_that_does_not(answer: str) -> None:
    assert list(unnamed(f"async def batch(connection: AsyncConnection) -> {answer}: ...")) == ["batch"]
    assert not list(unnamed("async def batch(connection: AsyncConnection) -> Batch | None: ..."))
