"""The snapshot store: bytes as received, under their sha256, on any fsspec URL. What they mean is known elsewhere."""

import hashlib
import os
from dataclasses import dataclass
from uuid import uuid4

from upath import UPath

from ingestion_dagster.core.disk_errors import in_words
from ingestion_dagster.core.errors import SnapshotDamaged, SourceUnavailable


@dataclass(frozen=True, slots=True)
class SnapshotStore:
    """Content-addressed: the same bytes are kept once. A file that is not what its name says is replaced."""

    url: str

    def put(self, data: bytes) -> tuple[str, str]:
        """Keep `data`, in place of what is there where that was damaged; returns its sha256 in hex and its path below
        the store. Raises SourceUnavailable, with what to do, where nothing can be written."""
        sha256 = hashlib.sha256(data).hexdigest()
        target = self._target(sha256)
        try:
            if not self._holds(target, data):
                self._write_whole(target, data)
        except OSError as error:
            raise cannot_write(self.url, error) from error
        return sha256, f"{sha256[:2]}/{sha256}"

    def get(self, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises SnapshotDamaged where they are not what they were."""
        target = self._target(sha256)
        try:
            data: bytes = target.read_bytes()
        except FileNotFoundError:
            raise SnapshotDamaged(f"{target} is not in the store of snapshots") from None
        except OSError as error:
            raise SourceUnavailable(f"the snapshot store {self.url} cannot be read: {in_words(error)}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise SnapshotDamaged(f"{target} was changed in the store of snapshots")
        return data

    def delete(self, sha256: str) -> None:
        """Remove the bytes; absent ones are fine."""
        self._target(sha256).unlink(missing_ok=True)

    def _target(self, sha256: str) -> UPath:
        return UPath(self.url) / "bytes" / sha256[:2] / sha256

    def _holds(self, target: UPath, data: bytes) -> bool:
        """Whether the file is there, whole and unchanged: a crash of the machine can leave an empty one."""
        try:
            return bool(target.stat().st_size == len(data)) and bool(target.read_bytes() == data)
        except FileNotFoundError:
            return False

    def _write_whole(self, target: UPath, data: bytes) -> None:
        """A reader never sees half a file: local files are renamed into place, bucket writes are whole by nature."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.protocol not in ("", "file"):
            target.write_bytes(data)
            return
        waiting = target.with_name(f".{target.name}.{uuid4().hex}")
        try:
            with waiting.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            waiting.replace(target)
        except OSError:
            waiting.unlink(missing_ok=True)
            raise
        _sync_folder(str(target.parent))


def cannot_write(url: str, error: OSError) -> SourceUnavailable:
    """What a person has to do so that the store at `url` can be written; the load is tried again by itself."""
    return SourceUnavailable(
        f"the snapshot store {url} cannot be written: {in_words(error)}, or name another place in"
        " INGESTION_SNAPSHOT_URL"
    )


def _sync_folder(path: str) -> None:
    """The name is on the disk too: without this a power failure can leave the file empty or without its name."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
