"""Keys that stand in several rows of one list, settled without a database, for readings that load nothing.

The rule stands twice on purpose: `store/batches/staging.py` settles the rows of a load where they are, in PostgreSQL,
where no row has to come back. `ingestion what-if` compares the two on the same lists, and so do its tests.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, NamedTuple

from ingestion_dagster.core.rows.types import ItemRow

_CONTENT = slice(ItemRow._fields.index("name"), ItemRow._fields.index("characteristics") + 1)
"""Everything but row, key and the price's column."""
Policy = Literal["reject", "first", "last", "lowest"]


class Offer(NamedTuple):
    """What is kept of an item: enough to compare prices. `row` is 0-based."""

    supplier_sku: str
    price: Decimal
    currency: str | None
    row: int


class Settled(NamedTuple):
    """One offer per key, and the rows that contradict another row with the same key."""

    offers: list[Offer]
    conflicting: list[Offer]


def settle(items: Iterable[ItemRow], policy: Policy) -> Settled:
    """Equal rows collapse into the first; of conflicting ones `policy` keeps the first, last, cheapest or none."""
    offers: dict[tuple[str, int], list[tuple[Offer, int]]] = defaultdict(list)
    for item in items:
        offer = Offer(item.supplier_sku, item.price, item.currency, item.row_number)
        content = hash((item[_CONTENT], item.price_steps))
        known = offers[item.supplier_sku, item.from_quantity or 0]
        if all(content != other for _, other in known):
            known.append((offer, content))
    kept: dict[str, Offer] = {}
    conflicting: list[Offer] = []
    for _, variants in sorted(offers.items(), key=lambda known: known[0][1]):  # of steps the smallest is the item
        rows = [offer for offer, _ in variants]
        chosen = rows[0] if len(rows) == 1 else _chosen(rows, policy)
        if chosen is not None:
            kept.setdefault(chosen.supplier_sku, chosen)
        conflicting += [row for row in rows if row is not chosen]
    return Settled(list(kept.values()), sorted(conflicting, key=lambda offer: offer.row))


def _chosen(rows: list[Offer], policy: Policy) -> Offer | None:
    if policy == "reject":
        return None
    if policy == "last":
        return rows[-1]
    return min(rows, key=lambda offer: (offer.price, offer.row)) if policy == "lowest" else rows[0]
