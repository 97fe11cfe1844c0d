"""Which Google document a pasted link means: its key and tab, and nothing else of the link.

Pure text: a link is never fetched as it stands, so that no message can send a request anywhere. Access to the
document is `sources/google/sheets.py`.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

from ingestion_dagster.core.errors import SourceRejected

GOOGLE_HOSTS: Final = frozenset({"docs.google.com", "drive.google.com", "sheets.google.com"})
"""Hosts that a link may name unless the operator lists others."""

KEY: Final = re.compile(r"[A-Za-z0-9_-]{20,}")
_PATH_KEY: Final = re.compile(r"/d/([^/]+)")
_GID: Final = re.compile(r"[0-9]{1,10}")
_HOW_TO: Final = "open the sheet in a browser and copy its address: https://docs.google.com/spreadsheets/d/<key>/edit"


class DocumentLink(NamedTuple):
    """A document's key, and the tab that the link points at where it does."""

    key: str
    gid: int | None = None


def parse_link(text: str, allowed_hosts: Collection[str] = GOOGLE_HOSTS) -> DocumentLink:
    """The document that `text`, a link or a bare key, means.

    Raises SourceRejected for another host or port, plain http, a user name or password, a published copy (`/d/e/…`),
    or text without a key.
    """
    text = text.strip()
    if KEY.fullmatch(text):
        return DocumentLink(text)
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise SourceRejected(f"{_shown(text)} is not an address; {_HOW_TO}") from None
    if not parts.scheme and not parts.netloc:
        raise SourceRejected(f"{_shown(text)} is neither a Google Sheets address nor a document key; {_HOW_TO}")
    if parts.scheme.lower() != "https":
        raise SourceRejected(f"{_shown(text)} does not start with https://; {_HOW_TO}")
    if "@" in parts.netloc:
        raise SourceRejected(f"{_shown(text)} carries a user name or password, which no address needs; {_HOW_TO}")
    if host not in {allowed.lower() for allowed in allowed_hosts} or port not in (None, 443):
        raise SourceRejected(
            f"The host {_shown(parts.netloc.lower())} is not on the list of allowed hosts"
            f" ({', '.join(sorted(allowed_hosts))}); if it should be, the operator adds it to INGESTION_ALLOWED_HOSTS"
        )
    return DocumentLink(_key_of(parts, text), _gid_of(parts))


def _key_of(parts: SplitResult, text: str) -> str:
    if "/d/e/" in parts.path:
        raise SourceRejected(f"{_shown(text)} is a copy published to the web, not the document itself; {_HOW_TO}")
    found = _PATH_KEY.search(parts.path)
    key = found.group(1) if found else next(iter(parse_qs(parts.query).get("id", [])), "")
    if not KEY.fullmatch(key):
        raise SourceRejected(f"{_shown(text)} holds no document key; {_HOW_TO}")
    return key


def _gid_of(parts: SplitResult) -> int | None:
    """The tab's number from `#gid=` (what the browser shows), else from `?gid=`."""
    for place in (parts.fragment, parts.query):
        for value in parse_qs(place).get("gid", []):
            if _GID.fullmatch(value):
                return int(value)
    return None


def _shown(text: str) -> str:
    """What a message may repeat of a link: short, and without any name or password in front of the host."""
    without_user = re.sub(r"//[^/@]*@", "//…@", text)
    return repr(without_user if len(without_user) <= 120 else without_user[:117] + "…")
