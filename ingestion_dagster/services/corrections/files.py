"""The marked list as a file: the supplier's own workbook or text file where that can be kept, else a new workbook.

What is wrong with the list comes from `mistakes.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ingestion_dagster.core.corrections.markup import Facts, Markup, markup_of
from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import Sheet, Workbook
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.stored_lists import limits_of, snapshot_of, stored_bytes, tab_of
from ingestion_dagster.services.corrections.mistakes import Mistakes, Report
from ingestion_dagster.sources.file_kind import file_kind
from ingestion_dagster.sources.sandbox.process import run_limited

KEPT_CELLS = 1_000_000
"""Workbooks with more cells are written anew: keeping this many takes openpyxl half a minute and 600 MB."""
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
_PATIENCE = 180
"""Seconds for marking a workbook, which is slower than reading one."""


def file_for(found: Mistakes, out: Path) -> Path:
    """Where to write: `out`, or a name of its own in the folder `out`. Raises SourceRejected where that cannot be."""
    is_text = found.workbook is not None and found.workbook.format == "csv"
    path = out / f"{found.supplier.key}-corrections{'.csv' if is_text else '.xlsx'}" if out.is_dir() else out
    if not path.parent.is_dir():
        raise SourceRejected(f"there is no folder {path.parent}")
    allowed = (".xlsx", *TEXT_SUFFIXES) if is_text else (".xlsx",)
    if path.suffix.lower() not in allowed:
        raise SourceRejected(f"{path.name} must end in {' or '.join(allowed[:2])}: that is what can be written")
    return path


def write(deployment: Deployment, found: Mistakes, path: Path, report: Report) -> list[str]:
    """Write the marked list to `path`; what a person should know about the file. Raises SourceRejected."""
    if found.workbook is None:
        raise SourceRejected(f"no marked file can be written: {' '.join(found.notes)}")
    data = stored_bytes(deployment, snapshot_of(found.batch, found.supplier))
    sheet = tab_of(found.workbook, found.mapped)
    markup = markup_of(sheet.rows(), found.mapped, sheet.merges, found.progress, _facts(found), found.language)
    try:
        with _in_place(path) as waiting:
            if path.suffix.lower() in TEXT_SUFFIXES:
                return _write_text(data, found.workbook, markup, waiting, report)
            return _write_workbook(deployment, data, sheet, markup, waiting, report)
    except OSError as error:
        raise SourceRejected(f"{path} cannot be written: {error.strerror or error}") from error


def _facts(found: Mistakes) -> Facts:
    return Facts(
        supplier=found.supplier.name,
        file=found.batch.filename,
        received=found.batch.fetched_at,
        rows=found.batch.total_rows,
        before=found.before.fetched_at if found.before else None,
    )


@contextmanager
def _in_place(path: Path) -> Iterator[Path]:
    """A file that appears under its name only when it is whole."""
    waiting = path.with_name(f".{path.name}.writing")
    try:
        yield waiting
        waiting.replace(path)
    finally:
        waiting.unlink(missing_ok=True)


def _write_text(data: bytes, workbook: Workbook, markup: Markup, path: Path, report: Report) -> list[str]:
    from ingestion_dagster.sources.corrected.text import own_encoding, write_text

    own, used = own_encoding(data, workbook), write_text(data, workbook, markup, path, report)
    return [] if own == used else [f"written as UTF-8: the list's own encoding ({own}) lacks letters of the reasons"]


def _write_workbook(
    deployment: Deployment, data: bytes, sheet: Sheet, markup: Markup, path: Path, report: Report
) -> list[str]:
    """The supplier's own workbook where it can be kept; else a new one with the values of the tab."""
    from ingestion_dagster.sources.corrected.new_workbook import write_workbook

    if file_kind(data) != "xlsx":
        write_workbook(sheet, markup, path, report)
        return []
    cells = sum(len(row) for row in sheet.rows())
    try:
        if cells > KEPT_CELLS:
            raise SourceRejected(f"it has {cells:,} cells, and {KEPT_CELLS:,} can be kept")
        path.write_bytes(_marked_original(deployment, data, markup))
    except (SourceRejected, SheetError) as error:
        write_workbook(sheet, markup, path, report)
        return [f"the workbook itself could not be kept, the tab was written anew: {error}"]
    lost = [what for part, what in ((b"vbaProject", "macros"), (b"xl/media/", "pictures")) if part in data]
    return [f"{' and '.join(lost)} of the workbook were not carried over"] if lost else []


def _marked_original(deployment: Deployment, data: bytes, markup: Markup) -> bytes:
    """Marked in the limited process: the workbook is a stranger's."""
    limits = replace(limits_of(deployment.settings), cpu_seconds=_PATIENCE, wall_seconds=float(_PATIENCE))
    request = {"task": "mark", "markup": markup.model_dump(mode="json")}
    ((_, body),) = run_limited(request, data, limits)
    return body
