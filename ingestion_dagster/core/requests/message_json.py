"""The bytes of a queue message as a JSON object, read strictly: depth, repeated names, NUL, names of credentials.

What the fields mean belongs to `message.py`.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

from ingestion_dagster.core.errors import MalformedRequest
from ingestion_dagster.core.secret_names import is_secret

MAX_DEPTH: Final = 20
"""A field whose name contains one of these, whatever its letter case and separators, may hold a secret."""

_HIDDEN: Final = "(not kept)"
_QUOTED_FIELD: Final = re.compile(r'("(?P<name>(?:[^"\\]|\\.)*)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,{}\[\]"]+)')
_ADDRESS_PASSWORD: Final = re.compile(r"(//[^/@\s\"]*?:)[^/@\s\"]*@")


def read_object(text: str) -> dict[str, Any]:
    """The JSON object that `text` is. Raises MalformedRequest with a reason a producer can act on."""
    try:
        data = json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_no_constant, parse_float=_finite_number)
    except RecursionError:
        raise MalformedRequest(f"the message is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise MalformedRequest(f"the message is not valid JSON: {error}") from None
    if not isinstance(data, dict):
        raise MalformedRequest("the message must be a JSON object")
    _refuse_what_no_message_may_hold(data)
    return data


def without_secrets(raw: bytes) -> bytes:
    """`raw` without passwords in addresses and the values of fields that may hold a secret, for the record.

    Unchanged where there are none. Bytes that are no JSON are searched for such fields as text.
    """
    text = _ADDRESS_PASSWORD.sub(rf"\g<1>{_HIDDEN}@", raw.decode("utf-8", "surrogateescape"))
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return _QUOTED_FIELD.sub(_hidden_in_text, text).encode("utf-8", "surrogateescape")
    if next(_secrets(data), None) is None:
        return text.encode("utf-8", "surrogateescape")
    return json.dumps(_hidden(data), ensure_ascii=True).encode()


def _refuse_what_no_message_may_hold(data: dict[str, Any]) -> None:
    for path, value, level in _walk(data):
        if level > MAX_DEPTH:
            raise MalformedRequest(f"the message is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, str):
            _refuse_unstorable(".".join(path), value)
    if (named := next(_secrets(data), None)) is not None:
        raise MalformedRequest(f"{named}: a message must not name credentials; they are the operator's settings")


def _refuse_unstorable(place: str, text: str) -> None:
    if "\x00" in text:
        raise MalformedRequest(f"{place}: the message contains a NUL character")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise MalformedRequest(f"{place}: half a character (an unpaired surrogate), which no text can hold")


def _walk(data: Any) -> Iterator[tuple[tuple[str, ...], Any, int]]:
    """(path, value, level) of every name and value, without recursion: a hostile message may be 30,000 levels deep."""
    waiting: list[tuple[tuple[str, ...], Any, int]] = [((), data, 1)]
    while waiting:
        path, value, level = waiting.pop()
        yield path, value, level
        if level > MAX_DEPTH:
            continue
        if isinstance(value, dict):
            for name, inner in value.items():
                yield (*path, name), name, level
                waiting.append(((*path, name), inner, level + 1))
        elif isinstance(value, list):
            waiting.extend((path, inner, level + 1) for inner in value)


def _secrets(data: Any) -> Iterator[str]:
    """Dotted paths of the fields that may hold a secret."""
    return (".".join(path) for path, _, _ in _walk(data) if path and is_secret(path[-1]))


def _hidden(value: Any, level: int = 1) -> Any:
    if level > MAX_DEPTH:
        return _HIDDEN
    if isinstance(value, dict):
        return {name: _HIDDEN if is_secret(name) else _hidden(inner, level + 1) for name, inner in value.items()}
    return [_hidden(inner, level + 1) for inner in value] if isinstance(value, list) else value


def _hidden_in_text(field: "re.Match[str]") -> str:
    return f'{field.group(1)}"{_HIDDEN}"' if is_secret(field["name"]) else field.group(0)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name!r} stands twice in one object")
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number
