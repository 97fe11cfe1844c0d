"""The guards one by one: each looks at the facts and says in one sentence what it saw, for the buyer who decides.

A rule judges a change against what is in force, or a level against the supplier's thresholds. Levels are never learned
from what was loaded: an exception that a person approved once would be the norm from then on. Here are those about rows
and keys, and the list of all; those about prices are in `price_rules.py`.
"""

from collections.abc import Callable, Sequence

from ingestion_dagster.core.guards import price_rules
from ingestion_dagster.core.guards.facts import Facts, GuardResult
from ingestion_dagster.core.guards.price_rules import share
from ingestion_dagster.core.suppliers.supplier import Thresholds


def zero_rows(facts: Facts, limits: Thresholds) -> GuardResult:
    """Nothing to load."""
    message = (
        f"The list has no usable row ({facts.rejected} rejected), while {facts.known} items are known."
        if facts.staged == 0
        else f"{facts.staged} usable rows."
    )
    return GuardResult(name="zero_rows", check="row_count_stable", tripped=facts.staged == 0, message=message)


def missing_rows(facts: Facts, limits: Thresholds) -> GuardResult:
    """Half the list is gone."""
    part = share(facts.missing, facts.known)
    return GuardResult(
        name="missing_rows",
        check="row_count_stable",
        tripped=facts.missing >= min(limits.min_rows, 3) and part > limits.missing_share,
        message=f"{facts.missing} of {facts.known} known items ({part:.0%}) are not in this list;"
        f" up to {limits.missing_share:.0%} is normal (guards.missing_share).",
        worst=facts.worst.get("missing", ()),
    )


def reject_rate(facts: Facts, limits: Thresholds) -> GuardResult:
    """Too many rows could not be read."""
    part, normal = share(facts.rejected, facts.read), limits.reject_share
    return GuardResult(
        name="reject_rate",
        check="reject_rate",
        tripped=facts.rejected >= limits.min_rows and part > normal,
        message=f"{facts.rejected} of {facts.read} rows ({part:.0%}) could not be taken;"
        f" up to {normal:.0%} is normal (guards.reject_share).",
    )


def duplicate_rate(facts: Facts, limits: Thresholds) -> GuardResult:
    """Too many rows contradict each other."""
    part, normal = share(facts.duplicates, facts.read), limits.duplicate_share
    return GuardResult(
        name="duplicate_rate",
        check="reject_rate",
        tripped=facts.duplicates >= limits.min_rows and part > normal,
        message=f"{facts.duplicates} of {facts.read} rows ({part:.0%}) contradict another row with the same key;"
        f" up to {normal:.0%} is normal (guards.duplicate_share).",
    )


def rekeyed(facts: Facts, limits: Thresholds) -> GuardResult:
    """The items are known by another key than before: what was found again over the old one, and what was not."""
    change = facts.rekey
    message = "The items are known by the same key as before."
    if change is not None and not change.found:
        message = (
            f"The items were known by “{change.before}”, which this list does not have any more; now they are known by"
            f" “{change.now}”. None of the {change.known} known items can be found again, no price can be compared."
        )
    elif change is not None:
        message = (
            f"The items were known by “{change.before}”, now by “{change.now}”: {change.carried} of"
            f" {change.known} known items are found again and keep their history"
            + (f", {change.lost} {'is' if change.lost == 1 else 'are'} not." if change.lost else ".")
        )
    return GuardResult(
        name="rekeyed",
        check="mapping_confirmed",
        tripped=change is not None and not (change.found and change.confirmed),
        message=message,
    )


RULES: Sequence[Callable[[Facts, Thresholds], GuardResult]] = (
    rekeyed,
    zero_rows,
    missing_rows,
    reject_rate,
    duplicate_rate,
    price_rules.price_jump,
    price_rules.price_level,
    price_rules.currency_change,
    price_rules.price_kind,
    price_rules.copied_column,
    price_rules.slipped_rows,
    price_rules.median_price_change,
    price_rules.changed_share,
    price_rules.equal_prices,
    price_rules.price_outlier,
)
