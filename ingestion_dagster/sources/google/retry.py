"""How long and how often Google is asked for one thing: attempts, pauses, deadline, and the shared quota.

Waiting for quota moves the deadline and uses no attempt. What an answer means is decided in `errors.py`.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ingestion_dagster.core.errors import SourceUnavailable
from ingestion_dagster.sources.google.errors import GoogleBusy, GoogleUnavailable, Subject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
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
class RetryBudget:
    """One sheet's walk to Google: whose turn it is, how long it may still take, what it has cost so far."""

    supplier: str
    policy: RetryPolicy
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
        self._ends = self.policy.clock() + self.policy.deadline

    def left(self) -> float:
        """Seconds that the present request and its further attempts may still take."""
        return self._ends - self.reserve - self.policy.clock()

    def limits(self) -> tuple[float, float]:
        """Seconds for connecting and for silence, as requests takes them. GoogleUnavailable where none are left."""
        left = self.left()
        if left <= 0:
            raise GoogleUnavailable("timed out", f"Reading {self.subject.what} took too long.")
        return min(self.policy.connect, left), min(self.policy.silence, left)

    def request_clock(self) -> Callable[[], float]:
        """Seconds left for the request that begins now, at each call."""
        ends = self.policy.clock() + min(self.policy.request, self.left())
        return lambda: ends - self.policy.clock()

    def take(self) -> None:
        """Waits for one read of the shared quota; the wait moves the deadline."""
        if self.acquire is not None:
            waited = self.acquire(self.supplier)
            self.waited += waited
            self._ends += waited
        self.reads += 1

    def with_retries(self, once: Callable[[], T]) -> T:
        """The result of `once`, tried again after passing faults until attempts or time are used up."""
        attempt = 1
        while True:
            try:
                return once()
            except SourceUnavailable as error:
                pause = self._pause(error, attempt)
                if attempt >= self.policy.attempts or pause >= self.left():
                    raise
                self.policy.sleep(pause)
                attempt += 1

    def _pause(self, error: SourceUnavailable, attempt: int) -> float:
        """Seconds until the next attempt: what Google asked for, else doubling with jitter."""
        busy = isinstance(error, GoogleBusy)
        first = self.policy.first_busy_pause if busy else self.policy.first_pause
        own: float = min(first * 2.0 ** (attempt - 1), self.policy.longest_pause)
        pause = max(own * (0.75 + 0.5 * self.policy.jitter()), error.retry_after or 0.0)
        if busy and self.throttled is not None:
            self.throttled(pause)
        return pause
