"""Google's read quotas, enforced more strictly than Google does: in any span of a minute, not per calendar minute."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field


@dataclass
class ReadQuota:
    """At most so many reads within any `minute` seconds. A refused read is not counted."""

    per_user: int = 60
    per_project: int = 300
    minute: float = 60.0
    """Real seconds; a smaller number runs the clock faster."""
    refused: int = 0
    _taken: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuses(self) -> str | None:
        """`user` or `project` where its limit is reached, else None and the read counts."""
        now = time.monotonic()
        with self._lock:
            while self._taken and self._taken[0] <= now - self.minute:
                self._taken.popleft()
            for limit, per in ((self.per_user, "user"), (self.per_project, "project")):
                if len(self._taken) >= limit:
                    self.refused += 1
                    return per
            self._taken.append(now)
            return None
