"""What a queue message may say, and reading one strictly. Pure: whether the supplier is known is the store's matter.

The rules are those of the queue section of the documentation: size, depth, no duplicate keys, no NaN, no
credentials, no file outside the inbox, no host off the list.
"""

import hashlib
import json
import math
import os.path
from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ingestion_dagster.core.errors import MalformedRequest, SourceRejected

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20
KEY_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
FORBIDDEN_WORDS = ("credential", "service_account", "private_key", "password", "secret", "token")

ParserType = Literal["google_sheets", "csv", "excel"]


class SourceConfig(BaseModel):
    """Where a list is and what the producer knows of it. Rows are 1-based. Unknown settings are kept and reported."""

    model_config = ConfigDict(extra="allow")

    sheet_url: str | None = Field(None, max_length=2048)
    file_path: str | None = Field(None, max_length=1024)
    sheet_name: str | None = Field(None, max_length=255)
    gid: int | str | None = None
    encoding: str | None = Field(None, max_length=40)
    delimiter: str | None = Field(None, min_length=1, max_length=4)
    column_mapping: dict[str, str | int] | None = None
    characteristic_columns: list[str] | None = None
    header_row: int | None = Field(None, ge=0, le=1_000_000)
    data_start_row: int | None = Field(None, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _names_no_secret(self) -> "SourceConfig":
        for name in self.model_extra or {}:
            if any(word in name.lower() for word in FORBIDDEN_WORDS):
                raise ValueError(f"a message must not name credentials ({name})")
        return self


class SheetRequest(BaseModel):
    """One request to load one supplier's list."""

    model_config = ConfigDict(extra="allow")

    task_id: str | None = Field(None, min_length=1, max_length=255)
    supplier: str | None = Field(None, pattern=KEY_PATTERN)
    supplier_name: str | None = Field(None, min_length=1, max_length=255)
    parser_type: ParserType | None = None
    source_config: SourceConfig | None = None
    priority: Literal["low", "normal", "high"] = "normal"
    max_retries: int | None = Field(None, ge=0, le=100)
    enqueued_at: datetime | None = None

    @model_validator(mode="after")
    def _complete(self) -> "SheetRequest":
        if self.supplier is None and self.supplier_name is None:
            raise ValueError("one of `supplier` (a key) and `supplier_name` is required")
        for text in (self.task_id, self.supplier_name):
            if text is not None and (not text.strip() or any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in text)):
                raise ValueError("task_id and supplier_name must be visible text without control characters")
        for name in self.model_extra or {}:
            if any(word in name.lower() for word in FORBIDDEN_WORDS):
                raise ValueError(f"a message must not name credentials ({name})")
        return self

    def unknown_fields(self) -> tuple[str, ...]:
        """Names nobody here knows; accepted, but worth telling the producer."""
        return tuple(sorted(self.model_extra or {}))


def parse_message(raw: bytes, max_bytes: int = MAX_BYTES) -> SheetRequest:
    """The request in `raw`. Raises MalformedRequest with a reason a producer can act on."""
    if len(raw) > max_bytes:
        raise MalformedRequest(f"the message has {len(raw)} bytes; at most {max_bytes} are taken")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"the message is not UTF-8 (byte {error.start})") from None
    try:
        data = json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_no_constant, parse_float=_finite_number)
    except RecursionError:
        raise MalformedRequest(f"the message is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise MalformedRequest(f"the message is not valid JSON: {error}") from None
    if not isinstance(data, dict):
        raise MalformedRequest("the message must be a JSON object")
    if _depth(data) > MAX_DEPTH:
        raise MalformedRequest(f"the message is nested deeper than {MAX_DEPTH} levels")
    if "\\u0000" in text or "\x00" in text:
        raise MalformedRequest("the message contains a NUL character")
    try:
        return SheetRequest.model_validate(data)
    except ValidationError as error:
        raise MalformedRequest(_first_problems(error)) from None


def digest_of(request: SheetRequest) -> str:
    """Same work, same digest: everything but the task_id and the time of sending."""
    content = request.model_dump(mode="json", exclude={"task_id", "enqueued_at"}, exclude_none=True)
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def coalesce_key(request: SheetRequest) -> str:
    """Equal keys of one supplier mean the same source and options, so one load answers both."""
    config = request.source_config.model_dump(mode="json", exclude_none=True) if request.source_config else {}
    content = json.dumps([request.parser_type, config], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def check_source(source_type: str, source: dict[str, Any], inbox: str, allowed_hosts: Collection[str]) -> None:
    """Refuses (SourceRejected) what no supplier may read; the fetch checks the real path and address again."""
    if source_type == "google_sheets":
        if not source.get("sheet_url"):
            raise SourceRejected("a google_sheets source needs `sheet_url`")
        check_url(str(source["sheet_url"]), allowed_hosts)
    else:
        if not source.get("file_path"):
            raise SourceRejected(f"a {source_type} source needs `file_path`")
        check_path(str(source["file_path"]), inbox)


def check_url(url: str, allowed_hosts: Collection[str]) -> None:
    """https to a host on the list, without user, password or odd port; a bare document key is fine."""
    if "/" not in url and ":" not in url:
        return
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme != "https":
        raise SourceRejected(f"only https addresses are read, not {parts.scheme or 'this one'}")
    if parts.username or parts.password:
        raise SourceRejected("an address must not carry a user name or password")
    if host not in allowed_hosts:
        raise SourceRejected(f"the host {host!r} is not allowed; INGESTION_ALLOWED_HOSTS lists those that are")


def check_path(path: str, inbox: str) -> None:
    """Inside the inbox by its spelling; symlinks are looked at when the file is opened."""
    if "\x00" in path or "://" in path or path.startswith("~"):
        raise SourceRejected("file_path must be a plain path inside the inbox")
    whole = os.path.normpath(os.path.join(inbox, path))
    if whole == os.path.normpath(inbox) or os.path.commonpath([whole, os.path.normpath(inbox)]) != os.path.normpath(
        inbox
    ):
        raise SourceRejected(f"file_path leaves the inbox: {path!r}; only files inside the inbox are read")


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


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        deepest = max(deepest, level)
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting.extend((child, level + 1) for child in children)
    return deepest


def _first_problems(error: ValidationError) -> str:
    problems = [
        f"{'.'.join(str(part) for part in problem['loc']) or 'message'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)[:3]
    ]
    return "; ".join(problems)
