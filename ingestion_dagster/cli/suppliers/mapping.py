"""`ingestion mapping`: which column of a supplier's list is which, and a person's word about it."""

import asyncio
from typing import Annotated

import typer

from ingestion_dagster.cli.loads.batch import By, person
from ingestion_dagster.cli.show.output import AsJson, print_json, print_table, say, strong
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.sheets import column_letter
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.services.records import batches
from ingestion_dagster.settings import settings

app = typer.Typer(help="Which column is which, and the answers remembered.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The supplier's key, as `supplier list` shows it.")]


@app.command()
def show(key: Key, as_json: AsJson = False) -> None:
    """How the supplier's newest list was understood, what it asks, and what was confirmed before."""
    with open_deployment(settings()) as deployment:
        newest, remembered = batches.columns_of(deployment, key)
    if as_json:
        print_json({"supplier": key, "newest": newest, "remembered": remembered})
        return
    if newest is None:
        say("no list of ", strong(key), " was read yet")
    else:
        _tell(MappedSheet.model_validate(newest.mapping), f"{key}: batch {newest.id}, {newest.state}")
    print_table(
        "Confirmed before",
        ("when", "by", "columns"),
        ((m.updated_at, m.confirmed_by, _in_words(m.mapping)) for m in remembered),
        empty="nothing was confirmed yet",
    )


@app.command()
def confirm(
    key: Key,
    columns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FIELD=COLUMN]…", help="By header, letter or number: price=C name='Item name'; also decimal=,"
        ),
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The tab that is meant.")] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Confirm the columns of the newest list, as understood or as given; lists like it are not asked again."""
    from ingestion_dagster.services.confirm_mapping import confirm as remember_columns

    answers = {}
    for pair in columns or []:
        name, equals, column = pair.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{pair!r} is not FIELD=COLUMN")
        answers[name.strip()] = column.strip()
    with open_deployment(settings()) as deployment:
        done = asyncio.run(remember_columns(deployment, key, answers, by or person(), sheet))
    if as_json:
        print_json(
            {
                "supplier": key,
                "mapping_id": done.mapping_id,
                "mapping": done.mapped.mapping(),
                "settings": done.settings,
                "still_open": [question.message for question in done.still_open],
                "key_before": done.key_before,
            }
        )
        return
    _tell(done.mapped.model_copy(update={"questions": done.still_open}), f"{key}: confirmed")
    if done.key_before is not None:
        say(
            f"the items were known by “{done.key_before}” so far: the next load finds them again over it, gives them"
            " their new keys and compares their prices"
        )
    say("load the list with it: ", strong(f"ingestion load {key}"))


def _tell(mapped: MappedSheet, title: str) -> None:
    print_table(
        f"{title}, tab {mapped.sheet!r}",
        ("field", "column", "header", "sure", "because"),
        (
            (field, column_letter(at.column), at.header, f"{at.confidence:.2f}", "; ".join(at.evidence[:2]))
            for field, at in mapped.fields.items()
        ),
    )
    for question in mapped.questions:
        say("  asks: ", question.message)


def _in_words(mapping: JsonObject) -> str:
    headers = mapping["headers"]
    return ", ".join(
        f"{field}={(headers[at] if at < len(headers) else '') or column_letter(at)}"
        for field, at in mapping["fields"].items()
    )
