"""A Google Sheet as a snapshot: which document and tab a source means, and who reads it.

One read per sheet while the answer stays below `google_http.LARGEST_ANSWER` (about 250,000 filled cells); above it,
two more and one per `google_reads.PART_CELLS`. How a request reaches Google is `http.py`, what is asked
`reads.py`, what is kept of an answer `snapshot.py`.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestion_dagster.core.suppliers.google_links import GOOGLE_HOSTS, DocumentLink, parse_link

if TYPE_CHECKING:
    from ingestion_dagster.sources.google.http import ReadingClient
    from ingestion_dagster.sources.google.retry import RetryPolicy
    from ingestion_dagster.sources.google.service_account import ServiceAccount


class GoogleSource(BaseModel):
    """Which document, and which of its tabs. Without a tab every tab is read, and the best price list is found later.

    `gid` survives a renamed tab; `sheet_name` is a title, or a pattern with `*` and `?`. What is said here goes
    before the `gid` of the address.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    sheet_url: str | None = Field(None, max_length=2048)
    """Address of the document, or its key."""
    key: str | None = None
    gid: int | None = Field(None, ge=0)
    sheet_name: str | None = Field(None, max_length=255)
    supplier: str = ""
    """Whose turn in the shared quota; the document's key where it is not said."""

    @model_validator(mode="after")
    def _names_a_document(self) -> "GoogleSource":
        if not (self.sheet_url or self.key):
            raise ValueError("one of sheet_url and key is required")
        return self

    def link(self, allowed_hosts: Collection[str] = GOOGLE_HOSTS) -> DocumentLink:
        """Document key and wanted gid. Raises SourceRejected for anything but an allowed address or a key."""
        link = parse_link(self.key or self.sheet_url or "", allowed_hosts)
        if self.gid is not None:
            return link._replace(gid=self.gid)
        return link._replace(gid=None) if self.sheet_name else link


@dataclass
class GoogleClient:
    """Access to Google as one service account. Make one per process and give it to every fetch."""

    service_account: "ServiceAccount"
    sheets_url: str
    drive_url: str
    policy: "RetryPolicy"
    acquire: Callable[[str], float] | None = None
    throttled: Callable[[float], None] | None = None
    reads: int = field(default=0, init=False)
    """Reads sent so far that count against the quota, for metadata."""
    waited: float = field(default=0.0, init=False)
    """Seconds spent waiting for the shared quota so far."""

    @classmethod
    def from_settings(
        cls,
        credentials_path: str | None,
        sheets_url: str | None = None,
        drive_url: str | None = None,
        acquire: Callable[[str], float] | None = None,
        throttled: Callable[[float], None] | None = None,
        policy: "RetryPolicy | None" = None,
    ) -> "GoogleClient":
        """A client from the environment's values. Raises SourceRejected with what to set where one is unfit.

        `acquire(supplier)` takes one read of the shared quota and returns the seconds it waited; `throttled(seconds)`
        is told when Google answers 429. Base URLs other than Google's must be on this machine.
        """
        from ingestion_dagster.sources.google import http
        from ingestion_dagster.sources.google.retry import RetryPolicy
        from ingestion_dagster.sources.google.service_account import load_service_account

        return cls(
            load_service_account(credentials_path),
            http.checked_base_url(sheets_url, http.SHEETS_URL, "INGESTION_GOOGLE_SHEETS_URL"),
            http.checked_base_url(drive_url, http.DRIVE_URL, "INGESTION_GOOGLE_DRIVE_URL"),
            policy or RetryPolicy(),
            acquire,
            throttled,
        )

    @contextmanager
    def reading(self, supplier: str, what: str) -> "Iterator[ReadingClient]":
        """gspread's HTTP client for one walk to Google; `what` names in messages what is read."""
        import gspread

        from ingestion_dagster.sources.google.errors import Subject
        from ingestion_dagster.sources.google.http import ReadingClient
        from ingestion_dagster.sources.google.retry import RetryBudget
        from ingestion_dagster.sources.google.wire import plain_session

        retries = RetryBudget(
            supplier, self.policy, Subject(what, self.service_account.email), self.acquire, self.throttled
        )
        http_client = partial(
            ReadingClient,
            service_account=self.service_account,
            retries=retries,
            sheets_url=self.sheets_url,
            drive_url=self.drive_url,
        )
        with plain_session(self.sheets_url) as session:
            connected = gspread.Client(None, session, http_client)  # type: ignore[arg-type]
            try:
                yield cast("ReadingClient", connected.http_client)
            finally:
                self.reads += retries.reads
                self.waited += retries.waited


def fetch_google_sheet(
    source: GoogleSource, client: GoogleClient, allowed_hosts: Collection[str] = GOOGLE_HOSTS
) -> bytes:
    """The snapshot of a sheet, to be opened by `google_snapshot.open_google_snapshot`.

    Raises SourceUnavailable (QuotaExhausted among them) where trying later can help, SourceRejected where a person
    must act: not shared, no such document or tab, host not allowed. Nothing partial is ever returned.
    """
    link = source.link(allowed_hosts)
    from ingestion_dagster.sources.google.reads import read_in_parts, read_outline, read_whole
    from ingestion_dagster.sources.google.snapshot import SnapshotWriter
    from ingestion_dagster.sources.google.tabs import wanted_tabs

    with client.reading(source.supplier or link.key, f"the Google Sheet {link.key}") as reader:
        name = source.sheet_name if link.gid is None else None
        whole = read_whole(reader, link.key, name)
        document = whole or read_outline(reader, link.key)
        with SnapshotWriter(link.key, document.get("properties", {})) as writer:
            for tab in wanted_tabs(link.key, document["sheets"], link.gid, name):
                writer.tab(tab, tab.get("data", ()) if whole else read_in_parts(reader, link.key, tab))
            return writer.finish()
