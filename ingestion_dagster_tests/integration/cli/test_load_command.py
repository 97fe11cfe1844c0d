"""`ingestion load` and `enqueue` as a person types them: a process of its own, real servers, one line per failure."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis

pytestmark = pytest.mark.timeout(180)

LIST = "SKU,Name,Price,Currency\n" + "".join(f"{n:05d},Widget {n},{n + 1}.50,EUR\n" for n in range(12))


class Shell:
    """Runs the command with this test's servers."""

    def __init__(self, database_url: str, redis_url: str, root: Path) -> None:
        self.environment = os.environ | {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "INGESTION_LOCAL_ROOT": str(root),
        }
        self.inbox = root / "inbox"
        self.inbox.mkdir()

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        call = "import sys; sys.argv[0] = 'ingestion'; from ingestion_dagster.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", call, *words], env=self.environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def shell(database_url: str, redis_url: str, tmp_path: Path) -> Shell:
    shell = Shell(database_url, redis_url, tmp_path)
    (shell.inbox / "acme.csv").write_text(LIST, encoding="utf-8")
    added = shell.run("supplier", "add", "acme", "--name", "Acme", "--source", "acme.csv")
    assert added.returncode == 0, added.stderr
    return shell


def test_a_load_prints_the_result_with_its_timings_and_a_second_one_finds_nothing_new(shell: Shell) -> None:
    first = shell.run("load", "acme", "--json")
    assert first.returncode == 0, first.stderr
    result: dict[str, Any] = json.loads(first.stdout)
    assert (result["status"], result["supplier"], result["statistics"]["inserted"]) == ("success", "acme", 12)
    assert set(result["timings"]) == {"fetch", "map", "validate", "merge"}
    again = shell.run("load", "acme")
    assert again.returncode == 0
    assert "unchanged" in again.stdout
    assert "step" not in again.stdout + again.stderr


def test_a_list_that_fails_and_an_unknown_supplier_are_one_line_each(shell: Shell) -> None:
    (shell.inbox / "acme.csv").write_bytes(b"%PDF-1.7")
    failed = shell.run("load", "acme")
    assert failed.returncode == 1
    assert "PDF" in failed.stderr
    unknown = shell.run("load", "acmee")
    assert unknown.returncode == 1
    assert "did you mean acme" in unknown.stderr
    assert "Traceback" not in failed.stderr + unknown.stderr


def test_enqueue_puts_one_message_per_supplier_on_the_queue(shell: Shell, redis_url: str) -> None:
    assert shell.run("enqueue", "acme").returncode == 0
    with redis.Redis.from_url(redis_url) as client:
        assert [json.loads(raw)["supplier"] for raw in client.lrange("ingestion:queue", 0, -1)] == ["acme"]
