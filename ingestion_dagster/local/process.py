"""How a child process is set up between fork and exec, and how it is ended. No knowledge of which program it is."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def _libc_prctl() -> Callable[..., int] | None:
    """Linux only. Looked up at import: loading a library between fork and exec is not safe."""
    if not sys.platform.startswith("linux"):
        return None
    prctl: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
    return prctl


_prctl = _libc_prctl()


def child_setup(death_signal: signal.Signals, account: pwd.struct_passwd | None = None) -> Callable[[], None]:
    """A `preexec_fn` for a single-threaded parent: drop to `account`, default signals, die with the parent.

    The signals are reset because a process started with `&` from a script hands down ignored SIGINT
    and SIGTERM. The death signal comes last: changing the user clears it.
    """
    parent = os.getpid()

    def setup() -> None:
        if account is not None:
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
        default_signals()
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return setup


def default_signals() -> None:
    """The dispositions and the mask a freshly logged-in shell would give."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def python_call(module: str, function: str) -> list[str]:
    """Command line that calls a function of this package in a new interpreter; more arguments may follow.

    The folder of the package is named in it, so neither the environment nor the current folder matters.
    """
    folder = str(Path(__file__).parents[2])
    code = f"import sys; sys.path.insert(0, {folder!r}); from {module} import {function}; {function}()"
    return [sys.executable, "-P", "-c", code]


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends. Linux only, elsewhere no effect."""
    if _prctl is not None:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end(process: subprocess.Popen[bytes], steps: Iterable[tuple[signal.Signals, float]]) -> None:
    """Send one signal after the other, each with its seconds to obey, then SIGKILL."""
    for number, seconds in steps:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """Poll until the condition holds; False when the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
