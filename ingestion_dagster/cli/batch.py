"""`ingestion batch`: what was loaded, what was held and why."""

from typing import Annotated, Any

import typer

from ingestion_dagster.cli.output import AsJson, console, print_json, print_table
from ingestion_dagster.settings import settings
from ingestion_dagster.store import batches
from ingestion_dagster.store.database import Database
from ingestion_dagster.workplace import workplace

app = typer.Typer(help="Batches: every load, held ones above all.", no_args_is_help=True)

BatchId = Annotated[int, typer.Argument(metavar="ID", help="As `batch list` shows it.")]


@app.command("list")
def list_batches(
    state: Annotated[str | None, typer.Option(help="Only batches in this state, such as held.")] = None,
    supplier: Annotated[str | None, typer.Option(help="Only this supplier's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 30,
    as_json: AsJson = False,
) -> None:
    """Batches, newest first."""

    async def _list(database: Database) -> list[dict[str, Any]]:
        async with database.transaction() as connection:
            return await batches.listed(connection, state, supplier, limit)

    with workplace(settings()) as place:
        found = place.run(_list)
    if as_json:
        print_json(found)
        return
    columns = (
        "id",
        "supplier",
        "state",
        "created_at",
        "total_rows",
        "rejected_rows",
        "inserted",
        "updated",
        "missing",
        "reason",
    )
    print_table("Batches", columns, ([row[c] for c in columns] for row in found), empty="no batch")


@app.command()
def show(batch_id: BatchId, as_json: AsJson = False) -> None:
    """One batch: counts, what the guards said, its history."""

    async def _show(database: Database) -> dict[str, Any]:
        async with database.transaction() as connection:
            batch = await batches.get(connection, batch_id)
            batch["transitions"] = await batches.transitions(connection, batch_id)
            batch["errors"] = await batches.errors_by_code(connection, batch_id)
            return batch

    with workplace(settings()) as place:
        batch = place.run(_show)
    if as_json:
        print_json(batch)
        return
    names = (
        "supplier_key",
        "state",
        "reason",
        "snapshot_id",
        "total_rows",
        "accepted_rows",
        "rejected_rows",
        "inserted",
        "updated",
        "unchanged",
        "missing",
        "task_id",
        "run_id",
    )
    print_table(f"Batch {batch_id}", ("", "value"), [(name, batch[name]) for name in names])
    print_table(
        "Guards",
        ("guard", "holds", "what it saw"),
        ((g["name"], "yes" if g["tripped"] else "", g["message"]) for g in batch["guards"]),
        empty="not judged",
    )
    for guard in batch["guards"]:
        if guard["tripped"] and guard["worst"]:
            print_table(
                guard["message"],
                ("row", "sku", "name", "before", "now"),
                ((w["row_number"], w["supplier_sku"], w["name"], w["old"], w["new"]) for w in guard["worst"]),
            )
    print_table(
        "Rejects", ("rows", "reason"), ((e["count"], e["sample_message"]) for e in batch["errors"]), empty="no rejects"
    )
    print_table(
        "History",
        ("when", "from", "to", "who", "why"),
        ((t["at"], t["from_state"], t["to_state"], t["actor"], t["reason"]) for t in batch["transitions"]),
    )
    console.print("")
