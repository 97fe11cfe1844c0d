"""A sheet that everybody with the link may view, without credentials, through the document's own export address.

The bytes are an ordinary XLSX or CSV file, to be opened like any other. Private sheets are `sheets.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urljoin, urlsplit

from ingestion_dagster.core.suppliers.google_links import GOOGLE_HOSTS
from ingestion_dagster.sources.google.errors import (
    GoogleRejected,
    GoogleUnavailable,
    Subject,
    broken_error,
    read_reply,
    reply_error,
)
from ingestion_dagster.sources.google.wire import plain_session, read_body

if TYPE_CHECKING:
    import requests

    from ingestion_dagster.sources.google.retry import RetryBudget, RetryPolicy
    from ingestion_dagster.sources.google.sheets import GoogleSource

PUBLIC_URL: Final = "https://docs.google.com"
LARGEST_FILE: Final = 50_000_000
_SUFFIX_OF_EXPORTS: Final = ".googleusercontent.com"
_MOST_REDIRECTS: Final = 5
_SIGN_IN: Final = ("accounts.google.com", "/ServiceLogin", "/signin")
_STARTS: Final = {"xlsx": b"PK\x03\x04"}


@dataclass(frozen=True)
class PublicFile:
    """An exported file."""

    data: bytes
    format: Literal["xlsx", "csv"]


def fetch_public_sheet(
    source: "GoogleSource",
    format: Literal["xlsx", "csv"] = "xlsx",
    allowed_hosts: Collection[str] = GOOGLE_HOSTS,
    base_url: str = PUBLIC_URL,
    policy: "RetryPolicy | None" = None,
) -> PublicFile:
    """The whole document as XLSX, or the tab that the source's gid names (else the first) as CSV.

    XLSX keeps numbers as they are; CSV holds them as displayed, rounded. Raises SourceUnavailable or SourceRejected,
    the latter with "not shared publicly" where Google shows its sign-in page instead.
    """
    from ingestion_dagster.sources.google.retry import RetryBudget, RetryPolicy

    link = source.link(allowed_hosts)
    address = f"{_checked(base_url)}/spreadsheets/d/{link.key}/export?format={format}"
    if format == "csv" and link.gid is not None:
        address += f"&gid={link.gid}"
    retries = RetryBudget(source.supplier, policy or RetryPolicy(), Subject(f"the public Google Sheet {link.key}", ""))
    with plain_session(base_url) as session:
        return PublicFile(retries.with_retries(lambda: _download(session, address, format, retries)), format)


def _checked(base_url: str) -> str:
    """Only Google's own address, or this machine's for a local stand-in."""
    parts = urlsplit(base_url)
    if base_url != PUBLIC_URL and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise GoogleRejected("foreign base url", "public sheets are read from docs.google.com or this machine only")
    return base_url.rstrip("/")


def _download(session: "requests.Session", address: str, format: str, retries: "RetryBudget") -> bytes:
    """The file behind the redirects, each of which must stay with Google (or on the stand-in's own host)."""
    subject, home = retries.subject, urlsplit(address).netloc
    for _ in range(_MOST_REDIRECTS):
        limits, time_left = retries.limits(), retries.request_clock()
        try:
            with session.get(address, timeout=limits, allow_redirects=False, stream=True) as response:
                status, headers = response.status_code, response.headers
                body = read_body(response, LARGEST_FILE, time_left, subject.what)
        except GoogleRejected:
            raise
        except Exception as error:
            raise broken_error(error, subject) from None
        if status in (301, 302, 303, 307, 308):
            address = urljoin(address, headers.get("Location", ""))
            _check_redirect(address, home, subject)
        elif status != 200:
            raise _refused(status, reply_error(read_reply(status, headers, body), subject), subject)
        else:
            return _file_of(body, headers.get("Content-Type", ""), format, subject)
    raise GoogleUnavailable("redirected", f"Google sent {subject.what} round in circles.")


def _check_redirect(address: str, home: str, subject: Subject) -> None:
    parts = urlsplit(address)
    if any(mark in address for mark in _SIGN_IN):
        raise _not_public(subject)
    host = (parts.hostname or "").lower()
    if host == "www.google.com" and parts.path.startswith("/sorry"):
        raise GoogleUnavailable("rate limit", f"Google wants a pause before it serves {subject.what}.", 60.0)
    if parts.netloc == home or (parts.scheme == "https" and host.endswith(_SUFFIX_OF_EXPORTS)):
        return
    raise GoogleRejected("redirected", f"Google redirected {subject.what} to another host, which is not followed.")


def _file_of(body: bytes, content_type: str, format: str, subject: Subject) -> bytes:
    if "html" in content_type.lower() or body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise _not_public(subject)
    if not body.startswith(_STARTS.get(format, b"")):
        raise GoogleUnavailable("cut short", f"Google's export of {subject.what} is incomplete.")
    return body


def _refused(status: int, error: Exception, subject: Subject) -> Exception:
    """The same classes as for the API, in words for a sheet that is read without a robot."""
    if status in (401, 403):
        return _not_public(subject)
    if status == 404:
        return GoogleRejected("no such document", f"There is no document behind {subject.what}: check the link.")
    if status == 400:
        return GoogleRejected("no such tab", f"{subject.what} has no tab of that number (gid), or is no Google Sheet.")
    return error


def _not_public(subject: Subject) -> GoogleRejected:
    return GoogleRejected(
        "not public",
        f"{subject.what} is not shared publicly: open it, Share, and set General access to "
        '"Anyone with the link" as Viewer, or share it with a service account (docs/google-access.md).',
    )
