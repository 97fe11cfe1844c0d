"""Rows of a query as the query's own type, by the names of its columns. The types stand with the queries."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import Row

Record = TypeVar("Record")


def record(kind: Callable[..., Record], row: Row[Any]) -> Record:
    """The row as a `kind`, whose fields are the query's columns."""
    return kind(**row._mapping)


def record_or_none(kind: Callable[..., Record], row: Row[Any] | None) -> Record | None:
    """As `record`; None where the query found nothing."""
    return None if row is None else record(kind, row)


def records(kind: Callable[..., Record], rows: Iterable[Row[Any]]) -> list[Record]:
    """Every row as a `kind`, in the query's order."""
    return [record(kind, row) for row in rows]
