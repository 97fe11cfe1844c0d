"""Google's own discovery documents as the judge of requests and answers: unknown parameters, wrong values, wrong
masks and answers of the wrong shape are told in Google's words.

The real answers in gspread's own recorded tests (693 spreadsheets.get, 267 of values, 11 files.list) all pass
`check_answer`, and the requests recorded with them `check_query`.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_SAMPLE: Final = 100
"""Of a longer array the first and last so many members are checked."""


@dataclass(frozen=True)
class Method:
    """One method of an API."""

    id: str
    scopes: frozenset[str]
    parameters: dict[str, Any]
    answer: str
    api: str


@cache
def _document(api: str) -> dict[str, Any]:
    import googleapiclient

    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    document: dict[str, Any] = json.loads((folder / f"{api}.json").read_text())
    return document


@cache
def method(api: str, *path: str) -> Method:
    """The method `path` (resources, then the method's name) of `api`, `sheets.v4`."""
    document = _document(api)
    place = document
    for resource in path[:-1]:
        place = place["resources"][resource]
    found = place["methods"][path[-1]]
    parameters = document["parameters"] | found["parameters"]
    return Method(found["id"], frozenset(found["scopes"]), parameters, found["response"]["$ref"], api)


def check_query(asked: Method, query: dict[str, list[str]]) -> str | None:
    """What Google would say is wrong with the query parameters, None where nothing is."""
    for name, values in query.items():
        rule = asked.parameters.get(name)
        if rule is None or rule.get("location") != "query":
            return (
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                f"Field '{name}' could not be found in request message."
            )
        if len(values) > 1 and not rule.get("repeated"):
            return f'Invalid JSON payload received. Proto field is not repeating, cannot start list: "{name}"'
        for value in values:
            if "enum" in rule and value not in rule["enum"]:
                return f"Invalid value at '{name}' ({rule['type']}), \"{value}\""
            if rule["type"] == "boolean" and value.lower() not in ("true", "false"):
                return f"Invalid value at '{name}' (TYPE_BOOL), \"{value}\""
            if rule["type"] == "integer" and not _in_bounds(value, rule):
                bounds = f"[{rule.get('minimum')}, {rule.get('maximum')}]"
                return f"Invalid value '{value}'. Values must be within the range: {bounds}"
    return None


def _in_bounds(value: str, rule: dict[str, Any]) -> bool:
    try:
        number = int(value)
    except ValueError:
        return False
    return int(rule.get("minimum", number)) <= number <= int(rule.get("maximum", number))


Mask = dict[str, Any]
"""Field -> what of it; an empty mask is all of it."""


class InvalidMask(ValueError):
    """A `fields` parameter that Google would refuse."""


def parse_mask(asked: Method, text: str) -> Mask:
    """A `fields` parameter: `a,b(c,d/e),f.g`. Raises InvalidMask for bad syntax or a field the answer has not."""
    mask, rest = _parse_list(text)
    if rest:
        raise InvalidMask(f"Request contains an invalid argument: {text!r} at {rest!r}")
    _check_mask(asked.api, asked.answer, mask)
    return mask


def _parse_list(text: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while True:
        path, text = _parse_path(text)
        inner: Mask = {}
        if text.startswith("("):
            inner, text = _parse_list(text[1:])
            if not text.startswith(")"):
                raise InvalidMask("missing ) in fields")
            text = text[1:]
        for name in reversed(path):
            inner = {name: inner}
        _merge(mask, inner)
        if not text.startswith(","):
            return mask, text
        text = text[1:]


def _parse_path(text: str) -> tuple[list[str], str]:
    end = next((at for at, letter in enumerate(text) if letter in ",()"), len(text))
    path = text[:end].replace("/", ".").split(".")
    if not all(name and (name == "*" or name.isalnum()) for name in path):
        raise InvalidMask(f"Invalid field selection {text[:end]}")
    return path, text[end:]


def _merge(mask: Mask, more: Mask) -> None:
    for name, inner in more.items():
        if name in mask and mask[name] and inner:
            _merge(mask[name], inner)
        else:
            mask[name] = inner if name not in mask else {}


def _check_mask(api: str, schema: str, mask: Mask) -> None:
    properties = _document(api)["schemas"][schema]["properties"]
    for name, inner in mask.items():
        if name != "*" and name not in properties:
            raise InvalidMask(f"Invalid field selection {name}")
        if inner and name != "*":
            target = properties[name].get("items", properties[name]).get("$ref")
            if target is None:
                raise InvalidMask(f"Invalid field selection {next(iter(inner))}")
            _check_mask(api, target, inner)


def apply_mask(value: Any, mask: Mask) -> Any:
    """The part of `value` that the mask names. An object of which nothing is left stays, empty."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [apply_mask(member, mask) for member in value]
    return {name: apply_mask(value[name], inner) for name, inner in mask.items() if name in value}


def check_answer(asked: Method, answer: Any) -> None:
    """Raises AssertionError where an answer of the fake is not what the method answers."""
    _check(asked.api, {"$ref": asked.answer}, answer, asked.answer)


_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


def _check(api: str, rule: dict[str, Any], value: Any, where: str) -> None:
    if "$ref" in rule:
        rule = _document(api)["schemas"][rule["$ref"]] | {"type": "object"}
    kind = rule.get("type", "any")
    if kind == "any":
        return
    wrong = not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
    assert not wrong, f"{where} should be {kind}, not {value!r}"
    assert "enum" not in rule or value in rule["enum"], f"{where} cannot be {value!r}"
    if kind == "array":
        members = value if len(value) <= 2 * _SAMPLE else value[:_SAMPLE] + value[-_SAMPLE:]
        for number, member in enumerate(members):
            _check(api, rule["items"], member, f"{where}[{number}]")
    if kind == "object" and "properties" in rule:
        for name, member in value.items():
            assert name in rule["properties"], f"{where} has no field {name}"
            _check(api, rule["properties"][name], member, f"{where}.{name}")
