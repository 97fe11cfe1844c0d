"""Every command, with names, ids, SKUs, headers and reasons that try to act on a terminal: they are shown as text."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
from rich.console import Console

from ingestion_dagster import logs
from ingestion_dagster.cli import app
from ingestion_dagster.cli.show import output
from ingestion_dagster.settings import settings
from ingestion_dagster.store import requests
from ingestion_dagster.store.requests import Delivery
from ingestion_dagster_tests.integration.cli.test_telling_commands import Terminal
from ingestion_dagster_tests.integration.shop import Shop

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning")

HOSTILE = (
    "\\[/red]",
    "[/x]",
    "[bold]X[/bold]",
    "[link=http://evil.example]click[/link]",
    "A:x:1",
    "A:smile:1",
    "\x1b[31mRED",
    "\x1b]0;owned\x07",
    "a\x9b31mRED",
    "17\nbatch 17 approved by boss",
    "a\u202egpj.exe",
    "a\u2066b\u200bc",
    "{0} %s {x!r}",
    "long " * 45,
)
PLAIN = [name for name in HOSTILE if name.isprintable() and len(name) < 100]
HEADER = ("SKU", "Name", "Price", "Currency", "[/red] :smile: \x1b[2J \x9b2J")


LETTER = """
UPDATE ingestion_requests SET task_id = CAST(:name AS text), last_error = CAST(:name AS text)
WHERE id = (SELECT max(id) FROM ingestion_requests)
"""
SUPPLIER = """
INSERT INTO suppliers (key, name, source_type, source, contact_email) SELECT :key, name, 'csv',
jsonb_build_object('file_path', name), name FROM (SELECT CAST(:name AS text) AS name) given
"""
PRODUCT = "INSERT INTO products (internal_sku, name) VALUES (CAST(:name AS text), CAST(:name AS text))"


def rows(factor: float = 1.0) -> list[list[Any]]:
    hostile = [[name.replace("\n", " "), f"Item {name}".replace("\n", " "), 5.5 + n, "EUR", name.replace("\n", " ")]
               for n, name in enumerate(HOSTILE)]  # fmt: skip
    wrong = [["W [/x]", "Wrong :smile:", "[/red] \x1b[31m", "EUR", ""]]
    calm = [[f"A{n:03d}", f"Article {n}", (10.0 + n) * factor, "EUR", ""] for n in range(20)]
    return [*hostile, *wrong, *calm]


@pytest.fixture
def shop(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("INGESTION_LOCAL_ROOT", str(tmp_path))
    for name in ("_least", "_configured"):  # `load` silences the log of its process
        monkeypatch.setattr(logs, name, getattr(logs, name))
    settings.cache_clear()
    shop = Shop(database_url, tmp_path)
    shop.load(rows(), HEADER)
    shop.load(rows(100.0), HEADER)
    for number, name in enumerate(HOSTILE):
        raw = json.dumps({"supplier": "nobody", "x": name}).encode()
        shop.do(lambda c, n=number, r=raw: requests.record(c, [Delivery(f"d-{n}", r, len(r))], shop.deployment.rules))
        shop.sql(LETTER, name=name)
        shop.sql(SUPPLIER, key=f"evil-{number}", name=name)
        shop.sql(PRODUCT, name=name)
    junk = b"\x1b]0;owned\x07\x1b[2J not json \x9b31m"
    shop.do(lambda c: requests.record(c, [Delivery("junk", junk, len(junk))], shop.deployment.rules))
    yield shop
    settings.cache_clear()


def commands(shop: Shop, folder: Path) -> dict[str, list[list[str]]]:
    """Each command with arguments that reach what hostile names are in."""
    (held,) = shop.sql_column("SELECT max(id) FROM ingestion_batches")
    dead = [str(i) for i in shop.sql_column("SELECT id FROM ingestion_requests ORDER BY id")[:3]]
    (folder / "list.csv").write_bytes((shop.inbox / "acme.csv").read_bytes())
    evil = [[name] for name in HOSTILE]
    return {
        "version": [["--version"]],
        "supplier list": [[]],
        "supplier show": [["acme"], *([f"evil-{n}"] for n in range(len(HOSTILE))), *evil],
        "supplier add": [["new", "--name", name, "--source", f"../{name}"] for name in HOSTILE]
        + [[f"new-{n}", "--name", name, "--source", "new.csv"] for n, name in enumerate(HOSTILE)]
        + [["new", "--name", "n", "--source", "n.csv", "--set", f"{name}=1"] for name in HOSTILE],
        "supplier edit": [["acme", "--set", f"sheet_name={name}"] for name in HOSTILE]
        + [["acme", "--unset", name, "--name", name] for name in HOSTILE],
        "supplier pause": [["evil-0"], *evil],
        "supplier resume": [["evil-0"], *evil],
        "load": [["evil-0", "evil-4"], *evil[:2]],
        "enqueue": [["acme"], *evil],
        "refresh": [[]],
        "plan": [["acme"], *evil],
        "errors": [["acme"], ["acme", "--out", str(folder / "[x] :smile:.csv")], *evil],
        "why": [*(["acme", name.strip()] for name in HOSTILE), ["[/x]", "[/y]"]],
        "what-if": [[], *evil],
        "inspect": [[str(folder / "list.csv")], *evil, ["list.csv", "--set", "[/x]=\x1b[31m"]],
        "metrics": [[], ["--out", f"/nowhere/{HOSTILE[0]}"]],
        "queue status": [[]],
        "queue dead": [[]],
        "queue replay": [[i] for i in dead],
        "batch list": [[], ["--supplier", "[/x]"], ["--state", "\x1b[31m"]],
        "batch show": [["1"], [str(held)]],
        "mapping show": [["acme"], *evil],
        "mapping confirm": [["acme", "price=[/x]"], ["acme", "\x1b[31m=C"], ["acme", "[/x]"], *evil],
        "batch approve": [["1", "--note", "[/x]"]],
        "batch reject": [[str(held), "--note", "[/red]\x1b[2J", "--by", "\x9bboss"], [str(held)]],
        "product list": [[], ["--status", "[/x]"], ["--supplier", "[/x]"]],
        "product show": evil,
        "product activate": [[name, "--note", name] for name in HOSTILE],
        "product archive": evil,
        "registry sync": [[]],
        "db current": [[]],
        "db upgrade": [[]],
        "db downgrade": [],
    }


def every_command() -> set[str]:
    root = typer.main.get_command(app)
    assert isinstance(root, click.Group)
    found = set()
    for name, command in root.commands.items():
        inner = command.commands if isinstance(command, click.Group) else None
        found |= {f"{name} {sub}" for sub in inner} if inner else {name}
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("where", ["in a pipe", "on a terminal of 80 columns"])
def test_nothing_that_comes_from_outside_acts_on_the_terminal_or_ends_a_command(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    told = commands(shop, tmp_path)
    assert every_command() - {"up", "webserver"} <= set(told), "a command is not tried here"
    if where != "in a pipe":
        for name, stream in (("console", "stdout"), ("errors", "stderr")):
            monkeypatch.setattr(output, name, Screen(stream))
    ingestion = Terminal(capsys, monkeypatch)
    said: dict[str, str] = {}
    for command, calls in told.items():
        for arguments in calls:
            words = [*([] if command == "version" else command.split()), *arguments]
            code, out, err = ingestion(*words)
            assert code in (0, 1, 2), (words, code, err)
            for line in (out + err).splitlines() if command != "metrics" else []:
                assert line.isprintable(), (words, line)
            assert "Traceback" not in out + err, words
            said[command] = said.get(command, "") + out + err
    for name in PLAIN:
        for command in ("supplier list", "queue dead", "product list"):
            assert name in " ".join(said[command].split()) or where != "in a pipe", (command, name)
        assert name in " ".join(said["why"].split()) or where != "in a pipe"
    assert "\\x1b[31mRED" in said["supplier list"]


class Screen(Console):
    """A terminal of 80 columns without colours, written where the test reads."""

    def __init__(self, stream: str) -> None:
        super().__init__(force_terminal=True, width=80, color_system=None, no_color=True, legacy_windows=False,
                         markup=False, emoji=False, highlight=False)  # fmt: skip
        self._stream = stream

    @property
    def file(self) -> Any:
        return getattr(sys, self._stream)

    @file.setter
    def file(self, new: Any) -> None:
        pass

    def status(self, *words: Any, **more: Any) -> Any:
        return Console(quiet=True).status(*words, **more)
