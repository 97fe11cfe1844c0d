"""Runs the opening of a container in a process with memory, CPU and time limits, and turns its death into an error.

Idle processes are kept, so that forty files do not pay for forty interpreters. They end by themselves when this
process is gone, because their input ends.
"""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import orjson

import ingestion_dagster
from ingestion_dagster.core import errors
from ingestion_dagster.core.errors import DataIngestionError, SourceRejected
from ingestion_dagster.sources.limits import OUT_OF_MEMORY, Limits

_KEPT = 2
_DYING = 2.0
_LAST_WORDS = 100_000
"""Bytes that a refusal may have when the answer is full."""
_KINDS = {"SheetError": errors.SheetError, "SourceRejected": SourceRejected}


class TooMuchMemory(SourceRejected):
    """The worker died of its memory limit."""


class _Worker:
    """One limited process and its pipes."""

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self.owner = os.getpid()
        self.timed_out = self.died = False
        root = str(Path(ingestion_dagster.__file__).parent.parent)
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "ingestion_dagster.sources.sandbox.worker", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Nothing else of the environment: what reads hostile files must not know any password.
            env={"PYTHONPATH": os.pathsep.join([root, *sys.path[1:]]), "LC_ALL": "C.UTF-8"},
            process_group=0,
        )
        assert self.process.stdin
        assert self.process.stdout
        self.requests: IO[bytes] = self.process.stdin
        self.answers: IO[bytes] = self.process.stdout

    def frames(self, request: dict[str, Any], data: bytes, limits: Limits) -> Iterator[tuple[bytes, bytes]]:
        """Send one request, yield its answer. EOFError when the process died before it was done."""
        watchdog = threading.Timer(limits.wall_seconds, self._give_up)
        watchdog.daemon = True
        watchdog.start()
        try:
            self.requests.write(orjson.dumps(request | {"size": len(data), "limits": asdict(limits)}) + b"\n")
            self.requests.write(data)
            self.requests.flush()
            left = limits.answer_bytes + _LAST_WORDS
            while (frame := self._frame(left))[0] not in (b"D", b"F"):
                left -= len(frame[1])
                yield frame
            yield frame
        except (OSError, EOFError) as error:
            self.died = True
            raise EOFError from error
        finally:
            watchdog.cancel()

    def _frame(self, left: int) -> tuple[bytes, bytes]:
        head = self.answers.read(5)
        if len(head) < 5:
            raise EOFError
        size = int.from_bytes(head[1:], "little")
        if size > left:
            raise SourceRejected("the workbook makes its reader answer without end; ask for the list as CSV")
        body = self.answers.read(size)
        if len(body) < size:
            raise EOFError
        return head[:1], body

    def _give_up(self) -> None:
        self.timed_out = True
        self.process.kill()

    def usable(self) -> bool:
        return self.process.poll() is None

    def end(self) -> int:
        """Close the pipes and wait; the exit status, negative for a signal."""
        if self.owner != os.getpid():
            return 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            # A worker that is dying by itself keeps its own status for a moment.
            self.process.wait(_DYING if self.died else 0)
        self.process.kill()
        for pipe in (self.requests, self.answers):
            with contextlib.suppress(OSError):
                pipe.close()
        return self.process.wait()


_idle: list[_Worker] = []
_lock = threading.Lock()


def run_limited(request: dict[str, Any], data: bytes, limits: Limits) -> list[tuple[bytes, bytes]]:
    """All frames of the answer but the last. Raises SourceRejected or SheetError as the worker found it, and
    SourceRejected where a limit ended the worker."""
    worker, fresh = _take(limits.memory_bytes), False
    while True:
        frames: list[tuple[bytes, bytes]] = []
        try:
            for frame in worker.frames(request, data, limits):
                frames.append(frame)  # noqa: PERF402
        except EOFError:
            timed_out, status = worker.timed_out, worker.end()
            if not frames and not timed_out and not fresh and status not in _OWN_FAULT:
                # An idle process may have ended by itself just now; that says nothing about this file.
                worker, fresh = _Worker(limits.memory_bytes), True
                continue
            raise _reason(status, timed_out, limits) from None
        except BaseException:
            worker.end()
            raise
        _give_back(worker)
        last_kind, body = frames.pop()
        if last_kind == b"F":
            raise _refusal(body)
        return frames


def _take(memory_bytes: int) -> _Worker:
    with _lock:
        for worker in list(_idle):
            _idle.remove(worker)
            if worker.owner == os.getpid() and worker.memory_bytes == memory_bytes and worker.usable():
                return worker
            worker.end()
    return _Worker(memory_bytes)


def _give_back(worker: _Worker) -> None:
    with _lock:
        if len(_idle) < _KEPT:
            _idle.append(worker)
            return
    worker.end()


def _refusal(body: bytes) -> DataIngestionError:
    found = orjson.loads(body)
    return _KINDS.get(found["error"], SourceRejected)(found["message"])


_OWN_FAULT = (OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGSEGV, -signal.SIGXCPU, -signal.SIGBUS, -signal.SIGILL)


def _reason(status: int, timed_out: bool, limits: Limits) -> SourceRejected:
    if timed_out or status == -signal.SIGXCPU:
        return SourceRejected(
            f"the file takes longer than {limits.wall_seconds:g} seconds to open; ask for a smaller list or for CSV"
        )
    if status in (-signal.SIGABRT, -signal.SIGKILL, OUT_OF_MEMORY):
        return TooMuchMemory(
            f"the file needs more memory to open than the {limits.memory_bytes // 1_000_000} MB allowed; ask for CSV, "
            "or for a smaller list"
        )
    return SourceRejected("the file makes its reader crash; open it in a spreadsheet program and save it again")


@atexit.register
def close_workers() -> None:
    """End all idle processes. They would end by themselves; this is for tests and tidy exits."""
    with _lock:
        while _idle:
            _idle.pop().end()
