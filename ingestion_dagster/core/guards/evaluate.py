"""Whether a staged batch may go into the catalogue by itself: all guards together, and what they said.

What they look at is in `facts.py`, the single rules stand in `rules.py`.
"""

from collections.abc import Sequence

from ingestion_dagster.core.guards.facts import Before, Facts, GuardResult, question_key
from ingestion_dagster.core.guards.first_load_rules import FIRST_LOAD_RULES
from ingestion_dagster.core.guards.rules import RULES
from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.suppliers.supplier import Thresholds


def evaluate(facts: Facts, limits: Thresholds, mapped: MappedSheet | None) -> list[GuardResult]:
    """Every guard's result, tripped or not."""
    results = [*(rule(facts, limits) for rule in (*RULES, *FIRST_LOAD_RULES)), _mapping_confirmed(mapped, facts.before)]
    return [result if result.tripped else result.model_copy(update={"worst": ()}) for result in results]


def tripped(results: Sequence[GuardResult]) -> list[GuardResult]:
    """Those that hold the batch."""
    return [result for result in results if result.tripped]


def _mapping_confirmed(mapped: MappedSheet | None, before: Before | None) -> GuardResult:
    """An open question holds the batch, unless it was approved with the list in force, whose header is the same."""
    sure = GuardResult(name="mapping", check="mapping_confirmed", tripped=False, message="The columns are understood.")
    if mapped is None or mapped.decision == "accept":
        return sure
    answered = before.answered if before is not None and before.signature == mapped.signature else ()
    asked = [question for question in mapped.questions if question_key(question) not in answered]
    if mapped.questions and not asked:
        return sure.model_copy(update={"message": "The columns are understood as a person approved them."})
    message = " ".join(_as_sentence(question.message) for question in asked)
    return GuardResult(
        name="mapping",
        check="mapping_confirmed",
        tripped=True,
        message=message or "It is not certain enough which column is which.",
    )


def _as_sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!")) else ".")


def as_json(results: Sequence[GuardResult]) -> list[JsonObject]:
    """For storing."""
    return [result.model_dump(mode="json") for result in results]
