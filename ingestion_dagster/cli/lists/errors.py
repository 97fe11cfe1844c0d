"""`ingestion errors`: a supplier's last list with its mistakes, on the screen or marked in a file to send back."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion_dagster.cli.show.output import AsJson, print_json, print_table, progress, say, strong
from ingestion_dagster.core.corrections.compare import WrongRow, counted
from ingestion_dagster.core.corrections.markup import place_of
from ingestion_dagster.core.sheets import cell_address
from ingestion_dagster.core.words.correction_words import LANGUAGES
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.settings import settings

if TYPE_CHECKING:
    from ingestion_dagster.services.corrections.mistakes import Mistakes

SHOWN = 50


def show_errors(
    key: Annotated[str, typer.Argument(help="The supplier's key, as `supplier list` shows it.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the marked list here: .xlsx, or .csv for a text list; or a folder."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help=f"Of the reasons: {', '.join(LANGUAGES)}. Else the supplier's, or the sheet's.")
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Mail the marked list to the supplier's address; `supplier edit --email`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The supplier's last list with its mistakes marked: what is new, what is repeated, what was fixed."""
    if language is not None and language not in LANGUAGES:
        raise typer.BadParameter(f"{language!r} is none of {', '.join(LANGUAGES)}", param_hint="--language")
    from ingestion_dagster.services.corrections import files, mails, mistakes

    path: Path | None = None
    sent_to: str | None = None
    with open_deployment(settings()) as deployment, progress(f"reading the last list of {key} …") as status:

        def report(rows: int) -> None:
            status.update(f"{key}: {rows:,} rows …")

        found = asyncio.run(mistakes.newest_mistakes(deployment, key, language, report))
    notes = list(found.notes)
    if send and found.wrong:
        mails.receiver_of(found, settings())
    with TemporaryDirectory() as folder:
        if found.wrong and (out is not None or send):
            path = files.file_for(found, out or Path(folder))
            with progress(f"writing {path.name} …") as status:
                notes += files.write(deployment, found, path, report)
        if path is not None and send:
            with progress("sending the mail …"):
                sent_to = mails.send(found, path, settings())
    path = path if out is not None else None
    if as_json:
        print_json(_as_json(found, path, notes) | {"sent_to": sent_to})
    else:
        _tell(found, path, notes)
        if sent_to:
            say("Sent to ", strong(sent_to))


def _tell(found: "Mistakes", path: Path | None, notes: list[str]) -> None:
    batch, counts = found.batch, found.progress.counts()
    since = ""
    if found.before and any(counts.values()):
        since = (
            f" Since the list of {found.before.fetched_at:%Y-%m-%d}: {counts['new']:,} new, {counts['repeated']:,}"
            f" repeated, {counts['fixed']:,} fixed, {counts['removed']:,} no longer in the list."
        )
    if not found.wrong:
        say(f"Nothing is wrong with the last list of {found.supplier.key}.{since}")
    else:
        _tell_mistakes(found)
        say(
            f"{len(found.wrong):,} of {batch.total_rows:,} rows could not be taken"
            f" (batch {batch.id}, {batch.state}).{since}"
        )
    for note in notes:
        say("note: ", note)
    if path:
        say("Marked list: ", path)
    elif found.wrong and found.workbook is not None:
        say(
            f"`ingestion errors {found.supplier.key} --out FILE` writes the list with its mistakes marked,"
            " `--send` mails it to the supplier."
        )


def _tell_mistakes(found: "Mistakes") -> None:
    wrong = found.wrong
    print_table(
        f"{found.supplier.name}: {found.batch.filename}, tab {found.mapped.sheet}",
        ("cell", "item", "it says", "reason", ""),
        (
            (_cell(row, found), row.supplier_sku, row.problems[0].raw, _reasons(row), _status(row, found))
            for row in wrong[:SHOWN]
        ),
    )
    if len(wrong) > SHOWN:
        print_table("All of them", ("rows", "reason"), ((count, message) for _, count, message in counted(wrong)))


def _reasons(row: WrongRow) -> tuple[str, ...]:
    return tuple(problem.message for problem in row.problems)


def _cell(row: WrongRow, found: "Mistakes") -> str:
    return cell_address(row.row, place_of(row.problems[0], found.mapped))


def _status(row: WrongRow, found: "Mistakes") -> str:
    if found.before is None:
        return ""
    return "repeated" if row in found.progress.repeated else "new"


def _as_json(found: "Mistakes", path: Path | None, notes: list[str]) -> dict[str, Any]:
    batch, before = found.batch, found.before
    repeated = {row.row for row in found.progress.repeated}
    return {
        "supplier": found.supplier.key,
        "batch_id": batch.id,
        "state": batch.state,
        "snapshot_id": batch.snapshot_id,
        "sheet": found.mapped.sheet,
        "language": found.language,
        "rows": batch.total_rows,
        "rejected": len(found.wrong),
        "reasons": [
            {"code": code, "count": count, "message": message} for code, count, message in counted(found.wrong)
        ],
        "since": {"batch_id": before.id, "received": before.fetched_at, **found.progress.counts()} if before else None,
        "mistakes": [
            {
                "row": row.row + 1,
                "cell": cell_address(row.row, place_of(problem, found.mapped)),
                "field": problem.field,
                "code": problem.code,
                "message": problem.message,
                "raw": problem.raw,
                "supplier_sku": row.supplier_sku,
                "status": ("repeated" if row.row in repeated else "new") if before else None,
            }
            for row in found.wrong
            for problem in row.problems
        ],
        "fixed": [_gone(row) for row in found.progress.fixed],
        "removed": [_gone(row) for row in found.progress.removed],
        "file": str(path) if path else None,
        "notes": notes,
    }


def _gone(row: WrongRow) -> dict[str, Any]:
    first = row.problems[0]
    return {"row": row.row + 1, "supplier_sku": row.supplier_sku, "code": first.code, "message": first.message}
