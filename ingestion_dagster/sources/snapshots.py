"""The snapshot store: bytes as received, under their sha256, on any fsspec URL. What they mean is known elsewhere."""

import hashlib
import os
from dataclasses import dataclass
from uuid import uuid4

from upath import UPath

from ingestion_dagster.core.errors import SourceRejected, SourceUnavailable


@dataclass(frozen=True, slots=True)
class SnapshotStore:
    """Content-addressed: the same bytes are kept once, and nothing is ever overwritten."""

    url: str

    def put(self, data: bytes) -> tuple[str, str]:
        """Keep `data`; returns its sha256 in hex and its path below the store."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"{sha256[:2]}/{sha256}"
        target = UPath(self.url) / "bytes" / path
        try:
            if not target.exists():
                self._write_whole(target, data)
        except OSError as error:
            raise SourceUnavailable(f"the snapshot store cannot be written: {error}") from error
        return sha256, path

    def get(self, sha256: str) -> bytes:
        """The bytes, checked against their name."""
        target = UPath(self.url) / "bytes" / sha256[:2] / sha256
        try:
            data: bytes = target.read_bytes()
        except FileNotFoundError:
            raise SourceRejected(f"snapshot {sha256[:12]}… is not in the store {self.url}") from None
        except OSError as error:
            raise SourceUnavailable(f"the snapshot store cannot be read: {error}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise SourceRejected(f"snapshot {sha256[:12]}… was changed in the store; fetch the sheet again")
        return data

    def delete(self, sha256: str) -> None:
        """Remove the bytes; absent ones are fine."""
        (UPath(self.url) / "bytes" / sha256[:2] / sha256).unlink(missing_ok=True)

    def _write_whole(self, target: UPath, data: bytes) -> None:
        """A reader never sees half a file: local files are renamed into place, bucket writes are whole by nature."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.protocol not in ("", "file"):
            target.write_bytes(data)
            return
        waiting = target.with_name(f".{target.name}.{uuid4().hex}")
        with waiting.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        waiting.rename(target)
