"""What each failed answer of Google means: whether trying again can help, and what a person has to do.

One table for answers, one for what breaks on the way, one for refused credentials. Waiting and trying again is
`http.py`. Only Google's own short message is ever repeated, and nothing that looks like a token.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

import orjson

from ingestion_dagster.core.errors import QuotaExhausted, SourceRejected, SourceUnavailable

LONGEST_WAIT: Final = 3600.0
"""Seconds; a longer Retry-After is cut to this."""


class GoogleUnavailable(SourceUnavailable):
    """Google did not answer properly this time, however often `retry.py` tried."""

    tried_again = True

    def __init__(self, rule: str, message: str, retry_after: float | None = None) -> None:
        """`rule`: the name of the row in the tables below."""
        super().__init__(message, retry_after)
        self.rule = rule


class GoogleBusy(QuotaExhausted):
    """Google says that its quota is used up."""

    def __init__(self, rule: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after)
        self.rule = rule


class GoogleRejected(SourceRejected):
    """Google refused, and will refuse again until somebody changes something."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class Subject(NamedTuple):
    """What a message is about."""

    what: str
    """`the Google Sheet 1BxiM…`"""
    service_account: str
    """The service account's address, for "share the sheet with …"."""


class Reply(NamedTuple):
    """A failed answer, taken apart."""

    status: int
    reasons: frozenset[str] = frozenset()
    """Every status and reason word in it, upper case: `PERMISSION_DENIED`, `SERVICE_DISABLED` …"""
    message: str = ""
    retry_after: float | None = None
    location: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: the first that matches decides."""

    name: str
    error: type[GoogleUnavailable] | type[GoogleBusy] | type[GoogleRejected]
    matches: Callable[[Reply], bool]
    says: str


_DRIVE_QUOTA: Final = {"RATELIMITEXCEEDED", "USERRATELIMITEXCEEDED", "DAILYLIMITEXCEEDED", "QUOTAEXCEEDED"}
_API_OFF: Final = {"SERVICE_DISABLED", "ACCESSNOTCONFIGURED"}
_SCOPE: Final = {"ACCESS_TOKEN_SCOPE_INSUFFICIENT", "INSUFFICIENTPERMISSIONS", "INSUFFICIENTSCOPES"}

REPLIES: Final[tuple[Rule, ...]] = (
    Rule("rate limit", GoogleBusy, lambda r: r.status == 429, "Google's read quota is used up; {what} is read later."),
    Rule(
        "drive rate limit",
        GoogleBusy,
        lambda r: r.status == 403 and bool(r.reasons & _DRIVE_QUOTA),
        "Google Drive's quota is used up; {what} is read later.",
    ),
    Rule(
        "api switched off",
        GoogleRejected,
        lambda r: r.status == 403 and bool(r.reasons & _API_OFF),
        "The Google API is not switched on in the service account's project: open the Google Cloud console, "
        '"APIs & Services", and enable the Google Sheets API and the Google Drive API.{detail}',
    ),
    Rule(
        "scope missing",
        GoogleRejected,
        lambda r: r.status == 403 and bool(r.reasons & _SCOPE),
        "The credentials do not allow reading spreadsheets: use a service-account key file made as "
        "docs/google-access.md describes.{detail}",
    ),
    Rule(
        "not shared",
        GoogleRejected,
        lambda r: r.status == 403,
        "{what} is not shared with the robot: open the sheet, Share, and add {robot} as a viewer.{detail}",
    ),
    Rule(
        "no such document",
        GoogleRejected,
        lambda r: r.status == 404,
        "{what} does not exist or is not shared with the robot: check the link, then share the sheet with {robot} "
        "as a viewer.",
    ),
    Rule(
        "not a google sheet",
        GoogleRejected,
        lambda r: r.status == 400 and "FAILED_PRECONDITION" in r.reasons,
        "{what} is an Office file in Google Drive, not a Google Sheet: open it there and choose File, "
        '"Save as Google Sheets", then use the address of the new document.',
    ),
    Rule(
        "no such tab",
        GoogleRejected,
        lambda r: r.status == 400 and "parse range" in r.message.lower(),
        "{what} has no tab of that name.{detail}",
    ),
    Rule(
        "credentials refused",
        GoogleRejected,
        lambda r: r.status == 401,
        "Google no longer accepts the service account {robot}: make a new key file (docs/google-access.md).",
    ),
    Rule("request timeout", GoogleUnavailable, lambda r: r.status == 408, "Google gave up reading {what} in time."),
    Rule(
        "server error",
        GoogleUnavailable,
        lambda r: r.status >= 500,
        "Google could not serve {what} just now (status {status}).{detail}",
    ),
    Rule(
        "redirected",
        GoogleRejected,
        lambda r: 300 <= r.status < 400,
        "Google answered for {what} with a redirect, which is not followed: check the address and the proxy.",
    ),
    Rule("bad request", GoogleRejected, lambda r: True, "Google refused to read {what} (status {status}).{detail}"),
)

TOKEN_REFUSALS: Final[tuple[tuple[str, str, str], ...]] = (
    # name, what Google's text says, what to do
    ("clock is wrong", "iat and exp|reasonable timeframe|short-lived", "this machine's clock is wrong: set it by NTP"),
    ("key was replaced", "signature", "the key was deleted or replaced in Google Cloud: make a new key file"),
    ("account is gone", "account not found|user_not_found", "the service account was deleted: make a new one"),
    ("account is disabled", "disabled", "the service account is disabled: enable it in Google Cloud"),
    ("grant refused", "", "make a new key file as docs/google-access.md describes"),
)


def reply_error(reply: Reply, subject: Subject) -> GoogleUnavailable | GoogleBusy | GoogleRejected:
    """The error that an answer other than 200 means."""
    rule = next(rule for rule in REPLIES if rule.matches(reply))
    detail = f" Google says: {reply.message}" if reply.message else ""
    text = rule.says.format(what=subject.what, robot=subject.service_account, status=reply.status, detail=detail)
    message = text[0].upper() + text[1:]
    if issubclass(rule.error, GoogleRejected):
        return rule.error(rule.name, message)
    return rule.error(rule.name, message, reply.retry_after)


def token_error(detail: str, subject: Subject) -> GoogleRejected:
    """The error that a refused token request means; `detail` is Google's own description."""
    name, _, advice = next(row for row in TOKEN_REFUSALS if re.search(row[1], detail, re.IGNORECASE))
    return GoogleRejected(
        name, f"Google refused the service account {subject.service_account}: {advice}.{_says(detail)}"
    )


def broken_error(error: Exception, subject: Subject) -> GoogleUnavailable | GoogleRejected:
    """The error that an exception on the way to or from Google means; anything unknown is raised again."""
    import requests
    import urllib3.exceptions as low

    what, kind = subject.what, type(error).__name__
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return GoogleRejected(
            "certificate refused",
            "The connection to Google shows a certificate that this machine does not trust: check the clock, the "
            "proxy, and its certificate in REQUESTS_CA_BUNDLE.",
        )
    if isinstance(error, requests.Timeout | low.TimeoutError | TimeoutError):
        return GoogleUnavailable("timed out", f"Google did not answer in time for {what}.")
    if isinstance(error, low.DecodeError | requests.exceptions.ContentDecodingError):
        return GoogleUnavailable("cut short", f"Google's answer for {what} could not be unpacked.")
    if isinstance(error, low.ProtocolError | low.IncompleteRead | requests.exceptions.ChunkedEncodingError):
        return GoogleUnavailable("cut short", f"Google's answer for {what} broke off ({kind}).")
    if isinstance(error, requests.ConnectionError | low.HTTPError | OSError):
        return GoogleUnavailable("connection lost", f"The connection to Google broke while reading {what} ({kind}).")
    raise error


def unreadable_error(subject: Subject) -> GoogleUnavailable:
    """The error that an answer with status 200 which is not whole JSON means: truncated, or not from Google."""
    return GoogleUnavailable("cut short", f"Google's answer for {subject.what} is incomplete or not JSON.")


def read_reply(status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    """Takes a failed answer apart, whatever its form: Google's JSON, `{"error": "text"}`, HTML, nothing."""
    reasons: set[str] = set()
    message = ""
    try:
        error = orjson.loads(body).get("error", "")
    except (orjson.JSONDecodeError, AttributeError):
        error = ""
    if isinstance(error, dict):
        message = str(error.get("message", ""))
        reasons.add(str(error.get("status", "")))
        for part in _dicts(error.get("errors")) + _dicts(error.get("details")):
            reasons.add(str(part.get("reason", "")))
    elif isinstance(error, str):
        message = error
    return Reply(
        status,
        frozenset(reason.upper() for reason in reasons if reason),
        clean(message),
        retry_after(headers),
        headers.get("Location", ""),
    )


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the answer asks to wait: a number, or a date measured against the answer's own `Date`."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:6]), LONGEST_WAIT)
    try:
        wait = (parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)


_TOKENS: Final = re.compile(r"ya29\.[\w.-]+|ey[\w-]{8,}\.[\w.-]+|Bearer\s+\S+|-----BEGIN.*", re.IGNORECASE | re.DOTALL)


def clean(text: str) -> str:
    """What a message may repeat of a foreign text: one line, 200 characters, no token, no control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in _TOKENS.sub("…", text)).split())
    return line if len(line) <= 200 else line[:199] + "…"


def _says(detail: str) -> str:
    return f" Google says: {clean(detail)}" if detail else ""
