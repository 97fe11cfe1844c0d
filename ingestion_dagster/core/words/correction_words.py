"""The fixed words of a list that goes back to its supplier with its mistakes marked, by language."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "de", "ru")
"""In which a supplier can be written to; others get the first."""


def language_for(wanted: str | None, sheet: str | None) -> str:
    """The supplier's language as set, else the sheet's own, else English."""
    for language in (wanted, sheet):
        if language and language.split("_")[0].lower() in LANGUAGES:
            return language.split("_")[0].lower()
    return LANGUAGES[0]


@cache
def words(language: str) -> Mapping[str, str]:
    """The fixed texts of a marked file in one of `LANGUAGES`."""
    path = files("ingestion_dagster.core") / "data" / "correction_words" / f"{language}.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def our_headers() -> frozenset[str]:
    """Headers of the column that marking adds: a supplier may send the marked list back with it."""
    return frozenset(words(language)["column"] for language in LANGUAGES)


@cache
def our_tabs() -> frozenset[str]:
    """Names of the tab that marking adds."""
    return frozenset(words(language)["tab"] for language in LANGUAGES)
