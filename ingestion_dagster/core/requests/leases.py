"""What to do about a request that is handed out, given what Dagster says of its run, and how long to wait
before trying again. Pure decisions, but for the spread, which keeps failures from marching in step.
"""

import random
from datetime import datetime, timedelta
from typing import Literal

RunState = Literal["absent", "waiting", "running", "succeeded", "failed", "cancelled"]
"""`absent`: no run was made yet; `waiting`: made, not started."""

Verdict = Literal["start", "keep", "extend", "crashed", "cancelled"]

TIME_TO_BEGIN = timedelta(seconds=240)
"""What a run that stands in Dagster's queue still has when its turn comes: more than Dagster itself allows it for
starting (`start_timeout_seconds`), so that on a busy machine a slow start is not taken for a lost run."""


def verdict(run: RunState, lease_until: datetime, now: datetime, *, begun: bool) -> Verdict:
    """`start` asks for a run, `extend` renews the lease of one that is not at work yet.

    A run that ended while its request is still leased ended without a word: whatever finished properly moved the
    request in the same transaction. Past its lease a running run counts as lost: after a machine is gone Dagster
    shows it as started for ever. A request whose run was never made lost nothing: the daemon may have been away, and
    that is no attempt. One that had `begun` and is unknown to Dagster now was deleted there.
    """
    expired, short = now >= lease_until, now >= lease_until - TIME_TO_BEGIN
    if run == "cancelled":
        return "cancelled"
    if run in ("failed", "succeeded"):
        return "crashed"
    if run == "absent" and not begun:
        return "extend" if short else "start"
    if run == "waiting":
        return "extend" if short else "keep"
    return "crashed" if expired else "keep"


def retry_wait(attempt: int, base: float, cap: float) -> float:
    """Seconds before the attempt after `attempt` (from 1): doubled each time, capped, spread by half either way."""
    return float(min(cap, base * 2 ** min(max(0, attempt - 1), 30)) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
