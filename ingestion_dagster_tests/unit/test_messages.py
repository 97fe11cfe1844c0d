"""Queue messages: what is understood, what is refused, and with which words."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.errors import MalformedRequest, SourceRejected
from ingestion_dagster.core.requests import check_path, check_url, coalesce_key, digest_of, parse_message

CONTRACT = {
    "task_id": "2025-11-23-001",
    "supplier_name": "Acme Wholesale",
    "parser_type": "google_sheets",
    "source_config": {
        "sheet_url": "https://docs.google.com/spreadsheets/d/abc",
        "sheet_name": "Price List",
        "column_mapping": {"sku": "Item Code", "price": "C"},
        "characteristic_columns": ["Color"],
        "header_row": 1,
        "data_start_row": 2,
    },
    "priority": "normal",
    "max_retries": 3,
    "enqueued_at": "2025-11-23T10:30:00Z",
}


def raw(**changes: Any) -> bytes:
    return json.dumps(CONTRACT | changes).encode()


def test_the_documented_message_is_understood() -> None:
    request = parse_message(raw())
    assert request.supplier_name == "Acme Wholesale"
    assert request.source_config is not None
    assert request.source_config.column_mapping == {"sku": "Item Code", "price": "C"}


@pytest.mark.parametrize("message", [{"supplier": "acme"}, {"supplier_name": "Acme"}])
def test_a_key_or_a_name_is_enough(message: dict[str, str]) -> None:
    assert parse_message(json.dumps(message).encode())


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[1]", "must be a JSON object"),
        (b"{}", "supplier"),
        (b'{"supplier": "a", "supplier": "b"}', "stands twice"),
        (b'{"supplier": "a", "x": NaN}', "NaN"),
        (b'{"supplier": "a", "x": 1e999}', "too large"),
        (b'{"supplier": "a", "x": ' + b"[" * 50 + b"]" * 50 + b"}", "nested deeper"),
        (b'{"supplier": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "at most 65536"),
        (b'{"supplier": "Not A Key"}', "supplier"),
        (b'{"supplier_name": "   "}', "visible text"),
        (b'{"supplier_name": "a\\u0000b"}', "NUL"),
        (b'{"supplier_name": "a\\ud800"}', "supplier_name"),
        (b'{"supplier": "a", "task_id": 7}', "task_id"),
        (b'{"supplier": "a", "task_id": "' + b"x" * 256 + b'"}', "task_id"),
        (b'{"supplier": "a", "parser_type": "pdf"}', "parser_type"),
        (b'{"supplier": "a", "max_retries": -1}', "max_retries"),
        (b'{"supplier": "a", "source_config": {"credentials_path": "/etc/key.json"}}', "credentials"),
        (b'{"supplier": "a", "service_account": {}}', "credentials"),
        (b'{"supplier": "a"' + b" " * 70_000 + b"}", "at most 65536"),
    ],
)
def test_a_bad_message_is_refused_with_a_reason(message: bytes, word: str) -> None:
    with pytest.raises(MalformedRequest, match=word):
        parse_message(message)


def test_deep_nesting_below_the_size_limit_is_refused_too() -> None:
    with pytest.raises(MalformedRequest, match="nested deeper"):
        parse_message(b'{"supplier": "a", "x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}")


@given(st.binary(max_size=400))
def test_whatever_the_bytes_the_answer_is_a_request_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(MalformedRequest):
        assert parse_message(data).supplier or parse_message(data).supplier_name


def test_unknown_fields_are_accepted_and_reported() -> None:
    assert parse_message(raw(colour="blue")).unknown_fields() == ("colour",)


def test_sending_again_at_another_time_is_the_same_content() -> None:
    assert digest_of(parse_message(raw())) == digest_of(parse_message(raw(enqueued_at="2025-11-24T00:00:00Z")))
    assert digest_of(parse_message(raw())) != digest_of(parse_message(raw(max_retries=5)))


def test_other_tasks_for_the_same_source_are_the_same_work() -> None:
    assert coalesce_key(parse_message(raw(task_id="b", priority="high"))) == coalesce_key(parse_message(raw()))


@pytest.mark.parametrize(
    "path",
    ["../x.csv", "a/../../x.csv", "/etc/passwd", "~/x.csv", "file:///etc/passwd", "", ".", "a\x00b", "/inbox-other/x"],
)
def test_paths_that_leave_the_inbox_are_refused(path: str) -> None:
    with pytest.raises(SourceRejected):
        check_path(path, "/inbox")


@pytest.mark.parametrize("path", ["x.csv", "a/b/x.xlsx", "/inbox/x.csv", "a/../x.csv"])
def test_paths_inside_the_inbox_are_fine(path: str) -> None:
    check_path(path, "/inbox")


@pytest.mark.parametrize(
    "url",
    [
        "http://docs.google.com/x",
        "https://evil.example/spreadsheets/d/abc",
        "https://docs.google.com.evil.example/x",
        "https://user:pw@docs.google.com/x",
        "file:///etc/passwd",
        "https://169.254.169.254/latest",
        "//docs.google.com/x",
    ],
)
def test_addresses_off_the_list_are_refused(url: str) -> None:
    with pytest.raises(SourceRejected):
        check_url(url, ("docs.google.com",))
