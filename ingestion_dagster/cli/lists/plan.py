"""`ingestion plan`: what a load would change, before it does."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ingestion_dagster.cli.show.output import AsJson, print_json, print_table, progress, say, strong
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.settings import settings

if TYPE_CHECKING:
    from decimal import Decimal

    from ingestion_dagster.services.plan import Plan
    from ingestion_dagster.store.batches.facts import ItemChange
    from ingestion_dagster.store.catalogue.price_steps import StepChange

TITLES = {
    "price": "Prices that would change",
    "other": "Other changes",
    "insert": "New items",
    "vanished": "Items that are no longer in the list",
}


def plan(
    key: Annotated[str, typer.Argument(help="The supplier's key, as `supplier list` shows it.")],
    limit: Annotated[int, typer.Option(min=0, max=100_000, help="Rows to show of each kind of change.")] = 20,
    as_json: AsJson = False,
) -> None:
    """What a load would change: nothing is written to the catalogue. The same batch can then be approved by its id."""
    from ingestion_dagster.services.plan import plan as make_plan

    with open_deployment(settings()) as deployment:
        if as_json:
            print_json(asyncio.run(make_plan(deployment, key, limit)).as_json())
            return
        with progress(f"reading {key} …"):
            made = asyncio.run(make_plan(deployment, key, limit))
    _tell(made)


def _tell(made: "Plan") -> None:
    if made.status == "unchanged":
        say(strong(made.supplier), ": the list is the one in force; nothing would change")
        return
    if made.status == "rejected":
        say(strong(made.supplier), ": this very list was rejected before; the supplier has to send another")
        return
    counts = made.counts
    assert counts is not None  # of a list that was compared
    say(
        strong(made.supplier),
        f": {made.total_rows:,} rows: {counts.inserted:,} new, {counts.prices:,} prices"
        f" and {counts.other:,} other items would change, {counts.returned:,} return,"
        f" {counts.unchanged:,} stay,"
        f" {counts.vanished:,} vanish, {made.rejected_rows:,} rows rejected",
    )
    for kind, title in TITLES.items():
        rows = [change for change in made.changes if change.kind == kind]
        if rows:
            print_table(title, ("row", "sku", "name", "before", "now", "change"), [_row(change) for change in rows])
    if made.steps:
        columns = ("row", "sku", "name", "from", "before", "now", "change")
        print_table("Prices by quantity that would change", columns, [_step(change) for change in made.steps])
    if made.rejects:
        print_table("Rejects", ("rows", "reason"), [(r.count, r.sample_message) for r in made.rejects])
    for guard in made.guards:
        say("  would be held: ", guard["message"])
    say("nothing was changed; to apply exactly this: ", strong(f"ingestion batch approve {made.batch_id}"))


def _row(change: "ItemChange") -> tuple[object, ...]:
    before = _money(change.old_price, change.old_currency)
    now = _money(change.price, change.currency) + _printed(change)
    told = [f"{change.percent:+.2f} %"] if change.percent else []
    told += [*change.differing, *(["returns"] if change.returns else [])]
    return (change.row_number, change.supplier_sku, change.name, before, now, ", ".join(told))


def _step(change: "StepChange") -> tuple[object, ...]:
    before, now = _money(change.old_price, change.old_currency), _money(change.price, change.currency)
    told = f"{change.percent:+.2f} %" if change.percent else ""
    item = (change.row_number, change.supplier_sku, change.name)
    return (*item, change.from_quantity, before, now, told)


def _printed(change: "ItemChange") -> str:
    """` (12.4 for 100)` where the price is not the printed one."""
    return "" if change.printed_price is None else f" ({change.printed_price} for {change.price_basis})"


def _money(price: "Decimal | None", currency: str | None) -> str:
    return "" if price is None else f"{price} {currency or ''}".strip()
