"""How one batch looks on the screen: what holds it first, then everything else, and last what can be done about it."""

from collections.abc import Iterator, Sequence
from typing import Any

from ingestion_dagster.cli.show.output import print_facts, print_table, say, strong, tinted
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.store.batches.types import Batch, RejectCount, Transition

FACTS = (
    ("supplier", "supplier_key"),
    ("state", "state"),
    ("snapshot", "snapshot_id"),
    ("rows", "total_rows"),
    ("taken", "accepted_rows"),
    ("rejected", "rejected_rows"),
    ("new items", "inserted"),
    ("changed items", "updated"),
    ("unchanged items", "unchanged"),
    ("items no longer listed", "missing"),
    ("task", "task_id"),
    ("run", "run_id"),
)
DECIDABLE = ("staged", "held")
"""States in which a person's word is waited for, or may come (a plan)."""


def show_batch(batch: Batch, moves: Sequence[Transition], errors: Sequence[RejectCount]) -> None:
    """The batch, how it came to its state, and its rejected rows by kind."""
    facts = [(title, getattr(batch, name)) for title, name in FACTS]
    if batch.state == "held":
        facts.append(("token for the decision in Dagster", batch.decision_token))
    _show_guards(batch.guards, batch.reason)
    print_facts(f"Batch {batch.id}", facts)
    if errors:
        rejects = ((error.count, error.sample_message) for error in errors)
        print_table("Rejected rows", ("rows", "reason"), rejects)
    print_table(
        "History",
        ("when", "from", "to", "who", "why"),
        ((move.at, move.from_state, move.to_state, move.actor, _why(move, batch)) for move in moves),
    )
    for what, command in decisions(batch):
        say(f"{what}: ", strong(command))


def _why(move: Transition, batch: Batch) -> str | None:
    """Not again what stands above."""
    return "see above" if batch.guards and move.reason == batch.reason is not None else move.reason


def _show_guards(guards: Sequence[JsonObject], reason: str | None) -> None:
    """What tripped, each with its worst rows; the others in one line."""
    tripped = [guard for guard in guards if guard["tripped"]]
    shown: list[list[tuple[Any, ...]]] = []
    for guard in tripped:
        say(tinted("held: ", "bold red"), guard["message"])
        rows = [(w["row_number"], w["supplier_sku"], w["name"], w["old"], w["new"]) for w in guard["worst"]]
        if rows and rows not in shown:  # several guards may point at the same rows
            print_table("", ("row", "sku", "name", "before", "now"), rows)
        shown.append(rows)
    if not tripped and reason:
        say("reason: ", reason)
    fine = ", ".join(guard["name"].replace("_", " ") for guard in guards if not guard["tripped"])
    if fine:
        say(f"nothing to say about: {fine}")
    elif not guards:
        say("the guards did not judge it")


def decisions(batch: Batch) -> Iterator[tuple[str, str]]:
    """What a person can do about it now, and the command."""
    if batch.state not in DECIDABLE:
        return
    number, key = batch.id, batch.supplier_key
    if any(guard["tripped"] and guard["check"] == "mapping_confirmed" for guard in batch.guards):
        yield "if the columns are other ones, or right as they are", f"ingestion mapping confirm {key} [FIELD=COLUMN …]"
    yield "to take it as it is", f"ingestion batch approve {number}"
    yield "to refuse it; prices stay as they are", f'ingestion batch reject {number} --note "why"'
    if batch.rejected_rows:
        yield "to send the supplier the list with its mistakes marked", f"ingestion errors {key} --out FILE.xlsx"
