"""What a supplier is told about a bad cell: one sentence per reject code and language, kept as data."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

FALLBACK: Final = "en"
"""Language of every code; others may lack some."""

_LONGEST_QUOTE = 80


class _Gaps(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "…"


@cache
def _sentences(language: str) -> Mapping[str, str]:
    path = files("ingestion_dagster.core") / "data" / "reject_messages" / f"{language}.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def codes() -> frozenset[str]:
    """Every reject code there is."""
    return frozenset(_sentences(FALLBACK))


def message_for(code: str, language: str = FALLBACK, **values: object) -> str:
    """The sentence of `code` in `language` (`de`, `de_AT`), English where that language lacks it.

    `values` fill its placeholders (`raw`, `field`, `limit`, `scale` …), long ones shortened; one that is not given
    shows as `…`. KeyError for an unknown code.
    """
    spoken = language.replace("-", "_").split("_")[0].lower() if language else FALLBACK
    own = _sentences(spoken) if spoken.isalpha() else {}
    sentence = own.get(code) or _sentences(FALLBACK)[code]
    return sentence.format_map(_Gaps({name: _short(value) for name, value in values.items()}))


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > _LONGEST_QUOTE:
        return value[: _LONGEST_QUOTE - 1] + "…"
    return value
