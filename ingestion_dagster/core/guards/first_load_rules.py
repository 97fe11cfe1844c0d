"""The guards of a first load: what looks wrong about a list though there is none to compare it with.

Each speaks only where the supplier has no items yet; afterwards `rules.py` compares with what is in force.
"""

from collections.abc import Callable, Sequence
from typing import Final

from ingestion_dagster.core.guards.facts import Facts, GuardResult, WorstRow
from ingestion_dagster.core.guards.first_load import FirstLoad
from ingestion_dagster.core.suppliers.supplier import Thresholds

_MOST: Final = 0.8
_WHOLE: Final = 0.95
_ONE_MAGNITUDE: Final = 10
_THOUSANDS_FROM: Final = 1000
"""Printed prices from here on are hardly thousands."""


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _result(name: str, check: str, trouble: str, fine: str, worst: tuple[WorstRow, ...] = ()) -> GuardResult:
    return GuardResult(name=name, check=check, tripped=bool(trouble), message=trouble or fine, worst=worst)


def expected_currency(facts: Facts, limits: Thresholds) -> GuardResult:
    """The list is in another currency than the supplier's settings say."""
    first = facts.first or FirstLoad()
    trouble = ""
    if first.expected_currency and first.other_currency > limits.currency_rows:
        told = ", ".join(first.currencies) or "no currency"
        trouble = (
            f"{first.other_currency} of {facts.staged} prices are in {told}, while the supplier's settings say"
            f" {first.expected_currency}. Is the list in another currency, or the setting wrong?"
        )
    return _result("expected_currency", "price_jumps", trouble, "The currency is the supplier's.")


def prices_of_another_column(facts: Facts, limits: Thresholds) -> GuardResult:
    """What was taken for prices are bases, codes or numbers of pieces."""
    first = facts.first or FirstLoad()
    trouble = ""
    for count, what in (
        (first.code_prices, "the digits of the item's own number or barcode"),
        (first.basis_prices, "1, 10, 100 or 1,000, as a number of pieces that a price is for"),
        (first.stock_prices, "the item's own stock"),
    ):
        if count >= limits.min_rows and _share(count, facts.staged) >= limits.odd_share:
            trouble = f"{count} of {facts.staged} prices are {what}. Was another column taken for the price?"
            break
    fine = "The prices are not another column's numbers."
    return _result("prices_of_another_column", "price_jumps", trouble, fine, facts.worst.get("first", ()))


def unit_of_prices(facts: Facts, limits: Thresholds) -> GuardResult:
    """Cents taken for whole money, whole money for cents, the price of a hundred for that of one."""
    first = facts.first or FirstLoad()
    trouble = ""
    whole = _share(first.whole_prices, facts.staged)
    enough = facts.staged >= limits.min_rows
    if first.multiplied >= limits.min_rows and _share(first.multiplied, facts.staged) >= _MOST:
        trouble = (
            f"{first.multiplied} of {facts.staged} prices are {first.multiplied_by:,} times what"
            f" “{first.multiplied_header}” says. Which of the two is the price of one piece?"
        )
    elif enough and first.scale < 1 and whole < _MOST:
        trouble = (
            f"The prices were read as hundredths, yet {facts.staged - first.whole_prices} of {facts.staged} have"
            " decimals. Are they cents?"
        )
    elif enough and first.scale > 1 and first.smallest >= _THOUSANDS_FROM:
        trouble = f"The prices were read as thousands, yet all of them are above {_THOUSANDS_FROM:,}. Are they?"
    elif enough and first.unit_said and whole >= _WHOLE and first.largest < _ONE_MAGNITUDE * max(first.smallest, 1):
        trouble = (
            f"“{first.unit_said}” names another unit, and all prices are whole numbers between {first.smallest:g} and"
            f" {first.largest:g}. Are they in that unit?"
        )
    return _result("unit_of_prices", "price_jumps", trouble, "The prices are in the unit that the list names.")


def key_quality(facts: Facts, limits: Thresholds) -> GuardResult:
    """Keys that will not be the same tomorrow, or that do not tell items apart."""
    first = facts.first or FirstLoad()
    trouble = ""
    if first.counted_keys and facts.staged >= limits.min_rows:
        trouble = (
            f"The {facts.staged} keys are 1, 2, 3 …: positions in the list, which belong to other items as soon as a"
            " row is added."
        )
    elif first.alike_keys >= limits.min_rows and _share(first.alike_keys, facts.staged) >= limits.alike_keys_share:
        trouble = (
            f"{first.alike_keys} of {facts.staged} keys equal another one but for zeros, capitals, blanks or dashes:"
            " the same item twice, or codes that lost something?"
        )
    elif first.short_keys >= limits.min_rows and _share(first.short_keys, facts.staged) >= limits.odd_share:
        trouble = f"{first.short_keys} of {facts.staged} keys are a single character."
    return _result("key_quality", "row_count_stable", trouble, "The keys tell the items apart.")


def respelled_keys(facts: Facts, limits: Thresholds) -> GuardResult:
    """Known items come back under the same key written in another way: they would be new, and the old ones missing."""
    trouble = ""
    if facts.respelled > limits.respelled_rows:
        trouble = (
            f"{facts.respelled} new items have the key of a missing one but for zeros, capitals, blanks or dashes. Were"
            " the codes written in another way?"
        )
    return _result(
        "respelled_keys", "row_count_stable", trouble, "No key was only written in another way.",
        facts.worst.get("respelled", ()),
    )  # fmt: skip


FIRST_LOAD_RULES: Sequence[Callable[[Facts, Thresholds], GuardResult]] = (
    expected_currency,
    prices_of_another_column,
    unit_of_prices,
    key_quality,
    respelled_keys,
)
