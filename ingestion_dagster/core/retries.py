"""How long to wait before trying again. Pure but for the spread, which keeps failures from marching in step."""

import random


def retry_wait(attempt: int, base: float, cap: float) -> float:
    """Seconds before the attempt after `attempt` (from 1): doubled each time, capped, spread by half either way."""
    return float(min(cap, base * 2 ** min(max(0, attempt - 1), 30)) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
