"""A mapping that was confirmed for a supplier, and how a new sheet differs from it. Where it is kept is `store`'s."""

from typing import Final

from pydantic import BaseModel, ConfigDict

from ingestion_dagster.core.mapped_sheet import MappedSheet, PriceProfile
from ingestion_dagster.core.words.lexicon import read_header
from ingestion_dagster.core.words.normalise import undated

_COMPARABLE: Final = 5
"""Items that both lists must have before their prices are compared."""
_NOTICED: Final = 0.02
_FACTOR: Final = 0.2
"""A rise of all prices by less is an ordinary one."""


class RememberedMapping(BaseModel):
    """What was confirmed for a supplier's sheet: fields by header text, and by position where texts repeat."""

    model_config = ConfigDict(frozen=True)

    signature: str
    headers: tuple[str, ...]
    """Header texts of all columns, as they were."""
    fields: dict[str, int]
    """field -> 0-based column in `headers`."""
    confirmed_by: str = ""
    currency: str | None = None
    sheet: str | None = None
    """Tab name."""
    absent: tuple[str, ...] = ()
    """Fields that a person said the sheet does not have."""
    settled: tuple[str, ...] = ()
    """Codes of questions that a person has answered for these headers, and signatures of sections looked at."""
    price_profile: PriceProfile | None = None


class ColumnMove(BaseModel):
    """A column that is still there, elsewhere or under another name."""

    model_config = ConfigDict(frozen=True)

    field: str | None
    header_before: str
    header_now: str
    column_before: int
    column_now: int


class DriftReport(BaseModel):
    """How a sheet differs from the remembered one. Columns are 0-based."""

    model_config = ConfigDict(frozen=True)

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[ColumnMove, ...] = ()
    moved: tuple[ColumnMove, ...] = ()
    lost_fields: tuple[str, ...] = ()
    """Remembered fields whose column cannot be found any more."""
    value_changes: tuple[str, ...] = ()
    """Values that no longer fit an unchanged header, in words."""

    @property
    def is_empty(self) -> bool:
        """Nothing changed at all."""
        return not (self.added or self.removed or self.renamed or self.moved or self.value_changes)

    @property
    def touches_fields(self) -> bool:
        """A mapped column was lost or renamed, or its values changed."""
        return bool(self.lost_fields or self.value_changes or any(move.field for move in self.renamed))

    def sentences(self) -> tuple[str, ...]:
        """The report as a person reads it."""
        told = [f"new column “{header}”" for header in self.added]
        told += [f"column “{header}” is gone" for header in self.removed]
        told += [f"“{m.header_before}” is now called “{m.header_now}”" for m in self.renamed]
        told += [f"“{m.header_now}” moved from column {m.column_before + 1} to {m.column_now + 1}" for m in self.moved]
        return (*told, *self.value_changes)


def remember(mapped: MappedSheet, confirmed_by: str = "") -> RememberedMapping:
    """What to keep of a mapping that was accepted or confirmed."""
    return RememberedMapping(
        signature=mapped.signature,
        headers=mapped.headers,
        fields=mapped.mapping(),
        confirmed_by=confirmed_by,
        currency=mapped.currency,
        sheet=mapped.sheet,
        settled=tuple(
            dict.fromkeys((*(q.code for q in mapped.questions), *(s.signature for s in mapped.sections if s.doubt)))
        ),
        price_profile=mapped.price_profile,
    )


def compare_headers(before: RememberedMapping, headers: tuple[str, ...]) -> tuple[dict[str, int], DriftReport]:
    """field -> column where the remembered columns are now, and what changed.

    A column is found again by its text; among equal texts by its order; a changed text is followed only where it
    stays in place between unchanged neighbours or still says the same field.
    """
    old, new = _keyed(before.headers), _keyed(headers)
    where = {key: column for column, key in new.items()}
    again = {column: where[key] for column, key in old.items() if key in where}
    gone = [column for column in old if column not in again]
    fresh = [column for column in new if column not in again.values()]
    field_of = {column: field for field, column in before.fields.items()}
    renamed: list[ColumnMove] = []
    for column in gone:
        match = _renamed_to(column, field_of.get(column), before.headers, headers, fresh, again)
        if match is not None:
            fresh.remove(match)
            again[column] = match
            renamed.append(_move(field_of.get(column), before.headers, headers, column, match))
    names = {move.column_before for move in renamed}
    order = sorted(again)
    moved = [
        _move(field_of.get(column), before.headers, headers, column, again[column])
        for column in order
        if column not in names and again[column] != column and not _only_shifted(column, again, order)
    ]
    fields = {field: again[column] for field, column in before.fields.items() if column in again}
    return fields, DriftReport(
        added=tuple(headers[column] for column in fresh),
        removed=tuple(before.headers[column] for column in gone if column not in names),
        renamed=tuple(renamed),
        moved=tuple(moved),
        lost_fields=tuple(field for field in before.fields if field not in fields),
    )


def _keyed(headers: tuple[str, ...]) -> dict[int, tuple[str, int]]:
    """column -> (normalised text, how many of the same stood before it). Blank headers are left out."""
    seen: dict[str, int] = {}
    keyed = {}
    for column, header in enumerate(headers):
        text = undated(header)
        if text:
            keyed[column] = (text, seen.get(text, 0))
            seen[text] = seen.get(text, 0) + 1
    return keyed


def _renamed_to(
    column: int,
    field: str | None,
    before: tuple[str, ...],
    now: tuple[str, ...],
    fresh: list[int],
    again: dict[int, int],
) -> int | None:
    """The new column that a lost one became."""
    if field is not None:
        saying = [c for c in fresh if read_header(now[c]).scores.get(field, 0.0) >= 0.9]
        if len(saying) == 1 and _same_tier(before[column], now[saying[0]]):
            return saying[0]
    left, right = again.get(column - 1), again.get(column + 1)
    expected = left + 1 if left is not None else right - 1 if right is not None else None
    both = left is not None and right is not None and right - left == 2
    return expected if both and expected in fresh and _same_tier(before[column], now[expected]) else None


def _same_tier(before: str, now: str) -> bool:
    """A wholesale column that is called retail now was not renamed: it is another price."""
    return read_header(before).tier == read_header(now).tier


def _only_shifted(column: int, again: dict[int, int], order: list[int]) -> bool:
    """Columns inserted or removed before it push a column aside; that is no move."""
    position = sorted(again.values()).index(again[column])
    return order.index(column) == position


def _move(field: str | None, before: tuple[str, ...], now: tuple[str, ...], column: int, column_now: int) -> ColumnMove:
    return ColumnMove(
        field=field,
        header_before=before[column],
        header_now=now[column_now],
        column_before=column,
        column_now=column_now,
    )


def value_changes(before: PriceProfile | None, now: PriceProfile | None) -> tuple[str, ...]:
    """What the prices say that the headers do not: another currency, one factor on all of them, another column's
    values. Single prices that change are none of this: the guards watch them."""
    if before is None or now is None:
        return ()
    told = []
    if before.currency and now.currency and before.currency != now.currency:
        told.append(f"prices were in {before.currency} and are now in {now.currency}")
    for header, ratio in now.beside.items():
        earlier = before.beside.get(header)
        if earlier is not None and abs(earlier - 1) > _NOTICED and abs(ratio - 1) < 0.001:
            told.append(f"the price column now holds the same values as “{header}”")
    told += _one_factor(before, now)
    return tuple(told)


def _one_factor(before: PriceProfile, now: PriceProfile) -> list[str]:
    shared = [key for key in before.samples.keys() & now.samples.keys() if before.samples[key] > 0]
    if len(shared) < _COMPARABLE:
        return []
    ratios = sorted(now.samples[key] / before.samples[key] for key in shared)
    middle = ratios[len(ratios) // 2]
    alike = sum(1 for ratio in ratios if abs(ratio / middle - 1) < 0.01) / len(ratios) if middle else 0.0
    if abs(middle - 1) < _FACTOR or alike < 0.9:
        return []
    return [f"{alike:.0%} of the compared prices changed by the same factor, {middle:.3g}"]
