"""What a queue message may say, and reading one strictly. Pure: whether the supplier is known is the store's matter.

The rules are those of the queue section of the documentation: size, depth, no duplicate keys, no NaN, no credentials.
Where a list may be is a matter of its source type: `message_source.py`.
"""

import hashlib
import json
from datetime import datetime
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ingestion_dagster.core.errors import MalformedRequest
from ingestion_dagster.core.problems import problems_in_words
from ingestion_dagster.core.requests.message_json import read_object
from ingestion_dagster.core.suppliers.source_table import BUILT_IN_TABLE, SourceTable
from ingestion_dagster.core.visible_names import shows_something, without_controls

MAX_BYTES = 64 * 1024
KEY_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"


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


class SheetRequest(BaseModel):
    """One request to load one supplier's list."""

    model_config = ConfigDict(extra="allow")

    task_id: str | None = Field(None, min_length=1, max_length=255)
    supplier: str | None = Field(None, pattern=KEY_PATTERN)
    supplier_name: str | None = Field(None, min_length=1, max_length=255)
    parser_type: str | None = None
    source_config: SourceConfig | None = None
    priority: Literal["low", "normal", "high"] = "normal"
    max_retries: int | None = Field(None, ge=0, le=100)
    enqueued_at: datetime | None = None

    @field_validator("parser_type", mode="before")
    @classmethod
    def _is_a_source_type(cls, value: Any, info: ValidationInfo) -> Any:
        types: SourceTable = (info.context or {}).get("types", BUILT_IN_TABLE)
        if value is None or (isinstance(value, str) and types.find(value) is not None):
            return value
        if isinstance(value, str) and (broken := types.broken(value)) is not None:
            raise ValueError(broken)
        *others, last = (repr(name) for name in types.names())
        raise PydanticCustomError("literal_error", "is no source type", {"expected": f"{', '.join(others)} or {last}"})

    @field_validator("supplier_name")
    @classmethod
    def _as_it_is_stored(cls, name: str | None) -> str | None:
        return None if name is None else without_controls(name)

    @model_validator(mode="after")
    def _complete(self) -> "SheetRequest":
        if self.supplier is None and self.supplier_name is None:
            raise ValueError("one of `supplier` (a key) and `supplier_name` is required")
        for text in (self.task_id, self.supplier_name):
            if text is not None and not shows_something(text):
                raise ValueError("task_id and supplier_name must be visible text")
        return self

    def unknown_fields(self) -> tuple[str, ...]:
        """Names nobody here knows; accepted, but worth telling the producer."""
        return tuple(sorted(self.model_extra or {}))


def parse_message(raw: bytes, max_bytes: int = MAX_BYTES, types: SourceTable = BUILT_IN_TABLE) -> SheetRequest:
    """The request in `raw`. Raises MalformedRequest with a reason a producer can act on."""
    if len(raw) > max_bytes:
        raise MalformedRequest(f"the message has {len(raw)} bytes; at most {max_bytes} are taken")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"the message is not UTF-8 (byte {error.start})") from None
    try:
        return SheetRequest.model_validate(read_object(text), context={"types": types})
    except ValidationError as error:
        raise MalformedRequest(problems_in_words(error)) from None


def digest_of(request: SheetRequest) -> str:
    """Same work, same digest: everything but the task_id and the time of sending."""
    content = request.model_dump(mode="json", exclude={"task_id", "enqueued_at"}, exclude_none=True)
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def coalesce_key(request: SheetRequest) -> str:
    """Equal keys of one supplier mean the same source and options, so one load answers both."""
    config = request.source_config.model_dump(mode="json", exclude_none=True) if request.source_config else {}
    content = json.dumps([request.parser_type, config], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
