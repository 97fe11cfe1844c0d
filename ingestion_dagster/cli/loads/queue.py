"""`ingestion queue`: what waits, what is at work, what is dead, and giving the dead another chance."""

from typing import Annotated, Any

import typer

from ingestion_dagster.cli.show.output import AsJson, fields, print_json, print_table, say, tinted, warn
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.services.records import queue as record
from ingestion_dagster.services.records.queue import QueueOverview
from ingestion_dagster.settings import settings

app = typer.Typer(help="The queue: messages in Redis, requests on record.", no_args_is_help=True)


@app.command()
def status(as_json: AsJson = False) -> None:
    """How much waits, what is at work, what failed."""
    with open_deployment(settings()) as deployment:
        depth, warnings, found, quota = record.status(deployment)
    if as_json:
        print_json({"redis": depth, "redis_warnings": warnings, **fields(found), "google_quota": quota})
        return
    _show_quota(quota)
    print_table("Redis", ("list", "messages"), depth.items(), empty="Redis does not answer")
    _show(found)
    for warning in warnings:
        warn(f"Redis: {warning}")


def _show_quota(quota: dict[str, Any] | None) -> None:
    """Reads of Google Sheets; nothing where no service account is set."""
    if quota is None:
        return
    if "trouble" in quota:
        say(tinted("Google's read quota: ", "yellow"), quota["trouble"])
        return
    paused = f"; Google wants a pause of {quota['paused']:.0f} s" if quota["paused"] else ""
    say(
        f"Google Sheets, reads left this minute: {quota['left_user']} of"
        f" {quota['left_user'] + quota['used_user']} for {quota['account']},"
        f" {quota['left_project']} for its project; {quota['waiting']} reads wait for their turn{paused}"
    )


def _show(found: QueueOverview) -> None:
    print_table(
        "Requests",
        ("state", "count", "oldest"),
        ((name, state.count, age(state.oldest_seconds)) for name, state in found.states.items()),
        empty="no request on record yet",
    )
    if oldest := found.oldest_waiting:
        why = f"; {oldest.why}" if oldest.why else ""
        say(f"oldest waiting: {oldest.id} ({oldest.task_id}), {oldest.supplier}, {age(oldest.age_seconds)}{why}")
    print_table(
        "At work",
        ("id", "task_id", "supplier", "attempt", "run", "age", "lease ends in"),
        (
            (r.id, r.task_id, r.supplier, f"{r.attempt} of {r.attempts}", r.run_id, age(r.age_seconds),
             age(r.lease_seconds))
            for r in found.in_flight
        ),
        empty="nothing at work",
    )  # fmt: skip
    print_table(
        "To be tried again",
        ("id", "task_id", "supplier", "attempt", "in", "reason"),
        (
            (r.id, r.task_id, r.supplier, f"{r.attempt} of {r.attempts}", age(r.in_seconds), r.reason)
            for r in found.to_be_tried_again
        ),
        empty="nothing waits to be tried again",
    )
    if found.dead_by_reason:
        print_table("Dead", ("reason", "count"), found.dead_by_reason.items())


@app.command()
def dead(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 50, as_json: AsJson = False
) -> None:
    """Requests that were given up, newest first, with the reason."""
    with open_deployment(settings()) as deployment:
        letters = record.dead_letters(deployment, limit)
    if as_json:
        print_json(letters)
        return
    print_table(
        "Dead letters",
        ("id", "task_id", "supplier", "when", "attempts", "kind", "reason", "message"),
        (
            (d.id, d.task_id, d.supplier, d.finished_at, d.attempt, d.error_type, d.reason, d.message[:120])
            for d in letters
        ),
        empty="no dead letters",
    )


@app.command()
def replay(request_id: Annotated[int, typer.Argument(metavar="ID", help="As `queue dead` shows it.")]) -> None:
    """Let a dead request wait for its turn again, with all its attempts; judge a refused message once more."""
    with open_deployment(settings()) as deployment:
        task_id = record.replay(deployment, request_id)
    say(f"request {request_id} ({task_id}) waits again")


def age(seconds: float) -> str:
    """`42 s`, `7 min`, `3 h`, `12 d`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
