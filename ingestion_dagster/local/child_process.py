"""Run a program so that it ends, with everything it started, when the caller ends for whatever reason.

Between the two stands a small process of our own (`main` below). It notices the caller's death because
a pipe closes, which the kernel does even after SIGKILL. It runs in a session of its own, so a Ctrl-C at
the terminal reaches only the caller, which then ends its programs in order.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ingestion_dagster.local.process import adopt_orphans, child_setup, default_signals, end, python_call

GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL."""
LAST = 5.0
"""Seconds after SIGKILL."""


@contextmanager
def leashed(args: Sequence[str], env: Mapping[str, str], log_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `args` for the length of the block; its output is appended to `log_path`.

    The process handed out stands for the program: `poll()` and `wait()` give the program's exit code
    (negative: the signal that ended it). On leaving, the program and everything below it get SIGTERM and,
    `GRACE` seconds later, SIGKILL. Several programs end at the same time when their blocks are left by
    way of `terminate()` on each first. Raises `FileNotFoundError` where there is no such program.
    """
    program = shutil.which(args[0], path=env.get("PATH"))
    if program is None:
        raise FileNotFoundError(f"There is no program {args[0]} on this machine.")
    log_path.parent.mkdir(parents=True, exist_ok=True)
    caller_lives, held_by_caller = os.pipe()
    try:
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                [*python_call(__name__, "main"), str(caller_lives), str(GRACE), program, *args[1:]],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[caller_lives],
                start_new_session=True,
            )
    except BaseException:
        os.close(held_by_caller)
        raise
    finally:
        os.close(caller_lives)
    try:
        yield process
    finally:
        os.close(held_by_caller)
        end(process, ((signal.SIGCONT, GRACE + LAST),))


def main() -> None:
    """`CALLER_DESCRIPTOR GRACE PROGRAM ARGUMENT…`; exits as the program does."""
    caller, grace, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    default_signals()
    adopt_orphans()
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda number, frame: None)
    program = subprocess.Popen(command, process_group=0, preexec_fn=child_setup(signal.SIGTERM))
    _wait_for_an_end(program, caller, awake)
    _end_all(program, grace)
    _exit_like(program)


def _wait_for_an_end(program: subprocess.Popen[bytes], caller: int, awake: int) -> None:
    """Of the program, of the caller, or by a signal to this process."""
    while program.returncode is None:
        readable, _, _ = select.select([caller, awake], [], [])
        asked = awake in readable and set(os.read(awake, 512)) - {signal.SIGCHLD}
        if caller in readable or asked:
            return
        _reap(program)


def _end_all(program: subprocess.Popen[bytes], grace: float) -> None:
    """The program's group and, on Linux, descendants that left it and were adopted here when their parent ended."""
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, LAST)):
        deadline = time.monotonic() + seconds
        told: set[int] = set()
        while time.monotonic() < deadline:
            _reap(program)
            alive = _group(program.pid) | _children()
            if not alive:
                return
            for target in alive - told:
                with suppress(ProcessLookupError):
                    os.kill(target, number)
            told |= alive
            time.sleep(0.03)


def _group(leader: int) -> set[int]:
    """The group as a target for kill (a negative number), while it has a member."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return set()
    except PermissionError:  # macOS: only zombies are left
        return set()
    return {-leader}


def _children() -> set[int]:
    """Ids of this process's own children, from /proc; empty where there is none."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                found.add(int(entry.parent.name))
    return found


def _reap(program: subprocess.Popen[bytes]) -> None:
    """Collect every ended child, the adopted ones too, and note how the program ended."""
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid == program.pid:
                program.returncode = os.waitstatus_to_exitcode(status)


def _exit_like(program: subprocess.Popen[bytes]) -> None:
    code = program.returncode if program.returncode is not None else -signal.SIGKILL
    if code < 0:
        with suppress(OSError):  # SIGKILL has no disposition
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
