"""The mailbox: Redis lists that any producer can LPUSH to, and the results they can read back.

Only moving messages safely is done here; what a message means and what becomes of it is decided and recorded in
PostgreSQL (`store/requests/__init__.py`). A message leaves Redis only after it is on record there.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from ingestion_dagster.core.errors import StoreUnavailable

QUEUE = "ingestion:queue"
HIGH = "ingestion:queue:high"
PROCESSING = "ingestion:processing"
PAYLOAD = "ingestion:payload"
RESULT = "ingestion:result:"
KINDS = {QUEUE: "list", HIGH: "list", PROCESSING: "zset", PAYLOAD: "hash"}

CLAIM = """
local answer, waits = {}, {}
local most = tonumber(ARGV[1])
for i = 6, #ARGV do waits[ARGV[i]] = true end
if redis.call('HLEN', KEYS[4]) > redis.call('ZCARD', KEYS[3]) then
    for _, id in ipairs(redis.call('HKEYS', KEYS[4])) do redis.call('ZADD', KEYS[3], 'NX', ARGV[4], id) end
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, most - 1 + #ARGV - 5)) do
    if #answer < most and not waits[id] then
        local raw = redis.call('HGET', KEYS[4], id)
        if raw then answer[#answer + 1] = {id, string.sub(raw, 1, ARGV[2]), #raw}
        else redis.call('ZREM', KEYS[3], id) end
    end
end
local newest = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2]
local score = math.max(tonumber(ARGV[4]), math.floor(tonumber(newest or 0)) + 1)
local number = 0
for list = 1, 2 do
    local kind = redis.call('TYPE', KEYS[list]).ok
    while kind == 'list' and #answer < most and number < tonumber(ARGV[5]) do
        local raw = redis.call('RPOP', KEYS[list])
        if not raw then break end
        number = number + 1
        local id = ARGV[3] .. '-' .. string.format('%05d', number) .. (list == 1 and '-high' or '')
        redis.call('HSET', KEYS[4], id, raw)
        redis.call('ZADD', KEYS[3], score, id)
        answer[#answer + 1] = {id, string.sub(raw, 1, ARGV[2]), #raw}
    end
end
return answer
"""
"""First what was taken before and is not confirmed, then new messages. The id holds a fresh random nonce: a counter
would issue an id again after Redis is rolled back, and the message under it would be taken for a repeat. Sorted by
claim, whatever the clock does, and within it by number, what is claimed again comes in the order in which it was sent.

Nothing is popped before the keys it goes to were looked at: a script is not undone when it fails half-way. A key of
another type is passed over, so that it stops only what is in it."""

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

    def claim(
        self, count: int, max_bytes: int, passed_over: Sequence[str] = (), fresh: int | None = None
    ) -> list[Claimed]:
        """Up to `count` messages: unconfirmed ones first, then the oldest of the high list, then of the normal one.

        Unconfirmed ones in `passed_over` are left alone; at most `fresh` new ones are taken.
        """
        nonce, now = secrets.token_hex(12), int(time.time() * 1000)
        keys = (HIGH, QUEUE, PROCESSING, PAYLOAD)
        numbers = (count, max_bytes, nonce, now, count if fresh is None else fresh)
        with _translated():
            found: Any = self.client.eval(CLAIM, len(keys), *keys, *numbers, *passed_over)
        return [
            Claimed(bytes(i).decode(), bytes(raw), int(size), bytes(i).endswith(b"-high")) for i, raw, size in found
        ]

    def confirm(self, delivery_ids: Sequence[str]) -> None:
        """These are on record in PostgreSQL; only call after that commit."""
        if delivery_ids:
            with _translated():
                self.client.eval(CONFIRM, 2, PROCESSING, PAYLOAD, *delivery_ids)

    def has_work(self, passed_over: int = 0) -> bool:
        """Whether a claim that leaves so many unconfirmed ones alone would return anything."""
        depth = self.depth()
        return bool(depth["queue"] or depth["high"] or depth["processing"] > passed_over)

    def wait_for_work(self, seconds: float, step: float = 0.1, passed_over: int = 0) -> bool:
        """Look every `step` seconds until there is work or the time is over."""
        end = time.monotonic() + seconds
        while not self.has_work(passed_over):
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
            found = pipe.execute(raise_on_error=False)
        normal, high, processing = (_count(one) for one in found)
        return {"queue": normal, "high": high, "processing": processing}

    def wrong_keys(self) -> list[str]:
        """Keys of the queue that somebody wrote another kind of value to, in words; nothing is taken from them."""
        with _translated():
            pipe = self.client.pipeline(transaction=False)
            for key in KINDS:
                pipe.type(key)
            found = [_text(kind) for kind in pipe.execute()]
        return [
            f"{key} is a {kind}, must be a {wanted}; delete or rename it"
            for (key, wanted), kind in zip(KINDS.items(), found, strict=True)
            if kind not in (wanted, "none")
        ]

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

    def missing_results(self, task_ids: Sequence[str]) -> list[str]:
        """Those of `task_ids` that Redis has no outcome of."""
        if not task_ids:
            return []
        with _translated():
            pipe = self.client.pipeline(transaction=False)
            for task_id in task_ids:
                pipe.exists(RESULT + task_id)
            found = pipe.execute()
        return [task_id for task_id, there in zip(task_ids, found, strict=True) if not there]

    def unsafe_settings(self) -> list[str]:
        """What of the server's settings could lose an acknowledged message; empty where all is well."""
        wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
        try:
            found: Any = self.client.config_get("*")
        except redis.ResponseError:
            return ["CONFIG GET is not allowed for this user, so persistence could not be checked"]
        except (redis.RedisError, OSError) as error:
            raise StoreUnavailable(f"Redis does not answer: {type(error).__name__}: {error}") from error
        have = {_text(name): _text(value) for name, value in found.items()}
        return [
            f"{name} is {have.get(name)!r}, must be {value!r}"
            for name, value in wanted.items()
            if have.get(name) != value
        ]


def ask(url: str, seconds: float) -> str | None:
    """Why the Redis at `url` does not work, None where it does. One PING on a connection of its own, tried once."""
    client = redis.Redis.from_url(
        url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 0)
    )
    try:
        with _translated():
            client.ping()
    except StoreUnavailable as error:
        return str(error).removeprefix("Redis ")
    finally:
        client.close()
    return None


class _translated:
    """Redis errors as ours, without the URL (it may hold a password)."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, redis.ResponseError):
            raise StoreUnavailable(f"Redis refused: {str(error).partition(' script: ')[0]}") from error
        if isinstance(error, redis.RedisError | OSError):
            raise StoreUnavailable(f"Redis does not answer: {type(error).__name__}: {error}") from error


def _count(value: Any) -> int:
    """A key of another kind holds no message; a server that refuses altogether is an error."""
    if isinstance(value, redis.ResponseError) and str(value).startswith("WRONGTYPE"):
        return 0
    if isinstance(value, Exception):
        raise StoreUnavailable(f"Redis refused: {value}") from value
    return int(value)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
