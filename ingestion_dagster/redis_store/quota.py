"""The read quota that all processes share: a token bucket in Redis, and a fair order among the suppliers who wait.

Google counts reads per user and per project; both buckets must have a token. Redis's clock counts, never ours. What
is done with a turn is `sources/google/http.py`; queue messages are `mailbox.py`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import uuid4

import redis

from ingestion_dagster.core.errors import QuotaExhausted, SourceUnavailable

_LONGEST_POLL: Final = 5.0
_GRACE: Final = 5.0
"""Seconds that a waiter may be late for its poll before its place is given away."""
_KEPT: Final = 24 * 3600

# A waiter's place is a start tag as in start-time fair queueing: a supplier's second read is tagged one turn behind
# its first, so a sheet of fifty reads lets every other supplier pass in between.
_TAKE: Final = """
local user, project, waiting, alive, tags, used, used_project, pause = unpack(KEYS)
local supplier, ticket = ARGV[1], ARGV[2]
local bursts, rates = {tonumber(ARGV[3]), tonumber(ARGV[5])}, {tonumber(ARGV[4]), tonumber(ARGV[6])}
local window, poll, grace, kept = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function text(number) return string.format('%.6f', number) end

for _, gone in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', text(now))) do
  redis.call('ZREM', waiting, gone)
  redis.call('ZREM', alive, gone)
end

local tag = tonumber(redis.call('ZSCORE', waiting, ticket) or nil)
if not tag then
  if ticket:sub(1, 1) == '?' then ticket = string.format('%015.0f', now) .. ticket end
  local virtual = tonumber(redis.call('HGET', tags, '') or 0)
  tag = math.max(virtual, tonumber(redis.call('HGET', tags, 's' .. supplier) or 0))
  redis.call('ZADD', waiting, text(tag), ticket)
  redis.call('HSET', tags, 's' .. supplier, text(tag + 1))
end

local rank = redis.call('ZRANK', waiting, ticket)
local wait, tokens = math.max(0, redis.call('PTTL', pause)), {}
for i, bucket in ipairs({user, project}) do
  local state = redis.call('HMGET', bucket, 'tokens', 'at')
  if state[1] then
    tokens[i] = math.min(bursts[i], tonumber(state[1]) + math.max(0, now - tonumber(state[2])) * rates[i])
  else
    tokens[i] = 1
    redis.call('HSET', bucket, 'tokens', '1', 'at', text(now))
  end
  wait = math.max(wait, (rank + 1 - tokens[i]) / rates[i])
end

if wait > 0 then
  redis.call('ZADD', alive, text(now + math.min(wait, poll) + grace), ticket)
else
  for i, bucket in ipairs({user, project}) do
    redis.call('HSET', bucket, 'tokens', text(tokens[i] - 1), 'at', text(now))
  end
  for _, log in ipairs({used, used_project}) do
    redis.call('ZREMRANGEBYSCORE', log, '-inf', text(now - window))
    redis.call('ZADD', log, text(now), ticket)
  end
  redis.call('ZREM', waiting, ticket)
  redis.call('ZREM', alive, ticket)
  redis.call('HSET', tags, '', text(math.max(tag, tonumber(redis.call('HGET', tags, '') or 0))))
end
for i = 1, 7 do redis.call('EXPIRE', KEYS[i], kept) end
return {ticket, text(wait)}
"""

_LOOK: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local since = string.format('%.6f', now - tonumber(ARGV[1]))
local alive = string.format('%.6f', now)
return {redis.call('ZCOUNT', KEYS[6], since, '+inf'), redis.call('ZCOUNT', KEYS[7], since, '+inf'),
        redis.call('ZCOUNT', KEYS[4], alive, '+inf'), math.max(0, redis.call('PTTL', KEYS[8]))}
"""


class QuotaUnreachable(SourceUnavailable):
    """Redis stayed away for as long as a read may wait."""

    tried_again = True


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """What Google allows: reads per `window` seconds, refilled each minute (Sheets API usage limits)."""

    per_user: int = 60
    per_project: int = 300
    window: float = 60.0
    margin: float = 3.0
    """Seconds by which requests may arrive out of step with their turns; the window is treated as that much longer."""

    def pace(self, limit: int) -> tuple[int, float]:
        """(burst, tokens per millisecond) such that no span of `window + margin` seconds holds more than `limit`."""
        burst = max(1, limit // 10)
        return burst, (limit - burst + 0.9) / (self.window + self.margin) / 1000


@dataclass(frozen=True, slots=True)
class QuotaBudget:
    """What is left, for metadata and `queue status`."""

    used_user: int
    """Reads in the last window."""
    left_user: int
    used_project: int
    left_project: int
    waiting: int
    """Reads that wait for their turn now."""
    paused: float
    """Seconds for which Google asked everybody to wait."""


@dataclass
class SheetsQuota:
    """The quota of one service account. Any number of processes may hold one on the same Redis."""

    client: "redis.Redis"
    limits: QuotaLimits = QuotaLimits()
    user: str = "default"
    """Any name of the service account; accounts count apart."""
    project: str = "default"
    deadline: float = 900.0
    """Seconds that one read waits at most."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _keys: list[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        account, shared = f"ingestion:{{quota}}:user:{self.user}", f"ingestion:{{quota}}:project:{self.project}"
        parts = ("waiting", "alive", "tags", "used")
        self._keys = [account, shared, *(f"{account}:{part}" for part in parts), f"{shared}:used", f"{account}:pause"]
        self._take = self.client.register_script(_TAKE)
        self._look = self.client.register_script(_LOOK)

    @classmethod
    def from_url(cls, url: str, **settings: Any) -> "SheetsQuota":
        """A quota on the Redis at `url`, with time limits on its connection."""
        return cls(redis.Redis.from_url(url, socket_timeout=5.0, socket_connect_timeout=5.0), **settings)

    def acquire(self, supplier: str) -> float:
        """Takes one read for `supplier`, waiting for its turn; the seconds waited.

        Suppliers take turns, however many reads each wants. A Redis that restarts meanwhile is waited for. Raises
        QuotaExhausted after `deadline`, SourceUnavailable where Redis stays away as long.
        """
        begun = self.clock()
        ticket = f"?{uuid4().hex}"
        while True:
            left = self.deadline - (self.clock() - begun)
            try:
                ticket, wait = self._ask(supplier, ticket)
            except (redis.ConnectionError, redis.TimeoutError):
                if left <= 0:
                    raise QuotaUnreachable("The shared read quota cannot be asked: Redis does not answer") from None
                wait = min(0.5, left)
            else:
                if wait <= 0:
                    return self.clock() - begun
                if left <= 0:
                    self._leave(ticket)
                    raise QuotaExhausted("No read came free in the shared quota of Google Sheets in time", wait)
            self.sleep(min(wait, _LONGEST_POLL, max(left, 0.0)))

    def _ask(self, supplier: str, ticket: str) -> tuple[str, float]:
        user, project = self.limits.pace(self.limits.per_user), self.limits.pace(self.limits.per_project)
        times = (self.limits.window, _LONGEST_POLL, _GRACE)
        arguments: list[str | int | float] = [
            supplier,
            ticket,
            *user,
            *project,
            *(int(seconds * 1000) for seconds in times),
            _KEPT,
        ]
        answer = cast("list[bytes]", self._take(keys=self._keys, args=arguments))
        return answer[0].decode(), float(answer[1]) / 1000

    def _leave(self, ticket: str) -> None:
        self.client.zrem(self._keys[2], ticket)
        self.client.zrem(self._keys[3], ticket)

    def throttled(self, seconds: float) -> None:
        """Google answered 429: nobody gets a turn for so long. The longest pause counts."""
        name = self._keys[7]
        try:
            if int(self.client.pttl(name)) < seconds * 1000:
                self.client.set(name, "429", px=max(1, int(seconds * 1000)))
        except (redis.ConnectionError, redis.TimeoutError):
            return  # the one who was told waits anyway

    def budget_left(self) -> QuotaBudget:
        """Used and left within the last window."""
        look = self._look(keys=self._keys, args=[int(self.limits.window * 1000)])
        used, used_project, waiting, paused = (int(part) for part in cast("list[int]", look))
        return QuotaBudget(
            used,
            max(0, self.limits.per_user - used),
            used_project,
            max(0, self.limits.per_project - used_project),
            waiting,
            paused / 1000,
        )

    def budget_if_known(self) -> QuotaBudget | None:
        """The same; None where Redis does not tell just now."""
        try:
            return self.budget_left()
        except redis.RedisError:
            return None
