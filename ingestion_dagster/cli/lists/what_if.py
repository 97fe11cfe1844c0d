"""`ingestion what-if`: what today's code and settings would make of the lists that were applied."""

import asyncio
import sys
from typing import Annotated

import typer

from ingestion_dagster.cli.show.output import AsJson, print_json, print_table, progress, say
from ingestion_dagster.core.reports.what_if import ListResult
from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.settings import settings

SHOWN = 10


def compare_with_applied(
    keys: Annotated[list[str] | None, typer.Argument(help="Supplier keys; all suppliers where none is given.")] = None,
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many applied lists of each supplier.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Read stored lists again with today's code and settings; exit 1 where anything differs from what was applied."""
    with open_deployment(settings()) as deployment:
        results = asyncio.run(_results(deployment, keys or [], last))
    different = [result for result in results if result.outcome == "different"]
    if as_json:
        skipped = sum(result.outcome == "skipped" for result in results)
        print_json(
            {
                "lists": len(results),
                "same": len(results) - len(different) - skipped,
                "different": len(different),
                "skipped": skipped,
                "results": [result.model_dump(mode="json") for result in results],
            }
        )
    else:
        _tell(results, different)
    if different:
        sys.exit(1)


async def _results(deployment: Deployment, keys: list[str], last: int) -> list[ListResult]:
    from ingestion_dagster.services.what_if import chosen, what_if

    found: list[ListResult] = []
    suppliers = await chosen(deployment, keys)
    with progress("reading stored lists again …") as status:
        for number, supplier in enumerate(suppliers, 1):
            status.update(f"{number:,} of {len(suppliers):,}: {supplier.key} …")
            found += [result async for result in what_if(deployment, supplier, last)]
    return found


def _tell(results: list[ListResult], different: list[ListResult]) -> None:
    for result in different:
        _tell_one(result)
    print_table(
        "Stored lists, read again",
        ("supplier", "list of", "snapshot", "batch", "result", "mapping", "prices", "rejects", "note"),
        (
            (
                result.supplier,
                result.received_at,
                str(result.snapshot_id),
                str(result.batch_id),
                result.outcome,
                len(result.mapping),
                result.price_count,
                result.reject_count,
                result.note,
            )
            for result in results
        ),
        empty="no list was applied yet",
    )
    if results:
        say(
            f"{len(different):,} of {len(results):,} lists would be read differently."
            if different
            else "Everything would be read as it was applied."
        )


def _tell_one(result: ListResult) -> None:
    name = f"{result.supplier}, snapshot {result.snapshot_id}"
    if result.mapping:
        print_table(
            f"{name}: mapping",
            ("", "as applied", "today"),
            ((change.what, change.then, change.today) for change in result.mapping),
        )
    if result.prices:
        print_table(
            f"{name}: {result.price_count:,} prices",
            ("sku", "as applied", "today", "row"),
            (
                (change.supplier_sku, change.then or "not taken", change.today or "not taken", change.row)
                for change in result.prices[:SHOWN]
            ),
        )
    if result.rejects:
        print_table(
            f"{name}: {result.reject_count:,} rejects",
            ("row", "as applied", "today", "reason"),
            (
                (change.row, change.then or "taken", change.today or "taken", change.message)
                for change in result.rejects[:SHOWN]
            ),
        )
