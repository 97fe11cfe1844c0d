"""Where a Unix socket can be: in a folder that only its owner may enter, under a name the kernel has room for."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 103
"""Bytes of a path: macOS has room for 104 with the closing zero, Linux for 108."""
PLAIN = re.compile(r"[\w./+@-]+", re.ASCII)
"""gRPC reads the path as part of a URI."""
SHORT = Path("/tmp")  # noqa: S108 - a private folder is made inside


@contextmanager
def socket_path(folder: Path, name: str) -> Iterator[Path]:
    """A path for the socket `name` for the length of the block: in `folder` (made private), or in a private short one
    that is removed afterwards where the path would be too long or hold signs that are not plain."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder.resolve() / name
    if _fits(path):
        path.unlink(missing_ok=True)  # of one that was killed
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
        return
    short = Path(tempfile.mkdtemp(prefix="ingestion-"))
    if not _fits(short / name):
        short.rmdir()
        short = Path(tempfile.mkdtemp(prefix="ingestion-", dir=SHORT))
    try:
        yield short / name
    finally:
        shutil.rmtree(short, ignore_errors=True)


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST and PLAIN.fullmatch(str(path)) is not None
