"""`ingestion product`: the products behind the items, and their way from draft to active to archived."""

from operator import attrgetter
from typing import Annotated

import typer

from ingestion_dagster.cli.loads.batch import By, Note, person
from ingestion_dagster.cli.show.output import AsJson, print_json, print_table, say, strong
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.services.records import products
from ingestion_dagster.settings import settings
from ingestion_dagster.store.states import ProductStatus

app = typer.Typer(help="Products and their status.", no_args_is_help=True)


Sku = Annotated[str, typer.Argument(metavar="SKU", help="The product's own number, as `product list` shows it.")]


@app.command("list")
def list_products(
    status: Annotated[ProductStatus | None, typer.Option(help="Only draft, active or archived ones.")] = None,
    supplier: Annotated[str | None, typer.Option(help="Only those with an item of this supplier.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Products by number."""
    with open_deployment(settings()) as deployment:
        found = products.listed(deployment, status, supplier, limit)
    if as_json:
        print_json(found)
        return
    columns = ("internal_sku", "name", "status", "items", "updated_at")
    print_table("Products", columns, map(attrgetter(*columns), found), empty="no product")


@app.command()
def show(sku: Sku, as_json: AsJson = False) -> None:
    """One product: its items with prices, and its history."""
    with open_deployment(settings()) as deployment:
        found = products.get(deployment, sku)
    if as_json:
        print_json(found)
        return
    say(strong(found.internal_sku), f": {found.name}, {found.status}")
    columns = ("supplier", "supplier_sku", "name", "price", "currency", "missing_since")
    print_table("Items", columns, map(attrgetter(*columns), found.items), empty="no item is linked")
    moves = ("at", "from_status", "to_status", "actor", "reason")
    print_table("History", moves, map(attrgetter(*moves), found.transitions), empty="no history")


@app.command()
def activate(sku: Sku, note: Note = None, by: By = None) -> None:
    """From draft, or back from the archive, to active."""
    _move(sku, "active", note, by)


@app.command()
def archive(sku: Sku, note: Note = None, by: By = None) -> None:
    """Out of use; its items and prices stay."""
    _move(sku, "archived", note, by)


def _move(sku: str, status: str, note: str | None, by: str | None) -> None:
    with open_deployment(settings()) as deployment:
        name = products.move(deployment, sku, status, by or person(), note)
    say("product ", strong(sku), f" ({name}) is {status}")
