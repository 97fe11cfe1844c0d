"""`ingestion registry sync`, `refresh` and `queue status` as a person types them, and the samples of the demo."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.google import sheet_samples
from ingestion_dagster_tests.fake_google import FakeTab, serve
from ingestion_dagster_tests.integration.google_shop import GoogleShop, address_of, document

pytestmark = pytest.mark.timeout(150)


def test_the_commands_tell_what_they_did_and_what_is_left(database_url: str, redis_url: str, tmp_path: Path) -> None:
    rows = [["name", "url"], ["Acme", address_of("acme")], ["Nowhere", "https://evil.example/d/x"]]
    with serve([document("acme"), document("registry", FakeTab("Suppliers", rows))]) as google:
        shop = GoogleShop(google, database_url, redis_url, tmp_path)
        environment = os.environ | {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "INGESTION_LOCAL_ROOT": str(tmp_path),
            "INGESTION_GOOGLE_SHEETS_URL": google.url,
            "INGESTION_GOOGLE_DRIVE_URL": google.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(google.key_file),
        }

        def run(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
            command = [Path(sys.executable).parent / "ingestion", *words]
            return subprocess.run(command, env=environment | more, capture_output=True, text=True, check=False)

        missing = run("registry", "sync")
        assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
        assert "INGESTION_REGISTRY_SHEET" in missing.stderr

        named = {"INGESTION_REGISTRY_SHEET": address_of("registry")}
        dry = run("registry", "sync", "--dry-run", **named)
        assert dry.returncode == 0, dry.stderr
        assert "What would change" in dry.stdout
        assert "B3" in dry.stdout
        assert shop.sql("SELECT count(*) FROM suppliers") == [(0,)]

        done = json.loads(run("registry", "sync", "--json", **named).stdout)
        assert (done["added"], done["asked"], done["dry_run"]) == (["acme"], ["acme"], False)
        assert done["problems"][0]["row"] == 3

        refreshed = json.loads(run("refresh", "--json").stdout)
        assert (refreshed["asked"], refreshed["trouble"]) == (["acme"], None)

        status = json.loads(run("queue", "status", "--json").stdout)
        assert status["redis"]["queue"] == 2
        assert status["google_quota"]["left_user"] == 58  # two reads of the registry; Drive's listing counts apart


def test_the_demos_google_sheets_show_an_update_and_a_missing_item(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    before = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    with sheet_samples() as sheets:
        assert sheets.server is not None
        assert Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]) == sheets.server.key_file
        shop = GoogleShop(sheets.server, database_url, redis_url, tmp_path)
        sheets.register(shop.deployment)
        first = [shop.load(sample.key) for sample in sheets.samples]
        sheets.second_day()
        second = [shop.load(sample.key) for sample in sheets.samples]
    assert os.environ.get("GOOGLE_APPLICATION_CREDENTIALS") == before
    assert [load.inserted for load in first] == [5, 5]
    assert [(load.updated, load.unchanged, load.missing) for load in second] == [(1, 3, 1)] * 2


def test_without_the_test_package_the_demo_has_no_google_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ingestion_dagster_tests.fake_google", None)
    with sheet_samples() as sheets:
        assert sheets.samples == ()
        sheets.second_day()
        assert sheets.reads() == 0
