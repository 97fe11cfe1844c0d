"""What is known about a staged batch, and what a guard says of it. Counting is `store/batches/facts.py`'s."""

from pydantic import BaseModel, ConfigDict

from ingestion_dagster.core.guards.first_load import FirstLoad
from ingestion_dagster.core.guards.rekeying import Rekey
from ingestion_dagster.core.mapped_sheet import Question


class WorstRow(BaseModel):
    """One row that made a guard trip, in the terms of the sheet."""

    model_config = ConfigDict(frozen=True)

    row_number: int | None = None
    supplier_sku: str
    name: str = ""
    old: str | None = None
    new: str | None = None


class Before(BaseModel):
    """The batch in force, for what is judged as a change. Its shares are no measure: a list that a person let through
    once does not make the next one like it normal."""

    model_config = ConfigDict(frozen=True)

    price_kind: dict[str, str] = {}
    """Qualifiers of its price column: tier, tax, per."""
    signature: str = ""
    """Of its header."""
    answered: tuple[str, ...] = ()
    """Questions that a person answered by approving it (`question_key`)."""


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
    """Known items that the list does not name."""
    absent: int = 0
    """Known items that it gives no price: missing, or in a row that could not be read."""
    matched: int = 0
    changed: int = 0
    """Known prices that changed within their currency."""
    median_change: float | None = None
    """Median of |new/old - 1| over the changed prices."""
    median_percent: float | None = None
    """Median of the change in percent, with its sign: what a load shows as its price change."""
    jumps: int = 0
    currency_changes: int = 0
    """Known items in another currency; their prices are compared with nothing."""
    currencies: tuple[str, ...] = ()
    """`EUR to USD`, each once."""
    distinct_prices: int = 0
    distinct_before: int = 0
    """Different prices among the known items."""
    zero_prices: int = 0
    slipped: int = 0
    """Changed prices that stood one row higher or lower before."""
    copied: int = 0
    """Changed prices that stood in another column, and which column that was."""
    copied_from: str = ""
    outliers: int = 0
    """New items whose price stands far away from every other price of the list."""
    respelled: int = 0
    """New items whose key is a missing item's but for zeros, case, blanks and dashes."""
    first: FirstLoad | None = None
    """Of a supplier without items; None where there is a list to compare with."""
    rekey: Rekey | None = None
    """Its items are known by another key than before; None where they are not."""
    level: float | None = None
    """Middle price of the list by that of the catalogue; only where most items cannot be compared one by one."""
    price_kind: dict[str, str] = {}
    before: Before | None = None
    """None on a first load."""
    worst: dict[str, tuple[WorstRow, ...]] = {}
    """Up to five rows for `missing`, `jumps`, `changes`, `currency`, `slipped`, `outliers` and `respelled`."""

    @property
    def read(self) -> int:
        """Rows that meant an item."""
        return self.staged + self.rejected + self.collapsed

    @property
    def loses_most(self) -> bool:
        """An empty or nearly empty list: more than half of the known items get no price. Not to be approved lightly."""
        return self.absent >= _FEW_LOST and 2 * self.absent > self.known


_FEW_LOST = 2
"""An only item that is replaced by another is no loss of a list."""


class GuardResult(BaseModel):
    """One guard's word."""

    model_config = ConfigDict(frozen=True)

    name: str
    check: str
    """The asset check it belongs to: reject_rate, row_count_stable, price_jumps or mapping_confirmed."""
    tripped: bool
    message: str
    worst: tuple[WorstRow, ...] = ()


def question_key(question: Question) -> str:
    """Equal for the same question about the same header, whatever the figures in its words."""
    return "|".join((question.code, question.field or "", *(question.options or (question.message,))))
