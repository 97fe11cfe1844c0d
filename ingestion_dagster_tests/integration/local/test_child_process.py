"""A leashed program ends with its caller, and takes along everything it started."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from ingestion_dagster.local import child_process
from ingestion_dagster.local.ports import port_free
from ingestion_dagster_tests.integration.embedded_users import alive, gone

# A child in the same group, and one in a session of its own that ignores SIGTERM.
FAMILY = """
import json, os, signal, subprocess, sys, time
sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
stubborn = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]
ids = [os.getpid(), subprocess.Popen(sleeper).pid, subprocess.Popen(stubborn, start_new_session=True).pid]
open(sys.argv[1] + ".new", "w").write(json.dumps(ids))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(60)
"""

CALLER = """
import os, signal, sys
from pathlib import Path
from ingestion_dagster.local import child_process
from ingestion_dagster.local.process import default_signals
default_signals()
signal.signal(signal.SIGINT, signal.default_int_handler)
child_process.GRACE = 0.5
command, log = [sys.executable, "-c", sys.argv[1], sys.argv[2]], Path(sys.argv[2] + ".log")
with child_process.leashed(command, os.environ, log) as program:
    print(program.pid, flush=True)
    program.wait()
"""


def started(path: Path) -> Any:
    for _ in range(400):
        if path.exists():
            return json.loads(path.read_text())
        time.sleep(0.02)
    raise AssertionError("the program did not start")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_the_whole_family_ends_when_the_caller_is_ended_by(number: signal.Signals, tmp_path: Path) -> None:
    ids = tmp_path / "ids"
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, FAMILY, str(ids)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert caller.stdout is not None
    family = [int(caller.stdout.readline()), *started(ids)]
    assert alive(family) == family
    caller.send_signal(number)
    caller.communicate(timeout=10)
    assert gone(family)


def test_the_family_ends_with_the_block_even_where_signals_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process started with `&` from a script inherits ignored SIGINT; its programs must not."""
    monkeypatch.setattr(child_process, "GRACE", 0.5)
    ids = tmp_path / "ids"
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with child_process.leashed([sys.executable, "-c", FAMILY, str(ids)], os.environ, tmp_path / "log") as program:
            family = started(ids)
            ignored = Path(f"/proc/{family[0]}/status")
            if ignored.exists():
                line = next(line for line in ignored.read_text().splitlines() if line.startswith("SigIgn"))
                assert not int(line.split()[1], 16) & (1 << (signal.SIGTERM - 1))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert gone([program.pid, *family])


def test_the_exit_code_is_the_programs_own(tmp_path: Path) -> None:
    for code, script in [(3, "raise SystemExit(3)"), (-9, "import os; os.kill(os.getpid(), 9)")]:
        with child_process.leashed([sys.executable, "-c", script], os.environ, tmp_path / "log") as program:
            assert program.wait(timeout=10) == code


def test_the_program_gets_the_given_environment_and_its_output_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "log"
    env = {"PATH": os.environ["PATH"], "ONLY": "this"}
    script = "import os; print('said', sorted(set(os.environ) & {'ONLY', 'HOME', 'PYTHONPATH'}))"
    with child_process.leashed([sys.executable, "-c", script], env, log) as program:
        program.wait(timeout=10)
    assert log.read_text() == "said ['ONLY']\n"


def test_a_program_that_does_not_exist_is_said_to_be_missing(tmp_path: Path) -> None:
    before = set(psutil.Process().children())  # earlier tests of the session may have left a helper at work
    missing = child_process.leashed(["no-such-program"], os.environ, tmp_path / "log")
    with pytest.raises(FileNotFoundError, match="no-such-program"), missing:
        pass
    assert set(psutil.Process().children()) <= before


def test_a_port_is_free_until_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not port_free(port)
    assert port_free(port)
