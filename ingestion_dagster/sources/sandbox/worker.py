"""The limited process that opens spreadsheet containers: reads requests from its input, answers on its output.

Started by `process.py` only. It writes no file, opens no connection and keeps nothing between requests;
whatever a container does to its reader happens here.

A request is a line of JSON and the file's bytes; the answer is frames of one letter, a length and a body, ending with
`D` (done) or `F` (refused, with the message).
"""

import contextlib
import os
import resource
import signal
import sys
from typing import IO, Any

import orjson

from ingestion_dagster.core.errors import DataIngestionError, SourceRejected
from ingestion_dagster.sources.limits import OUT_OF_MEMORY, Limits
from ingestion_dagster.sources.workbooks.reader import Send, read_tabs, send_tabs
from ingestion_dagster.sources.workbooks.usual_package import usual_package

TOO_LARGE = (
    "the workbook holds more than {} MB of cells once it is opened, perhaps the same long text in many cells; ask for "
    "the list as CSV, or for a smaller one"
)
_TOO_MUCH = "the file needs more memory to open than the {} MB allowed; ask for the list as CSV, or for a smaller one"


def main() -> None:
    """Serve requests until the input ends, which it does when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    # A reader that prints must not write into the answers.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    memory = int(sys.argv[1])
    for kind, amount in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        # macOS refuses some limits; there the clock and the processor's time are what is left.
        with contextlib.suppress(*((ValueError, OSError) if sys.platform == "darwin" else ())):
            resource.setrlimit(kind, (amount, amount))
    born_with = _largest_size()
    while line := requests.readline():
        request = orjson.loads(line)
        data = requests.read(request["size"])
        if len(data) < request["size"]:
            return
        try:
            _answer(request, data, answers)
        except BaseException as error:
            # Nothing is left, not even for the sentence that says so; calamine panics where it gets no object.
            if isinstance(error, MemoryError) or "pointer is null" in str(error):
                os._exit(OUT_OF_MEMORY)
            raise
        del data
        if _largest_size() > max(born_with, memory // 3):
            # Memory that a large file left in fragments would be missing for the next one.
            return


def _largest_size() -> int:
    """Bytes; a new process inherits its parent's figure, so only growth tells anything."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _answer(request: dict[str, Any], data: bytes, answers: IO[bytes]) -> None:
    limits = Limits(**request["limits"])
    _limit_cpu(limits.cpu_seconds)

    sent = 0

    def send(kind: bytes, body: bytes) -> None:
        nonlocal sent
        sent += len(body)
        if sent > limits.answer_bytes and kind != b"F":
            raise SourceRejected(TOO_LARGE.format(limits.answer_bytes // 1_000_000))
        answers.write(kind + len(body).to_bytes(4, "little"))
        answers.write(body)

    try:
        _work(request, data, limits, send)
        send(b"D", b"")
    except DataIngestionError as error:
        send(b"F", orjson.dumps({"error": type(error).__name__, "message": str(error)}))
    except (MemoryError, RecursionError):
        message = _TOO_MUCH.format(limits.memory_bytes // 1_000_000)
        send(b"F", orjson.dumps({"error": "SourceRejected", "message": message}))
    except Exception as error:
        # Any other error of a reader means the same to a person: this file cannot be read.
        message = f"the file is damaged ({type(error).__name__}); open it in a spreadsheet program and save it again"
        send(b"F", orjson.dumps({"error": "SourceRejected", "message": message}))
    answers.flush()


def _work(request: dict[str, Any], data: bytes, limits: Limits, send: Send) -> None:
    if data.startswith(b"PK"):
        data = usual_package(data, limits)
    if request["task"] == "read":
        send_tabs(read_tabs(request["kind"], data, limits), limits, send)
    elif request["task"] == "formats":
        from ingestion_dagster.sources.workbooks.zipped import formats_of_column

        send(b"N", orjson.dumps(formats_of_column(data, request["tab"], request["column"], limits)))
    elif request["task"] == "mark":
        from ingestion_dagster.core.corrections.markup import Markup
        from ingestion_dagster.sources.corrected.workbook import mark_workbook

        send(b"N", mark_workbook(data, Markup.model_validate(request["markup"])))
    else:
        from ingestion_dagster.sources.workbooks.zipped import stretched_tab

        send(b"S", orjson.dumps(stretched_tab(data, limits)))


def _limit_cpu(seconds: int) -> None:
    """CPU seconds for this request, on top of what earlier ones used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main()
