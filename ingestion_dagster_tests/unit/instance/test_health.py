"""What heartbeats say, and the questions as a command."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingestion_dagster.instance import health
from ingestion_dagster.instance.health import DAEMON_SILENT, LOOP_SILENT, judged

NOW = 1_800_000_000.0


def beats(process: str = "new", **ages: float) -> list[tuple[str, str, float]]:
    return [(name.upper(), process, NOW - age) for name, age in ages.items()]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "has sent no heartbeat yet"),
        (beats(sensor=3, backfill=29), None),
        (beats(sensor=3, backfill=DAEMON_SILENT + 1), None),
        (
            beats(sensor=DAEMON_SILENT + 5, backfill=DAEMON_SILENT + 9),
            f"has sent no heartbeat for {DAEMON_SILENT + 5:.0f} s",
        ),
        (
            beats(sensor=LOOP_SILENT + 1, backfill=3),
            f"has a loop without a heartbeat for {LOOP_SILENT + 1:.0f} s: sensor",
        ),
        (beats(sensor=3) + beats("old", asset=LOOP_SILENT + 9), None),
        (beats(sensor=-400 * 86400, backfill=-400 * 86400), "has sent no heartbeat for 34560000 s"),
    ],
    ids=("none", "well", "one late", "process hangs", "loop hangs", "of an earlier process", "clock put back"),
)
def test_heartbeats_tell_whether_the_daemon_works(found: list[tuple[str, str, float]], said: str | None) -> None:
    assert judged(found, NOW) == said


def ask(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "ingestion_dagster.instance.health", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("what", "address"),
    [
        ("code", "127.0.0.1:1"),
        ("webserver", "http://127.0.0.1:1"),
        ("daemon", "postgresql://a:secret@127.0.0.1:1/x"),
        ("daemon", "/nowhere"),
    ],
)
def test_what_does_not_answer_is_a_sentence_without_secrets_and_exit_1(what: str, address: str) -> None:
    done = ask(what, address)
    assert done.returncode == 1
    assert done.stdout.startswith(f"the {what} ")
    assert done.stdout.count("\n") == 1
    assert "secret" not in done.stdout + done.stderr


def test_a_question_that_does_not_exist_is_wrong_usage() -> None:
    done = ask("everything")
    assert done.returncode == 2
    assert "code|daemon|webserver" in done.stderr


def test_asking_costs_no_import_of_dagster() -> None:
    """Asked every ten seconds by three containers, a second of processor time each would be a third of a core."""
    script = (
        "import sys, ingestion_dagster.instance.health as h; h.main(['code', '127.0.0.1:1']); "
        "sys.exit('dagster' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False, capture_output=True).returncode == 0


def test_a_full_disk_is_said_with_what_is_left_and_one_that_cannot_be_asked_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health.room(tmp_path / "gone") is None
    monkeypatch.setattr(health, "LEAST_ROOM", 0)
    assert health.room(tmp_path) is None
    monkeypatch.setattr(health, "LEAST_ROOM", 2**80)
    assert "of space are left; make room there" in str(health.room(tmp_path))
