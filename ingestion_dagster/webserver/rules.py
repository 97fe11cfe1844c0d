"""Which requests reach Dagster's web application: those of its own pages and of programs, none of foreign pages.

Pure decisions about what was asked; reading the request and answering it is in `guard.py`. Reasons: ADR 0017.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from ingestion_dagster.core.shown_text import one_line

CARRIES_DATA: Final = ("application/json", "application/graphql")
"""A page may not send these to a foreign server unless that agreed before; forms and plain text it may (CORS)."""
READING: Final = ("GET", "HEAD", "OPTIONS")
MOST_TOKENS: Final = 20_000
"""Of one query in an address; Dagster's own pages send theirs in a body."""
_NAME: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Asked:
    """A request, as far as it matters here. Headers that came several times are all in it."""

    method: str
    """`WEBSOCKET` where one is asked for."""
    path: str
    hosts: tuple[str, ...]
    origins: tuple[str, ...] = ()
    content_types: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    """GraphQL documents in the address."""
    site: str = ""
    """`Sec-Fetch-Site`, empty where the client does not say; `mode` and `dest` likewise."""
    mode: str = ""
    dest: str = ""
    reached: str = ""
    """The address of ours on which the connection came in."""


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let through, and what to do about it where it was meant well."""

    status: int
    reason: str


@dataclass(frozen=True)
class Named:
    """A host as a browser writes it: its name in small letters without brackets, and the port where it says one."""

    name: str
    port: int | None


def named(text: str) -> Named | None:
    """`prices.example`, `127.0.0.1:3000`, `[::1]:3000`; None for anything else."""
    found = _NAME.fullmatch(text.strip())
    if found is None:
        return None
    return Named(found["name"].strip("[]").lower().rstrip("."), int(found["port"]) if found["port"] else None)


def refusal(asked: Asked, known: Iterable[str] = ()) -> Refusal | None:
    """Why the request is refused; None lets it through. `known`: the hosts of INGESTION_UI_HOSTS."""
    trusted = tuple(host for text in known if (host := named(text)) is not None)
    return (
        _foreign_host(asked, trusted)
        or _foreign_origin(asked, trusted)
        or _from_another_site(asked)
        or _unasked_data(asked)
        or _changing_address(asked)
    )


def _foreign_host(asked: Asked, trusted: tuple[Named, ...]) -> Refusal | None:
    """A name that somebody else's DNS made point here is no name of ours (DNS rebinding)."""
    host = named(asked.hosts[0]) if len(asked.hosts) == 1 else None
    if host is not None and (_is_loopback(host.name) or host.name == _plain(asked.reached)):
        return None
    if host is not None and any(host.name == one.name for one in trusted):
        return None
    shown = one_line(", ".join(asked.hosts) or "no name", 100)
    return Refusal(403, f"not served under {shown}; if that is this server's name, add it to INGESTION_UI_HOSTS")


def _foreign_origin(asked: Asked, trusted: tuple[Named, ...]) -> Refusal | None:
    """Every browser names the page that sends something or opens a connection; programs do not."""
    host = named(asked.hosts[0])
    if all(host is not None and _is_own(origin, host, trusted) for origin in asked.origins):
        return None
    shown = one_line(", ".join(asked.origins), 100)
    return Refusal(403, f"asked by a page of {shown}; if that is this server, add its host to INGESTION_UI_HOSTS")


def _is_own(origin: str, host: Named, trusted: tuple[Named, ...]) -> bool:
    scheme, separator, rest = origin.partition("://")
    page = named(rest)
    usual = _DEFAULT_PORTS.get(scheme)
    if not separator or page is None or usual is None:
        return False
    port = page.port or usual
    return any(page.name == one.name and port == (one.port or usual) for one in (host, *trusted))


def _from_another_site(asked: Asked) -> Refusal | None:
    """Of other sites' requests only a link that a person follows to a page."""
    followed = asked.method in READING and asked.mode == "navigate" and asked.dest in ("", "document")
    if asked.site in ("cross-site", "same-site") and (not followed or _is_graphql(asked.path)):
        return Refusal(403, "asked by a page of another site")
    if _is_graphql(asked.path) and asked.dest not in ("", "empty", "document", "websocket"):
        return Refusal(403, f"GraphQL is not read as {one_line(asked.dest, 20)}")
    return None


def _unasked_data(asked: Asked) -> Refusal | None:
    if asked.method != "POST":
        return None
    kinds = [kind.partition(";")[0].strip().lower() for kind in asked.content_types]
    if kinds and all(kind in CARRIES_DATA for kind in kinds):
        return None
    return Refusal(415, "send JSON, with the header `Content-Type: application/json`")


def _changing_address(asked: Asked) -> Refusal | None:
    """An address is opened by every image and every link, so it may only read."""
    if asked.method not in READING or not _is_graphql(asked.path):
        return None
    if all(only_reads(query) for query in asked.queries):
        return None
    return Refusal(405, "by GET, only a GraphQL query that can be read as one; send mutations by POST, as JSON")


def only_reads(document: str) -> bool:
    """Whether all operations of the GraphQL document are queries, whichever of them is meant to be run."""
    try:
        parsed = parse(document, no_location=True, max_tokens=MOST_TOKENS)
    except (GraphQLError, RecursionError):
        return False
    return all(
        part.operation is OperationType.QUERY
        for part in parsed.definitions
        if isinstance(part, OperationDefinitionNode)
    )


def _is_graphql(path: str) -> bool:
    return path.rstrip("/").lower().endswith("graphql")


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _plain(address: str) -> str:
    return address.lower().partition("%")[0]
