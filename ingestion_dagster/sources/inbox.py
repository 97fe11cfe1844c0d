"""Price lists that arrive as files: read from one folder, the inbox, and from nowhere else.

A message may name any path it likes; what is opened is a regular file below the inbox, whatever links say.
"""

import errno
import os
import stat
from pathlib import Path

from ingestion_dagster.core.errors import SourceRejected, SourceUnavailable
from ingestion_dagster.core.suppliers.built_in_sources import CSV, EXCEL
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.source import Fetched, Order, Source

_LASTING = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)


def fetch_file(order: Order) -> Fetched:
    """The supplier's file as it lies in the inbox now."""
    path = order.supplier.source.get("file_path")
    if not path:
        raise SourceRejected(f"supplier {order.supplier.key!r} has no file_path; set one with `ingestion supplier add`")
    return Fetched(*read_inbox_file(str(path), Path(order.allowed.inbox), order.limits))


def read_inbox_file(path: str, inbox: Path, limits: Limits) -> tuple[bytes, str]:
    """(content, file name) of `path`, which is relative to the inbox or an absolute path inside it.

    Raises SourceRejected for anything else than a regular file with one name inside the inbox within the size limit,
    and SourceUnavailable for a file that changed while it was read.
    """
    root, inside = _resolved(path, inbox)
    try:
        handle = _open_below(root, inside)
    except OSError as error:
        raise _refusal(error, path, root) from error
    try:
        return _read_whole(handle, path, limits), inside.name
    except OSError as error:
        raise _refusal(error, path, root) from error
    finally:
        os.close(handle)


def _resolved(path: str, inbox: Path) -> tuple[Path, Path]:
    """(real inbox, real path below it). Raises SourceRejected for every path that leads elsewhere."""
    if "://" in path or path.lower().startswith("file:"):
        raise SourceRejected(f"{path!r} is a URL; give the path of a file inside the inbox folder {inbox}")
    if not path.strip() or "\x00" in path:
        raise SourceRejected(f"no file is named; give the path of a file inside the inbox folder {inbox}")
    try:
        root = inbox.resolve(strict=True)
        real = (root / path).resolve()
    except FileNotFoundError:
        raise SourceRejected(f"the inbox folder {inbox} does not exist; create it or set INGESTION_INBOX") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceRejected(f"{path!r} cannot be followed: {error}") from error
    if real == root or not real.is_relative_to(root):
        raise SourceRejected(f"{path!r} is not inside the inbox; only files below {root} are read")
    return root, real.relative_to(root)


def _open_below(root: Path, inside: Path) -> int:
    """Open without following links: one could have been put there since the path was resolved."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in inside.parts[:-1]:
            deeper = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = deeper
        # Non-blocking, or a FIFO would wait here for its writer for ever.
        return os.open(inside.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)


def _read_whole(handle: int, path: str, limits: Limits) -> bytes:
    before = os.fstat(handle)
    if stat.S_ISDIR(before.st_mode):
        raise SourceRejected(f"{path!r} is a folder; name one file in it")
    if not stat.S_ISREG(before.st_mode):
        raise SourceRejected(f"{path!r} is not a regular file")
    if before.st_nlink > 1:
        raise SourceRejected(
            f"{path!r} is a hard link: the same file has another name, which may lie outside of the inbox. Copy it into"
            " the inbox instead"
        )
    limit = max(limits.file_bytes, limits.text_bytes)
    if before.st_size > limit:
        raise SourceRejected(
            f"{path!r} has {before.st_size / 1e6:.0f} MB, more than the {limit / 1e6:.0f} MB allowed; split it"
        )
    with os.fdopen(os.dup(handle), "rb") as source:
        data = source.read(before.st_size + 1)
    after = os.fstat(handle)
    if len(data) != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise SourceUnavailable(f"{path!r} changed while it was read; it is probably still being copied")
    return data


def _refusal(error: OSError, path: str, root: Path) -> SourceRejected | SourceUnavailable:
    if error.errno == errno.ENOENT:
        return SourceRejected(f"there is no file {path!r} in the inbox; files are read from {root}")
    if error.errno in (errno.EACCES, errno.EPERM):
        return SourceRejected(f"{path!r} may not be read by this user; change its permissions")
    if error.errno in (errno.ENXIO, errno.ENODEV):
        return SourceRejected(f"{path!r} is not a regular file")
    if error.errno in _LASTING:
        return SourceRejected(f"{path!r} cannot be opened: {error.strerror}")
    return SourceUnavailable(f"{path!r} cannot be read now: {error.strerror}")


CSV_FILES = Source(CSV, fetch_file)
EXCEL_FILES = Source(EXCEL, fetch_file)
