"""The snapshot store: what is kept is what was received, and what is not is replaced or named."""

import errno
import os
from pathlib import Path

import pytest

from ingestion_dagster.core.disk_errors import advice, in_words
from ingestion_dagster.core.errors import SnapshotDamaged, SourceUnavailable
from ingestion_dagster.sources.snapshot_store import SnapshotStore

DATA = b"Item Code,Name,Price\nA,B,1.50\n"


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(str(tmp_path))


def file_of(store: SnapshotStore, sha256: str) -> Path:
    return Path(store.url) / "bytes" / sha256[:2] / sha256


@pytest.mark.parametrize("damaged", [b"", DATA[:10], DATA.replace(b"1.50", b"9.50"), DATA + b"x"])
def test_a_damaged_file_is_told_by_its_path_and_healed_by_the_same_bytes(store: SnapshotStore, damaged: bytes) -> None:
    sha256, _ = store.put(DATA)
    file_of(store, sha256).write_bytes(damaged)
    with pytest.raises(SnapshotDamaged, match=f"{file_of(store, sha256)} was changed in the store"):
        store.get(sha256)
    store.put(DATA)
    assert store.get(sha256) == DATA


def test_a_missing_file_is_told_by_its_path(store: SnapshotStore) -> None:
    sha256, _ = store.put(DATA)
    file_of(store, sha256).unlink()
    with pytest.raises(SnapshotDamaged, match="is not in the store"):
        store.get(sha256)


def test_what_is_kept_whole_is_not_written_again(store: SnapshotStore) -> None:
    sha256, _ = store.put(DATA)
    before = file_of(store, sha256).stat()
    store.put(DATA)
    after = file_of(store, sha256).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_full_disk_is_named_with_the_store_and_leaves_no_half_file(
    store: SnapshotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SourceUnavailable) as raised:
        store.put(DATA)
    assert raised.value.retryable
    assert "the disk is full: free some space there" in str(raised.value)
    assert store.url in str(raised.value)
    assert [path for path in Path(store.url).rglob("*") if path.is_file()] == []


def test_a_store_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_text("in the way")
    with pytest.raises(SourceUnavailable, match="INGESTION_SNAPSHOT_URL"):
        SnapshotStore(str(tmp_path)).put(DATA)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM])
def test_what_a_person_can_mend_is_said_with_what_helps(number: int) -> None:
    error = OSError(number, os.strerror(number))
    assert advice(error) == in_words(error)
    assert ": " in in_words(error)


def test_any_other_trouble_is_told_as_the_system_tells_it() -> None:
    assert advice(OSError(errno.EIO, "Input/output error")) is None
    assert in_words(OSError(errno.EIO, "Input/output error")) == "Input/output error"
    assert in_words(OSError()) == "OSError"
