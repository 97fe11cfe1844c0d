"""How one request reaches Google: its turn in the quota, token, time limits, and trying again when that can help.

gspread's own client has no timeout and never retries, and its backing-off one never gives up; this subclass is what
gspread is given instead. What an answer means is decided in `google_errors.py`; what is asked, in `google_sheets.py`.
"""

import random
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import gspread
import orjson
import requests
from gspread.urls import DRIVE_FILES_API_V3_URL, SPREADSHEETS_API_V4_BASE_URL

from ingestion_dagster.core.errors import SourceUnavailable
from ingestion_dagster.sources.google_auth import Robot, is_google_or_loopback
from ingestion_dagster.sources.google_body import read_body
from ingestion_dagster.sources.google_errors import (
    GoogleBusy,
    GoogleRejected,
    GoogleUnavailable,
    Subject,
    broken_error,
    read_reply,
    reply_error,
    unreadable_error,
)

SHEETS_URL: Final = "https://sheets.googleapis.com"
DRIVE_URL: Final = "https://www.googleapis.com"
LARGEST_ANSWER: Final = 48 * 2**20
"""Bytes after unpacking: about 250,000 filled cells. More is asked for in parts."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try. Seconds; waiting for a turn in the shared quota is not counted."""

    attempts: int = 4
    deadline: float = 180.0
    """For all requests of one sheet together."""
    connect: float = 5.0
    silence: float = 60.0
    """How long Google may be silent within one request."""
    request: float = 90.0
    """For one request with its body; Google ends requests itself after 180 s."""
    first_pause: float = 1.0
    first_busy_pause: float = 10.0
    """After a 429 without Retry-After: the quota refills within a minute, and 10 + 20 + 40 s outlast that."""
    longest_pause: float = 40.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass
class Turn:
    """One sheet's walk to Google: whose turn it is, how long it may still take, what it has cost so far."""

    supplier: str
    patience: Patience
    subject: Subject
    acquire: Callable[[str], float] | None = None
    """Takes one read from the shared quota for a supplier; returns the seconds waited for it."""
    throttled: Callable[[float], None] | None = None
    """Told how many seconds Google wants everybody to wait, after a 429."""
    waited: float = 0.0
    reads: int = 0
    reserve: float = 0.0
    """Seconds at the end that the present request must leave to later ones."""
    _ends: float = field(init=False)

    def __post_init__(self) -> None:
        self._ends = self.patience.clock() + self.patience.deadline

    def left(self) -> float:
        """Seconds that the present request may still take."""
        return self._ends - self.reserve - self.patience.clock()

    def request_clock(self) -> Callable[[], float]:
        """Seconds left for the request that begins now, at each call."""
        ends = self.patience.clock() + min(self.patience.request, self.left())
        return lambda: ends - self.patience.clock()

    def take(self) -> None:
        """Waits for one read of the shared quota; the wait moves the deadline."""
        if self.acquire is not None:
            waited = self.acquire(self.supplier)
            self.waited += waited
            self._ends += waited
        self.reads += 1


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
    """gspread's HTTP client, read-only, with limits. One per sheet and turn."""

    def __init__(
        self,
        auth: None,
        session: requests.Session,
        robot: Robot,
        turn: Turn,
        sheets_url: str = SHEETS_URL,
        drive_url: str = DRIVE_URL,
    ) -> None:
        """`auth` is gspread's and stays None: the robot's token is sent with each request."""
        super().__init__(auth, session)  # type: ignore[arg-type]
        self.robot = robot
        self.turn = turn
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

        Raises SourceUnavailable (also QuotaExhausted) when patience ran out, SourceRejected at once.
        """
        if method.lower() != "get" or data or json or files:
            raise ValueError(f"this client only reads; {method.upper()} is not sent")
        url, metered = self._address(endpoint)
        attempt = 1
        while True:
            try:
                return self._once(url, {"prettyPrint": "false"} | dict(params or {}), metered)
            except SourceUnavailable as error:
                pause = self._pause(error, attempt)
                if attempt >= self.turn.patience.attempts or pause >= self.turn.left():
                    raise
                self.turn.patience.sleep(pause)
                attempt += 1

    def _address(self, endpoint: str) -> tuple[str, bool]:
        for google, ours, metered in self._places:
            if endpoint.startswith(google):
                return ours + endpoint[len(google) :], metered
        raise ValueError(f"{endpoint} is not an address this client reads")

    def _pause(self, error: SourceUnavailable, attempt: int) -> float:
        """Seconds until the next attempt: what Google asked for, else doubling with jitter."""
        patience = self.turn.patience
        busy = isinstance(error, GoogleBusy)
        first = patience.first_busy_pause if busy else patience.first_pause
        own: float = min(first * 2.0 ** (attempt - 1), patience.longest_pause)
        pause = max(own * (0.75 + 0.5 * patience.jitter()), error.retry_after or 0.0)
        if busy and self.turn.throttled is not None:
            self.turn.throttled(pause)
        return pause

    def _once(self, url: str, params: dict[str, Any], metered: bool) -> Answer:
        for renewed in (False, True):
            headers = self.robot.headers(self.session, self._limits(), self.turn.request_clock())
            if metered:
                self.turn.take()
            answer = self._send(url, params, headers, last=renewed)
            if answer is not None:
                return answer
            self.robot.forget_token()
        raise AssertionError("the second answer is returned or raised")

    def _send(self, url: str, params: dict[str, Any], headers: dict[str, str], last: bool) -> Answer | None:
        """One request. None where Google does not know the token (any more) and a new one may help."""
        limits, time_left = self._limits(), self.turn.request_clock()
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
                body = read_body(response, LARGEST_ANSWER, time_left, self.turn.subject.what)
                status, reply_headers = response.status_code, response.headers
        except GoogleRejected:
            raise
        except Exception as error:
            raise broken_error(error, self.turn.subject) from None
        if status == 401 and not last:
            return None
        if status != 200:
            raise reply_error(read_reply(status, reply_headers, body), self.turn.subject)
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise unreadable_error(self.turn.subject) from None
        if not isinstance(parsed, dict):
            raise unreadable_error(self.turn.subject)
        return Answer(parsed)

    def _limits(self) -> tuple[float, float]:
        left = self.turn.left()
        if left <= 0:
            raise GoogleUnavailable("timed out", f"Reading {self.turn.subject.what} took too long.")
        return min(self.turn.patience.connect, left), min(self.turn.patience.silence, left)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password of .netrc in place of the token."""
    return request


def checked_base_url(url: str | None, default: str, variable: str) -> str:
    """The base URL to use. Raises SourceRejected unless it is Google's or on this machine."""
    chosen = (url or default).rstrip("/")
    if not is_google_or_loopback(chosen):
        raise GoogleRejected("foreign base url", f"{variable} may only name Google's servers or this machine")
    return chosen


def plain_session(base_url: str) -> requests.Session:
    """A session; on this machine without the environment's proxies and .netrc, which are for the outside."""
    session = requests.Session()
    session.trust_env = base_url.startswith("https://")
    return session
