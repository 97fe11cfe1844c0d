"""The example of a source from another package, built, installed beside the project and used as its page says."""

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion_dagster.core.errors import SourceRejected, SourceUnavailable
from ingestion_dagster.core.steps import Attempt
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import fetch
from ingestion_dagster.pipeline.map import map_columns
from ingestion_dagster.pipeline.upsert import upsert_items
from ingestion_dagster.pipeline.validate import validate_rows
from ingestion_dagster.services.refresh import refresh
from ingestion_dagster.settings import CHECKOUT, Settings
from ingestion_dagster.sources import installed as installed_sources
from ingestion_dagster.store.catalogue import suppliers
from ingestion_dagster.store.requests import Lease
from ingestion_dagster_tests.docs_pages import blocks
from ingestion_dagster_tests.e2e.sftp_server import PASSWORD, USER, SftpServer, serve
from ingestion_dagster_tests.e2e.wheel import UV, run
from ingestion_dagster_tests.integration.post_office import Post

pytestmark = pytest.mark.timeout(300)

EXAMPLE = CHECKOUT / "examples/sftp_source"
PAGE = CHECKOUT / "docs/how-to/add-a-source.md"
ON_THE_PAGE = "files.supplier.example"
LIST = "Item Code,Name,Price,Currency\n" + "".join(f"AC-{n},Pencil {n},{n}.35,EUR\n" for n in range(1, 13))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the example is installed into; everything else it needs is in the environment already."""
    folder = tmp_path_factory.mktemp("installed")
    run(
        UV, "build", "--offline", "--no-build-isolation", "--wheel", "--python", sys.executable, "--out-dir",
        folder / "built", EXAMPLE,
    )  # fmt: skip
    (wheel,) = (folder / "built").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with serve(tmp_path_factory.mktemp("sftp")) as running:
        (running.folder / "out/prices.csv").write_text(LIST, encoding="utf-8")
        yield running


@pytest.fixture
def variables(server: SftpServer, installed: Path, database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """What the operator sets."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "INGESTION_LOCAL_ROOT": str(tmp_path / "local"),
        "INGESTION_LOG_FORMAT": "json",
        "PYTHONPATH": str(installed),
        "SFTP_SOURCE_HOSTS": server.host,
        "SFTP_SOURCE_USER": USER,
        "SFTP_SOURCE_PASSWORD": PASSWORD,
        "SFTP_SOURCE_KNOWN_HOSTS": str(server.known_hosts),
    }


@pytest.fixture
def post(variables: dict[str, str], installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Post]:
    """The same in this process: a supplier on the server is registered, a queue waits for messages."""
    for name, value in variables.items():
        if name.startswith("SFTP_"):
            monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(installed))
    installed_sources._installed.cache_clear()
    settings = Settings(local_root=tmp_path / "local", snapshot_url=str(tmp_path / "snapshots"))
    deployment = Deployment(settings, variables["DATABASE_URL"], variables["REDIS_URL"])
    with deployment.mailbox() as mailbox:
        post = Post(deployment, mailbox)
        source = {"sftp_url": f"sftp://{variables['SFTP_SOURCE_HOSTS']}/out/prices.csv"}
        post.with_connection(lambda c: suppliers.register(c, "acme", "Acme", "sftp", source))
        yield post
    installed_sources._installed.cache_clear()


def test_what_the_page_says_happens(server: SftpServer, variables: dict[str, str]) -> None:
    lines = [line for block in blocks(PAGE) if block.language == "sh" for line in block.text.splitlines()]
    add, load, why, folder, elsewhere = (line.replace(ON_THE_PAGE, server.host) for line in lines)
    said = [typed(line, variables) for line in (add, load, why, folder)]
    assert [done.returncode for done in said] == [0, 0, 0, 0], [done.stderr[-800:] for done in said]
    assert "12 inserted" in said[1].stdout
    assert f"sftp://{server.host}/out/prices.csv" in said[2].stdout
    assert "cell C2" in said[2].stdout
    refused = typed(elsewhere, variables)
    assert refused.returncode == 1
    assert "elsewhere.example is none of the servers in SFTP_SOURCE_HOSTS" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert not any(PASSWORD in done.stdout + done.stderr for done in (*said, refused))
    assert PASSWORD.encode() not in b"".join(
        path.read_bytes() for path in Path(variables["INGESTION_LOCAL_ROOT"]).rglob("*") if path.is_file()
    )


def test_a_message_loads_the_list_by_its_key_and_the_snapshot_says_where_it_is_from(post: Post) -> None:
    (message,) = (json.loads(block.text) for block in blocks(PAGE) if block.language == "json")
    post.send(**message)
    (lease,) = post.tick().to_start
    post.begin(lease)
    assert asyncio.run(_loaded(post.deployment, lease)) == ("success", 12)
    assert post.states() == {"sftp-1": "applied"}
    (snapshot,) = post.sql("SELECT filename, source FROM sheet_snapshots")
    assert snapshot["filename"] == "prices.csv"
    assert snapshot["source"]["sftp_url"].endswith("/out/prices.csv")


def test_a_message_may_say_how_the_list_is_read_and_nothing_of_where_it_is(post: Post) -> None:
    place = {"sftp_url": "sftp://elsewhere.example/x.csv"}
    post.send(task_id="where", supplier="acme", source_config=place)
    post.send(task_id="option", supplier="acme", source_config={"newest": "*"})
    post.send(task_id="new", supplier_name="New", parser_type="sftp", source_config=place)
    post.send(task_id="unknown", supplier="acme", source_config={"colour": "blue"})
    post.send(task_id="how", supplier="acme", source_config={"header_row": 1})
    post.tick()
    assert {task for task, state in post.states().items() if state == "dead"} == {"where", "option", "new", "unknown"}
    reasons = [row["last_error"] for row in post.sql("SELECT last_error FROM ingestion_requests WHERE state = 'dead'")]
    assert all("ingestion supplier add KEY" in reason for reason in reasons)
    (acme,) = post.sql("SELECT key, source FROM suppliers")
    assert set(acme["source"]) == {"sftp_url", "header_row"}
    assert "elsewhere" not in json.dumps(acme["source"])


def test_a_list_that_nobody_replaced_is_left_out_of_a_refresh(
    post: Post, server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(moment: str) -> tuple[str, ...]:
        found = asyncio.run(refresh(post.deployment, moment)).asked
        for _ in found:
            asyncio.run(_loaded(post.deployment, None))
        return found

    assert asked("1") == ("acme",)
    assert asked("2") == ()
    file = server.folder / "out/prices.csv"
    file.write_text(LIST + "AC-13,Ruler,1.20,EUR\n", encoding="utf-8")
    assert asked("3") == ("acme",)
    file.write_text(LIST, encoding="utf-8")
    assert asked("4") == ("acme",)
    assert asked("5") == ()
    monkeypatch.setenv("SFTP_SOURCE_HOSTS", "")
    assert asyncio.run(refresh(post.deployment, "6")).asked == ("acme",), "not asked any more; its load says why"


def test_what_goes_wrong_at_the_server_is_a_sentence_without_the_password(
    post: Post, server: SftpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refusal(path: str, kind: type[Exception], host: str = server.host) -> str:
        source = {"sftp_url": f"sftp://{host}{path}"}
        post.with_connection(lambda c: suppliers.register(c, "acme", "Acme", "sftp", source))
        with pytest.raises(kind) as caught:
            asyncio.run(fetch(post.deployment, "acme"))
        assert PASSWORD not in str(caught.value)
        return str(caught.value)

    assert "does not give /out/none.csv" in refusal("/out/none.csv", SourceRejected)
    assert "does not give /../known_hosts" in refusal("/../known_hosts", SourceRejected)
    assert "none of the servers" in refusal("/out/prices.csv", SourceRejected, "elsewhere.example")
    monkeypatch.setenv("SFTP_SOURCE_PASSWORD", PASSWORD + "?")
    assert "does not let in SFTP_SOURCE_USER" in refusal("/out/prices.csv", SourceRejected)
    (tmp_path / "others").write_text(server.known_hosts.read_text().replace(str(server.port), "1"))
    monkeypatch.setenv("SFTP_SOURCE_KNOWN_HOSTS", str(tmp_path / "others"))
    assert "has not the key" in refusal("/out/prices.csv", SourceRejected)
    monkeypatch.setenv("SFTP_SOURCE_HOSTS", "127.0.0.1:1")
    assert "cannot be read just now" in refusal("/out/prices.csv", SourceUnavailable, "127.0.0.1:1")


def test_the_example_touches_none_of_the_product_and_the_page_shows_its_own_lines() -> None:
    """What a new source needs: a module, the package that announces it, and words for its users."""
    ours = {path.name for path in EXAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert ours == {"ingestion_sftp_source.py", "pyproject.toml", "README.md"}
    product = "".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "ingestion_dagster").rglob("*.py"))
    assert not re.search(r"ingestion_sftp_source|sftp_url|SFTP_SOURCE|asyncssh", product)
    code = (EXAMPLE / "ingestion_sftp_source.py").read_text(encoding="utf-8")
    for block in blocks(PAGE):
        if block.language in ("python", "toml"):
            assert block.text in code + (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) < 150


async def _loaded(deployment: Deployment, lease: Lease | None) -> tuple[str, int]:
    attempt = Attempt("by hand") if lease is None else Attempt(lease.task_id, None, lease.request_id, lease.fence)
    understood = await map_columns(deployment, await fetch(deployment, "acme"))
    summary = await upsert_items(deployment, await validate_rows(deployment, understood, attempt), attempt)
    return summary.status, summary.inserted


def typed(line: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """A command of the page, in a process of its own."""
    _, *words = shlex.split(line)
    call = "import sys; sys.argv[0] = 'ingestion'; from ingestion_dagster.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", call, *words], env=os.environ | variables, capture_output=True, text=True, check=False
    )
