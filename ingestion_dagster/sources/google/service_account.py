"""A service account's key file, and the short-lived token made from it.

google-auth signs; the requests session that carries the token is ours, because google-auth's own session also looks
up regional boundaries at another Google host for every process. No key or token ever leaves in a message.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.sources.google.errors import (
    GoogleRejected,
    GoogleUnavailable,
    Subject,
    broken_error,
    read_reply,
    reply_error,
    token_error,
)
from ingestion_dagster.sources.google.wire import read_body

if TYPE_CHECKING:
    import requests

SCOPES: Final = (
    "https://www.googleapis.com/auth/spreadsheets.readonly",
    "https://www.googleapis.com/auth/drive.metadata.readonly",
)
_LARGEST_TOKEN_ANSWER: Final = 1 << 20
_SHARE: Final = "docs/google-access.md tells how to make one"


@dataclass
class ServiceAccount:
    """A service account that reads. One per process; its token is renewed when it has run out."""

    email: str
    project: str
    credentials: Any = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def headers(
        self, session: "requests.Session", timeout: tuple[float, float], time_left: Callable[[], float]
    ) -> dict[str, str]:
        """The Authorization header, with a fresh token where the last one has run out.

        Raises GoogleUnavailable or GoogleRejected.
        """
        with self._lock:
            if not self.credentials.valid:
                self._renew(_TokenRequest(session, timeout, time_left, Subject("the access token", self.email)))
            headers: dict[str, str] = {}
            self.credentials.apply(headers)
            return headers

    def forget_token(self) -> None:
        """Google answered 401: the next request gets a new token."""
        with self._lock:
            self.credentials.token = None

    def _renew(self, transport: "_TokenRequest") -> None:
        from google.auth.exceptions import GoogleAuthError

        try:
            self.credentials.refresh(transport)
        except GoogleAuthError as error:
            raise token_error(_description(error), transport.subject) from None


@dataclass(frozen=True)
class _TokenAnswer:
    """The shape that google-auth expects of a transport's answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


@dataclass(frozen=True)
class _TokenRequest:
    """google-auth's transport: one request, no inner retries, every passing fault raised as ours at once."""

    session: "requests.Session"
    timeout: tuple[float, float]
    time_left: Callable[[], float]
    subject: Subject

    def __call__(
        self, url: str, method: str = "GET", body: Any = None, headers: Any = None, **_: object
    ) -> _TokenAnswer:
        try:
            with self.session.request(
                method, url, data=body, headers=headers, timeout=self.timeout, allow_redirects=False, stream=True
            ) as response:
                data = read_body(response, _LARGEST_TOKEN_ANSWER, self.time_left, self.subject.what)
        except GoogleRejected:
            raise
        except Exception as error:
            raise broken_error(error, self.subject) from None
        status = response.status_code
        if status in (408, 429) or status >= 500:
            raise reply_error(read_reply(status, response.headers, data), self.subject)
        if status == 200 and not _holds_token(data):
            raise GoogleUnavailable("cut short", "Google's answer to the token request is incomplete.")
        return _TokenAnswer(status, response.headers, data)


def _holds_token(data: bytes) -> bool:
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("access_token"), str)


def _description(error: Exception) -> str:
    """Google's words in a RefreshError: `invalid_grant: Invalid JWT Signature.`"""
    for part in error.args:
        if isinstance(part, dict):
            return ": ".join(str(part[name]) for name in ("error", "error_description") if part.get(name))
    return ""


def load_service_account(credentials_path: str | None) -> ServiceAccount:
    """The service account of a key file. Raises SourceRejected with what to do; the file's content is never shown."""
    if not credentials_path:
        raise SourceRejected(
            f"Google Sheets need a service-account key file: set GOOGLE_APPLICATION_CREDENTIALS to its path; {_SHARE}"
        )
    info = _read_key_file(Path(credentials_path))
    token_uri = str(info.get("token_uri", ""))
    if not is_google_or_loopback(token_uri):
        raise SourceRejected(f"The key file {credentials_path} names a token server that is not Google's; {_SHARE}")
    from google.oauth2.service_account import Credentials

    try:
        credentials = Credentials.from_service_account_info(info, scopes=list(SCOPES))  # type: ignore[no-untyped-call]
    except Exception:  # whatever is wrong with a key, its text must not get into a message
        raise _unfit(Path(credentials_path)) from None
    return ServiceAccount(str(info["client_email"]), str(info.get("project_id", "")), credentials)


def _read_key_file(path: Path) -> dict[str, Any]:
    try:
        info = orjson.loads(path.read_bytes())
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise SourceRejected(f"The key file {path} cannot be read ({reason}): check the path and its rights") from None
    except orjson.JSONDecodeError:
        raise _unfit(path) from None
    if not isinstance(info, dict) or info.get("type") != "service_account" or not info.get("client_email"):
        raise _unfit(path)
    return info


def _unfit(path: Path) -> GoogleRejected:
    return GoogleRejected("key file unfit", f"{path} is not the JSON key file of a service account; {_SHARE}")


def is_google_or_loopback(url: str) -> bool:
    """Whether requests may go there: Google's API hosts over https, or this machine (for a local stand-in)."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host in ("127.0.0.1", "localhost", "::1"):
        return parts.scheme in ("http", "https")
    return parts.scheme == "https" and (host == "googleapis.com" or host.endswith(".googleapis.com"))
