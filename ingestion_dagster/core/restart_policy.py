"""When something that is needed counts as dead, when it is started again, and when it is given up. Pure decisions.

How a thing is asked and started again is not here; the clock is the caller's.
"""

import math
from dataclasses import dataclass, field
from typing import Literal

Step = Literal["well", "wait", "back", "revive", "give up"]
"""What to do now: nothing (`well`, `wait`), say that it answers again, start it again, or end with the reason."""


@dataclass(frozen=True)
class RestartPolicy:
    """All in seconds."""

    unanswered: float = 60.0
    """Without an answer before it counts as dead. A process that ended is dead at once."""
    starting: float = 90.0
    """It may take to answer after it was started."""
    steady: float = 60.0
    """It must answer before a trouble counts as over; what fails again sooner has the same trouble."""
    trouble: float = 300.0
    """Of one trouble before it is given up."""
    first_pause: float = 1.0
    """Between the first two starts of one trouble; doubled each time."""
    longest_pause: float = 10.0


@dataclass
class Restarts:
    """One thing over time. `look` is called with every answer, `started` or `failed` after starting it again."""

    policy: RestartPolicy = field(default_factory=RestartPolicy)
    silent_since: float | None = None
    started_at: float | None = None
    troubled_since: float | None = None
    well_since: float | None = None
    next_start: float = -math.inf
    starts: int = 0

    def look(self, now: float, *, ended: bool, answers: bool) -> Step:
        """The step to take. `ended` says for certain that it is gone, whether or not something answers in its place."""
        if answers and not ended:
            return self._well(now)
        self.well_since = None
        if not ended and not self._silent_too_long(now):
            return "wait"
        if self.troubled_since is None:
            self.troubled_since = now
        if now - self.troubled_since >= self.policy.trouble:
            return "give up"
        return "revive" if now >= self.next_start else "wait"

    def pause(self, now: float) -> None:
        """Nothing can be said of it, because what it stands on is away: no time that passes meanwhile counts."""
        self.silent_since = None
        if self.started_at is not None:
            self.started_at = now
        if self.troubled_since is not None:
            self.troubled_since = now
        if self.well_since is not None:
            self.well_since = now

    def started(self, now: float) -> None:
        """It was started again and may take its time to answer."""
        self._tried(now)
        self.started_at = now

    def failed(self, now: float) -> float:
        """It could not be started. It is tried again after the seconds that are returned."""
        pause = self._tried(now)
        self.started_at = None
        self.silent_since = -math.inf
        return pause

    def _tried(self, now: float) -> float:
        pause = min(self.policy.first_pause * 2.0**self.starts, self.policy.longest_pause)
        self.next_start = now + pause
        self.starts = min(self.starts + 1, 60)
        self.silent_since = None
        return pause

    def _well(self, now: float) -> Step:
        self.silent_since = self.started_at = None
        if self.troubled_since is None:
            return "well"
        if self.well_since is None:
            self.well_since = now
            return "back"
        if now - self.well_since >= self.policy.steady:
            self.troubled_since = self.well_since = None
            self.next_start, self.starts = -math.inf, 0
        return "well"

    def _silent_too_long(self, now: float) -> bool:
        if self.started_at is not None:
            return now - self.started_at >= self.policy.starting
        if self.silent_since is None:
            self.silent_since = now
        return now - self.silent_since >= self.policy.unanswered
