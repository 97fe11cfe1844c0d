"""The catalogue behind a real pgbouncer in transaction mode, where every transaction may be on another connection."""

import multiprocessing
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.local import postgres
from ingestion_dagster.settings import Settings
from ingestion_dagster_tests.chaos.forms import report
from ingestion_dagster_tests.chaos.servers import Servers
from ingestion_dagster_tests.chaos.test_concurrent_loads import asked, one_load, price_list, shop

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
CLIENTS, CONNECTIONS = 8, 3
_fork = multiprocessing.get_context("fork")


@contextmanager
def bouncer(servers: Servers) -> Iterator[int]:
    """Its port; three connections for everybody."""
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory(prefix="chaos-") as name, socket.socket() as probe:
        folder = Path(name)
        folder.chmod(0o755)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        (folder / "users").write_text(f'"{postgres.ROLE}" "{servers.passwords["postgres"]}"\n')
        (folder / "settings").write_text(
            f"[databases]\n* = host=127.0.0.1 port={servers.postgres_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nauth_type = plain\nauth_file = {folder}/users\npool_mode = transaction\n"
            f"default_pool_size = {CONNECTIONS}\nmax_client_conn = 200\nunix_socket_dir =\n"
        )
        account = ("-u", "nobody") if os.geteuid() == 0 else ()
        process = subprocess.Popen([PROGRAM, "-q", *account, str(folder / "settings")], stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 20
            while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < end:
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait()


def load_all(deployment: Deployment, number: int, failed: Any) -> None:
    for version in range(3):
        (deployment.settings.inbox_path / f"s{number}.csv").write_text(price_list(version, 200))
        try:
            one_load(deployment, f"s{number}", version)
        except Exception as error:
            failed.put(f"{type(error).__name__}: {error}")


@pytest.mark.timeout(300)
@pytest.mark.skipif(PROGRAM is None, reason="no pgbouncer on this machine: install Debian's `pgbouncer`")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_loads_behind_pgbouncer_need_no_connection_of_their_own(killable: Servers, tmp_path: Path) -> None:
    with shop(killable, tmp_path, CLIENTS) as direct, bouncer(killable) as port:
        parts = urlsplit(direct.database_url)
        url = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
        settings = Settings(local_root=tmp_path, inbox=tmp_path / "inbox", db_pgbouncer=True)
        failed: Any = _fork.Queue()
        deployment = Deployment(settings, url, direct.redis_url)
        workers = [_fork.Process(target=load_all, args=(deployment, n, failed), daemon=True) for n in range(CLIENTS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        (batches,) = asked(direct.database_url, "SELECT count(*) FROM ingestion_batches WHERE state = 'applied'")
        troubles = []
        while not failed.empty():
            troubles.append(failed.get())
    report(
        f"pgbouncer in transaction mode, {CONNECTIONS} connections for {CLIENTS} processes: {batches} loads, no error"
    )
    assert troubles == []
    assert batches == 3 * CLIENTS
