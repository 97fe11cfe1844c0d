"""A developer's own commands in the checkout."""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ingestion_dagster.local.child_process import leashed
from ingestion_dagster.settings import CHECKOUT
from ingestion_dagster_tests.conftest import temporary_root

BIN = Path(sys.executable).parent

pytestmark = pytest.mark.timeout(150)


def test_dagster_accepts_the_definitions_of_the_workspace_file() -> None:
    done = subprocess.run(
        [BIN / "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_dagster_dev_starts_in_the_checkout_without_any_setting() -> None:
    with temporary_root() as root:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DAGSTER_", "DATABASE_", "REDIS_"))}
        environment |= {"INGESTION_LOCAL_ROOT": str(root), "PWD": str(CHECKOUT)}
        command = (str(BIN / "dagster"), "dev", "-h", "127.0.0.1", "-p", "3998", "-w", str(CHECKOUT / "workspace.yaml"))
        log = root / "dev.log"
        with leashed(command, environment, log) as process:
            end = time.monotonic() + 100
            while time.monotonic() < end:
                assert process.poll() is None, log.read_text()[-2000:]
                try:
                    with urllib.request.urlopen("http://127.0.0.1:3998/server_info", timeout=2) as answer:
                        assert answer.status == 200
                        return
                except OSError:
                    time.sleep(0.5)
            raise AssertionError(log.read_text()[-2000:])
