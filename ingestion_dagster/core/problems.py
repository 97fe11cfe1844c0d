"""What is wrong with a value, in words for whoever wrote it: pydantic's findings without pydantic's language. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

PATTERNS: Final[Mapping[str, str]] = {
    "^[A-Z]{3}$": "must be three capital letters such as EUR",
    "^[A-Z]{2}$": "must be two capital letters such as DE",
    r"^[a-z0-9][a-z0-9_-]{0,63}$": "must be a key of a-z, 0-9, - and _, as `ingestion supplier list` shows them",
}
_WORDS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not known",
    "string_type": "must be text",
    "string_too_long": "has more than {max_length} characters",
    "string_too_short": "is empty",
    "literal_error": "must be {expected}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "tuple_type": "must be a list, such as [\"Color\", \"Size\"]",
    "dict_type": "must be an object, such as {{\"price\": \"C\"}}",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "datetime_type": "must be a time such as 2026-11-23T10:30:00Z",
    "datetime_parsing": "must be a time such as 2026-11-23T10:30:00Z",
    "datetime_from_date_parsing": "must be a time such as 2026-11-23T10:30:00Z",
}  # fmt: skip
_ALTERNATIVES: Final[Mapping[str, str]] = {"str": "text", "int": "a whole number"}
"""Last part of a place where pydantic tells each alternative of `str | int` apart."""


def problems_in_words(error: ValidationError, most: int = 3) -> str:
    """`field.part: must be …` for the first problems, one each."""
    told: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        place, words = place_of(problem), reason_of(problem)
        told.setdefault(place, words)
    return "; ".join(f"{place or 'message'}: {words}" for place, words in list(told.items())[:most])


def place_of(problem: ErrorDetails) -> str:
    """The field, with dots between its parts."""
    return ".".join(str(part) for part in _location(problem))


def reason_of(problem: ErrorDetails) -> str:
    """What it must be, and what stands there where that is short."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    if len(_location(problem)) < len(problem["loc"]):
        return f"must be text or a whole number{_not(problem.get('input'))}"
    if kind == "string_pattern_mismatch":
        words = PATTERNS.get(str(context.get("pattern")), "has not the form that is needed")
    elif kind in _WORDS:
        words = _WORDS[kind].format(**context)
    else:
        words = problem["msg"][:1].lower() + problem["msg"][1:]
    return words if kind in ("missing", "extra_forbidden", "string_too_long") else words + _not(problem.get("input"))


def _location(problem: ErrorDetails) -> Sequence[Any]:
    location = problem["loc"]
    return location[:-1] if len(location) > 1 and location[-1] in _ALTERNATIVES else location


def _not(value: Any) -> str:
    return f", not {value!r}" if isinstance(value, str | int | float) and len(repr(value)) <= 60 else ""
