"""Figures in the OpenMetrics text format, for a textfile collector or any scraper. Where they come from is the record.

The format is that of the OpenMetrics 1.0 specification: one TYPE and HELP per family, counters end in `_total`,
labels are escaped, the text ends with `# EOF`.
"""

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion_dagster.core.errors import SourceError, StoreUnavailable
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.store.database import Database
from ingestion_dagster.store.reports import metrics

if TYPE_CHECKING:
    from ingestion_dagster.core.steps import QuotaUse

OPEN_STATES = ("pending", "leased", "retry_wait", "held")
Sample = tuple[str, Mapping[str, str], float]
"""Suffix of the name, labels, value."""


def collect(deployment: Deployment) -> str:
    """All figures as text. A server that is away is itself a figure; what the other knows is still there."""
    lines = _redis(deployment)
    try:
        queue, loads = deployment.run(_record)
    except StoreUnavailable:
        lines += _up("database", "PostgreSQL", 0)
    else:
        lines += [*_up("database", "PostgreSQL", 1), *_queue(queue), *_loads(loads)]
    return "\n".join([*lines, "# EOF", ""])


async def _record(database: Database) -> tuple[metrics.QueueFigures, metrics.LoadFigures]:
    async with database.transaction() as connection:
        return await metrics.queue_figures(connection), await metrics.load_figures(connection)


def _up(name: str, server: str, value: float) -> list[str]:
    return family(f"ingestion_{name}_up", "gauge", f"Whether {server} answers.", [("", {}, value)])


def _redis(deployment: Deployment) -> list[str]:
    try:
        with deployment.mailbox() as mailbox:
            depth, unsafe = mailbox.depth(), len(mailbox.unsafe_settings()) + len(mailbox.wrong_keys())
            quota = _quota(deployment)
    except StoreUnavailable:
        return _up("redis", "Redis", 0)
    waiting = [("", {"list": name}, count) for name, count in depth.items()]
    lines = _up("redis", "Redis", 1)
    lines += family("ingestion_queue_messages", "gauge", "Messages in Redis, by list.", waiting)
    lines += family("ingestion_redis_problems", "gauge", "Settings or keys that endanger messages.", [("", {}, unsafe)])
    if quota is not None:
        left = [("", {"of": "user"}, quota.left_user), ("", {"of": "project"}, quota.left_project)]
        lines += family("ingestion_google_reads_left", "gauge", "Reads left in this minute's quota.", left)
    return lines


def _quota(deployment: Deployment) -> "QuotaUse | None":
    """Of the service account, where there is one."""
    if deployment.settings.google_credentials is None:
        return None
    from ingestion_dagster.pipeline.google_access import google_access

    with suppress(SourceError), google_access(deployment) as access:
        return access.used()
    return None


def _queue(found: metrics.QueueFigures) -> list[str]:
    states = found.states
    lines = family("ingestion_requests", "gauge", "Requests on record, by state.",
                   [("", {"state": state}, count) for state, count, _ in states])  # fmt: skip
    lines += family("ingestion_request_age_seconds", "gauge", "Age of the oldest request in a state.",
                    [("", {"state": s}, age) for s, _, age in states if s in OPEN_STATES],
                    unit="seconds")  # fmt: skip
    lines += family("ingestion_oldest_waiting_seconds", "gauge", "Age of the oldest request that waits.",
                    [("", {}, found.oldest_waiting)], unit="seconds")  # fmt: skip
    lines += family("ingestion_dead_requests", "gauge", "Dead requests, by reason.",
                    [("", {"reason": reason}, count) for reason, count in found.dead])  # fmt: skip
    return lines + family("ingestion_alerts_untold", "gauge", "Alerts that could not be sent.",
                          [("", {}, found.untold_alerts)])  # fmt: skip


def _loads(found: metrics.LoadFigures) -> list[str]:
    lines = family("ingestion_batches", "gauge", "Batches, by state.",
                   [("", {"state": state}, count) for state, count in found.batches])  # fmt: skip
    lines += family("ingestion_results", "gauge", "Requests that ended, by outcome; a replay takes one back.",
                    [("", {"status": status}, count) for status, count in found.outcomes])  # fmt: skip
    lines += family("ingestion_rows", "counter", "Rows of all batches, by what became of them.",
                    [("_total", {"became": what}, count) for what, count in found.rows])  # fmt: skip
    lines += family("ingestion_supplier_list_age_seconds", "gauge", "Since a supplier's list was last applied or seen.",
                    [("", {"supplier": key}, age) for key, age in found.suppliers], unit="seconds")  # fmt: skip
    buckets, total, count = found.seconds
    bounds = [*(str(bound) for bound in metrics.BUCKETS), "+Inf"]
    samples: list[Sample] = [
        ("_bucket", {"le": bound}, number) for bound, number in zip(bounds, [*buckets, count], strict=True)
    ]
    samples += [("_sum", {}, total), ("_count", {}, count)]
    return lines + family("ingestion_load_seconds", "histogram", "Time of the loads that requests led to.", samples,
                          unit="seconds")  # fmt: skip


def family(name: str, kind: str, text: str, samples: Iterable[Sample], unit: str | None = None) -> list[str]:
    """The lines of one metric family."""
    lines = [f"# TYPE {name} {kind}"]
    lines += [f"# UNIT {name} {unit}"] if unit else []
    lines.append(f"# HELP {name} {text}")
    for suffix, labels, value in samples:
        shown = ",".join(f'{label}="{_escaped(content)}"' for label, content in labels.items())
        lines.append(f"{name}{suffix}{{{shown}}} {_number(value)}" if shown else f"{name}{suffix} {_number(value)}")
    return lines


def write(text: str, target: Path) -> None:
    """In one step: a collector that reads at this moment sees the old file or the new one, whole."""
    descriptor, unfinished = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(target)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def parse(text: str) -> dict[str, float]:
    """The samples of a text by name and labels, as they are spelled. Raises ValueError where it is not whole."""
    lines: Sequence[str] = text.splitlines()
    if not lines or lines[-1] != "# EOF":
        raise ValueError("the text does not end with # EOF")
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(round(float(value), 6))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
