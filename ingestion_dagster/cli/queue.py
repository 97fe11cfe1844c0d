"""`ingestion queue`: what waits, what is at work, what is dead, and giving the dead another chance."""

from typing import Annotated, Any

import typer

from ingestion_dagster.cli.output import AsJson, console, print_json, print_table
from ingestion_dagster.settings import settings
from ingestion_dagster.store import requests
from ingestion_dagster.store.database import Database
from ingestion_dagster.workplace import workplace

app = typer.Typer(help="The queue: messages in Redis, requests on record.", no_args_is_help=True)


@app.command()
def status(as_json: AsJson = False) -> None:
    """How much waits, what is at work, what failed."""

    async def _overview(database: Database) -> dict[str, Any]:
        async with database.transaction() as connection:
            return await requests.overview(connection)

    with workplace(settings()) as place, place.mailbox() as mailbox:
        found = {"redis": mailbox.depth(), "redis_warnings": mailbox.unsafe_settings()} | place.run(_overview)
    if as_json:
        print_json(found)
        return
    print_table("Redis", ("list", "messages"), found["redis"].items())
    print_table(
        "Requests",
        ("state", "count", "oldest"),
        ((name, state["count"], age(state["oldest_seconds"])) for name, state in found["states"].items()),
        empty="no request on record yet",
    )
    print_table(
        "At work",
        ("id", "task_id", "supplier", "attempt", "run", "age"),
        (
            (r["id"], r["task_id"], r["supplier"], r["attempt"], r["run_id"], age(r["age_seconds"]))
            for r in found["in_flight"]
        ),
        empty="nothing at work",
    )
    if found["dead_by_reason"]:
        print_table("Dead", ("reason", "count"), found["dead_by_reason"].items())
    for warning in found["redis_warnings"]:
        console.print(f"[yellow]warning:[/] Redis may lose messages: {warning}")


@app.command()
def dead(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 50, as_json: AsJson = False
) -> None:
    """Requests that were given up, newest first, with the reason."""

    async def _letters(database: Database) -> list[dict[str, Any]]:
        async with database.transaction() as connection:
            return await requests.dead_letters(connection, limit)

    with workplace(settings()) as place:
        letters = place.run(_letters)
    if as_json:
        print_json(letters)
        return
    print_table(
        "Dead letters",
        ("id", "task_id", "supplier", "when", "reason", "message"),
        ((d["id"], d["task_id"], d["supplier"], d["finished_at"], d["reason"], d["message"][:120]) for d in letters),
        empty="no dead letters",
    )


@app.command()
def replay(request_id: Annotated[int, typer.Argument(metavar="ID", help="As `queue dead` shows it.")]) -> None:
    """Let a dead request wait for its turn again, with all its attempts."""

    async def _again(database: Database) -> str:
        async with database.transaction() as connection:
            return await requests.replay(connection, request_id)

    with workplace(settings()) as place:
        task_id = place.run(_again)
    console.print(f"request {request_id} ({task_id}) waits again")


def age(seconds: float) -> str:
    """`42 s`, `7 min`, `3 h`, `12 d`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
