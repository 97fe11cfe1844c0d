import json
from typing import Any

import pytest
import requests
import urllib3.exceptions as low

from ingestion_dagster.core.errors import QuotaExhausted, SourceRejected, SourceUnavailable
from ingestion_dagster.sources.google.errors import (
    REPLIES,
    TOKEN_REFUSALS,
    Subject,
    broken_error,
    clean,
    read_reply,
    reply_error,
    token_error,
)

SUBJECT = Subject("the Google Sheet 1abc", "robot@project.iam.gserviceaccount.com")


def google(message: str = "", status: str = "", **more: Any) -> bytes:
    return json.dumps({"error": {"message": message, "status": status} | more}).encode()


OFF = google("Google Sheets API is disabled", "PERMISSION_DENIED", details=[{"reason": "SERVICE_DISABLED"}])
SCOPE = google("no", "PERMISSION_DENIED", details=[{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}])
DRIVE = google("Rate Limit Exceeded", errors=[{"domain": "usageLimits", "reason": "userRateLimitExceeded"}])

ROWS = [
    # status, body, name of the row, class, words that tell what to do
    (429, google("Quota exceeded", "RESOURCE_EXHAUSTED"), "rate limit", QuotaExhausted, "read later"),
    (403, DRIVE, "drive rate limit", QuotaExhausted, "read later"),
    (403, OFF, "api switched off", SourceRejected, "enable the Google Sheets API"),
    (403, SCOPE, "scope missing", SourceRejected, "docs/google-access.md"),
    (
        403,
        google("The caller does not have permission"),
        "not shared",
        SourceRejected,
        f"add {SUBJECT.service_account} as a",
    ),
    (404, google("Requested entity was not found."), "no such document", SourceRejected, "check the link"),
    (400, google("x", "FAILED_PRECONDITION"), "not a google sheet", SourceRejected, "Save as Google Sheets"),
    (400, google("Unable to parse range: 'A'"), "no such tab", SourceRejected, "no tab of that name"),
    (401, google("bad token", "UNAUTHENTICATED"), "credentials refused", SourceRejected, "new key file"),
    (408, b"", "request timeout", SourceUnavailable, "in time"),
    (500, google("Internal error", "INTERNAL"), "server error", SourceUnavailable, "Internal error"),
    (302, b"", "redirected", SourceRejected, "proxy"),
    (418, google("I'm a teapot"), "bad request", SourceRejected, "teapot"),
]


@pytest.mark.parametrize(("status", "body", "rule", "kind", "says"), ROWS, ids=[row[2] for row in ROWS])
def test_each_row_of_the_table(status: int, body: bytes, rule: str, kind: type[Exception], says: str) -> None:
    error = reply_error(read_reply(status, {}, body), SUBJECT)
    assert error.rule == rule
    assert isinstance(error, kind)
    assert error.retryable == issubclass(kind, SourceUnavailable)
    assert says in str(error)


def test_every_row_of_the_table_has_a_test() -> None:
    assert {rule.name for rule in REPLIES} == {row[2] for row in ROWS}


@pytest.mark.parametrize(
    ("status", "body"),
    [(502, b"<!DOCTYPE html><p>Please try again"), (503, b""), (500, b'{"error": "text"}'), (500, b'["list"]')],
)
def test_a_server_error_is_known_whatever_its_body_is(status: int, body: bytes) -> None:
    assert reply_error(read_reply(status, {}, body), SUBJECT).rule == "server error"


REFUSALS = [
    ("invalid_grant: Invalid JWT: Token must be a short-lived token. Check your iat and exp", "clock is wrong", "NTP"),
    ("invalid_grant: Invalid JWT Signature.", "key was replaced", "new key file"),
    ("invalid_grant: Invalid grant: account not found", "account is gone", "deleted"),
    ("disabled_client: The OAuth client was disabled", "account is disabled", "enable it"),
    ("", "grant refused", "docs/google-access.md"),
]


@pytest.mark.parametrize(("detail", "rule", "says"), REFUSALS, ids=[row[1] for row in REFUSALS])
def test_each_refusal_of_the_token_server(detail: str, rule: str, says: str) -> None:
    error = token_error(detail, SUBJECT)
    assert (error.rule, error.retryable) == (rule, False)
    assert says in str(error)


def test_every_refusal_has_a_test() -> None:
    assert [row[0] for row in TOKEN_REFUSALS] == [row[1] for row in REFUSALS]


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (requests.ConnectTimeout("t"), "timed out"),
        (requests.ReadTimeout("t"), "timed out"),
        (low.ReadTimeoutError(None, "", "t"), "timed out"),  # type: ignore[arg-type]
        (TimeoutError(), "timed out"),
        (requests.ConnectionError("Connection aborted."), "connection lost"),
        (requests.exceptions.ProxyError("p"), "connection lost"),
        (requests.exceptions.SSLError("EOF occurred"), "connection lost"),
        (ConnectionResetError(), "connection lost"),
        (low.IncompleteRead(1, 2), "cut short"),
        (requests.exceptions.ChunkedEncodingError("c"), "cut short"),
        (low.DecodeError("bad gzip"), "cut short"),
    ],
)
def test_what_breaks_on_the_way_can_be_tried_again(broken: Exception, rule: str) -> None:
    error = broken_error(broken, SUBJECT)
    assert (error.rule, error.retryable) == (rule, True)


def test_a_certificate_nobody_trusts_needs_a_person() -> None:
    error = broken_error(requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), SUBJECT)
    assert (error.rule, error.retryable) == ("certificate refused", False)


def test_a_fault_of_our_own_is_not_taken_for_one_of_google() -> None:
    with pytest.raises(ZeroDivisionError):
        broken_error(ZeroDivisionError(), SUBJECT)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "999999"}, 3600.0),
        ({"Retry-After": "Tue, 06 Jan 2026 08:00:30 GMT", "Date": "Tue, 06 Jan 2026 08:00:00 GMT"}, 30.0),
        ({"Retry-After": "Tue, 06 Jan 2026 07:00:00 GMT", "Date": "Tue, 06 Jan 2026 08:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "٣"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_a_number_or_a_date_against_the_answers_own_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert reply_error(read_reply(429, headers, b""), SUBJECT).retry_after == seconds  # type: ignore[union-attr]


def test_nothing_that_looks_like_a_secret_is_repeated() -> None:
    foreign = (
        "token ya29.a0AfB_by-x was bad, Bearer abc.def, eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln,"
        "\x1b[31m\r\n-----BEGIN PRIVATE KEY-----\nMIIE"
    )
    repeated = clean(foreign)
    for secret in ("a0AfB", "abc.def", "eyJ", "c2ln", "MIIE", "\x1b", "\n"):
        assert secret not in repeated
    assert len(clean("x" * 1000)) == 200
