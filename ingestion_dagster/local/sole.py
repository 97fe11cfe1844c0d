"""One process at a time in a folder: a lock that ends with whoever has it, and a note of who that is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ingestion_dagster.core.disk_errors import in_words
from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.local.locks import open_lock, try_exclusive

NAME = "up.lock"
"""In the folder itself: what lies below `run` is deleted with the services."""


@contextmanager
def sole(folder: Path, what: str) -> Iterator[None]:
    """Be the only one in `folder` for the length of the block; `what` is the command, as others are told.

    Raises ServicesFailed, which names the holder, where somebody else is there.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = open_lock(path)
    except OSError as error:
        raise ServicesFailed(
            f"{folder} cannot be used: {in_words(error)}, or name another folder: INGESTION_LOCAL_ROOT"
        ) from error
    try:
        if not try_exclusive(descriptor):
            raise ServicesFailed(_taken(folder, path))
        note = f"{os.getpid()}\n{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %z}\n{what}\n"
        with suppress(OSError):  # a full disk: the lock holds without a note
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, note.encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _taken(folder: Path, path: Path) -> str:
    pid, since, what = (*path.read_text(errors="replace").split("\n"), "", "", "")[:3]
    if not pid.isdigit():
        return f"Another process works in {folder}. Stop it, or name another folder: INGESTION_LOCAL_ROOT"
    return (
        f"`{what}` works in {folder} already: process {pid}, since {since}. Stop it (Ctrl-C there, or `kill {pid}`), or"
        " name another folder: INGESTION_LOCAL_ROOT"
    )
