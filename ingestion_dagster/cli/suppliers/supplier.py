"""`ingestion supplier`: the registry, and Dagster's partitions with it."""

from typing import Annotated, Any

import typer

from ingestion_dagster.cli.show.output import AsJson, print_facts, print_json, print_table, say, strong
from ingestion_dagster.cli.suppliers.given import assignments, checked_email, checked_name, source_of
from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.suppliers.given_settings import NESTED, changed, given_settings
from ingestion_dagster.core.suppliers.slugs import is_slug, slug
from ingestion_dagster.core.suppliers.supplier import Supplier, settings_from
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.services.records import suppliers
from ingestion_dagster.settings import settings
from ingestion_dagster.sources.installed import source_types

app = typer.Typer(help="The suppliers and where their lists come from.", no_args_is_help=True)

Set = Annotated[list[str] | None, typer.Option("--set", help="A setting, NAME=VALUE; may be repeated.", metavar="K=V")]
Type = Annotated[
    str | None,
    typer.Option("--type", help="The source type, where the address does not tell it, of --source.", metavar="TYPE"),
]
Option = Annotated[
    list[str] | None,
    typer.Option("--option", help="An option of --source, where its type has any; may be repeated.", metavar="K=V"),
]
SOURCE_HELP = "A Google Sheets address, a path inside the inbox, or an address of a source that a package brings."
Key = Annotated[str, typer.Argument(help="The supplier's key, as `supplier list` shows it.")]


@app.command()
def add(
    key: Annotated[str, typer.Argument(help="A short name of a-z, 0-9, - and _; it becomes the Dagster partition.")],
    name: Annotated[str, typer.Option(help="The supplier's full name.")],
    source: Annotated[str, typer.Option(help=SOURCE_HELP)],
    type_: Type = None,
    option: Option = None,
    sheet: Annotated[str | None, typer.Option(help="The tab to read; else the best price list is taken.")] = None,
    email: Annotated[str | None, typer.Option(help="Whom to tell about mistakes in the list.")] = None,
    settings_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Register a supplier, or change where its list comes from."""
    if not is_slug(key):
        raise SourceRejected(f"{key!r} cannot be a key; {slug(key)!r} can")
    name, email = checked_name(name) or name, checked_email(email)
    given = given_settings(assignments(settings_ or []))
    with open_deployment(settings()) as deployment:
        source_type, where = source_of(source, sheet, deployment, type_, option or ())
        added = suppliers.register(deployment, key, name, source_type, where, given, email)
    if as_json:
        print_json(_as_json(added))
    else:
        say("supplier ", strong(added.key), " is registered; load its list: ", strong(f"ingestion load {added.key}"))


@app.command()
def edit(
    key: Key,
    settings_: Set = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", help="A setting to forget; may be repeated.", metavar="K")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The supplier's full name.")] = None,
    source: Annotated[str | None, typer.Option(help=SOURCE_HELP)] = None,
    type_: Type = None,
    option: Option = None,
    sheet: Annotated[str | None, typer.Option(help="The tab to read.")] = None,
    email: Annotated[str | None, typer.Option(help="Whom to tell about mistakes in the list; '' for nobody.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change a supplier: its settings, name, source, mail address. All of it is checked at once."""
    if not any((settings_, unset, name is not None, source, sheet, email is not None)):
        raise typer.BadParameter("nothing to change is named: --set K=V, --unset K, --name, --source, --sheet, --email")
    if (type_ or option) and not source:
        raise typer.BadParameter("--type and --option say more of --source, which is not named")
    given = given_settings(assignments(settings_ or []))
    name, mail = checked_name(name), checked_email(email or None)
    with open_deployment(settings()) as deployment:

        def change(before: Supplier) -> Supplier:
            where = source_of(source, sheet, deployment, type_, option or ()) if source else None
            return _edited(before, given, list(unset or []), where, sheet).model_copy(
                update={
                    "name": name or before.name,
                    "contact_email": mail if email is not None else before.contact_email,
                }
            )

        before, after = suppliers.edit(deployment, key, change)
    if as_json:
        print_json(_as_json(after))
        return
    _tell_changes(before, after)


def _edited(
    before: Supplier, given: dict[str, Any], unset: list[str], where: tuple[str, dict[str, Any]] | None, tab: str | None
) -> Supplier:
    """With other settings and another source. A tab may stand in both: it is set and unset as one."""
    source_type, source = where or (before.source_type, dict(before.source))
    known = before.settings.model_dump(mode="json", exclude_unset=True)
    if tab:
        source["sheet_name"] = tab
        known.pop("sheet_name", None)
    if "sheet_name" in unset and source.pop("sheet_name", None) and "sheet_name" not in known:
        unset.remove("sheet_name")
    new = settings_from(changed(known, given, unset))
    return before.model_copy(update={"source_type": source_type, "source": source, "settings": new})


def _tell_changes(before: Supplier, after: Supplier) -> None:
    then, now = dict(_facts(before)), dict(_facts(after))
    names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    if not names:
        say("supplier ", strong(after.key), " is that already; nothing was changed")
        return
    print_table(
        f"{after.key}: changed",
        ("setting", "before", "now"),
        ((name, then.get(name, "not set"), now.get(name, "not set")) for name in names),
    )
    say("the next load reads its list with it: ", strong(f"ingestion load {after.key}"))


def _facts(supplier: Supplier) -> list[tuple[str, object]]:
    told = supplier.settings.model_dump(mode="json", exclude_defaults=True)
    nested = [(f"{name}.{inner}", value) for name in NESTED for inner, value in (told.pop(name, None) or {}).items()]
    return [
        ("name", supplier.name),
        ("active", "yes" if supplier.active else "paused"),
        ("type", supplier.source_type),
        *supplier.source.items(),
        ("mistakes go to", supplier.contact_email or "nobody (set one: --email)"),
        *((name, ", ".join(value) if isinstance(value, list) else value) for name, value in told.items()),
        *nested,
    ]


@app.command("list")
def list_suppliers(as_json: AsJson = False) -> None:
    """All suppliers."""
    with open_deployment(settings()) as deployment:
        found = suppliers.every(deployment)
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
                source_types().address_in(s.source),
                "yes" if s.active else "paused",
            )
            for s in found
        ),
        empty="no supplier yet; `ingestion supplier add` registers one",
    )


@app.command()
def show(key: Key, as_json: AsJson = False) -> None:
    """One supplier with its settings."""
    with open_deployment(settings()) as deployment:
        (found,) = suppliers.by_keys(deployment, [key])
    if as_json:
        print_json(_as_json(found))
        return
    print_facts(found.key, [*_facts(found), ("batch in force", found.last_batch_id or "none")])


@app.command()
def pause(key: Key) -> None:
    """Load its list no more. Its items and history stay, a load at work is finished, what waits waits on."""
    with open_deployment(settings()) as deployment:
        counts = suppliers.set_active(deployment, key, False)
    at_work = " a load that is at work is finished;" if counts.leased else ""
    waiting = f" {counts.waiting:,} of its requests wait until then;" if counts.waiting else ""
    say("supplier ", strong(key), f" is paused;{at_work}{waiting} `ingestion supplier resume {key}` wakes it")


@app.command()
def resume(key: Key) -> None:
    """Load its list again, beginning with the requests that waited."""
    with open_deployment(settings()) as deployment:
        counts = suppliers.set_active(deployment, key, True)
    waiting = f"; {counts.waiting:,} of its requests go on" if counts.waiting else ""
    say("supplier ", strong(key), f" is active{waiting}")


def _as_json(supplier: Supplier) -> dict[str, Any]:
    return supplier.model_dump(mode="json", exclude={"settings"}) | {
        "settings": supplier.settings.model_dump(mode="json", exclude_defaults=True)
    }
