"""How one request reaches Google: token, address, time limits, and nothing but whole answers.

gspread's own client has no timeout and never retries, and its backing-off one never gives up; this subclass is what
gspread is given instead. Trying again is `retry.py`; what is asked, `reads.py`.
"""

from collections.abc import MutableMapping
from typing import Any, Final

import gspread
import orjson
import requests
from gspread.urls import DRIVE_FILES_API_V3_URL, SPREADSHEETS_API_V4_BASE_URL

from ingestion_dagster.sources.google.errors import (
    GoogleRejected,
    broken_error,
    read_reply,
    reply_error,
    unreadable_error,
)
from ingestion_dagster.sources.google.retry import RetryBudget, RetryPolicy
from ingestion_dagster.sources.google.service_account import ServiceAccount, is_google_or_loopback
from ingestion_dagster.sources.google.wire import parse_json, read_body

__all__ = ["DRIVE_URL", "LARGEST_ANSWER", "SHEETS_URL", "Answer", "ReadingClient", "RetryPolicy", "checked_base_url"]

SHEETS_URL: Final = "https://sheets.googleapis.com"
DRIVE_URL: Final = "https://www.googleapis.com"
LARGEST_ANSWER: Final = 48 * 2**20
"""Bytes after unpacking: about 250,000 filled cells. More is asked for in parts."""


class Answer(requests.Response):
    """A whole, parsed answer in the shape gspread expects."""

    def __init__(self, parsed: Any) -> None:
        super().__init__()
        self.status_code = 200
        self.parsed = parsed

    def json(self, **kwargs: Any) -> Any:
        """The parsed body."""
        return self.parsed


class ReadingClient(gspread.HTTPClient):
    """gspread's HTTP client, read-only, with limits. One per sheet and retry budget."""

    def __init__(
        self,
        auth: None,
        session: requests.Session,
        service_account: ServiceAccount,
        retries: RetryBudget,
        sheets_url: str = SHEETS_URL,
        drive_url: str = DRIVE_URL,
    ) -> None:
        """`auth` is gspread's and stays None: the robot's token is sent with each request."""
        super().__init__(auth, session)  # type: ignore[arg-type]
        self.service_account = service_account
        self.retries = retries
        self._places = (
            (SPREADSHEETS_API_V4_BASE_URL, sheets_url.rstrip("/") + "/v4/spreadsheets", True),
            (DRIVE_FILES_API_V3_URL, drive_url.rstrip("/") + "/drive/v3/files", False),
        )

    def request(
        self,
        method: str,
        endpoint: str,
        params: MutableMapping[str, Any] | None = None,
        data: bytes | None = None,
        json: Any = None,
        files: Any = None,
        headers: MutableMapping[str, str] | None = None,
    ) -> requests.Response:
        """One read with all its attempts.

        Raises SourceUnavailable (also QuotaExhausted) when the deadline ran out, SourceRejected at once.
        """
        if method.lower() != "get" or data or json or files:
            raise ValueError(f"this client only reads; {method.upper()} is not sent")
        url, metered = self._address(endpoint)
        query = {"prettyPrint": "false"} | dict(params or {})
        return self.retries.with_retries(lambda: self._once(url, query, metered))

    def _address(self, endpoint: str) -> tuple[str, bool]:
        for google, ours, metered in self._places:
            if endpoint.startswith(google):
                return ours + endpoint[len(google) :], metered
        raise ValueError(f"{endpoint} is not an address this client reads")

    def _once(self, url: str, params: dict[str, Any], metered: bool) -> Answer:
        for renewed in (False, True):
            headers = self.service_account.headers(self.session, self.retries.limits(), self.retries.request_clock())
            if metered:
                self.retries.take()
            answer = self._send(url, params, headers, last=renewed)
            if answer is not None:
                return answer
            self.service_account.forget_token()
        raise AssertionError("the second answer is returned or raised")

    def _send(self, url: str, params: dict[str, Any], headers: dict[str, str], last: bool) -> Answer | None:
        """One request. None where Google does not know the token (any more) and a new one may help."""
        limits, time_left = self.retries.limits(), self.retries.request_clock()
        try:
            with self.session.get(
                url,
                params=params,
                headers=headers,
                auth=_as_it_is,
                timeout=limits,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = read_body(response, LARGEST_ANSWER, time_left, self.retries.subject.what)
                status, reply_headers = response.status_code, response.headers
        except GoogleRejected:
            raise
        except Exception as error:
            raise broken_error(error, self.retries.subject) from None
        if status == 401 and not last:
            return None
        if status != 200:
            raise reply_error(read_reply(status, reply_headers, body), self.retries.subject)
        try:
            parsed = parse_json(body)
        except orjson.JSONDecodeError:
            raise unreadable_error(self.retries.subject) from None
        if not isinstance(parsed, dict):
            raise unreadable_error(self.retries.subject)
        return Answer(parsed)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password of .netrc in place of the token."""
    return request


def checked_base_url(url: str | None, default: str, variable: str) -> str:
    """The base URL to use. Raises SourceRejected unless it is Google's or on this machine."""
    chosen = (url or default).rstrip("/")
    if not is_google_or_loopback(chosen):
        raise GoogleRejected("foreign base url", f"{variable} may only name Google's servers or this machine")
    return chosen
