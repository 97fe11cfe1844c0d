"""What the record and its users tell each other about requests: deliveries, leases, rules. Decides nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from ingestion_dagster.core.suppliers.source_table import BUILT_IN_TABLE, SourceTable
from ingestion_dagster.core.suppliers.source_types import Allowed
from ingestion_dagster.store.states import Verdict


class Delivery(NamedTuple):
    """One message as claimed from the mailbox. `whole_size` is larger than `raw` where only its start was taken."""

    id: str
    raw: bytes
    whole_size: int
    high: bool = False


class Recorded(NamedTuple):
    """What a delivery became: accepted, duplicate, malformed, rejected or conflict."""

    delivery_id: str
    request_id: int
    verdict: Verdict | Literal["duplicate"]
    task_id: str
    supplier_key: str | None
    reason: str | None


class Deferred(NamedTuple):
    """A delivery that is not on record: something it needs is locked, or did not answer in time."""

    delivery_id: str
    supplier: str
    """Whose message it is, as far as that is known: all of one supplier's wait together."""
    reason: str | None
    """None where an earlier message of the supplier waits."""


class Lease(NamedTuple):
    """A request handed out: everything its run needs to be named and to finish it."""

    request_id: int
    task_id: str
    supplier_key: str
    attempt: int
    fence: int
    run_key: str
    priority: int
    run_id: str | None
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """What the recording needs of the settings."""

    allowed: Allowed
    max_bytes: int
    max_retries: int
    types: SourceTable = BUILT_IN_TABLE
