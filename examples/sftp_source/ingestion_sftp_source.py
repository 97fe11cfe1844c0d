"""Price lists from SFTP servers: `sftp://host/folder/list.csv`, or the newest file of a folder.

Who logs in where is in the environment (README.md); an address holds neither a user name nor a password.
"""

import asyncio
import posixpath
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingestion_dagster.core.errors import SourceRejected, SourceUnavailable
from ingestion_dagster.core.suppliers.source_types import Allowed, SourceType
from ingestion_dagster.sources.source import Fetched, Looked, Order, Source

if TYPE_CHECKING:
    import asyncssh


class Options(BaseModel):
    """What a supplier may have beside its address: `--option newest=prices-*.csv`."""

    model_config = ConfigDict(extra="forbid")

    newest: str | None = Field(None, min_length=1, max_length=100)
    """The address is a folder; its newest file of such a name is the list."""


class Login(BaseSettings):
    """The operator's part, from the environment: which servers may be read, and as whom."""

    model_config = SettingsConfigDict(env_prefix="SFTP_SOURCE_", env_file=".env", extra="ignore")

    hosts: str = ""
    """`files.supplier.example, sftp.other.example:2222`; any other server is refused."""
    user: str = ""
    password: SecretStr | None = None
    key_file: Path | None = None
    known_hosts: Path = Path("~/.ssh/known_hosts")


def check(address: str, allowed: Allowed) -> None:
    """An address on one of the operator's servers, and nothing else."""
    parts = urlsplit(address)
    hosts = {host.strip().lower() for host in Login().hosts.split(",") if host.strip()}
    if parts.scheme != "sftp" or not parts.hostname or not parts.path.strip("/"):
        raise SourceRejected(f"{address!r} is not of the form sftp://host/folder/list.csv")
    if "@" in parts.netloc:
        raise SourceRejected("an SFTP address holds no user name; it is the operator's: SFTP_SOURCE_USER")
    if parts.netloc.lower() not in hosts:
        raise SourceRejected(f"{parts.netloc} is none of the servers in SFTP_SOURCE_HOSTS; the operator adds it")


def fetch(order: Order) -> Fetched:
    """The file as it is now."""
    path, data = _finished(_read(order), order.seconds)
    # `look` tells every version of a file from the next, so a list of which it says the same need not be read.
    return Fetched(data, posixpath.basename(path), changes_unedited=False)


def look(orders: Sequence[Order]) -> Looked:
    """Name, size and time of each file, which costs no reading. A server that does not answer is asked once."""
    states: dict[str, dict[str, Any] | None] = {}
    silent: set[str] = set()
    for order in orders:
        states[order.supplier.key] = None
        host = _address(order).netloc
        try:
            if host not in silent:
                states[order.supplier.key] = _finished(_state(order), min(order.seconds, 20))
        except SourceUnavailable:
            silent.add(host)
        except SourceRejected:
            pass
    return Looked(states)


async def _read(order: Order) -> tuple[str, bytes]:
    async with _session(order) as sftp:
        path, _ = await _wanted(sftp, order)
        async with sftp.open(path, "rb") as file:
            data = await file.read(order.limits.file_bytes + 1)
            assert isinstance(data, bytes)
    if len(data) > order.limits.file_bytes:
        raise SourceRejected(f"{path} has more than the {order.limits.file_bytes:,} bytes that are read")
    return path, data


async def _state(order: Order) -> dict[str, Any]:
    async with _session(order) as sftp:
        path, found = await _wanted(sftp, order)
    return {"path": path, "size": found.size, "modified": found.mtime}


async def _wanted(sftp: "asyncssh.SFTPClient", order: Order) -> tuple[str, "asyncssh.SFTPAttrs"]:
    path = unquote(_address(order).path)
    pattern = order.supplier.source.get("newest")
    if not pattern:
        return path, await sftp.stat(path)
    files = [found for found in await sftp.readdir(path) if fnmatchcase(str(found.filename), pattern)]
    if not files:
        raise SourceRejected(f"{path} has no file {pattern!r}")
    newest = max(files, key=lambda found: (found.attrs.mtime or 0, str(found.filename)))
    return posixpath.join(path, str(newest.filename)), newest.attrs


@asynccontextmanager
async def _session(order: Order) -> "AsyncIterator[asyncssh.SFTPClient]":
    import asyncssh  # only where a list is fetched: it takes a quarter of a second

    login, where = Login(), _address(order)
    password = login.password.get_secret_value() if login.password else None
    known_hosts = login.known_hosts.expanduser()
    if not known_hosts.is_file():
        raise SourceRejected(f"SFTP_SOURCE_KNOWN_HOSTS: there is no file {known_hosts}; `ssh-keyscan HOST` writes one")
    try:
        async with (
            asyncssh.connect(
                where.hostname or "", where.port or 22, username=login.user, password=password, config=None,
                client_keys=[str(login.key_file)] if login.key_file else None, agent_path=None,
                known_hosts=str(known_hosts),
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):  # fmt: skip
            yield sftp
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPPermissionDenied) as error:
        raise SourceRejected(f"{where.netloc} does not give {where.path}: {error.reason}") from None
    except asyncssh.PermissionDenied:
        raise SourceRejected(f"{where.netloc} does not let in SFTP_SOURCE_USER with what is set") from None
    except asyncssh.HostKeyNotVerifiable:
        raise SourceRejected(f"{where.netloc} has not the key that SFTP_SOURCE_KNOWN_HOSTS has for it") from None
    except (OSError, asyncssh.Error) as error:
        raise SourceUnavailable(f"{where.netloc} cannot be read just now: {type(error).__name__}") from None


def _address(order: Order) -> SplitResult:
    return urlsplit(str(order.supplier.source["sftp_url"]))


def _finished(work: Any, seconds: float) -> Any:
    """`work` to its end in a thread of its own: the one that calls has an event loop already."""
    with ThreadPoolExecutor(1) as pool:
        try:
            return pool.submit(lambda: asyncio.run(asyncio.wait_for(work, seconds))).result()
        except TimeoutError:
            raise SourceUnavailable(f"the server did not answer within {seconds:.0f} s") from None


TYPE = SourceType(name="sftp", address="sftp_url", check=check, options=Options, schemes=("sftp",))
SFTP = Source(TYPE, fetch, look)
