"""The pages about adding a guard, a check, a sink, a language or a command: their code is run, or is the code there is.

The page about a field is held by `integration/test_add_a_field.py`, that about a sink also by `integration/services`.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.guards import evaluate, price_rules
from ingestion_dagster.core.guards.facts import Facts, GuardResult
from ingestion_dagster.core.suppliers.supplier import Thresholds
from ingestion_dagster.core.words.lexicon import read_header
from ingestion_dagster.defs import check_events
from ingestion_dagster.settings import CHECKOUT
from ingestion_dagster_tests.docs_pages import blocks, spans

HOW_TO = CHECKOUT / "docs/how-to"
PAGES = [
    HOW_TO / f"add-{what}.md" for what in ("a-field", "a-guard", "a-check", "an-alert-sink", "a-language", "a-command")
]
CALM: dict[str, Any] = {"staged": 100, "rejected": 0, "known": 100, "matched": 100, "distinct_prices": 90}


def code(page: str) -> list[str]:
    return [block.text for block in blocks(HOW_TO / page) if block.language == "python"]


def defined(text: str, name: str) -> Any:
    """The function that a block defines, with what the module it is meant for imports."""
    namespace: dict[str, Any] = {"Facts": Facts, "Thresholds": Thresholds, "GuardResult": GuardResult}
    namespace["share"] = price_rules.share
    exec(text, namespace)
    return namespace[name]


def judged(**facts: Any) -> dict[str, GuardResult]:
    return {found.name: found for found in evaluate.evaluate(Facts(**(CALM | facts)), Thresholds(), None)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_about_adding_something_is_a_screen_and_names_files_that_are_there(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 60
    named = [span for span in spans(page) if re.fullmatch(r"(ingestion_dagster|migrations|docs)/[\w./-]*", span)]
    assert named
    assert [name for name in named if not (CHECKOUT / name).exists()] == []


def test_the_guard_on_its_page_judges_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    guard, line = code("add-a-guard.md")
    monkeypatch.setattr(evaluate, "RULES", (*evaluate.RULES, defined(guard, "new_rows")))
    name, past, at = eval(line)[0]
    assert judged(**past)[name].tripped
    assert not judged(**at)[name].tripped
    assert "(51%) were not in an earlier list" in judged(**past)[name].message
    assert judged(**past)[name].check in check_events.DESCRIPTIONS


def test_the_check_on_its_page_follows_from_its_entry_and_its_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    entry, guard = code("add-a-check.md")
    monkeypatch.setattr(check_events, "DESCRIPTIONS", check_events.DESCRIPTIONS | eval(entry))
    monkeypatch.setattr(evaluate, "RULES", (*evaluate.RULES, defined(guard, "names_changed")))
    told = check_events.evaluations(7, "held", list(judged(respelled=3).values()), "acme")
    assert {check.check_name: check.passed for check in told if check.check_name == "names_stable"} == {
        "names_stable": False
    }
    assert {check.check_name for check in check_events.not_judged("acme", "why")} >= {"names_stable"}


def test_the_words_on_the_page_about_languages_are_understood_and_in_the_file() -> None:
    (example,) = (json.loads(block.text) for block in blocks(HOW_TO / "add-a-language.md") if block.language == "json")
    folder = CHECKOUT / "ingestion_dagster/core/data/synonyms"
    kept = json.loads((folder / f"{example.pop('language')}.json").read_text(encoding="utf-8"))
    for group, phrases in example.items():
        assert set(phrases) <= set(kept[group])
        for phrase in phrases:
            if group not in ("net", "gross"):
                assert read_header(phrase.upper()).scores[group] == 1.0


def test_the_command_on_its_page_is_the_one_there_is() -> None:
    command, name = code("add-a-command.md")
    assert command in (CHECKOUT / "ingestion_dagster/cli/operations/metrics.py").read_text(encoding="utf-8")
    assert name in (CHECKOUT / "ingestion_dagster/cli/__init__.py").read_text(encoding="utf-8")
