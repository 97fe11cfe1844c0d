"""Mistakes of a supplier's newest list: the list read again from its snapshot, beside the record of its load.

Writes nothing. Which rows are wrong is what the record says; the sheet is read again for everything else that is wrong
in them, in the supplier's language. The marked file is written by `files.py`.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from ingestion_dagster.core.corrections.compare import (
    Progress,
    RejectRecord,
    WrongRow,
    compare,
    from_record,
    from_reject,
)
from ingestion_dagster.core.errors import DataIngestionError, SourceRejected
from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow, RowReject
from ingestion_dagster.core.sheets import Sheet, Workbook
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.core.words.correction_words import language_for
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.stored_lists import open_list, tab_of
from ingestion_dagster.store.batches import rejects
from ingestion_dagster.store.batches.types import ReadList
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.database import connected

Report = Callable[[int], None]
"""Told, now and then, how many rows are done."""

_REPORT_EVERY = 5_000


@dataclass(frozen=True, slots=True)
class Mistakes:
    """A supplier's newest list beside the one before."""

    supplier: Supplier
    batch: ReadList
    before: ReadList | None
    mapped: MappedSheet
    language: str
    progress: Progress
    workbook: Workbook | None
    """None where the list cannot be read again; `notes` say why."""
    notes: tuple[str, ...]

    @property
    def wrong(self) -> list[WrongRow]:
        """Every row that was not taken, in the order of the sheet."""
        return sorted((*self.progress.new, *self.progress.repeated), key=lambda row: row.row)


@dataclass(frozen=True, slots=True)
class _Reread:
    """What today's reading of the list says."""

    rejects: dict[int, RowReject]
    listed: frozenset[str]
    rows_of: dict[str, list[int]]
    """Rows (1-based) of keys that stand in several rows."""


async def newest_mistakes(deployment: Deployment, key: str, language: str | None, report: Report) -> Mistakes:
    """What is wrong with the newest list of supplier `key`, and what became of the mistakes of the one before.

    Raises SourceRejected where no list of the supplier was judged yet.
    """
    async with connected(deployment.database_url, deployment.limits) as database, database.transaction() as connection:
        supplier = await suppliers.by_key(connection, key)
        batch = await rejects.newest_judged(connection, supplier.id)
        if batch is None:
            raise SourceRejected(f"no list of {key!r} was read yet; load one with `ingestion load {key}`")
        before = await rejects.judged_before(connection, supplier.id, batch.id)
        logged = await rejects.rejects_of(connection, batch.id)
        logged_before = await rejects.rejects_of(connection, before.id) if before else []
        newer = await rejects.newer_snapshot(connection, supplier.id, batch.snapshot_id)
    mapped = MappedSheet.model_validate(batch.mapping)
    spoken = language or language_for(supplier.settings.language, mapped.language)
    notes = _notes(batch, newer)
    conflicts = {row.supplier_sku for row in logged if row.code == "duplicate_key" and row.supplier_sku}
    workbook, reread = None, None
    try:
        workbook = open_list(deployment, supplier, batch)
        hints = supplier.hints().model_copy(update={"message_language": spoken})
        reread = _read_again(tab_of(workbook, mapped), mapped, hints, conflicts, report)
    except DataIngestionError as error:
        if error.retryable:
            raise
        workbook = None
        notes.append(f"the list cannot be read again ({error}); this is what is on record")
    scale = supplier.settings.price_scale
    now = [_wrong_row(row, reread, mapped, spoken, scale) for row in logged]
    earlier_headers = MappedSheet.model_validate(before.mapping).headers if before else ()
    earlier = [from_record(row, earlier_headers, spoken, scale, _other_row(row, None)) for row in logged_before]
    listed = reread.listed if reread else {row.supplier_sku for row in earlier if row.supplier_sku}
    return Mistakes(supplier, batch, before, mapped, spoken, compare(now, earlier, listed), workbook, tuple(notes))


def _notes(batch: ReadList, newer: rejects.NewerList | None) -> list[str]:
    notes = []
    if newer:
        notes.append(
            f"a newer list (snapshot {newer.id}, received {newer.fetched_at:%Y-%m-%d %H:%M} UTC) was not judged;"
            " its own mistakes are not here"
        )
    if batch.questions:
        notes.append("how this list is to be read is not settled; answer its questions before you send mistakes back")
    return notes


def _read_again(sheet: Sheet, mapped: MappedSheet, hints: ReadingHints, conflicts: set[str], report: Report) -> _Reread:
    found: dict[int, RowReject] = {}
    listed: set[str] = set()
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for number, outcome in enumerate(read_rows(sheet, mapped, hints)):
        if isinstance(outcome, ItemRow):
            listed.add(outcome.supplier_sku)
            if outcome.supplier_sku in conflicts:
                rows_of[outcome.supplier_sku].append(outcome.row_number + 1)
        elif isinstance(outcome, RowReject):
            found[outcome.row] = outcome
        if number % _REPORT_EVERY == 0:
            report(number)
    return _Reread(found, frozenset(listed), dict(rows_of))


def _wrong_row(
    logged: RejectRecord, reread: _Reread | None, mapped: MappedSheet, language: str, scale: int
) -> WrongRow:
    """As read again, where that still finds what is on record; else from the record alone."""
    found = reread.rejects.get(logged.row_number - 1) if reread else None
    if found is not None and found.code == logged.code:
        return from_reject(found)
    return from_record(logged, mapped.headers, language, scale, _other_row(logged, reread))


def _other_row(logged: RejectRecord, reread: _Reread | None) -> int | str:
    """The row that claims the same key (1-based): the last one for the first, the first one for all others."""
    rows = reread.rows_of.get(logged.supplier_sku or "", []) if reread else []
    if not rows:
        return "…"
    return rows[-1] if logged.row_number == rows[0] else rows[0]
