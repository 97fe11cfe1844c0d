"""Whether a staged batch may go into the catalogue by itself. Pure: the facts are counted in `store/judging.py`.

Each guard says in one sentence what it saw, for the buyer who has to decide.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from ingestion_dagster.core.mapped import MappedSheet
from ingestion_dagster.core.supplier import Thresholds


class WorstRow(BaseModel):
    """One row that made a guard trip, in the terms of the sheet."""

    model_config = ConfigDict(frozen=True)

    row_number: int | None = None
    supplier_sku: str
    name: str = ""
    old: str | None = None
    new: str | None = None


class Facts(BaseModel):
    """What was counted about a staged batch and the supplier's catalogue before it."""

    model_config = ConfigDict(frozen=True)

    staged: int
    rejected: int
    collapsed: int = 0
    duplicates: int = 0
    known: int = 0
    """The supplier's active items now."""
    missing: int = 0
    matched: int = 0
    changed: int = 0
    median_change: float | None = None
    """Median of |new/old - 1| over the changed prices."""
    jumps: int = 0
    currency_changes: int = 0
    distinct_prices: int = 0
    zero_prices: int = 0
    tier_before: str | None = None
    tier_now: str | None = None
    worst: dict[str, tuple[WorstRow, ...]] = {}
    """Up to five rows for `missing`, `jumps`, `changes` and `currency`."""

    @property
    def read(self) -> int:
        """Rows that meant an item."""
        return self.staged + self.rejected + self.collapsed


class GuardResult(BaseModel):
    """One guard's word."""

    model_config = ConfigDict(frozen=True)

    name: str
    check: str
    """The asset check it belongs to: reject_rate, row_count_stable, price_jumps or mapping_confirmed."""
    tripped: bool
    message: str
    worst: tuple[WorstRow, ...] = ()


def evaluate(facts: Facts, limits: Thresholds, mapped: MappedSheet | None) -> list[GuardResult]:
    """Every guard's result, tripped or not."""
    return [
        *(guard(facts, limits) for guard in GUARDS),
        _mapping_confirmed(mapped),
    ]


def tripped(results: Sequence[GuardResult]) -> list[GuardResult]:
    """Those that hold the batch."""
    return [result for result in results if result.tripped]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _zero_rows(facts: Facts, limits: Thresholds) -> GuardResult:
    message = (
        f"The list has no usable row ({facts.rejected} rejected), while {facts.known} items are known."
        if facts.staged == 0
        else f"{facts.staged} usable rows."
    )
    return GuardResult(name="zero_rows", check="row_count_stable", tripped=facts.staged == 0, message=message)


def _missing(facts: Facts, limits: Thresholds) -> GuardResult:
    share = _share(facts.missing, facts.known)
    return GuardResult(
        name="missing_rows",
        check="row_count_stable",
        tripped=facts.missing >= min(limits.min_rows, 3) and share > limits.missing_share,
        message=f"{facts.missing} of {facts.known} known items ({share:.0%}) are not in this list;"
        f" up to {limits.missing_share:.0%} is normal.",
        worst=facts.worst.get("missing", ()),
    )


def _rejects(facts: Facts, limits: Thresholds) -> GuardResult:
    share = _share(facts.rejected, facts.read)
    return GuardResult(
        name="reject_rate",
        check="reject_rate",
        tripped=facts.rejected >= limits.min_rows and share > limits.reject_share,
        message=f"{facts.rejected} of {facts.read} rows ({share:.0%}) could not be taken;"
        f" up to {limits.reject_share:.0%} is normal.",
    )


def _duplicates(facts: Facts, limits: Thresholds) -> GuardResult:
    share = _share(facts.duplicates, facts.read)
    return GuardResult(
        name="duplicate_rate",
        check="reject_rate",
        tripped=facts.duplicates >= limits.min_rows and share > limits.duplicate_share,
        message=f"{facts.duplicates} of {facts.read} rows ({share:.0%}) contradict another row with the same key;"
        f" up to {limits.duplicate_share:.0%} is normal.",
    )


def _jumps(facts: Facts, limits: Thresholds) -> GuardResult:
    return GuardResult(
        name="price_jump",
        check="price_jumps",
        tripped=facts.jumps > limits.jump_rows,
        message=f"{facts.jumps} prices are at least {limits.jump_factor:g} times higher or lower than before,"
        " as when a decimal point moves.",
        worst=facts.worst.get("jumps", ()),
    )


def _median_change(facts: Facts, limits: Thresholds) -> GuardResult:
    median = facts.median_change or 0.0
    many = facts.changed >= limits.min_rows and _share(facts.changed, facts.matched) >= 0.2
    return GuardResult(
        name="median_price_change",
        check="price_jumps",
        tripped=many and median > limits.median_change,
        message=f"{facts.changed} of {facts.matched} known prices changed, by {median:.0%} in the median;"
        f" up to {limits.median_change:.0%} is normal.",
        worst=facts.worst.get("changes", ()),
    )


def _changed_share(facts: Facts, limits: Thresholds) -> GuardResult:
    share, median = _share(facts.changed, facts.matched), facts.median_change or 0.0
    return GuardResult(
        name="changed_share",
        check="price_jumps",
        tripped=facts.changed >= limits.min_rows and share > limits.changed_share and median >= 0.1,
        message=f"{share:.0%} of the known prices changed at once, by {median:.0%} in the median;"
        f" up to {limits.changed_share:.0%} is normal for changes of that size.",
        worst=facts.worst.get("changes", ()),
    )


def _all_equal(facts: Facts, limits: Thresholds) -> GuardResult:
    equal = facts.staged >= limits.min_rows and facts.distinct_prices == 1
    zero = facts.staged > 0 and facts.zero_prices == facts.staged
    return GuardResult(
        name="equal_prices",
        check="price_jumps",
        tripped=equal or zero,
        message=f"All {facts.staged} prices are {'zero' if zero else 'the same'}."
        if equal or zero
        else f"{facts.distinct_prices} different prices.",
    )


def _currency(facts: Facts, limits: Thresholds) -> GuardResult:
    return GuardResult(
        name="currency_change",
        check="price_jumps",
        tripped=facts.currency_changes > limits.currency_rows,
        message=f"{facts.currency_changes} known items have another currency than before.",
        worst=facts.worst.get("currency", ()),
    )


def _tier(facts: Facts, limits: Thresholds) -> GuardResult:
    flipped = facts.tier_before is not None and facts.tier_now is not None and facts.tier_before != facts.tier_now
    return GuardResult(
        name="price_tier",
        check="price_jumps",
        tripped=flipped,
        message=f"The price column was {facts.tier_before}, now it is {facts.tier_now}."
        if flipped
        else "The price column is of the same kind as before.",
    )


def _mapping_confirmed(mapped: MappedSheet | None) -> GuardResult:
    if mapped is None or mapped.decision == "accept":
        return GuardResult(
            name="mapping", check="mapping_confirmed", tripped=False, message="The columns are understood."
        )
    questions = " ".join(question.message for question in mapped.questions)
    return GuardResult(
        name="mapping",
        check="mapping_confirmed",
        tripped=True,
        message=questions or "It is not certain enough which column is which.",
    )


GUARDS: Sequence[Callable[[Facts, Thresholds], GuardResult]] = (
    _zero_rows,
    _missing,
    _rejects,
    _duplicates,
    _jumps,
    _median_change,
    _changed_share,
    _all_equal,
    _currency,
    _tier,
)


def as_json(results: Sequence[GuardResult]) -> list[dict[str, Any]]:
    """For storing."""
    return [result.model_dump(mode="json") for result in results]
