"""What to believe when clocks disagree: PostgreSQL's, this machine's, and the newest record's. Pure: moments are given.

Why it is decided so is in docs/adr/0016-clocks-that-are-wrong.md.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

SLACK: Final = timedelta(minutes=2)
"""Less than this is how clocks are; more is a clock that is wrong."""
SETTLE_AFTER: Final = 900.0
"""Seconds for which clocks must agree that records lie in the future before those are dated back: a machine that has
just started may have the wrong time until it has asked somebody."""
_TICK: Final = timedelta(microseconds=1)


class Moment(NamedTuple):
    """When something is recorded at."""

    at: datetime
    clock_said: datetime | None
    """PostgreSQL's clock, where that was not believed or `at` could not be what it said; else None."""


class Clocks(NamedTuple):
    """What is known of the time at one look."""

    database: datetime
    ours: datetime
    newest: datetime | None
    """The newest record of the catalogue."""

    @property
    def agree(self) -> bool:
        """Whether PostgreSQL and this machine have the same time."""
        return abs(self.database - self.ours) <= SLACK

    @property
    def records_ahead(self) -> bool:
        """Whether there are records in the future of both clocks."""
        return self.newest is not None and self.newest > max(self.database, self.ours) + SLACK


def moment_of(clocks: Clocks) -> Moment:
    """When a change is recorded that follows all records up to `newest`: always later than those, and PostgreSQL's time
    where the clocks agree. Of two that disagree one is wrong; the earlier is believed unless a record is newer than it,
    because a price that is dated into the future hides what comes after it."""
    database, ours, newest = clocks
    possible = [clock for clock in (database, ours) if newest is None or clock > newest - SLACK]
    at = database if clocks.agree else min(possible, default=database)
    if newest is not None and at <= newest:
        at = newest + _TICK
    return Moment(at, database if abs(at - database) > SLACK else None)


def warnings(clocks: Clocks, made: datetime) -> Iterator[str]:
    """What a person should know of the clocks, in sentences. `made`: before this the program was not there."""
    database, ours, newest = clocks
    if not clocks.agree:
        yield (
            f"PostgreSQL's clock says {_shown(database)}, this machine's {_shown(ours)}: one of them is wrong; set it"
            " right, prices are recorded at the earlier one that fits what is on record"
        )
    if max(database, ours) < made - timedelta(days=1):
        yield f"the clock says {_shown(database)}, but this program was installed on {_shown(made)}; set it right"
    elif newest is not None and newest > database + SLACK:
        yield (
            f"the newest record is of {_shown(newest)}, PostgreSQL's clock says {_shown(database)}: the clock was ahead"
            " then or is behind now. If it is wrong now, set it right; if it stays, those records are dated back"
        )


def stepped(before: datetime, now: datetime, passed: timedelta) -> str | None:
    """What to say where a clock went from `before` to `now` while `passed` went by; None where that is the same."""
    step = now - before - passed
    if abs(step) <= SLACK:
        return None
    where = "forward" if step > timedelta(0) else "back"
    size = timedelta(seconds=round(abs(step).total_seconds()))
    return f"PostgreSQL's clock was set {where} by {size}, to {_shown(now)}"


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
