"""Connections to the catalogue: engine, transactions with their limits, and what a driver error means.

Engines belong to one event loop, so each piece of work makes its own with `connected` and disposes of it; a
process holds one or two connections, never a pool to share.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ingestion_dagster.core.errors import StoreBusy, StoreRejected, StoreUnavailable

T = TypeVar("T")

Connection = AsyncConnection
"""What the rooms outside call an open transaction, which they only hand on."""

BUSY_STATES = ("40001", "40P01", "55P03", "57014")
"""Serialization, deadlock, lock timeout, cancelled by its time limit: the server is well, this work has to wait."""
RETRYABLE_STATES = (*BUSY_STATES, "57P01", "57P02", "57P03", "57P05", "25P03")
"""Also shutdown, idle session, idle in transaction."""
RETRYABLE_CLASSES = ("08", "53", "58")
"""Connection lost; too many connections, memory or disk full; the server's own trouble with its files."""
ADVICE = {
    "53100": "the disk of the database is full: free some space there, what waits is tried again by itself",
    "28P01": "see user and password in DATABASE_URL",
    "28000": "see user and password in DATABASE_URL",
    "3D000": "create the database, or see its name in DATABASE_URL",
    "25006": "DATABASE_URL names a server that can only be read, as a standby is",
    **dict.fromkeys(("42P01", "42703", "42883"), "`ingestion db current` says whether its schema is this program's"),
}
"""SQLSTATE -> what helps."""
DRIVER_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection and of each transaction on it; times in seconds."""

    pool_size: int = 1
    max_overflow: int = 1
    statement_timeout: int = 120
    lock_timeout: float = 30
    idle_timeout: int = 60
    pgbouncer: bool = False

    def parameters(self) -> dict[str, str]:
        """For `SET_LIMITS`."""
        return {
            "statement": f"{self.statement_timeout}s",
            "lock": f"{round(self.lock_timeout * 1000)}ms",
            "idle": f"{self.idle_timeout}s",
        }


SET_LIMITS = text(
    "SELECT set_config('statement_timeout', :statement, true), set_config('lock_timeout', :lock, true),"
    " set_config('idle_in_transaction_session_timeout', :idle, true), set_config('timezone', 'UTC', true)"
)


def async_url(url: str) -> str:
    """Any `postgres://` or `postgresql+driver://` URL, for asyncpg."""
    rewritten, count = re.subn(r"^postgres(ql)?(\+\w+)?://", "postgresql+asyncpg://", url.strip())
    if not count:
        raise StoreRejected("DATABASE_URL must begin with postgresql://")
    return re.sub(r"([?&])sslmode=", r"\1ssl=", rewritten)


def engine_for(url: str, limits: Limits | None = None) -> AsyncEngine:
    """An engine on asyncpg. With `pgbouncer` no statement is cached and none has a fixed name."""
    limits = limits or Limits()
    connect_args: dict[str, Any] = {"timeout": 10, "server_settings": {"application_name": "ingestion"}}
    if limits.pgbouncer:
        connect_args |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"__ingestion_{uuid4()}__",
        }
        connect_args.pop("server_settings")
    return create_async_engine(
        async_url(url),
        pool_size=limits.pool_size,
        max_overflow=limits.max_overflow,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_timeout=30,
        hide_parameters=True,
        connect_args=connect_args,
    )


@dataclass(frozen=True, slots=True)
class Database:
    """The catalogue as the rest of the system asks for it."""

    engine: AsyncEngine
    limits: Limits

    @asynccontextmanager
    async def transaction(self, lock_seconds: float | None = None) -> AsyncIterator[AsyncConnection]:
        """One transaction with its limits set for itself only (safe behind pgbouncer); driver errors translated.

        `lock_seconds`: how long to wait for a lock, where that is less than the settings say.
        """
        limits = self.limits
        if lock_seconds is not None:
            limits = replace(limits, lock_timeout=min(lock_seconds, limits.lock_timeout))
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self.engine.connect())
            except (*DRIVER_ERRORS, OSError) as error:
                raise translated(error) from error
            try:
                async with connection.begin():
                    await connection.execute(SET_LIMITS, limits.parameters())
                    yield connection
            except (*DRIVER_ERRORS, ConnectionError) as error:
                raise translated(error) from error


def translated(error: BaseException) -> StoreUnavailable | StoreRejected:
    """The driver's error as ours. The statement's parameters never reach the message."""
    state = sql_state(error)
    shown = re.sub(r"\s+", " ", str(getattr(error, "orig", None) or error)).strip()[:500]
    shown = re.sub(r"^<class '[^']+'>: ", "", shown) + _advice(error, state)
    if state in BUSY_STATES:
        return StoreBusy(f"the catalogue database did not finish ({state}): {shown}")
    if _passes(error, state):
        return StoreUnavailable(f"the catalogue database did not finish ({state or 'connection lost'}): {shown}")
    return StoreRejected(f"the catalogue database refused ({state or type(error).__name__}): {shown}")


def _advice(error: BaseException, state: str | None) -> str:
    """What a person can do, where that is known."""
    if state is None and isinstance(error, ConnectionRefusedError | TimeoutError | socket.gaierror):
        return "; is PostgreSQL running at the address in DATABASE_URL?"
    return f"; {ADVICE[state]}" if state in ADVICE else ""


def _passes(error: BaseException, state: str | None) -> bool:
    """Whether the whole transaction may succeed another time. asyncpg gives many a lost connection no state."""
    if state is not None:
        return state in RETRYABLE_STATES or state.startswith(RETRYABLE_CLASSES)
    lost = (OSError, InterfaceError, OperationalError, PendingRollbackError, PoolTimeout, asyncpg.InterfaceError,
            asyncpg.InternalClientError)  # fmt: skip
    return isinstance(error, lost) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def sql_state(error: BaseException) -> str | None:
    """The SQLSTATE of a driver error, however deep SQLAlchemy wrapped it."""
    seen: BaseException | None = error
    for _ in range(5):
        if seen is None:
            return None
        state = getattr(seen, "sqlstate", None) or getattr(seen, "pgcode", None)
        if isinstance(state, str):
            return state
        seen = getattr(seen, "orig", None) or seen.__cause__
    return None


@asynccontextmanager
async def connected(url: str, limits: Limits | None = None) -> AsyncIterator[Database]:
    """A database for the length of one piece of work, on the running loop."""
    limits = limits or Limits()
    engine = engine_for(url, limits)
    try:
        yield Database(engine, limits)
    finally:
        await engine.dispose()


def ask(url: str, limits: Limits, seconds: float) -> str | None:
    """Why the catalogue does not work, None where it does. One `SELECT 1` on a connection of its own."""

    async def _ask(database: Database) -> None:
        async with asyncio.timeout(seconds), database.transaction() as connection:
            await connection.execute(text("SELECT 1"))

    try:
        run(url, _ask, limits)
    except (StoreUnavailable, StoreRejected) as error:
        return f"does not answer: {error}"
    except TimeoutError:
        return f"does not answer within {seconds:.0f} s"
    return None


def run(url: str, work: Callable[[Database], Coroutine[Any, Any, T]], limits: Limits | None = None) -> T:
    """`work` on a loop of its own, for callers that are not asynchronous (sensors, the command line)."""

    async def _work() -> T:
        async with connected(url, limits) as database:
            return await work(database)

    return asyncio.run(_work())
