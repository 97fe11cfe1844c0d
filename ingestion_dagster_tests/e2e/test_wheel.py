"""The built wheel, in an empty environment and an empty folder, does what the checkout does."""

import json
import re
import shutil
import signal
import subprocess
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion_dagster.local import erase
from ingestion_dagster.local.ports import choose_port
from ingestion_dagster.settings import CHECKOUT
from ingestion_dagster_tests.conftest import temporary_root
from ingestion_dagster_tests.e2e.wheel import Built, Environment, build, install

pytestmark = pytest.mark.timeout(300)

LIST = "Item Code,Name,Price,Currency\nAC-1,Pencil,0.35,EUR\nAC-2,Ruler,1.20,EUR\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def environment(built: Built) -> Iterator[Environment]:
    with temporary_root() as root:
        made = install(built.wheel, root)
        try:
            yield made
        finally:
            erase(made.folder / ".local")


def files_below(folder: str) -> set[str]:
    found = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / folder).rglob("*") if path.is_file()}
    return {name for name in found if "__pycache__" not in name}


def until_it_says(line: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 150
    while line not in log.read_text():
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < end, log.read_text()[-2000:]
        time.sleep(0.2)


def test_the_wheel_is_one_package_with_all_that_belongs_to_it(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    beside = {f"ingestion_dagster/{name}" for name in files_below("migrations") | {"dagster.yaml"}}
    assert names == files_below("ingestion_dagster") | beside


def test_the_source_distribution_is_what_the_wheel_is_made_from_and_nothing_else(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    also = {"dagster.yaml", "hatch_build.py", "pyproject.toml", "PKG-INFO", "README.md", "LICENSE", "CHANGELOG.md"}
    assert names == files_below("ingestion_dagster") | files_below("migrations") | also | {".env.example", ".gitignore"}


def test_what_the_image_copies_makes_the_same_wheel(built: Built, tmp_path: Path) -> None:
    build_stage = (CHECKOUT / "Dockerfile").read_text().split("\nFROM ")[1]
    for line in re.findall(r"^COPY (.+)", build_stage, re.MULTILINE):
        *names, target = line.split()
        for name in names:
            if (CHECKOUT / name).is_dir():
                shutil.copytree(CHECKOUT / name, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(CHECKOUT / name, tmp_path / target)
    again = build(tmp_path / "dist", tmp_path)
    assert again.wheel.read_bytes() == built.wheel.read_bytes()


def test_the_package_is_imported_from_the_wheel_and_takes_no_other_name(environment: Environment) -> None:
    said = environment("python", "-c", "import ingestion_dagster as package; print(package.__file__)")
    assert Path(said.strip()).is_relative_to(environment.bin.parent)
    absent = "import importlib.util as u; print([u.find_spec(n) for n in ('migrations', 'pytest', 'hatchling')])"
    assert environment("python", "-c", absent).strip() == "[None, None, None]"


def test_a_catalogue_is_migrated_and_the_code_location_loads(environment: Environment, blank_database_url: str) -> None:
    assert environment("ingestion", "--version").startswith("ingestion_dagster ")
    servers = {"DATABASE_URL": blank_database_url, "REDIS_URL": "redis://127.0.0.1:1/0"}
    assert "(was empty)" in environment("ingestion", "db", "upgrade", **servers)
    known = json.loads(environment("ingestion", "db", "current", "--json", **servers))
    assert known["current"] == known["head"]
    environment("dagster", "definitions", "validate", "-m", "ingestion_dagster.definitions")
    assert not list(environment.folder.iterdir())


def test_in_an_empty_folder_up_starts_everything_and_lists_are_loaded(environment: Environment) -> None:
    port, log = choose_port(), environment.folder.parent / "up.log"
    with environment.started(log, "ingestion", "up", "--port", str(port)) as up:
        until_it_says("Ctrl-C stops everything.", log, up)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5) as answer:
            assert answer.status == 200
        (environment.folder / ".local/inbox/acme.csv").write_text(LIST)
        environment("ingestion", "supplier", "add", "acme", "--name", "Acme", "--source", "acme.csv")
        assert "2 inserted" in environment("ingestion", "load", "acme")
        assert "2 unchanged" in environment("ingestion", "enqueue", "acme", "--wait", "--timeout", "120")
        up.send_signal(signal.SIGINT)
        assert up.wait(90) == 0, log.read_text()[-2000:]
    assert [path.name for path in environment.folder.iterdir()] == [".local"]
