"""The wire under requests to Google: sessions, and bodies bounded in bytes and in time, so that nothing can hang us."""

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import orjson

from ingestion_dagster.sources.google.errors import GoogleRejected

if TYPE_CHECKING:
    import requests

_CHUNK: Final = 1 << 18


class AnswerTooLarge(GoogleRejected):
    """The answer is larger than it may be; it was abandoned, not read to its end."""


def read_body(response: "requests.Response", largest: int, time_left: Callable[[], float], what: str) -> bytes:
    """The unpacked body. Raises AnswerTooLarge, TimeoutError, or what urllib3 raises for a broken one."""
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > largest:
            raise AnswerTooLarge("answer too large", f"Google's answer for {what} is larger than {largest >> 20} MiB.")
        if time_left() <= 0:
            raise TimeoutError
    return bytes(body)


def plain_session(base_url: str) -> "requests.Session":
    """A session; on this machine without the environment's proxies and .netrc, which are for the outside."""
    import requests

    session = requests.Session()
    session.trust_env = base_url.startswith("https://")
    return session


def parse_json(body: bytes) -> Any:
    """The parsed body; orjson.JSONDecodeError where it is none.

    The collector rests meanwhile: a large answer is a million new objects without a cycle, which it would walk over and
    over (200,000 cells: 2.1 s with it, 0.85 s without).
    """
    resting = gc.isenabled()
    gc.disable()
    try:
        return orjson.loads(body)
    finally:
        if resting:
            gc.enable()
