"""Kept lists opened again from the snapshot store: by snapshot, or as a batch read them. Fetches nothing."""

from dataclasses import replace
from pathlib import PurePath

from ingestion_dagster.core.errors import SheetError, SnapshotDamaged, SourceError, SourceRejected
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.sheets import Sheet, Workbook
from ingestion_dagster.core.steps import SheetSnapshot
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.google_access import GOOGLE_SUFFIX
from ingestion_dagster.settings import Settings
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster.sources.reading_budget import within_budget
from ingestion_dagster.store.batches import snapshots
from ingestion_dagster.store.batches.types import ReadList
from ingestion_dagster.store.database import connected


def limits_of(settings: Settings) -> Limits:
    """How much a sheet may cost, as the settings say."""
    return Limits(
        file_bytes=settings.max_file_bytes,
        unpacked_bytes=settings.max_unpacked_bytes,
        memory_bytes=settings.parser_memory_bytes,
        cpu_seconds=int(settings.parser_seconds),
        wall_seconds=settings.parser_seconds,
    )


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
    if supplier.picks_tab() and workbook.format != "csv":
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


def snapshot_of(batch: ReadList, supplier: Supplier) -> SheetSnapshot:
    """The snapshot of a batch. Raises SourceRejected where its bytes are gone."""
    if batch.deleted_at is not None:
        raise SourceRejected(f"its bytes were removed on {batch.deleted_at:%Y-%m-%d} (retention)")
    return SheetSnapshot(
        id=batch.snapshot_id,
        supplier_key=supplier.key,
        sha256=batch.sha256,
        size_bytes=batch.size_bytes,
        filename=batch.filename,
    )


async def damage_of(deployment: Deployment, supplier_key: str, snapshot_id: int) -> str | None:
    """What is the matter with the kept bytes of a list, and what to do; None where they are what was received or were
    removed on purpose. A batch is decided without them, but why its prices are what they are is then not known."""
    try:
        async with (
            connected(deployment.database_url, deployment.limits) as database,
            database.transaction() as connection,
        ):
            snapshot = await snapshots.get(connection, snapshot_id, supplier_key)
    except SourceRejected:
        return None
    try:
        stored_bytes(deployment, snapshot)
    except SourceError as error:
        return str(error)
    return None


def open_list(deployment: Deployment, supplier: Supplier, batch: ReadList) -> Workbook:
    """The workbook that the batch read. Raises SourceRejected where its bytes are gone."""
    return open_snapshot(deployment, snapshot_of(batch, supplier), supplier)


def tab_of(workbook: Workbook, mapped: MappedSheet) -> Sheet:
    """The tab that was read. Raises SheetError where the workbook does not have it."""
    try:
        return workbook.sheet(mapped.sheet)
    except KeyError as error:
        raise SheetError(str(error.args[0])) from None
