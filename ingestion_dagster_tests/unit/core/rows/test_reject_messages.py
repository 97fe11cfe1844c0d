"""What suppliers are told: every code in every language, and nothing breaks it."""

import json
import re
from importlib.resources import files

import pytest

from ingestion_dagster.core.rows.reject_messages import codes, message_for

LANGUAGES = ("en", "ru", "de")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_sentence_with_the_same_gaps(language: str) -> None:
    folder = files("ingestion_dagster.core") / "data" / "reject_messages"
    own = json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
    english = json.loads((folder / "en.json").read_text(encoding="utf-8"))
    assert own.keys() == english.keys() == codes()
    for code, sentence in own.items():
        assert set(re.findall(r"{(\w+)}", sentence)) == set(re.findall(r"{(\w+)}", english[code])), code


def test_a_language_without_the_sentence_falls_back_to_english() -> None:
    assert message_for("price_missing", "fi") == message_for("price_missing", "en")
    assert message_for("price_missing", "") == message_for("price_missing", "en")
    assert message_for("price_missing", "../secrets") == message_for("price_missing", "en")
    assert message_for("price_missing", "de_AT") == message_for("price_missing", "de")


def test_values_fill_the_gaps_and_long_ones_are_cut() -> None:
    assert "10-20" in message_for("price_range", "ru", raw="10-20")
    assert len(message_for("price_text", raw="x" * 500)) < 200
    assert "…" in message_for("price_range")
    assert "{raw}" in message_for("price_text", raw="{raw}")


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        message_for("nonsense")
