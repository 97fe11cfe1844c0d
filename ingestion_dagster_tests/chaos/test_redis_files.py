"""Redis's own file, cut off at every byte of a claim and of a confirmation: a message is never half moved.

A cut file is what a power failure leaves. Valkey drops an incomplete transaction at the end of the file. A running
server loads the cut file (DEBUG LOADAOF); every n-th offset is a start of a new server on it, in the long form each.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from ingestion_dagster.local.paths import Paths, make_folders, settle
from ingestion_dagster.local.ports import choose_port
from ingestion_dagster.redis_store.mailbox import PAYLOAD, PROCESSING, QUEUE, Mailbox
from ingestion_dagster_tests.chaos.forms import report
from ingestion_dagster_tests.conftest import temporary_root

MESSAGES = [b"one", b"two", b"three"]
STARTS = 1 if os.environ.get("CHAOS") == "long" else 25


@contextmanager
def valkey_on(program: Path, folder: Path) -> Iterator[str]:
    """A server on the files in `folder`, as the account of this process."""
    port = choose_port(None)
    lines = (f"port {port}", "bind 127.0.0.1", f"dir {folder}", "appendonly yes", "appendfsync always", 'save ""',
             "logfile ''", "enable-debug-command yes", "")  # fmt: skip
    settings = "\n".join(lines)
    process = subprocess.Popen(
        [program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    process.stdin.write(settings.encode())
    process.stdin.close()
    url = f"redis://127.0.0.1:{port}/0"
    try:
        with redis.Redis.from_url(url) as client:
            _wait(client)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait(client: redis.Redis) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            client.ping()
        except redis.RedisError:
            if time.monotonic() > end:
                raise
            time.sleep(0.005)
        else:
            return


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    with temporary_root() as root:
        paths = Paths(root)
        make_folders(paths)
        place = settle(paths)
        yield place.valkey
        shutil.rmtree(paths.data.resolve(), ignore_errors=True)
        if paths.data.is_symlink():
            paths.data.unlink()


def log_of(folder: Path) -> Path:
    """The file that grows."""
    return next((folder / "appendonlydir").glob("*.incr.aof"))


State = tuple[list[bytes], dict[bytes, bytes], set[bytes]]
"""The queue, the payloads, the ids in processing."""


def state_of(client: redis.Redis) -> State:
    queue: list[bytes] = client.lrange(QUEUE, 0, -1)  # type: ignore[assignment]
    payload: dict[bytes, bytes] = client.hgetall(PAYLOAD)  # type: ignore[assignment]
    return queue, payload, set(client.zrange(PROCESSING, 0, -1))  # type: ignore[arg-type]


def started_on(program: Path, original: Path, content: bytes) -> State:
    """What a new server finds."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(original, copy)
        log_of(copy).write_bytes(content)
        with valkey_on(program, copy) as url, redis.Redis.from_url(url) as client:
            return state_of(client)


def loaded(client: redis.Redis, folder: Path, content: bytes) -> State:
    """What a running server finds when it loads the file again."""
    log_of(folder).write_bytes(content)
    with suppress(redis.ResponseError):  # it calls a cut file an error, and has loaded what was whole
        client.execute_command("DEBUG", "LOADAOF")
    return state_of(client)


@pytest.mark.timeout(600)
def test_a_cut_log_leaves_every_message_whole_and_in_one_place(program: Path, tmp_path: Path) -> None:
    with valkey_on(program, tmp_path) as url:
        mailbox = Mailbox(url)
        for message in MESSAGES:
            mailbox.send(message)
        start = log_of(tmp_path).stat().st_size
        claimed = mailbox.claim(10, 1000)
        middle = log_of(tmp_path).stat().st_size
        mailbox.confirm([one.id for one in claimed[:2]])
        end = log_of(tmp_path).stat().st_size
        mailbox.close()
    content, copy = log_of(tmp_path).read_bytes(), tmp_path.with_name("copy")
    shutil.copytree(tmp_path, copy)
    torn = []
    with valkey_on(program, copy) as url, redis.Redis.from_url(url) as client:
        for length in range(start, end + 1):
            cut = content[:length]
            new_server = (length - start) % STARTS == 0
            queue, payload, processing = started_on(program, tmp_path, cut) if new_server else loaded(client, copy, cut)
            here = sorted([*queue, *payload.values()])
            complete = here == sorted(MESSAGES) if length < end else here == [MESSAGES[2]]
            if not complete or set(payload) != processing or (payload and queue):
                torn.append(length)
    report(
        f"Redis's log cut at {middle - start} offsets of a claim and {end - middle} of a confirmation"
        f" (one in {STARTS} with a new server): {len(torn)} torn"
    )
    assert end - start > 100
    assert torn == []
