"""Structured logs: one line per event, as JSON or for people, each with what it is about. Dagster's log is apart.

Lines go to standard error, where containers and services look for them. `structlog` is imported where it is used.
"""

import logging
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ingestion_dagster.core.errors import LONGEST_MESSAGE
from ingestion_dagster.core.shown_text import in_json, one_line

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from ingestion_dagster.core.steps import Attempt

FIELDS = ("task_id", "supplier", "run_id", "batch_id", "attempt")
"""On every line of a load, null where there is none yet."""


_least, _configured = logging.INFO, ""


def leave_to_the_command_line() -> None:
    """For a process in which a person reads its own words: no lines of steps between them."""
    global _least, _configured
    _least, _configured = logging.CRITICAL, ""


def configure(log_format: str) -> None:
    """Set structlog up for this process: `json` or `console`."""
    import structlog

    global _configured
    if _configured == log_format:
        return
    _configured = log_format

    shown: Any
    if log_format == "json":
        shown = (
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            lambda _logger, _name, line: in_json(line),
        )
    else:
        shown = (_in_plain_text, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_least),
        logger_factory=_StandardError(),
        cache_logger_on_first_use=False,
    )


def _in_plain_text(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Nothing that a line quotes begins another line or acts on the terminal."""
    return {
        name: one_line(value, LONGEST_MESSAGE) if isinstance(value, str) else value for name, value in event.items()
    }


def logger(log_format: str = "console") -> "FilteringBoundLogger":
    """The logger of this process."""
    import structlog

    configure(log_format)
    found: FilteringBoundLogger = structlog.get_logger()
    return found


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Every line inside the block says so."""
    import structlog

    with structlog.contextvars.bound_contextvars(**fields):
        yield


@contextmanager
def at_work(step: str, supplier: str, attempt: "Attempt", batch_id: int | None, log_format: str) -> Iterator[None]:
    """One step of a load: a line when it begins and one when it ends, with its seconds and its error.

    Nothing is said to a person who loads on the command line: that tells its own story.
    """
    if log_format == "console" and attempt.request_id is None:
        yield
        return
    log, started = logger(log_format), time.perf_counter()
    known = (attempt.task_id, supplier, attempt.run_id, batch_id, attempt.number)
    with about(step=step, **dict(zip(FIELDS, known, strict=True))):
        log.info("step began")
        try:
            yield
        except BaseException as error:
            log.error(
                "step failed",
                seconds=round(time.perf_counter() - started, 3),
                error_type=type(error.__cause__ or error).__name__,
                error=str(error)[:500],
            )
            raise
        log.info("step ended", seconds=round(time.perf_counter() - started, 3))


class _StandardError:
    """Looked up for every line: tests and Dagster put other streams in its place."""

    def __call__(self, *_: Any) -> "_StandardError":
        return self

    def msg(self, line: str) -> None:
        """One line, in one write, so that processes that share a stream do not mix theirs."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg
