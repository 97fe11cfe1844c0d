"""Where text from outside is shown, it goes through the one function of that medium: read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ingestion_dagster

ROOT = Path(ingestion_dagster.__file__).parent
RESULTS = {"AssetCheckResult", "AssetCheckEvaluation", "AssetMaterialization", "AssetObservation", "Failure"}
SAFE = {"description", "log_line"}
"""Functions of `defs/metadata.py` that make text from outside harmless."""
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def name_of(node: ast.expr) -> str:
    return ast.unparse(node).rsplit(".", 1)[-1]


def harmless(node: ast.expr) -> bool:
    """Words of ours, what a function of `defs/metadata.py` made, or a description made before."""
    if isinstance(node, ast.Call):
        return name_of(node.func) in SAFE
    return isinstance(node, ast.Constant) or ast.unparse(node) in ("result.description", "why")


def test_metadata_values_are_made_in_one_module() -> None:
    made = [
        place
        for place, call in calls()
        if "MetadataValue." in ast.unparse(call.func) or name_of(call.func).endswith("MetadataValue")
    ]
    assert made
    assert {place.split(":")[0] for place in made} == {"defs/metadata.py"}


def test_descriptions_of_results_and_failures_go_through_it() -> None:
    told = [
        (place, keyword.value)
        for place, call in calls()
        if name_of(call.func) in RESULTS
        for keyword in call.keywords
        if keyword.arg == "description"
    ]
    assert len(told) >= 6
    assert not [place for place, value in told if not harmless(value)]


def test_what_is_said_in_dagsters_log_and_of_skipped_ticks_goes_through_it() -> None:
    said = [
        (place, call.args[0])
        for place, call in calls()
        if call.args
        and (
            (name_of(call.func) in LEVELS and ast.unparse(call.func).startswith("context.log."))
            or name_of(call.func) == "SkipReason"
        )
    ]
    assert len(said) >= 15
    assert not [place for place, value in said if not harmless(value)]


@pytest.mark.parametrize("source", ["dg.Failure(description=str(error))", "dg.Failure(description=f'{key}: {error}')"])
def test_the_rule_would_find_a_place_that_forgot(source: str) -> None:
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    assert not harmless(call.keywords[0].value)
