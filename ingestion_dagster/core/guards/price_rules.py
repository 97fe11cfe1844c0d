"""The guards that look at prices: moved decimals, other currencies, other columns' values. Pure.

A rule looks at the facts and says in one sentence what it saw; those about rows and keys, and the list of all, are in
`rules.py`.
"""

import math

from ingestion_dagster.core.guards.facts import Facts, GuardResult, WorstRow
from ingestion_dagster.core.suppliers.supplier import Thresholds

KINDS = {"tier": "price", "tax": "price with regard to tax", "per": "price's unit"}
"""Qualifiers of a price column that never change by themselves, in words."""


def share(part: int, whole: int) -> float:
    """Of nothing, nothing."""
    return part / whole if whole else 0.0


def counted(number: int, one: str, many: str) -> str:
    """`1 price is`, `3 prices are`."""
    return f"{number} {one if number == 1 else many}"


def _prices(name: str, tripped: bool, message: str, worst: tuple[WorstRow, ...] = ()) -> GuardResult:
    return GuardResult(name=name, check="price_jumps", tripped=tripped, message=message, worst=worst)


def _times(facts: Facts) -> str:
    """How far prices moved, where that is said in times rather than in percent: `about 100 times higher`."""
    return _as_times(1 + (facts.median_percent or 0.0) / 100)


def _as_times(factor: float) -> str:
    if factor >= 2:
        return f"about {_round(factor)} times higher"
    return f"about {_round(1 / factor)} times lower" if 0 < factor <= 0.5 else ""


def _round(factor: float) -> str:
    """A power of ten where it is nearly one: a decimal point moved, and some prices changed as well."""
    power = 10.0 ** round(math.log10(factor))
    return f"{power if power > 1 and abs(factor / power - 1) < 0.15 else factor:.3g}"


def _median(facts: Facts) -> str:
    return f"in the median {_times(facts)}" if _times(facts) else f"by {facts.median_change or 0.0:.0%} in the median"


def _many_changed(facts: Facts, limits: Thresholds) -> bool:
    """Enough changes to speak of the list: some rows, or in a short list every price it has in common."""
    return facts.changed >= limits.min_rows or (facts.changed == facts.matched >= 3)


def price_jump(facts: Facts, limits: Thresholds) -> GuardResult:
    """Any single price as if its decimal point had moved."""
    return _prices(
        "price_jump",
        facts.jumps > limits.jump_rows,
        _jumped(facts, limits) if facts.jumps else "No price moved as when a decimal point moves.",
        facts.worst.get("jumps", ()),
    )


def _jumped(facts: Facts, limits: Thresholds) -> str:
    number = counted(facts.jumps, "price is", "prices are")
    if _times(facts) and 2 * facts.jumps >= facts.changed:
        return f"{number} {_times(facts)} than before: another unit, or a decimal point that moved?"
    return f"{number} at least {limits.jump_factor:g} times higher or lower than before, as when a decimal point moves."


def price_level(facts: Facts, limits: Thresholds) -> GuardResult:
    """Most items are new, or known by keys that cannot be followed: their prices are judged as a whole."""
    level = facts.level
    far = level is not None and (level >= limits.jump_factor or level * limits.jump_factor <= 1)
    return _prices(
        "price_level",
        far,
        f"Most items of the list cannot be compared with known ones, but its prices as a whole are"
        f" {_as_times(level or 1)} than before: another unit, or a decimal point that moved?"
        if far
        else "The prices as a whole are of the same size as before.",
    )


def median_price_change(facts: Facts, limits: Thresholds) -> GuardResult:
    """A good part of the prices moved far."""
    median = facts.median_change or 0.0
    many = _many_changed(facts, limits) and share(facts.changed, facts.matched) >= 0.2
    return _prices(
        "median_price_change",
        many and median > limits.median_change,
        f"{facts.changed} of {facts.matched} known prices changed, {_median(facts)};"
        f" up to {limits.median_change:.0%} is normal.",
        facts.worst.get("changes", ()),
    )


def changed_share(facts: Facts, limits: Thresholds) -> GuardResult:
    """Nearly all prices moved noticeably: tax included now, another column, another unit."""
    part, median = share(facts.changed, facts.matched), facts.median_change or 0.0
    return _prices(
        "changed_share",
        _many_changed(facts, limits) and part > limits.changed_share and median >= 0.1,
        f"{part:.0%} of the known prices changed at once, {_median(facts)};"
        f" up to {limits.changed_share:.0%} is normal for changes of that size.",
        facts.worst.get("changes", ()),
    )


def copied_column(facts: Facts, limits: Thresholds) -> GuardResult:
    """The prices are another column's values: retail pasted into wholesale, two columns swapped."""
    enough = _many_changed(facts, limits) and share(facts.changed, facts.matched) >= 0.2
    part = share(facts.copied, facts.changed)
    return _prices(
        "copied_column",
        enough and part >= limits.copied_share,
        f"{facts.copied} of {facts.changed} changed prices ({part:.0%}) are what stands or stood"
        f" under “{facts.copied_from}”."
        if facts.copied
        else "No other column's values were taken for prices.",
        facts.worst.get("changes", ()),
    )


def slipped_rows(facts: Facts, limits: Thresholds) -> GuardResult:
    """The price column slipped against the others, as when a single cell is deleted or inserted."""
    part = share(facts.slipped, facts.changed)
    return _prices(
        "slipped_rows",
        facts.slipped >= limits.min_rows and part >= limits.copied_share,
        f"{facts.slipped} of {facts.changed} changed prices ({part:.0%}) stood one row higher or lower before."
        if facts.slipped
        else "The prices stand in the rows where they stood.",
        facts.worst.get("slipped", ()),
    )


def price_outlier(facts: Facts, limits: Thresholds) -> GuardResult:
    """A new item has no history; its price is judged by the other prices of the list."""
    return _prices(
        "price_outlier",
        facts.outliers > 0,
        f"{counted(facts.outliers, 'new item has', 'new items have')} a price {limits.outlier_factor:g} times"
        " or more away from every other price."
        if facts.outliers
        else "No new item's price stands far away from the others.",
        facts.worst.get("outliers", ()),
    )


def equal_prices(facts: Facts, limits: Thresholds) -> GuardResult:
    """A formula copied down, or a column that was never filled in."""
    was_like_that = facts.known > 0 and facts.distinct_before == 1
    zero = facts.staged > 0 and facts.zero_prices == facts.staged
    equal = facts.staged >= limits.min_rows and facts.distinct_prices == 1
    return _prices(
        "equal_prices",
        (zero or equal) and not was_like_that,
        f"All {facts.staged} prices are {'zero' if zero else 'the same'}."
        if zero or equal
        else f"{facts.distinct_prices} different prices.",
    )


def currency_change(facts: Facts, limits: Thresholds) -> GuardResult:
    """Known items are suddenly in another currency, or in none."""
    return _prices(
        "currency_change",
        facts.currency_changes > limits.currency_rows,
        f"{counted(facts.currency_changes, 'known item has', 'known items have')} another currency than"
        f" before ({', '.join(facts.currencies) or 'another one'}); their prices cannot be compared."
        if facts.currency_changes
        else "No known item changed its currency.",
        facts.worst.get("currency", ()),
    )


def price_kind(facts: Facts, limits: Thresholds) -> GuardResult:
    """The header says another kind of price: retail for wholesale, gross for net, per pack for per piece."""
    before, now = facts.before.price_kind if facts.before else {}, facts.price_kind
    turned = [
        f"The {words} was {before[kind]}, now it is {now[kind]}."
        for kind, words in KINDS.items()
        if kind in before and kind in now and before[kind] != now[kind]
    ]
    return _prices("price_kind", bool(turned), " ".join(turned) or "The price column is of the same kind as before.")
