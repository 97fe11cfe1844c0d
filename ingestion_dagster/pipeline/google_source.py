"""Google Sheets as a source: one list, and Drive's word on all of them. How Google is reached is `google_access.py`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ingestion_dagster.core.errors import DataIngestionError, SourceError
from ingestion_dagster.core.suppliers import built_in_sources
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.google_access import fetch_google, google_access, source_of
from ingestion_dagster.sources.source import Fetched, Looked, Order, Source, State

if TYPE_CHECKING:
    from ingestion_dagster.sources.google.drive import DriveState


def fetch_sheet(order: Order) -> Fetched:
    """The document, or its wanted tab, as it is now."""
    supplier, deployment = order.supplier, _deployment(order)
    return fetch_google(deployment, source_of(supplier), supplier.key, bool(supplier.source.get("public")))


def look(orders: Sequence[Order]) -> Looked:
    """Drive's word on each Google Sheet that the service account reads, None for what it does not know."""
    from ingestion_dagster.sources.google.drive import list_documents

    read_as_account = [order for order in orders if not order.supplier.source.get("public")]
    if not read_as_account:
        return Looked()
    deployment = _deployment(read_as_account[0])
    if deployment.settings.google_credentials is None:
        return Looked(
            trouble="no service account is configured (GOOGLE_APPLICATION_CREDENTIALS), so every list is read"
        )
    try:
        with google_access(deployment) as access:
            documents = list_documents(access.client)
    except SourceError as error:
        return Looked(trouble=f"{error} So every list is read.")
    return Looked({order.supplier.key: _state(order, documents) for order in read_as_account})


def _state(order: Order, documents: "Mapping[str, DriveState]") -> State | None:
    """Document, tab, and what Drive says of the document; None where it says nothing, or the source is unfit."""
    try:
        source = source_of(order.supplier)
        link = source.link(order.allowed.hosts)
    except DataIngestionError:
        return None
    known = documents.get(link.key)
    if known is None:
        return None
    tab = link.gid if link.gid is not None else source.sheet_name
    return {"document": link.key, "tab": tab, "modified_time": known.modified_time, "version": known.version}


def _deployment(order: Order) -> Deployment:
    deployment: Deployment = order.deployment
    return deployment


GOOGLE_SHEETS = Source(built_in_sources.GOOGLE_SHEETS, fetch_sheet, look)
