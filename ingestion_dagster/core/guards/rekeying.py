"""When a supplier's items get another key: which column held the old one, and which old key became which new one. Pure.

The item behind both keys stays the same item with its history. What is stored and looked up is in
`store/catalogue/rekeys.py`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from ingestion_dagster.core.columns.drift import compare_headers, remember
from ingestion_dagster.core.mapped_sheet import FieldColumn, KeyField, MappedSheet
from ingestion_dagster.core.rows.full_path import code_of, key_of_name
from ingestion_dagster.core.sheets import CellValue, Row, column_letter
from ingestion_dagster.core.values.cell_text import cell_text
from ingestion_dagster.core.words.normalise import undated

ENOUGH: Final = 0.5
"""Share of the keys looked at that must be known, for a column to be taken as the one that holds the old keys."""
_FEWEST: Final = 2
"""One value that happens to be a known key is no proof."""


class FormerKey(NamedTuple):
    """Where the list has the keys by which the items were known."""

    field: KeyField
    column: int
    by_header: bool
    """Found by its header; otherwise the values of the column gave it away."""


class Rekey(BaseModel):
    """A change of key, as it is kept with the batch and judged by the guards."""

    model_config = ConfigDict(frozen=True)

    before: str
    """Header of the column that the items were known by."""
    now: str
    found: bool
    """The list still has the old keys."""
    confirmed: bool
    """A person said that the new column is the key."""
    carried: int = 0
    """Known items found again over the old key."""
    known: int = 0
    """The supplier's active items."""

    @property
    def lost(self) -> int:
        """Known items that the list does not name any more, as far as anybody can tell."""
        return max(self.known - self.carried, 0)


def key_title(mapped: MappedSheet) -> str:
    """The key's column as people call it."""
    at = mapped.fields.get(mapped.key)
    return mapped.key if at is None else at.header or column_letter(at.column)


def followed_key(then: MappedSheet, now: MappedSheet) -> tuple[bool, FormerKey | None]:
    """Whether the key is read from the same column as in the list in force; and where the old key's column is now.

    A column is followed by its header, as in `drift`. (True, None): nothing changed. (False, None): it is not found.
    """
    if then.key not in then.fields or now.key not in now.fields:
        return then.key == now.key, None
    found, _ = compare_headers(remember(then), now.headers)
    column = found.get(then.key)
    if column is None:
        return False, None
    if column == now.fields[now.key].column and then.key == now.key:
        return True, None
    return False, FormerKey(then.key, column, True)


def known_by_values(rows: Sequence[Row], now: MappedSheet, known: Set[str]) -> FormerKey | None:
    """The column, other than the key's, whose values are the known keys in most rows; None where there is none."""
    own = now.fields[now.key].column if now.key in now.fields else None
    best, hits = None, max(_FEWEST, ENOUGH * len(rows)) - 1e-9
    for column in range(now.first_column, max((len(row) for row in rows), default=0)):
        if column == own or (now.last_column is not None and column > now.last_column):
            continue
        for field, read in _READERS.items():
            values = {read(row[column]) for row in rows if column < len(row)} - {""}
            if len(values & known) > hits:
                best, hits = FormerKey(field, column, False), float(len(values & known))
    return best


def _code(value: CellValue) -> str:
    return code_of(value, None)[0]


def _name(value: CellValue) -> str:
    return key_of_name(cell_text(value))


_READERS: Final[Mapping[KeyField, Callable[[CellValue], str]]] = {"supplier_sku": _code, "name": _name}


def read_by(now: MappedSheet, former: FormerKey) -> MappedSheet:
    """`now`, with its rows keyed as they were before; below a further header, by the column that is called the same."""
    header = now.headers[former.column] if former.column < len(now.headers) else ""
    at = FieldColumn(column=former.column, header=header, confidence=1.0)
    sections = tuple(
        part.model_copy(update={"reading": _below_by(part.reading, former, header)}) if part.reading else part
        for part in now.sections
    )
    return now.model_copy(
        update={"key": former.field, "fields": {**now.fields, former.field: at}, "sections": sections}
    )


def _below_by(reading: MappedSheet, former: FormerKey, header: str) -> MappedSheet:
    same = [column for column, text in enumerate(reading.headers) if text and undated(text) == undated(header)]
    return read_by(reading, former._replace(column=same[0])) if len(same) == 1 else reading


def one_to_one(former: Mapping[int, str], now: Iterable[tuple[int, str]], known: Set[str]) -> dict[str, str]:
    """Old key -> new key, by row, where the old one is known and neither stands beside another of the other kind."""
    pairs = {(former[row], key) for row, key in now if former.get(row)}
    olds, news = Counter(old for old, _ in pairs), Counter(new for _, new in pairs)
    return {old: new for old, new in pairs if old in known and olds[old] == 1 and news[new] == 1}
