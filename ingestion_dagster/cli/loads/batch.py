"""`ingestion batch`: what was loaded, what was held and why, and the decision about it."""

import asyncio
import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ingestion_dagster.cli.show.batch_view import show_batch
from ingestion_dagster.cli.show.output import AsJson, fields, print_json, print_table, remark, say, strong
from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.instance.home import instance
from ingestion_dagster.services.records import batches
from ingestion_dagster.settings import settings
from ingestion_dagster.store.batches.types import BatchLine
from ingestion_dagster.store.states import BatchState

if TYPE_CHECKING:
    from ingestion_dagster.defs.check_events import Event

app = typer.Typer(help="Batches: every load, held ones above all.", no_args_is_help=True)


BatchId = Annotated[int, typer.Argument(metavar="ID", help="As `batch list` shows it.")]
Note = Annotated[str | None, typer.Option(help="Why, for those who ask later.")]
Force = Annotated[
    int | None,
    typer.Option(min=0, metavar="ITEMS", help="How many known items get no price, where those are more than half."),
]
By = Annotated[str | None, typer.Option(help="Who decides, if not the user who is logged in.")]


@app.command("list")
def list_batches(
    state: Annotated[BatchState | None, typer.Option(help="Only batches in this state, such as held.")] = None,
    supplier: Annotated[str | None, typer.Option(help="Only this supplier's, by its key.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 30,
    as_json: AsJson = False,
) -> None:
    """Batches, newest first."""
    with open_deployment(settings()) as deployment:
        found = batches.listed(deployment, state, supplier, limit)
    if as_json:
        print_json(found)
        return
    columns = ("id", "supplier", "state", "when", "rows", "rejected", "new", "changed", "missing", "reason")
    print_table("Batches", columns, (_line(row) for row in found), empty="no batch")


def _line(row: BatchLine) -> tuple[object, ...]:
    names = ("total_rows", "rejected_rows", "inserted", "updated", "missing", "reason")
    return (row.id, row.supplier, row.state, f"{row.created_at:%Y-%m-%d %H:%M}", *(getattr(row, n) for n in names))


@app.command()
def show(batch_id: BatchId, as_json: AsJson = False) -> None:
    """One batch: counts, what the guards said, its history."""
    with open_deployment(settings()) as deployment:
        batch, moves, errors = batches.with_history(deployment, batch_id)
    if as_json:
        print_json({**fields(batch), "transitions": moves, "errors": errors})
        return
    show_batch(batch, moves, errors)


@app.command()
def approve(batch_id: BatchId, note: Note = None, by: By = None, force: Force = None, as_json: AsJson = False) -> None:
    """Take a held (or planned) batch into the catalogue, exactly as it was judged."""
    _decide("approve", batch_id, note, by, as_json, force)


@app.command()
def reject(batch_id: BatchId, note: Note = None, by: By = None, as_json: AsJson = False) -> None:
    """Refuse a held batch; the catalogue stays as it is."""
    _decide("reject", batch_id, note, by, as_json)


def _decide(
    decision: str, batch_id: int, note: str | None, by: str | None, as_json: bool, force: int | None = None
) -> None:
    from ingestion_dagster.defs.review_ops import Decision, decide

    with open_deployment(settings()) as deployment:
        key, events = asyncio.run(decide(deployment, batch_id, Decision(decision), by or person(), note, force))
        _tell_dagster(deployment, key, batch_id, events)
        batch = batches.get(deployment, batch_id)
        damage = batches.damage(deployment, key, batch)
    if damage:
        remark(f"warning: {damage}")
    if as_json:
        names = ("id", "supplier_key", "state", "inserted", "updated", "unchanged", "missing")
        print_json({name: getattr(batch, name) for name in names})
        return
    outcome = (
        f"{batch.inserted:,} inserted, {batch.updated:,} updated, {batch.unchanged:,} unchanged,"
        f" {batch.missing:,} missing"
        if batch.state == "applied"
        else "the catalogue stays as it is"
    )
    say(f"batch {batch_id} of ", strong(key), f" is {batch.state}: {outcome}")


def person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user need not have a name
        return "command line"


def _tell_dagster(deployment: Deployment, key: str, batch_id: int, events: "Sequence[Event]") -> None:
    """The decision is made and stored already; an instance that cannot be reached does not undo it."""
    from ingestion_dagster.defs.review_ops import show_decision

    try:
        with instance(deployment) as dagster_instance:
            show_decision(dagster_instance, key, batch_id, events)
    except Exception as error:
        remark(
            f"batch {batch_id} is decided and stored, but Dagster could not be told ({type(error).__name__}); its"
            f" checks show it after the supplier's next load: ingestion load {key}"
        )
