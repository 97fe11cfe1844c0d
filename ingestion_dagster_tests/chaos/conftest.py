"""Proofs under fire. Not part of `make test`: `make chaos-ci` runs the short form, `make chaos` the long one.

CHAOS=ci or CHAOS=long picks the form; CHAOS_MESSAGES and the like set single sizes.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion_dagster_tests.chaos.forms import Form, form
from ingestion_dagster_tests.chaos.servers import Servers, servers
from ingestion_dagster_tests.conftest import temporary_root

collect_ignore_glob = [] if os.environ.get("CHAOS") else ["test_*.py"]


@pytest.fixture(scope="session")
def chosen() -> Form:
    """The sizes of this form."""
    return form()


@pytest.fixture(scope="module")
def killable() -> Iterator[Servers]:
    """A PostgreSQL and a Valkey of this module's own, to be killed and started again."""
    with temporary_root() as root, servers(root) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures of the page docs/reliability.md, in the order they were measured."""
    from ingestion_dagster_tests.chaos.forms import FIGURES

    if FIGURES:
        terminalreporter.section("figures")
        for line in FIGURES:
            terminalreporter.write_line(line)
    target = os.environ.get("CHAOS_FIGURES")
    if target:
        Path(target).write_text("\n".join(FIGURES) + "\n", encoding="utf-8")
