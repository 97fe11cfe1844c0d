"""The synonyms of every language as one index: which phrase means which field. Headers are read in `lexicon.py`.

Data are `data/synonyms/<language>.json`: group -> phrases. A group is a field, a kind of price, `other` or `row_number`
(columns that are no field), or a qualifier. A phrase that begins with `~` is a weak one.
"""

import json
from collections import defaultdict
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from ingestion_dagster.core.words.normalise import normalised

LONGEST: Final = 6
"""Words in the longest phrase that is looked for."""
_QUALIFIERS: Final = frozenset({"net", "gross", "per_unit", "per_pack"})
_COMPOUNDING: Final = frozenset({"de", "nl", "sv", "da", "no", "fi", "hu"})
_WEAK: Final = 0.8
_SHORTEST_TAIL: Final = 4


class Phrase(NamedTuple):
    """One known phrase: group (a field, a tier, `other` …) -> weight, and the languages that use it."""

    groups: dict[str, float]
    languages: frozenset[str]


class _Said(NamedTuple):
    fields: dict[str, list[tuple[str, str, float]]]
    """text -> (language, group, weight)."""
    qualifiers: dict[str, str]


@cache
def _said() -> _Said:
    fields: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
    qualifiers: dict[str, str] = {}
    for file in sorted((files("ingestion_dagster.core") / "data" / "synonyms").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".json"):
            continue
        content = json.loads(file.read_text(encoding="utf-8"))
        language = content.pop("language")
        for group, phrases in content.items():
            if group in _QUALIFIERS:
                for phrase in phrases:
                    qualifiers.setdefault(normalised(phrase), group)
                continue
            for phrase in phrases:
                if phrase[0] == "~":
                    fields[normalised(phrase[1:])].append((language, group, _WEAK))
                else:
                    fields[normalised(phrase)].append((language, group, 1.0))
    return _Said(dict(fields), qualifiers)


@lru_cache(maxsize=8192)
def phrase_of(text: str) -> Phrase | None:
    """The known phrase that the normalised `text` is."""
    entries = _said().fields.get(text)
    if entries is None:
        return None
    groups: dict[str, float] = {}
    for _, group, weight in entries:
        groups[group] = max(weight, groups.get(group, 0.0))
    return Phrase(groups, frozenset(language for language, _, _ in entries))


def qualifier_of(text: str) -> str | None:
    """`net`, `gross`, `per_unit` or `per_pack` where the normalised `text` says so."""
    return _said().qualifiers.get(text)


@cache
def _by_length() -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for text in _said().fields:
        found[len(text)].append(text)
    return dict(found)


def phrases_about_as_long(text: str) -> list[str]:
    """Known phrases whose length differs from that of `text` by a sixth at most."""
    reach = max(1, len(text) // 6)
    by_length = _by_length()
    return [p for length in range(len(text) - reach, len(text) + reach + 1) for p in by_length.get(length, ())]


def tail_of(word: str) -> tuple[str, Phrase] | None:
    """The longest known word that ends a compound one of German or its kin: `Sonderverkaufspreis` ends in
    `verkaufspreis`."""
    for start in range(2, len(word) - _SHORTEST_TAIL + 1):
        known = phrase_of(word[start:]) if word[start:] in _said().fields else None
        if known is not None and known.languages & _COMPOUNDING:
            return word[start:], known
    return None
