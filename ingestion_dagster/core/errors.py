"""Every error the system raises on purpose, and whether trying again can help.

What Dagster does with them is decided once, in `defs/failures.py`. A bad row is not an exception but a
`core.rows.RowReject`.

    DataIngestionError            retryable: ClassVar[bool]
    ├─ MalformedRequest           a queue message that cannot be understood: dead letter, never a run
    ├─ SourceError
    │  ├─ SourceUnavailable       retryable: 408, 5xx, timeouts, lost connections
    │  │  └─ QuotaExhausted       429 or no turn in the shared quota: wait, and count no attempt
    │  └─ SourceRejected          403, 404, unknown tab, forbidden path or host, hostile file
    │     └─ SnapshotDamaged      what was kept of a list is gone or is not what was received
    ├─ SheetError                 no table found, a required column is missing
    ├─ StaleSnapshot              something newer is already loaded
    ├─ RunTimedOut                retryable: the run took longer than it may
    ├─ LeaseLost                  another attempt owns this request now; nothing was written
    └─ StoreError
       ├─ StoreUnavailable        retryable: lost connections, a full disk, a server that ends
       │  └─ StoreBusy            a lock, a deadlock or a statement's time limit: what else there is may go on
       └─ StoreRejected
"""

from typing import ClassVar, Final

from ingestion_dagster.core.shown_text import one_line

LONGEST_MESSAGE: Final = 4000


class DataIngestionError(Exception):
    """Root of all expected failures. The message is written for the person who must act on it.

    It quotes sheets and messages and goes into logs, terminals and mails, so it is one line in which nothing acts.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message, LONGEST_MESSAGE))


class MalformedRequest(DataIngestionError):
    """The queue message is not a valid request."""


class SourceError(DataIngestionError):
    """The sheet could not be fetched or opened."""


class SourceUnavailable(SourceError):
    """The source did not answer properly this time."""

    retryable: ClassVar[bool] = True
    tried_again: ClassVar[bool] = False
    """Whether the source was asked again with pauses already, so that asking at once once more is of no use."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """`retry_after`: seconds the source asked us to wait, where it said so."""
        super().__init__(message)
        self.retry_after = retry_after


class QuotaExhausted(SourceUnavailable):
    """The read quota did not come free in time. Nothing failed: the request waits again and uses no attempt."""

    tried_again = True


class SourceRejected(SourceError):
    """The source refused, or the system refuses the source. A person has to change something."""


class SnapshotDamaged(SourceRejected):
    """What is kept of a list is not there any more, or is not what was received."""


class SheetError(DataIngestionError):
    """The sheet was opened but cannot be understood as a price list."""


class StaleSnapshot(DataIngestionError):
    """A newer list of this supplier is already applied."""


class RunTimedOut(DataIngestionError):
    """The run took longer than INGESTION_JOB_TIMEOUT."""

    retryable: ClassVar[bool] = True


class LeaseLost(DataIngestionError):
    """The request was handed to another attempt while this one ran."""


class StoreError(DataIngestionError):
    """The catalogue database did not do what was asked."""


class StoreUnavailable(StoreError):
    """The database did not answer or gave up a conflict; the whole transaction may be tried again."""

    retryable: ClassVar[bool] = True


class StoreBusy(StoreUnavailable):
    """Another session holds what this one needs, or a statement took longer than it may. The database is well: only
    this piece of work has to wait."""


class StoreRejected(StoreError):
    """The database refused the data or the statement."""


class ServicesFailed(DataIngestionError):
    """The embedded PostgreSQL or Redis cannot be started here. The message says why and what else can be done."""
