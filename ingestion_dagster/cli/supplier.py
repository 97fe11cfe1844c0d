"""`ingestion supplier`: the registry, and Dagster's partitions with it."""

from pathlib import PurePath
from typing import Annotated, Any

import orjson
import typer

from ingestion_dagster.cli.output import AsJson, print_facts, print_json, print_table, say, strong
from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.requests import check_source
from ingestion_dagster.core.slugs import is_slug, slug
from ingestion_dagster.core.supplier import Supplier
from ingestion_dagster.settings import settings
from ingestion_dagster.store import suppliers
from ingestion_dagster.store.database import Database
from ingestion_dagster.workplace import Workplace, workplace

app = typer.Typer(help="The suppliers and where their lists come from.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The supplier's key, as `supplier list` shows it.")]


def source_of(address: str, sheet: str | None, place: Workplace) -> tuple[str, dict[str, Any]]:
    """Source type and source of an address or path. Raises SourceRejected for what no supplier may read."""
    source: dict[str, Any] = {"sheet_name": sheet} if sheet else {}
    if "://" in address:
        source_type, source["sheet_url"] = "google_sheets", address
    else:
        suffix = PurePath(address).suffix.lower()
        source_type = "csv" if suffix in (".csv", ".tsv", ".txt") else "excel"
        source["file_path"] = address
    check_source(source_type, source, str(place.settings.inbox_path), place.settings.allowed_hosts)
    return source_type, source


def assignments(pairs: list[str]) -> dict[str, Any]:
    """`currency=EUR`, `guards.missing_share=0.5`, `column_mapping={"price": "C"}` as nested settings."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE")
        try:
            parsed = orjson.loads(value)
        except orjson.JSONDecodeError:
            parsed = value
        target = found
        *path, last = name.split(".")
        for part in path:
            target = target.setdefault(part, {})
        target[last] = parsed
    return found


@app.command()
def add(
    key: Annotated[str, typer.Argument(help="A short name of a-z, 0-9, - and _; it becomes the Dagster partition.")],
    name: Annotated[str, typer.Option(help="The supplier's full name.")],
    source: Annotated[str, typer.Option(help="A Google Sheets address, or a path inside the inbox.")],
    sheet: Annotated[str | None, typer.Option(help="The tab to read; else the best price list is taken.")] = None,
    email: Annotated[str | None, typer.Option(help="Whom to tell about mistakes in the list.")] = None,
    settings_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, NAME=VALUE; may be repeated.", metavar="K=V")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register a supplier, or change where its list comes from."""
    if not is_slug(key):
        raise SourceRejected(f"{key!r} cannot be a key; {slug(key)!r} can")
    with workplace(settings()) as place:
        source_type, where = source_of(source, sheet, place)

        async def _add(database: Database) -> Supplier:
            async with database.transaction() as connection:
                return await suppliers.register(
                    connection, key, name, source_type, where, assignments(settings_ or []), email
                )

        added = place.run(_add)
    if as_json:
        print_json(_as_json(added))
    else:
        say("supplier ", strong(added.key), " is registered; load its list: ", strong(f"ingestion load {added.key}"))


@app.command("list")
def list_suppliers(as_json: AsJson = False) -> None:
    """All suppliers."""
    with workplace(settings()) as place:
        found = place.run(_every)
    if as_json:
        print_json([_as_json(supplier) for supplier in found])
        return
    print_table(
        "Suppliers",
        ("key", "name", "type", "source", "active"),
        (
            (
                s.key,
                s.name,
                s.source_type,
                s.source.get("sheet_url") or s.source.get("file_path"),
                "yes" if s.active else "paused",
            )
            for s in found
        ),
        empty="no supplier yet; `ingestion supplier add` registers one",
    )


@app.command()
def show(key: Key, as_json: AsJson = False) -> None:
    """One supplier with its settings."""
    with workplace(settings()) as place:
        found = place.run(lambda database: _one(database, key))
    if as_json:
        print_json(_as_json(found))
        return
    print_facts(
        f"{found.key}: {found.name}",
        [
            ("active", "yes" if found.active else "paused"),
            ("type", found.source_type),
            *((name, value) for name, value in found.source.items()),
            *((name, value) for name, value in found.settings.model_dump(mode="json", exclude_defaults=True).items()),
            ("batch in force", str(found.last_batch_id or "none")),
        ],
    )


@app.command()
def pause(key: Key) -> None:
    """Load its list no more. Its items and their history stay."""
    _set_active(key, False)
    say("supplier ", strong(key), f" is paused; `ingestion supplier resume {key}` wakes it")


@app.command()
def resume(key: Key) -> None:
    """Load its list again."""
    _set_active(key, True)
    say("supplier ", strong(key), " is active")


def _set_active(key: str, active: bool) -> None:
    async def _change(database: Database) -> None:
        async with database.transaction() as connection:
            await suppliers.set_active(connection, key, active)

    with workplace(settings()) as place:
        place.run(_change)


async def _every(database: Database) -> list[Supplier]:
    async with database.transaction() as connection:
        return await suppliers.every(connection)


async def _one(database: Database, key: str) -> Supplier:
    async with database.transaction() as connection:
        return await suppliers.by_key(connection, key)


def _as_json(supplier: Supplier) -> dict[str, Any]:
    return supplier.model_dump(mode="json", exclude={"settings"}) | {
        "settings": supplier.settings.model_dump(mode="json", exclude_defaults=True)
    }
