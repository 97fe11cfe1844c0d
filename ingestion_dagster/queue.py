"""The mailbox: Redis lists that any producer can LPUSH to, and the results they can read back.

Only moving messages safely is done here; what a message means and what becomes of it is decided and recorded in
PostgreSQL (`store/requests.py`). A message leaves Redis only after it is on record there.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from ingestion_dagster.core.errors import StoreUnavailable

QUEUE = "ingestion:queue"
HIGH = "ingestion:queue:high"
PROCESSING = "ingestion:processing"
PAYLOAD = "ingestion:payload"
RESULT = "ingestion:result:"

CLAIM = """
local claimed = redis.call('ZRANGE', KEYS[3], 0, ARGV[1] - 1)
local answer = {}
for _, id in ipairs(claimed) do
    local raw = redis.call('HGET', KEYS[4], id)
    if raw then answer[#answer + 1] = {id, string.sub(raw, 1, ARGV[2]), #raw}
    else redis.call('ZREM', KEYS[3], id) end
end
local number = 0
while #answer < tonumber(ARGV[1]) do
    local high = 1
    local raw = redis.call('RPOP', KEYS[1])
    if not raw then high = 0; raw = redis.call('RPOP', KEYS[2]) end
    if not raw then break end
    number = number + 1
    local id = ARGV[3] .. '-' .. number .. (high == 1 and '-high' or '')
    redis.call('HSET', KEYS[4], id, raw)
    redis.call('ZADD', KEYS[3], ARGV[4] + number / 1000000, id)
    answer[#answer + 1] = {id, string.sub(raw, 1, ARGV[2]), #raw}
end
return answer
"""
"""First what was taken before and is not confirmed, then new messages. The id holds a fresh random nonce: a counter
would issue an id again after Redis is rolled back, and the message under it would be taken for a repeat."""

CONFIRM = """
for _, id in ipairs(ARGV) do
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
end
return #ARGV
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message under its delivery id. `raw` is cut at the size limit; `whole_size` is what was sent."""

    id: str
    raw: bytes
    whole_size: int
    high: bool


@dataclass(slots=True)
class Mailbox:
    """The queue at `url`. Bytes in and out: decoding is the reader's risk, not the transport's."""

    url: str
    client: redis.Redis = field(init=False)

    def __post_init__(self) -> None:
        self.client = redis.Redis.from_url(
            self.url,
            socket_timeout=5,
            socket_connect_timeout=3,
            health_check_interval=15,
            decode_responses=False,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        )

    def close(self) -> None:
        """Give the connection back."""
        self.client.close()

    def send(self, message: bytes, *, high: bool = False) -> None:
        """LPUSH, as a producer does."""
        with _translated():
            self.client.lpush(HIGH if high else QUEUE, message)

    def claim(self, count: int, max_bytes: int) -> list[Claimed]:
        """Up to `count` messages: unconfirmed ones first, then the oldest of the high list, then of the normal one."""
        nonce = secrets.token_hex(12)
        keys = (HIGH, QUEUE, PROCESSING, PAYLOAD)
        with _translated():
            found: Any = self.client.eval(CLAIM, len(keys), *keys, count, max_bytes, nonce, int(time.time() * 1000))
        return [
            Claimed(bytes(i).decode(), bytes(raw), int(size), bytes(i).endswith(b"-high")) for i, raw, size in found
        ]

    def confirm(self, delivery_ids: Sequence[str]) -> None:
        """These are on record in PostgreSQL; only call after that commit."""
        if delivery_ids:
            with _translated():
                self.client.eval(CONFIRM, 2, PROCESSING, PAYLOAD, *delivery_ids)

    def has_work(self) -> bool:
        """Whether a claim would return anything."""
        depth = self.depth()
        return bool(depth["queue"] or depth["high"] or depth["processing"])

    def wait_for_work(self, seconds: float, step: float = 0.1) -> bool:
        """Look every `step` seconds until there is work or the time is over."""
        end = time.monotonic() + seconds
        while not self.has_work():
            if time.monotonic() + step > end:
                return False
            time.sleep(step)
        return True

    def depth(self) -> dict[str, int]:
        """Messages waiting in both lists, and taken but not confirmed."""
        with _translated():
            pipe = self.client.pipeline(transaction=False)
            pipe.llen(QUEUE)
            pipe.llen(HIGH)
            pipe.zcard(PROCESSING)
            normal, high, processing = pipe.execute()
        return {"queue": normal, "high": high, "processing": processing}

    def publish(self, results: Sequence[tuple[str, bytes]], ttl_seconds: int) -> None:
        """Put outcomes where producers look: (task_id, JSON)."""
        with _translated():
            pipe = self.client.pipeline(transaction=False)
            for task_id, result in results:
                pipe.set(RESULT + task_id, result, ex=ttl_seconds)
            pipe.execute()

    def result(self, task_id: str) -> bytes | None:
        """The outcome of a task, None while there is none (or after its TTL)."""
        with _translated():
            found: Any = self.client.get(RESULT + task_id)
        return found  # type: ignore[no-any-return]

    def unsafe_settings(self) -> list[str]:
        """What of the server's settings could lose an acknowledged message; empty where all is well."""
        wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
        try:
            found: Any = self.client.config_get("*")
        except redis.ResponseError:
            return ["CONFIG GET is not allowed for this user, so persistence could not be checked"]
        except redis.RedisError as error:
            raise StoreUnavailable(f"Redis does not answer: {error}") from error
        have = {_text(name): _text(value) for name, value in found.items()}
        return [
            f"{name} is {have.get(name)!r}, must be {value!r}"
            for name, value in wanted.items()
            if have.get(name) != value
        ]


class _translated:
    """Redis errors as ours, without the URL (it may hold a password)."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, redis.ResponseError):
            raise StoreUnavailable(f"Redis refused: {error}") from error
        if isinstance(error, redis.RedisError | OSError):
            raise StoreUnavailable(f"Redis does not answer: {type(error).__name__}: {error}") from error


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
