"""Which column says for how many pieces each price is, and which one counts the pieces of a pack. Columns only.

What follows for the prices is in `core/pricing/meaning.py`; what one text says is in `core/words/price_basis.py`.
"""

from typing import Final, NamedTuple

from ingestion_dagster.core.columns.column_scores import Column
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.words.price_basis import (
    LETTERS,
    are_letter_codes,
    basis_of,
    is_power_of_ten,
    names_column,
    names_pack_size,
)

_NEARLY_ALL: Final = 0.9
_HALF: Final = 0.5
_MANY: Final = 100
_SAID: Final = 0.5
_SAID_UNIT: Final = 0.75


class BasisColumn(NamedTuple):
    """A column of basis quantities. `sure` is False where the values may as well be something else; `texts` where they
    name a unit too, so that the column may be the unit."""

    column: int
    sure: bool
    texts: bool


def basis_column(table: Table, columns: dict[int, Column], fixed: dict[str, int]) -> BasisColumn | None:
    """The column that says for how many pieces the prices are; None where no column does, or only it could be the
    price itself."""
    found = [
        basis
        for column in columns.values()
        if column.position not in fixed.values()
        and (basis := _as_basis(table, column)) is not None
        and _has_other_price(columns, column.position, fixed)
    ]
    return max(found, key=lambda basis: (basis.sure, -basis.column), default=None)


def values_of(table: Table, column: int) -> list[CellValue]:
    """The sampled cells of one column."""
    return [row[column] if column < len(row) else None for _, row in table.body]


def _as_basis(table: Table, column: Column) -> BasisColumn | None:
    named = names_column(column.header)
    unit_like = column.words.scores.get("unit", 0.0) >= _SAID_UNIT
    if not named and not unit_like:
        return None
    values = values_of(table, column.position)
    counts = [count for count in map(basis_of, values) if count is not None]
    if not counts or sum(1 for count in counts if count) < _NEARLY_ALL * len(counts):
        return None
    worded = sum(1 for value in values if isinstance(value, str) and any(c.isalpha() for c in value))
    texts = worded >= _HALF * len(counts)
    if not any(_names_a_number(value) for value in values):
        return None
    powers = sum(1 for count in counts if is_power_of_ten(count)) / len(counts)
    if not named or named == "perhaps":
        many = not texts and powers >= _NEARLY_ALL and max(counts) >= _MANY
        return BasisColumn(column.position, False, texts) if many else None
    if powers < (_HALF if named == "short" else _NEARLY_ALL) and named == "short":
        return None
    codes = {value.strip() for value in values if isinstance(value, str)}
    lettered = bool(codes & LETTERS.keys())
    return BasisColumn(column.position, powers >= _NEARLY_ALL and (not lettered or are_letter_codes(codes)), texts)


def _names_a_number(value: CellValue) -> bool:
    """Not just `pcs`: then the column is a plain unit."""
    if isinstance(value, str):
        return any(c.isdigit() for c in value) or (basis_of(value) or 0) > 1
    return isinstance(value, int | float)


def _has_other_price(columns: dict[int, Column], basis: int, fixed: dict[str, int]) -> bool:
    if "price" in fixed:
        return True
    return any(
        c.position != basis
        and c.profile.numeric > 0
        and (c.words.scores.get("price", 0.0) >= _SAID or c.profile.share("money", "decimal") > 0.2)
        and not names_column(c.header)
        for c in columns.values()
    )


def pack_size_columns(table: Table, columns: dict[int, Column]) -> list[int]:
    """Columns whose header says that they count the pieces of a pack, and whose values are whole numbers."""
    found = []
    for column in columns.values():
        if not names_pack_size(column.header):
            continue
        counts = [count for count in map(basis_of, values_of(table, column.position)) if count is not None]
        if counts and sum(1 for count in counts if count) >= _NEARLY_ALL * len(counts):
            found.append(column.position)
    return found
