"""Where a price comes from, as it is told to a person or a program. Types only; the finding is in `provenance.py`.

Rows are 1-based and cells are addresses such as `F12`: the way a person finds them.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer

from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.price_terms import money_text

Money = Annotated[Decimal, PlainSerializer(money_text, when_used="json")]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Origin(_Told):
    """A cell of a stored list, read again."""

    batch_id: int
    snapshot_id: int
    sha256: str
    filename: str
    source: JsonObject
    received_at: datetime
    tab: str
    cell: str
    header: str
    raw: str | None = None
    """What stands in the cell; None where the list cannot be read any more."""
    kind: str | None = None
    """`text`, `number`, `date` …: how the file keeps it."""
    number_format: str | None = None
    reads_as: Money | None = None
    """What today's rules read in that row for this item; None where they take something else or nothing."""
    agrees: bool | None = None
    """Whether `reads_as` is the stored price; None where it could not be checked."""
    note: str = ""


class Reading(_Told):
    """Why the column was taken, and how its numbers were read."""

    mapping_id: int | None
    """The confirmed mapping that was used; None where the sheet spoke for itself."""
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    signature: str
    confidence: float
    evidence: tuple[str, ...]
    qualifiers: dict[str, str]
    decimal: str | None = None
    thousands: str | None = None
    number_evidence: str = ""
    currency_evidence: str = ""
    price_terms: tuple[str, ...] = ()
    """How the printed price became the price of one piece, and how that was known."""
    key: str


class Step(_Told):
    """One transition of a batch."""

    at: datetime
    from_state: str | None
    to_state: str
    actor: str
    reason: str | None


class Batch(_Told):
    """The batch that brought the price in."""

    id: int
    state: str
    run_id: str | None
    steps: tuple[Step, ...]
    approved_by: str | None
    approved_at: datetime | None


class PastPrice(_Told):
    """One price and how long it was in force."""

    price: Money
    currency: str | None
    printed_price: Money | None = None
    """What the cell says where that is not the price of one piece, for `price_basis` pieces."""
    price_basis: int | None = None
    valid_from: datetime
    valid_to: datetime | None
    batch_id: int
    snapshot_id: int
    cell: str


class EarlierKey(_Told):
    """A key that the item had in the supplier's lists before."""

    supplier_sku: str
    until: datetime
    batch_id: int
    """The batch that brought the next key."""


class PriceStep(_Told):
    """One price from a quantity on, and how long it was in force."""

    from_quantity: int
    price: Money
    currency: str | None
    printed_price: Money | None = None
    price_basis: int | None = None
    valid_from: datetime
    valid_to: datetime | None
    batch_id: int
    snapshot_id: int
    cell: str


class Absence(_Told):
    """A time in which the item was not in the list."""

    missing_since: datetime
    returned_at: datetime | None
    batch_id: int


class Provenance(_Told):
    """The whole chain behind the price of one item."""

    supplier: str
    supplier_sku: str
    name: str
    price: Money
    currency: str | None
    printed_price: Money | None = None
    price_basis: int | None = None
    active: bool
    missing_since: datetime | None
    last_seen_at: datetime | None
    origin: Origin
    """Where this price stood when it came into force."""
    latest: Origin | None
    """The same item in the list in force, where that is another one."""
    reading: Reading
    batch: Batch
    history: tuple[PastPrice, ...]
    steps: tuple[PriceStep, ...] = ()
    """Every price by quantity that the item has or had, by quantity, the newest first."""
    absences: tuple[Absence, ...]
    earlier_keys: tuple[EarlierKey, ...] = ()
    """Newest first."""
    rejected: tuple[str, ...] = ()
    """Why the newest list's rows with this key were not taken; the price is then of an earlier list."""
