"""From a supplier to bytes, and from kept bytes to a workbook: which source and which opener is meant. Fetches itself
nothing: that is in `sources/`."""

from dataclasses import replace
from pathlib import PurePath

from ingestion_dagster.core.errors import SnapshotDamaged, SourceRejected
from ingestion_dagster.core.sheets import Workbook
from ingestion_dagster.core.steps import SheetSnapshot
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.google_access import GOOGLE_SUFFIX, Fetched, fetch_google, source_of
from ingestion_dagster.settings import Settings
from ingestion_dagster.sources.inbox import read_inbox_file
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster.sources.reading_budget import within_budget


def limits_of(settings: Settings) -> Limits:
    """How much a sheet may cost, as the settings say."""
    return Limits(
        file_bytes=settings.max_file_bytes,
        unpacked_bytes=settings.max_unpacked_bytes,
        memory_bytes=settings.parser_memory_bytes,
        cpu_seconds=int(settings.parser_seconds),
        wall_seconds=settings.parser_seconds,
    )


def fetch_list(deployment: Deployment, supplier: Supplier) -> Fetched:
    """The list as it is at its source now. Raises SourceUnavailable or SourceRejected."""
    if supplier.source_type == "google_sheets":
        return fetch_google(deployment, source_of(supplier), supplier.key, bool(supplier.source.get("public")))
    path = supplier.source.get("file_path")
    if not path:
        raise SourceRejected(f"supplier {supplier.key!r} has no file_path; set one with `ingestion supplier add`")
    return Fetched(*read_inbox_file(str(path), deployment.settings.inbox_path, limits_of(deployment.settings)))


def stored_bytes(deployment: Deployment, snapshot: SheetSnapshot) -> bytes:
    """The bytes of a kept snapshot. Raises SnapshotDamaged, with what to do, where they are not what was received."""
    try:
        return deployment.snapshots.get(snapshot.sha256)
    except SnapshotDamaged as error:
        raise SnapshotDamaged(
            f"snapshot {snapshot.id} of supplier {snapshot.supplier_key!r} is damaged: {error}."
            f" `ingestion load {snapshot.supplier_key}` fetches the list again and mends it, as long as the supplier"
            " has not changed the list; after that only a backup of the store has these bytes"
        ) from error


def open_snapshot(deployment: Deployment, snapshot: SheetSnapshot, supplier: Supplier) -> Workbook:
    """The workbook in a kept snapshot; needs neither Google nor the inbox."""
    data = stored_bytes(deployment, snapshot)
    if PurePath(snapshot.filename).suffix == GOOGLE_SUFFIX:
        from ingestion_dagster.sources.google.snapshot import open_google_snapshot

        return within_budget(open_google_snapshot(data), limits_of(deployment.settings))
    workbook = open_workbook(data, snapshot.filename, supplier.hints(), limits_of(deployment.settings))
    if supplier.source_type == "google_sheets" and workbook.format != "csv":
        return _only_wanted_tab(workbook, supplier.wanted_tab())
    return workbook


def _only_wanted_tab(workbook: Workbook, title: str | None) -> Workbook:
    """An exported document holds all tabs; by title or pattern one of them is meant."""
    if title is None:
        return workbook
    from ingestion_dagster.sources.google.tabs import wanted_tabs

    tabs = [{"properties": {"title": sheet.name, "hidden": sheet.hidden}, "sheet": sheet} for sheet in workbook.sheets]
    try:
        return replace(workbook, sheets=(wanted_tabs("", tabs, None, title)[0]["sheet"],))
    except SourceRejected:
        there = ", ".join(repr(sheet.name) for sheet in workbook.sheets)
        raise SourceRejected(f"the public Google Sheet has not exactly one tab {title!r}; there are: {there}") from None
