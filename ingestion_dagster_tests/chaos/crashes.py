"""Crash points: a process of the harness kills itself when it passes one for the n-th time.

The product knows nothing of this: its functions are wrapped here, in the worker's own process.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingestion_dagster.redis_store.mailbox import Mailbox
from ingestion_dagster.store import requests

SENSOR_POINTS = (
    "claimed, nothing on record",
    "recorded, not committed",
    "on record, not confirmed",
    "confirmed",
    "leased, not committed",
    "leased, no run made",
    "some runs made",
    "results in Redis, not marked",
)
RUN_POINTS = (
    "run taken, request not begun",
    "request begun",
    "effect written, not acknowledged",
    "acknowledged, not committed",
    "committed, run not ended",
)
POINTS = SENSOR_POINTS + RUN_POINTS


class Aim:
    """Where this process dies."""

    def __init__(self, point: str | None, passes: int, hits: Path) -> None:
        self.point, self.passes, self.hits = point, passes, hits

    def passing(self, point: str) -> None:
        """Die here, if this is the place and the time."""
        if point != self.point:
            return
        self.passes -= 1
        if self.passes > 0:
            return
        with self.hits.open("a") as file:
            file.write(point + "\n")
        os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Wrap what the sensor calls."""
        after(Mailbox, "claim", lambda answer: self.passing("claimed, nothing on record") if answer else None)
        before(Mailbox, "confirm", lambda *_: self.passing("on record, not confirmed"))
        after(Mailbox, "confirm", lambda _: self.passing("confirmed"))
        after(Mailbox, "publish", lambda _: self.passing("results in Redis, not marked"))
        after_async(requests, "record", lambda answer: self.passing("recorded, not committed") if answer else None)
        after_async(requests, "lease", lambda answer: self.passing("leased, not committed") if answer else None)


def before(owner: Any, name: str, act: Callable[..., Any]) -> None:
    """`act` with the arguments, then the function."""
    wrapped = getattr(owner, name)

    def _call(*args: Any, **kwargs: Any) -> Any:
        act(*args)
        return wrapped(*args, **kwargs)

    setattr(owner, name, _call)


def after(owner: Any, name: str, act: Callable[[Any], Any]) -> None:
    """The function, then `act` with its answer."""
    wrapped = getattr(owner, name)

    def _call(*args: Any, **kwargs: Any) -> Any:
        answer = wrapped(*args, **kwargs)
        act(answer)
        return answer

    setattr(owner, name, _call)


def after_async(owner: Any, name: str, act: Callable[[Any], Any]) -> None:
    """As `after`, for a coroutine."""
    wrapped = getattr(owner, name)

    async def _call(*args: Any, **kwargs: Any) -> Any:
        answer = await wrapped(*args, **kwargs)
        act(answer)
        return answer

    setattr(owner, name, _call)


def hits_in(path: Path) -> Counter[str]:
    """How often processes died at each point."""
    return Counter(path.read_text().splitlines() if path.exists() else ())
