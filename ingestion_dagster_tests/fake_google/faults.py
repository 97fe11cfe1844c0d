"""Everything that goes wrong between us and Google, one name each, and when it is to happen."""

import json
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """One thing that goes wrong."""

    TOO_MANY = "429 without Retry-After"
    TOO_MANY_WAIT = "429 with Retry-After"
    INTERNAL = "500"
    BAD_GATEWAY = "502 as an HTML page"
    UNAVAILABLE = "503"
    DROP = "connection dropped before the answer"
    SILENCE = "no answer at all"
    DRIP = "answer byte by byte, without end"
    TRUNCATED = "answer broken off"
    NOT_JSON = "status 200 with a page"
    ERROR_TEXT = '500 with {"error": "text"}'
    UNAUTHENTICATED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    REDIRECT = "302 to another host"
    INVALID_GRANT = "400 invalid_grant"


RETRIED: Final = frozenset(
    {
        Fault.TOO_MANY,
        Fault.TOO_MANY_WAIT,
        Fault.INTERNAL,
        Fault.BAD_GATEWAY,
        Fault.UNAVAILABLE,
        Fault.DROP,
        Fault.SILENCE,
        Fault.DRIP,
        Fault.TRUNCATED,
        Fault.NOT_JSON,
        Fault.ERROR_TEXT,
    }
)
"""Those after which another try can succeed."""

_PAGE: Final = (
    "<!DOCTYPE html><html><title>Error 502 (Server Error)!!1</title><p>Please try again in 30 seconds.</html>"
)


@dataclass(frozen=True)
class Failure:
    """A whole failing answer."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)


def google_error(code: int, status: str, message: str, reason: str = "") -> Failure:
    """An error in the form of Google's JSON APIs."""
    error: dict[str, object] = {"code": code, "message": message, "status": status}
    if reason:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]
    return Failure(code, json.dumps({"error": error}).encode())


def drive_error(code: int, reason: str, message: str) -> Failure:
    """An error in the older form of Drive v3."""
    error = {
        "errors": [{"domain": "usageLimits", "reason": reason, "message": message}],
        "code": code,
        "message": message,
    }
    return Failure(code, json.dumps({"error": error}).encode())


def page(code: int, text: str = _PAGE) -> Failure:
    """An HTML page."""
    return Failure(code, text.encode(), "text/html; charset=UTF-8")


def redirect(location: str, code: int = 302) -> Failure:
    """A redirect."""
    return Failure(code, b"", "text/html", {"Location": location})


def quota_exceeded(per: str, retry_after: int | None = None) -> Failure:
    """The 429 of the Sheets API. Google itself sends no Retry-After with it today."""
    message = f"Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per {per}'"
    error = google_error(429, "RESOURCE_EXHAUSTED", message, "RATE_LIMIT_EXCEEDED")
    return error if retry_after is None else Failure(429, error.body, headers={"Retry-After": str(retry_after)})


def invalid_grant(description: str) -> Failure:
    """The token server's refusal."""
    return Failure(400, json.dumps({"error": "invalid_grant", "error_description": description}).encode())


ANSWERS: Final[dict[Fault, Failure]] = {
    Fault.TOO_MANY: quota_exceeded("user"),
    Fault.TOO_MANY_WAIT: quota_exceeded("user", 1),
    Fault.INTERNAL: google_error(500, "INTERNAL", "Internal error encountered."),
    Fault.BAD_GATEWAY: page(502),
    Fault.UNAVAILABLE: google_error(503, "UNAVAILABLE", "The service is currently unavailable."),
    Fault.NOT_JSON: page(200, "<html><title>Please sign in to the hotel's network</title></html>"),
    Fault.ERROR_TEXT: Failure(500, b'{"error": "backend is tired"}'),
    Fault.UNAUTHENTICATED: google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    Fault.FORBIDDEN: google_error(403, "PERMISSION_DENIED", "The caller does not have permission"),
    Fault.NOT_FOUND: google_error(404, "NOT_FOUND", "Requested entity was not found."),
    Fault.REDIRECT: redirect("https://evil.example/v4/spreadsheets"),
    Fault.INVALID_GRANT: invalid_grant("Invalid JWT Signature."),
}


class FaultPlan:
    """Which request goes wrong, counted from 0 since the plan was made or cleared."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Nothing goes wrong, and counting starts again."""
        with self._lock:
            self._at: dict[int, Fault] = {}
            self._from: tuple[int, Fault] | None = None
            self._count = 0

    def add(self, fault: Fault, at: int) -> None:
        """Request number `at` goes wrong."""
        self._at[at] = fault

    def add_for_ever(self, fault: Fault, start: int) -> None:
        """Request number `start` and all after it go wrong."""
        self._from = (start, fault)

    def next(self) -> Fault | None:
        """What is to happen to the request that just came in."""
        with self._lock:
            number, self._count = self._count, self._count + 1
            if self._from and number >= self._from[0]:
                return self._from[1]
            return self._at.get(number)
