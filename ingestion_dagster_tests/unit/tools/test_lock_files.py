"""The lock files against pyproject.toml, and what `make lock-check` says where they do not fit."""

from pathlib import Path

import pytest

from ingestion_dagster.settings import CHECKOUT
from tools.lock_check import check

PROJECT = """
[project]
dependencies = ["alpha>=2", "beta[fast]>=1,<3"]
[project.optional-dependencies]
dev = ["gamma==4"]
"""
LOCK = """alpha==2.1 \\
    --hash=sha256:00
    # via ingestion-dagster (pyproject.toml)
beta==2.9 ; sys_platform == 'win32' \\
    --hash=sha256:00
    # via
    #   ingestion-dagster (pyproject.toml)
    #   alpha
delta==1 \\
    --hash=sha256:00
    # via beta
"""
GAMMA = """gamma==4 \\
    --hash=sha256:00
    # via ingestion-dagster (pyproject.toml)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "requirements.lock").write_text(LOCK)
    (tmp_path / "requirements-dev.lock").write_text(LOCK + GAMMA)
    return tmp_path


def replaced(folder: Path, name: str, old: str, new: str) -> list[str]:
    path = folder / name
    path.write_text(path.read_text().replace(old, new))
    return check(folder)


def test_the_lock_files_of_the_checkout_fit() -> None:
    assert check(CHECKOUT) == []


def test_files_that_fit_have_no_complaint(project: Path) -> None:
    assert check(project) == []


def test_a_dependency_that_was_not_locked_is_named(project: Path) -> None:
    assert replaced(project, "pyproject.toml", '"gamma==4"', '"gamma==4", "epsilon"') == [
        "requirements-dev.lock has no epsilon"
    ]


def test_a_version_that_is_no_longer_allowed_is_named(project: Path) -> None:
    assert replaced(project, "pyproject.toml", "alpha>=2", "alpha>=2.2") == [
        "requirements.lock has alpha 2.1, and alpha>=2.2 is asked for",
        "requirements-dev.lock has alpha 2.1, and alpha>=2.2 is asked for",
    ]


def test_what_was_locked_for_a_dependency_that_is_gone_is_named(project: Path) -> None:
    assert replaced(project, "pyproject.toml", ', "beta[fast]>=1,<3"', "") == [
        "requirements.lock has beta, which nothing asks for",
        "requirements-dev.lock has beta, which nothing asks for",
    ]


def test_two_versions_of_one_package_in_the_two_files_are_named(project: Path) -> None:
    assert replaced(project, "requirements-dev.lock", "delta==1", "delta==2") == [
        "requirements-dev.lock has delta 2, requirements.lock has 1"
    ]
