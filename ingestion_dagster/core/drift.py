"""A mapping that was confirmed for a supplier, and how a new sheet differs from it. Where it is kept is `store`'s."""

from pydantic import BaseModel, ConfigDict, Field

from ingestion_dagster.core.lexicon import read_header
from ingestion_dagster.core.mapped import MappedSheet
from ingestion_dagster.core.words import normalise


class PriceProfile(BaseModel):
    """What the prices of a list looked like: enough to notice that another column was pasted in."""

    model_config = ConfigDict(frozen=True)

    count: int = 0
    median: float | None = None
    low: float | None = None
    """First decile."""
    high: float | None = None
    """Last decile."""
    currency: str | None = None
    samples: dict[str, float] = Field(default_factory=dict)
    """Key -> price of some items, to compare item by item."""


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
    """Codes of questions that a person has answered for these headers."""
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


def remember(mapped: MappedSheet, profile: PriceProfile | None = None, confirmed_by: str = "") -> RememberedMapping:
    """What to keep of a mapping that was accepted or confirmed."""
    return RememberedMapping(
        signature=mapped.signature,
        headers=mapped.headers,
        fields=mapped.mapping(),
        confirmed_by=confirmed_by,
        currency=mapped.currency,
        sheet=mapped.sheet,
        settled=tuple(dict.fromkeys(question.code for question in mapped.questions)),
        price_profile=profile,
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
        text = normalise(header)
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


def price_profile(prices: dict[str, float], currency: str | None, keep: int = 50) -> PriceProfile:
    """The profile of a loaded list: `prices` by key."""
    values = sorted(value for value in prices.values() if value > 0)
    if not values:
        return PriceProfile(currency=currency)
    step = max(1, len(prices) // keep)
    return PriceProfile(
        count=len(values),
        median=values[len(values) // 2],
        low=values[len(values) // 10],
        high=values[(9 * len(values)) // 10],
        currency=currency,
        samples=dict(sorted(prices.items())[::step][:keep]),
    )


def value_changes(before: PriceProfile, now: PriceProfile, other_columns: dict[str, PriceProfile]) -> tuple[str, ...]:
    """What the price values say that the headers do not: another currency, another scale, another column's values.

    `other_columns`: header -> profile of the sheet's other price columns now.
    """
    told = []
    if before.currency and now.currency and before.currency != now.currency:
        told.append(f"prices were in {before.currency} and are now in {now.currency}")
    shared = before.samples.keys() & now.samples.keys()
    if len(shared) >= 5:
        ratios = sorted(now.samples[key] / before.samples[key] for key in shared if before.samples[key] > 0)
        middle = ratios[len(ratios) // 2] if ratios else 1.0
        alike = sum(1 for ratio in ratios if abs(ratio / middle - 1) < 0.03) / max(len(ratios), 1)
        if (middle > 1.2 or middle < 0.8) and alike > 0.8:
            told.append(f"{alike:.0%} of the compared prices changed by the same factor {middle:.2f}")
    elif before.median and now.median and not 0.2 < now.median / before.median < 5:
        told.append(f"the median price was {before.median:g} and is now {now.median:g}")
    for header, profile in other_columns.items():
        equal = [k for k in now.samples.keys() & profile.samples.keys() if now.samples[k] == profile.samples[k]]
        if len(equal) >= 5 and len(equal) >= 0.95 * len(now.samples):
            told.append(f"the price column holds the values of “{header}”")
    return tuple(told)
