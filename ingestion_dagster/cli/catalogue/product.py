"""`ingestion product`: the products behind the items, and their way from draft to active to archived."""

from enum import StrEnum
from operator import attrgetter
from typing import Annotated

import typer

from ingestion_dagster.cli.loads.batch import By, Note, person
from ingestion_dagster.cli.show.output import AsJson, print_json, print_table, say, strong
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.settings import settings
from ingestion_dagster.store.catalogue import products, suppliers
from ingestion_dagster.store.database import Database

app = typer.Typer(help="Products and their status.", no_args_is_help=True)


class Status(StrEnum):
    """Of a product."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


Sku = Annotated[str, typer.Argument(metavar="SKU", help="The product's own number, as `product list` shows it.")]


@app.command("list")
def list_products(
    status: Annotated[Status | None, typer.Option(help="Only draft, active or archived ones.")] = None,
    supplier: Annotated[str | None, typer.Option(help="Only those with an item of this supplier.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Products by number."""

    async def _list(database: Database) -> list[products.ProductLine]:
        async with database.transaction() as connection:
            if supplier is not None:
                await suppliers.by_key(connection, supplier)
            return await products.listed(connection, status, supplier, limit)

    with open_deployment(settings()) as deployment:
        found = deployment.run(_list)
    if as_json:
        print_json(found)
        return
    columns = ("internal_sku", "name", "status", "items", "updated_at")
    print_table("Products", columns, map(attrgetter(*columns), found), empty="no product")


@app.command()
def show(sku: Sku, as_json: AsJson = False) -> None:
    """One product: its items with prices, and its history."""

    async def _show(database: Database) -> products.Product:
        async with database.transaction() as connection:
            return await products.get(connection, sku)

    with open_deployment(settings()) as deployment:
        found = deployment.run(_show)
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
    async def _change(database: Database) -> str:
        async with database.transaction() as connection:
            return await products.move(connection, sku, status, by or person(), note)

    with open_deployment(settings()) as deployment:
        name = deployment.run(_change)
    say("product ", strong(sku), f" ({name}) is {status}")
