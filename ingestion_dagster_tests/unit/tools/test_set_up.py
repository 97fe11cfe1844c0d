"""Setting up: whose certificates pip and uv trust, what `make` runs, what the hooks and the workflow run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import certifi
import pytest

from ingestion_dagster.settings import CHECKOUT
from tools.system_certificates import first_bundle

PEM = "-----BEGIN CERTIFICATE-----\n"


def would_run(target: str, environment: Path = Path("elsewhere")) -> list[str]:
    """What `make` would run, a command a line."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--no-print-directory", "--dry-run", "--always-make", f"VENV={environment}", target]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, env=clean, check=True)
    return done.stdout.replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("target", ["setup", "lock"])
def test_whatever_installs_trusts_the_machines_own_certificates_and_the_environment_goes_first(target: str) -> None:
    lines = would_run(target)
    with_pip = [line for line in lines if "-m pip" in line]
    with_uv = [line for line in lines if re.search(r"/uv pip (install|compile)", line)]
    assert with_pip
    assert len(with_uv) >= 2
    assert [line for line in with_pip if 'REQUESTS_CA_BUNDLE="${REQUESTS_CA_BUNDLE:-' not in line] == []
    assert [line for line in with_uv if 'UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-' not in line] == []


def test_uv_trusts_the_machines_store_and_the_authorities_it_carries_where_there_is_none() -> None:
    setting = re.search(r'UV_SYSTEM_CERTS="(.*?)" \S+/uv pip install', "\n".join(would_run("setup", Path(sys.prefix))))
    assert setting

    def certificates(**store: str) -> str:
        clean = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **store}
        command = ["bash", "-c", f'echo "{setting.group(1)}"']
        return subprocess.run(
            command, capture_output=True, text=True, cwd=CHECKOUT, env=clean, check=True
        ).stdout.strip()

    assert certificates(SSL_CERT_FILE=certifi.where()) == "true"
    assert certificates(SSL_CERT_FILE="", SSL_CERT_DIR="") == "false"
    assert certificates(SSL_CERT_FILE=certifi.where(), UV_SYSTEM_CERTS="false") == "false"


def test_the_first_file_with_a_certificate_is_the_machines_store(tmp_path: Path) -> None:
    empty, store, other = (tmp_path / name for name in ("empty", "store", "other"))
    empty.write_text("")
    store.write_text(PEM)
    other.write_text(PEM)
    missing, folder = str(tmp_path / "missing"), str(tmp_path)
    assert first_bundle([None, missing, folder, str(empty), str(store), str(other)]) == str(store)
    assert first_bundle([None, missing, folder, str(empty)]) == ""
