"""`ingestion up` is alone in its folder, has its port, and opens no port for its code server."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.local.ports import taken_by
from ingestion_dagster.local.process import wait_for
from ingestion_dagster.local.sockets import LONGEST, socket_path
from ingestion_dagster.local.sole import sole

HOLDER = """
import sys, time
from pathlib import Path
from ingestion_dagster.local.sole import sole
with sole(Path(sys.argv[1]), "ingestion up"):
    print("there", flush=True)
    time.sleep(60)
"""


def holder(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    return process


def ingestion(root: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).parent / "ingestion"), *arguments]
    known = {**os.environ, "INGESTION_LOCAL_ROOT": str(root), **more}
    return subprocess.run(command, env=known, capture_output=True, text=True, timeout=100, check=False)


def test_the_second_up_in_a_folder_refuses_and_names_the_first_and_its_lock_ends_with_it(tmp_path: Path) -> None:
    first = holder(tmp_path)
    done = ingestion(tmp_path, "up")
    said = " ".join(done.stderr.split())
    assert done.returncode == 1
    assert f"process {first.pid}, since 20" in said
    assert f"`kill {first.pid}`" in said
    assert not (tmp_path / "data").exists(), "it refuses before it starts anything"
    first.send_signal(signal.SIGKILL)
    first.communicate()
    with sole(tmp_path, "ingestion up"):
        pass


def test_the_demo_beside_an_up_in_its_folder_refuses_too_and_erases_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = holder(folder)
    kept = folder / "data" / "kept"
    kept.parent.mkdir()
    kept.touch()
    known = {**os.environ, "INGESTION_LOCAL_ROOT": str(tmp_path)}
    command = [sys.executable, "-m", "demo.__main__"]
    done = subprocess.run(command, env=known, capture_output=True, text=True, timeout=100, check=False)
    first.kill()
    first.communicate()
    assert done.returncode == 1
    assert f"process {first.pid}" in " ".join(done.stderr.split())
    assert kept.exists()


def test_two_folders_with_one_dagster_home_are_in_each_others_way(tmp_path: Path) -> None:
    first = holder(tmp_path / "home")
    done = ingestion(tmp_path / "other", "up", DAGSTER_HOME=str(tmp_path / "home"))
    first.kill()
    first.communicate()
    assert done.returncode == 1
    assert f"process {first.pid}" in " ".join(done.stderr.split())


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServicesFailed, match="cannot be used"), sole(tmp_path / "file" / "below", "ingestion up"):
        pass


def test_a_port_that_is_taken_is_said_with_its_holder_and_a_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert str(os.getpid()) in taken_by(port)
        done = ingestion(tmp_path, "up", "--port", str(port))
    said = " ".join(done.stderr.split())
    assert done.returncode == 1
    assert f"`--port {port}` is taken by" in said
    assert f"(process {os.getpid()}); try `--port " in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["plain", "x" * 90, "with space", "100%", "прайсы"])
def test_the_socket_of_the_code_server_is_in_a_private_folder_whatever_the_roots_name(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name / "run"
    with socket_path(folder, "code.sock") as path:
        assert len(os.fsencode(path)) <= LONGEST
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert (path.parent == folder) == (name == "plain" and len(os.fsencode(folder / "code.sock")) <= LONGEST)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    assert not path.exists()
    assert folder.exists()


def test_a_socket_that_was_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    with socket_path(tmp_path, "s") as path, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert path.exists()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with socket_path(tmp_path, "s") as again, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(again))
    assert wait_for(lambda: not again.exists(), 1)
