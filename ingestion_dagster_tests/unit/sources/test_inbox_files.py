"""Which files a path may name: regular files below the inbox, and nothing else."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from ingestion_dagster.core.errors import SourceRejected, SourceUnavailable
from ingestion_dagster.sources.inbox import read_inbox_file
from ingestion_dagster.sources.limits import Limits


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "acme").mkdir(parents=True)
    (folder / "acme" / "прайс 1.csv").write_bytes(b"a;b\n1;2\n")
    (tmp_path / "secret.csv").write_bytes(b"secret")
    return folder


def test_a_file_is_read_by_its_path_in_the_inbox(inbox: Path) -> None:
    assert read_inbox_file("acme/прайс 1.csv", inbox, Limits()) == (b"a;b\n1;2\n", "прайс 1.csv")


def test_an_absolute_path_inside_the_inbox_is_read(inbox: Path) -> None:
    assert read_inbox_file(str(inbox / "acme" / "прайс 1.csv"), inbox, Limits())[0] == b"a;b\n1;2\n"


def test_an_inbox_that_is_itself_a_link_works(inbox: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(inbox)
    assert read_inbox_file("acme/прайс 1.csv", tmp_path / "link", Limits())[0] == b"a;b\n1;2\n"


def test_a_link_inside_the_inbox_to_a_file_inside_is_followed(inbox: Path) -> None:
    (inbox / "latest.csv").symlink_to("acme/прайс 1.csv")
    assert read_inbox_file("latest.csv", inbox, Limits()) == (b"a;b\n1;2\n", "прайс 1.csv")


@pytest.mark.parametrize(
    "path", ["../secret.csv", "acme/../../secret.csv", "/etc/passwd", "/proc/self/environ", "..", "."]
)
def test_a_path_out_of_the_inbox_is_refused_and_says_which_folder_is_read(inbox: Path, path: str) -> None:
    with pytest.raises(SourceRejected, match="only files below"):
        read_inbox_file(path, inbox, Limits())


def test_a_link_out_of_the_inbox_is_refused(inbox: Path, tmp_path: Path) -> None:
    (inbox / "list.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(SourceRejected, match="not inside the inbox"):
        read_inbox_file("list.csv", inbox, Limits())


def test_a_linked_folder_out_of_the_inbox_is_refused(inbox: Path, tmp_path: Path) -> None:
    (inbox / "there").symlink_to(tmp_path)
    with pytest.raises(SourceRejected, match="not inside the inbox"):
        read_inbox_file("there/secret.csv", inbox, Limits())


def test_a_link_in_a_circle_is_refused(inbox: Path) -> None:
    (inbox / "a").symlink_to("b")
    (inbox / "b").symlink_to("a")
    with pytest.raises(SourceRejected):
        read_inbox_file("a", inbox, Limits())


@pytest.mark.parametrize("path", ["file:///etc/passwd", "https://example.com/x.csv", "FILE:/etc/passwd"])
def test_a_url_is_refused_with_advice(inbox: Path, path: str) -> None:
    with pytest.raises(SourceRejected, match="give the path of a file inside the inbox"):
        read_inbox_file(path, inbox, Limits())


@pytest.mark.parametrize("path", ["", "  ", "a\x00b", "x" * 5_000])
def test_a_path_that_no_file_can_have_is_refused(inbox: Path, path: str) -> None:
    with pytest.raises(SourceRejected):
        read_inbox_file(path, inbox, Limits())


def test_a_missing_file_says_which_folder_is_read(inbox: Path) -> None:
    with pytest.raises(SourceRejected, match=f"files are read from {inbox}"):
        read_inbox_file("later.csv", inbox, Limits())


def test_a_missing_inbox_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(SourceRejected, match="INGESTION_INBOX"):
        read_inbox_file("x.csv", tmp_path / "nowhere", Limits())


def test_a_folder_is_refused(inbox: Path) -> None:
    with pytest.raises(SourceRejected, match="is a folder"):
        read_inbox_file("acme", inbox, Limits())


def test_a_fifo_is_refused_at_once(inbox: Path) -> None:
    os.mkfifo(inbox / "pipe.csv")
    with pytest.raises(SourceRejected, match="not a regular file"):
        read_inbox_file("pipe.csv", inbox, Limits())


def test_a_socket_is_refused(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(inbox)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.csv")
        with pytest.raises(SourceRejected, match="not a regular file"):
            read_inbox_file("s.csv", inbox, Limits())


def test_a_file_beyond_the_size_limit_is_refused_before_it_is_read(inbox: Path) -> None:
    with open(inbox / "huge.csv", "wb") as huge:
        huge.truncate(10_000_000_000)
    with pytest.raises(SourceRejected, match="10000 MB, more than the 250 MB allowed"):
        read_inbox_file("huge.csv", inbox, Limits())


def test_a_file_that_is_still_being_copied_is_tried_again_later(inbox: Path) -> None:
    target = inbox / "growing.csv"
    target.write_bytes(b"x" * 40_000_000)
    stop = threading.Event()

    def grow() -> None:
        with open(target, "ab") as growing:
            while not stop.is_set():
                growing.write(b"y" * 1_000)
                growing.flush()
                time.sleep(0.0005)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(SourceUnavailable, match="changed while it was read"):
            read_inbox_file("growing.csv", inbox, Limits())
    finally:
        stop.set()
        writer.join()


def test_a_file_with_a_second_name_is_refused_because_that_may_lie_outside(inbox: Path, tmp_path: Path) -> None:
    (inbox / "list.csv").hardlink_to(tmp_path / "secret.csv")
    with pytest.raises(SourceRejected, match="hard link"):
        read_inbox_file("list.csv", inbox, Limits())


def test_a_name_that_no_file_can_have_is_refused(inbox: Path) -> None:
    with pytest.raises(SourceRejected, match="cannot be followed"):
        read_inbox_file("\ud800.csv", inbox, Limits())
