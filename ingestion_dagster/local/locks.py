"""Advisory file locks: who is alive, told by the kernel and therefore also true after SIGKILL.

A lock belongs to an open file, not to a process: whoever inherits the descriptor holds it too, and
it is free once the last of them is gone.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_lock(path: Path) -> int:
    """A descriptor to lock; close-on-exec, so only an explicit `pass_fds` hands it to another program."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_exclusive(descriptor: int) -> bool:
    """Take the exclusive lock unless someone else holds any; never waits."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def release(descriptor: int) -> None:
    """Give the lock up and keep the descriptor."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def held(path: Path, *, shared: bool) -> Iterator[None]:
    """Hold a lock for the length of the block; waits for it."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
