"""From a supplier to bytes, and from kept bytes to a workbook: which source and which opener is meant. Fetches itself
nothing: that is in `sources/`."""

from pathlib import PurePath
from typing import TYPE_CHECKING

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.sheets import Workbook
from ingestion_dagster.core.supplier import Supplier
from ingestion_dagster.core.walk import SheetSnapshot
from ingestion_dagster.settings import Settings
from ingestion_dagster.sources.containers import open_workbook
from ingestion_dagster.sources.inbox import read_inbox_file
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.workplace import Workplace

if TYPE_CHECKING:
    from ingestion_dagster.sources.google_sheets import GoogleClient

GOOGLE_SUFFIX = ".gsheet"
"""Of the name under which the answers of Google's API are kept."""


def limits_of(settings: Settings) -> Limits:
    """How much a sheet may cost, as the settings say."""
    return Limits(
        file_bytes=settings.max_file_bytes,
        unpacked_bytes=settings.max_unpacked_bytes,
        memory_bytes=settings.parser_memory_bytes,
        cpu_seconds=int(settings.parser_seconds),
        wall_seconds=settings.parser_seconds,
    )


def fetch_bytes(place: Workplace, supplier: Supplier) -> tuple[bytes, str]:
    """The list as it is at its source now, and a file name for it."""
    if supplier.source_type == "google_sheets":
        return _fetch_google(place, supplier)
    path = supplier.source.get("file_path")
    if not path:
        raise SourceRejected(f"supplier {supplier.key!r} has no file_path; set one with `ingestion supplier add`")
    return read_inbox_file(str(path), place.settings.inbox_path, limits_of(place.settings))


def _fetch_google(place: Workplace, supplier: Supplier) -> tuple[bytes, str]:
    """Through the service account; without one, a sheet that is shared publicly is exported instead."""
    from ingestion_dagster.sources.google_sheets import GoogleSource, fetch_google_sheet
    from ingestion_dagster.sources.public_sheets import fetch_public_sheet

    wanted = supplier.source | ({"sheet_name": supplier.settings.sheet_name} if supplier.settings.sheet_name else {})
    source = GoogleSource.model_validate(wanted | {"supplier": supplier.key})
    hosts = place.settings.allowed_hosts
    if supplier.source.get("public"):
        exported = fetch_public_sheet(source, "xlsx", hosts)
        return exported.data, f"{supplier.key}.{exported.format}"
    return fetch_google_sheet(source, google_client(place), hosts), supplier.key + GOOGLE_SUFFIX


def google_client(place: Workplace) -> "GoogleClient":
    """Access to Google as the settings describe it, under the quota that all processes share."""
    from ingestion_dagster.sources.google_http import Patience
    from ingestion_dagster.sources.google_sheets import GoogleClient

    known = place.settings
    return GoogleClient.from_settings(
        str(known.google_credentials) if known.google_credentials else None,
        known.google_sheets_url,
        known.google_drive_url,
        patience=Patience(deadline=known.google_deadline),
    )


def open_snapshot(place: Workplace, snapshot: SheetSnapshot, supplier: Supplier) -> Workbook:
    """The workbook in a kept snapshot; needs neither Google nor the inbox."""
    data = place.snapshots.get(snapshot.sha256)
    if PurePath(snapshot.filename).suffix == GOOGLE_SUFFIX:
        from ingestion_dagster.sources.google_snapshot import open_google_snapshot

        return open_google_snapshot(data)
    return open_workbook(data, snapshot.filename, supplier.hints(), limits_of(place.settings))
