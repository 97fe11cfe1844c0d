"""`ingestion inspect`: reads files as a load would and shows what it understood. Touches no database."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ingestion_dagster.cli.show.output import WIDE, AsJson, complain, draw, print_json, progress, terminal_width
from ingestion_dagster.core.errors import DataIngestionError, SourceRejected

if TYPE_CHECKING:
    from ingestion_dagster.core.mapped_sheet import ReadingHints
    from ingestion_dagster.core.reports.inspection import Inspection

_SHOWN_IN_FULL = 3
"""From this many sheets on, each is one line of a table unless asked otherwise."""

Sources = Annotated[list[str], typer.Argument(help="Files, or folders with files: CSV, XLSX, XLS, ODS, HTML.")]


class Looked(NamedTuple):
    """One file: what was understood, or the sentence that says why not."""

    source: str
    inspection: "Inspection | None"
    error: str | None


def inspect(
    sources: Sources,
    sheet: Annotated[str | None, typer.Option(help="The tab to read; without it the best one is found.")] = None,
    as_json_lines: AsJson = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="A supplier setting: decimal=, column_mapping.price=C …"),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Show each of many sheets in full.")] = False,
) -> None:
    """Read price lists and say what was understood: header, columns, prices, open questions, rejected rows."""
    hints = _hints(settings or [], sheet)
    paths = list(_files(sources))
    looked = []
    for one in _look_at_all(paths, hints, quiet=as_json_lines):
        looked.append(one)
        if as_json_lines:
            print_json(_json_of(one, sheet))
        if one.error:
            complain(f"{one.source}: {one.error}")
    if not as_json_lines:
        _show(looked, full)
    if any(one.error for one in looked):
        sys.exit(1)


def _hints(settings: list[str], sheet: str | None) -> "ReadingHints":
    from ingestion_dagster.cli.suppliers.given import assignments
    from ingestion_dagster.core.mapped_sheet import ReadingHints
    from ingestion_dagster.core.suppliers.given_settings import given_settings

    known = given_settings(assignments(settings))
    if sheet is not None:
        known["sheet_name"] = sheet
    return ReadingHints.model_validate(known)


def _files(sources: list[str]) -> Iterator[Path]:
    """Files in the order given; a folder gives its files by name, hidden ones left out."""
    for source in sources:
        path = Path(source)
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (Path(folder) / name for name in sorted(names) if not name.startswith((".", "~$")))


def _look_at_all(paths: list[Path], hints: "ReadingHints", quiet: bool) -> Iterator[Looked]:
    if quiet or len(paths) < _SHOWN_IN_FULL:
        yield from (_look_at(path, hints) for path in paths)
        return
    with progress("reading …") as status:
        for number, path in enumerate(paths, 1):
            status.update(f"reading {number:,} of {len(paths):,}: {path.name} …")
            yield _look_at(path, hints)


def _look_at(path: Path, hints: "ReadingHints") -> Looked:
    """Whatever the bytes are, the answer is a result or a sentence."""
    from ingestion_dagster.core.reports.inspection import inspect_workbook
    from ingestion_dagster.sources.open_file import open_workbook

    try:
        workbook = open_workbook(_read_bounded(path), path.name, hints)
        return Looked(str(path), inspect_workbook(workbook, hints), None)
    except DataIngestionError as error:
        return Looked(str(path), None, " ".join(str(error).split()))
    except OSError as error:
        return Looked(str(path), None, error.strerror or str(error))
    except Exception as error:
        return Looked(str(path), None, f"could not be understood ({type(error).__name__}: {error})"[:300])


def _read_bounded(path: Path) -> bytes:
    """The file's bytes, no more of them than any kind of list may have."""
    from ingestion_dagster.sources.limits import Limits

    most = max(Limits().file_bytes, Limits().text_bytes)
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise SourceRejected(f"the file has more than the {most // 1_000_000} MB allowed; split it")
    return data


def _json_of(one: Looked, sheet: str | None) -> dict[str, Any]:
    from ingestion_dagster.core.reports.inspection import as_json, failure_json

    if one.inspection is None:
        return failure_json(one.source, sheet, one.error or "")
    return as_json(one.inspection, one.source)


def _show(looked: list[Looked], full: bool) -> None:
    from ingestion_dagster.cli.show import inspect_view

    good = [(one.source, one.inspection) for one in looked if one.inspection is not None]
    if len(good) >= _SHOWN_IN_FULL and not full:
        draw(inspect_view.overview(good, terminal_width()))
        return
    for source, inspection in good:
        draw(inspect_view.details(source, inspection, terminal_width() or WIDE))
