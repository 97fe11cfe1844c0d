"""What a list was read as when it was applied, beside what today's rules and settings read: the differences. Pure.

Where both readings come from is in `what_if.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from ingestion_dagster.core.mapped_sheet import FieldColumn, MappedSheet
from ingestion_dagster.core.rows.duplicates import Offer
from ingestion_dagster.core.sheets import column_letter

if TYPE_CHECKING:
    import pandas as pd

MOST_SHOWN = 200
"""Differences of one kind that are kept of one list; their number is always exact."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class MappingChange(_Told):
    """One thing that was understood differently, in words."""

    what: str
    then: str
    today: str


class PriceChange(_Told):
    """One item whose price is another one. `then` or `today` is None where the item was, or would be, not taken."""

    supplier_sku: str
    then: str | None
    today: str | None
    row: int | None
    """1-based, of today's reading."""


class RejectChange(_Told):
    """One row (1-based) that is refused for another reason, or only then, or only today."""

    row: int
    then: str | None
    today: str | None
    message: str


class ListResult(_Told):
    """One stored list, read again."""

    supplier: str
    snapshot_id: int
    batch_id: int
    received_at: datetime
    outcome: Literal["same", "different", "skipped"]
    note: str = ""
    """Why it was skipped, or why today's rules do not read it at all."""
    mapping: tuple[MappingChange, ...] = ()
    prices: tuple[PriceChange, ...] = ()
    price_count: int = 0
    rejects: tuple[RejectChange, ...] = ()
    reject_count: int = 0


class Rejected(NamedTuple):
    """A row (1-based) that is not taken."""

    row: int
    code: str
    message: str


def mapping_changes(then: MappedSheet, today: MappedSheet) -> tuple[MappingChange, ...]:
    """What was understood differently: tab, header, key, each field's column, currency, number style.

    A list that was accepted and would be held today is a difference; one that a person approved is none.
    """
    facts = [
        ("tab", then.sheet, today.sheet),
        ("header row", str(then.header_row_index + 1), str(today.header_row_index + 1)),
        ("first row", str(then.first_data_row + 1), str(today.first_data_row + 1)),
        ("key", then.key, today.key),
        ("currency", then.currency or "none", today.currency or "none"),
        ("decimal mark", _decimal(then), _decimal(today)),
    ]
    facts += [
        (field, _column(then.fields.get(field)), _column(today.fields.get(field)))
        for field in sorted(then.fields.keys() | today.fields.keys())
    ]
    if then.decision == "accept" and today.decision != "accept":
        questions = " ".join(question.message for question in today.questions)
        facts.append(("decision", "accept", f"{today.decision}: {questions}"))
    return tuple(MappingChange(what=what, then=old, today=new) for what, old, new in facts if old != new)


def _column(found: FieldColumn | None) -> str:
    return "no column" if found is None else f"{column_letter(found.column)} “{found.header}”"


def _decimal(mapped: MappedSheet) -> str:
    style = mapped.number_styles.get("price")
    return (style.decimal if style else None) or "not needed"


def price_changes(
    then: "pd.DataFrame", today: Sequence[Offer], refused_then: Iterable[str]
) -> tuple[int, tuple[PriceChange, ...]]:
    """(how many, the first of them) items whose price, currency or presence differs.

    `then` has the columns supplier_sku, price (Decimal) and currency: every price in force after the batch.
    `refused_then` are keys of rows that the batch refused: their price is of an earlier list, so that they count only
    where today's reading gives another one.
    """
    import pandas as pd

    now = pd.DataFrame(
        [(offer.supplier_sku, offer.price, offer.currency) for offer in today],
        columns=["supplier_sku", "price", "currency"],
    )
    both = then.assign(known=True).merge(now.assign(read=True), on="supplier_sku", how="outer", suffixes=("_then", ""))
    known, read = both["known"].notna(), both["read"].notna()
    refused = both["supplier_sku"].isin(set(refused_then))
    other_price = both["price_then"].map(_plain) != both["price"].map(_plain)
    other_currency = both["currency_then"].map(_plain) != both["currency"].map(_plain)
    differs = (known & read & (other_price | other_currency)) | (known & ~read & ~refused) | (~known & read)
    found = both[differs].sort_values("supplier_sku")
    rows = {offer.supplier_sku: offer.row + 1 for offer in today}
    columns = ("supplier_sku", "price_then", "currency_then", "price", "currency")
    shown = tuple(
        PriceChange(supplier_sku=sku, then=_money(*old), today=_money(*new), row=rows.get(sku))
        for sku, *both_prices in found[[*columns]].head(MOST_SHOWN).itertuples(index=False)
        for old, new in ((both_prices[:2], both_prices[2:]),)
    )
    return len(found), shown


def _plain(value: object) -> str:
    """A price without the zeros that only fill its scale; nothing for nothing."""
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else f"{value.normalize():f}"  # type: ignore[attr-defined]


def _money(price: object, currency: object) -> str | None:
    shown = f"{_plain(price)} {_plain(currency)}".strip()
    return shown or None


def reject_changes(then: Iterable[Rejected], today: Iterable[Rejected]) -> tuple[int, tuple[RejectChange, ...]]:
    """(how many, the first of them) rows that are refused only then, only today, or for another reason."""
    before = {row.row: row for row in then}
    after = {row.row: row for row in today}
    changes = []
    for number in sorted(before.keys() | after.keys()):
        old, new = before.get(number), after.get(number)
        old_code, new_code = old.code if old else None, new.code if new else None
        if old_code != new_code:
            message = new.message if new else old.message if old else ""
            changes.append(RejectChange(row=number, then=old_code, today=new_code, message=message))
    return len(changes), tuple(changes[:MOST_SHOWN])
