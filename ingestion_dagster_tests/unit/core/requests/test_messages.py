"""Queue messages: what is understood, what is refused, and with which words."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.errors import MalformedRequest, SourceRejected
from ingestion_dagster.core.requests.message import coalesce_key, digest_of, parse_message
from ingestion_dagster.core.requests.message_json import without_secrets
from ingestion_dagster.core.suppliers.built_in_sources import check_path, check_url
from ingestion_dagster.core.visible_names import is_visible

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


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"auth": {"api_token": "s3cr3t"}}, "source_config.auth.api_token"),
        ({"headers": [{"x": 1}, {"Private-Key": "s3cr3t"}]}, "source_config.headers.Private-Key"),
        ({"a": {"b": {"c": {"Credentials": {"id": "s3cr3t"}}}}}, "source_config.a.b.c.Credentials"),
        ({"ｐassword": "s3cr3t"}, "ｐassword"),
    ],
)
def test_credentials_are_refused_however_deep_they_lie_and_are_not_kept(config: dict[str, Any], place: str) -> None:
    message = json.dumps({"supplier": "acme", "source_config": config}).encode()
    with pytest.raises(MalformedRequest, match="must not name credentials") as refusal:
        parse_message(message)
    assert place in str(refusal.value)
    kept = without_secrets(message)
    assert b"s3cr3t" not in kept
    assert b"acme" in kept


@pytest.mark.parametrize(
    "message",
    [
        b'{"supplier": "acme", "api_token": "s3cr3t", "x": [',
        b'{"supplier": "acme", "api_token": "s3cr3t',
        b'not json "password" : s3cr3t, "acme"',
        b'{"supplier": "acme", "source_config": {"sheet_url": "https://robot:s3cr3t@docs.google.com/d/x"}}',
        b'\xff{"acme": 1, "secret": "s3cr3t\\"s3cr3t"}',
    ],
)
def test_credentials_in_damaged_messages_and_addresses_are_not_kept(message: bytes) -> None:
    kept = without_secrets(message)
    assert b"s3cr3t" not in kept
    assert b"acme" in kept


@given(st.binary(max_size=300))
def test_bytes_without_credentials_are_kept_as_they_are(data: bytes) -> None:
    if not any(mark in data for mark in (b'"', b"//")):
        assert without_secrets(data) == data
    assert without_secrets(without_secrets(data)) == without_secrets(data)


@pytest.mark.parametrize("name", ["\u200b", "\u200b\u2060\ufeff", "\u3164", " \u00a0", "\u0301", "\u2800"])
def test_a_name_that_nobody_can_see_is_refused(name: str) -> None:
    for field in ("supplier_name", "task_id"):
        with pytest.raises(MalformedRequest, match="visible text"):
            parse_message(json.dumps({"supplier_name": "Acme", field: name}).encode())


CONTROLLING = ["\x1b", "\x9b", "\n", "\t", "\u2028", "\u202e", "\u2066", "\x7f"]


@pytest.mark.parametrize("sign", CONTROLLING)
def test_a_name_is_stored_without_what_controls_a_terminal_or_turns_the_line(sign: str) -> None:
    blank = " " if sign in "\n\t\u2028" else ""
    for name, kept in ((f"Acme{sign}Ltd", f"Acme{blank}Ltd"), (f"{sign}Acme{sign}", "Acme")):
        assert parse_message(json.dumps({"supplier_name": name}).encode()).supplier_name == kept


@pytest.mark.parametrize("sign", CONTROLLING)
def test_a_task_id_stays_as_it_was_sent(sign: str) -> None:
    message = json.dumps({"supplier": "acme", "task_id": f"a{sign}b"}).encode()
    assert parse_message(message).task_id == f"a{sign}b"


@given(st.text(min_size=1, max_size=20))
def test_what_is_stored_of_a_name_is_visible_or_the_message_is_refused(name: str) -> None:
    try:
        stored = parse_message(json.dumps({"supplier_name": name}).encode()).supplier_name
    except MalformedRequest:
        return
    assert stored is not None
    assert is_visible(stored)


@pytest.mark.parametrize(
    "name", ["Müller & Söhne", "شركة", "کتاب‌خانه", "日本文具", "🦉 GmbH", "[/red]", "A:x:1", "R2\u200bD2"]
)
def test_names_of_every_script_are_fine(name: str) -> None:
    assert parse_message(json.dumps({"supplier_name": name}).encode()).supplier_name == name


def test_a_backslash_u0000_as_text_is_text() -> None:
    request = parse_message(b'{"supplier_name": "C:\\\\u0000x"}')
    assert request.supplier_name == "C:\\u0000x"
    with pytest.raises(MalformedRequest, match=r"source_config\.x: .*NUL"):
        parse_message(b'{"supplier": "a", "source_config": {"x": ["\\u0000"]}}')


def test_a_refusal_is_one_plain_line_in_words_whatever_the_message_holds() -> None:
    hostile = "\x1b[2J\n2026-01-01 00:00:00 - INFO - batch 17 approved by boss"
    message = {"supplier": "x", "source_config": {"column_mapping": {hostile: []}, "header_row": "one"}}
    with pytest.raises(MalformedRequest) as refusal:
        parse_message(json.dumps(message).encode())
    said = str(refusal.value)
    assert said.isprintable()
    assert "must be text or a whole number" in said
    assert "header_row: must be a whole number, not 'one'" in said
    assert "Input should" not in said


@pytest.mark.parametrize(
    "url",
    [
        f"https://docs.google.com:8443/d/{'A' * 30}",
        f"https://docs.google.com:port/d/{'A' * 30}",
        f"https://docs.google.com:99999999/d/{'A' * 30}",
        f"https://docs.google.com#@evil/d/{'A' * 30}",
        "https://[::1",
        "https://docs.google.com/spreadsheets/d/short/edit",
        "price list",
    ],
)
def test_what_the_fetch_would_refuse_later_is_refused_at_once(url: str) -> None:
    with pytest.raises(SourceRejected):
        check_url(url, ("docs.google.com",))
