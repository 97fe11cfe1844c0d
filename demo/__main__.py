"""`make demo`: three days in the life of ten suppliers, through the real queue, daemon, sensor and databases.

It works in a folder of its own and starts afresh each time. The third day, on which a list is held, is in
`third_day.py`. Nothing here is used by the product.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

import orjson

from demo import catalogue
from demo.google import SheetSamples, sheet_samples
from demo.third_day import third_day
from demo.waiting import results_of
from ingestion_dagster.cli.show.output import complain, console, print_table
from ingestion_dagster.core.errors import ServicesFailed
from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.instance.processes import Running, alone, dagster_processes
from ingestion_dagster.local import erase
from ingestion_dagster.samples import SAMPLES, Sample, deliver, register_samples
from ingestion_dagster.settings import Settings


def main() -> int:
    """Run the three days; 0 where everything went as it should."""
    root = Settings().local_root / "demo"
    settings = Settings(local_root=root, database_url=None, redis_url=None, inbox=None, snapshot_url=None)
    settings = settings.model_copy(update={"database_url": None, "redis_url": None})
    with alone(settings, "make demo"):
        erase(root)
        return _all_days(settings)


def _all_days(settings: Settings) -> int:
    started = time.monotonic()
    starting = console.status("starting PostgreSQL, Redis and the Dagster daemon …")
    with starting, sheet_samples() as sheets, open_deployment(settings) as deployment:
        register_samples(deployment)
        sheets.register(deployment)
        with dagster_processes(deployment, None) as running:
            console.print(f"everything is up after {time.monotonic() - started:.1f} s\n")
            samples = (*SAMPLES, *sheets.samples)
            print_table("The sample suppliers", ("supplier", "its list"), ((s.name, s.shape) for s in samples))
            _tell_google(sheets)
            problems = _day(deployment, running, 1, samples)
            sheets.second_day()
            problems += _day(deployment, running, 2, samples)
            _price_history(deployment)
            problems += third_day(deployment, running)
            if sheets.samples:
                console.print(f"\nGoogle Sheets was read {sheets.reads()} times: once per sheet and day")
    console.print(f"\nDone in {time.monotonic() - started:.0f} s. `make up` starts the same with Dagster's UI.")
    for problem in problems:
        complain(problem)
    return 1 if problems else 0


def _tell_google(sheets: SheetSamples) -> None:
    if sheets.samples:
        console.print(
            "The Google Sheets come from a stand-in on this machine that answers like Google's servers; they are read"
            " by the real\nclient (gspread, a service account, the shared read quota).\n"
        )
    else:
        console.print(
            "Without the test package there is no stand-in of Google Sheets: the two suppliers are left out.\n"
        )


def _day(deployment: Deployment, running: Running, day: int, samples: Sequence[Sample]) -> list[str]:
    """Deliver the lists, ask for each on the queue as any producer would, wait for the results, show them."""
    deliver(deployment, day)
    tasks = {f"demo-day{day}-{sample.key}": sample for sample in samples}
    with deployment.mailbox() as mailbox:
        for task_id, sample in tasks.items():
            mailbox.send(orjson.dumps({"task_id": task_id, "supplier": sample.key}))
    results = results_of(deployment, running, list(tasks), f"day {day}: {len(tasks)} messages on the queue")
    _show(day, results, samples)
    if day == 1:
        _rejects(deployment, list(tasks))
    return _problems(day, results, list(tasks))


def _show(day: int, results: dict[str, dict[str, Any]], samples: Sequence[Sample]) -> None:
    rows = []
    for sample in samples:
        result = results.get(f"demo-day{day}-{sample.key}")
        if result is None:
            rows.append((sample.key, "no answer", *("",) * 7))
            continue
        counts = result["statistics"]
        rows.append(
            (
                sample.key,
                result["status"].replace("_", " "),
                counts["total_rows"],
                counts["inserted"],
                counts["updated"],
                counts["unchanged"],
                counts["missing"],
                counts["failed_rows"],
                f"{counts['processing_time_seconds']:.2f} s",
            )
        )
    columns = ("supplier", "status", "rows", "inserted", "updated", "unchanged", "missing", "rejected", "run")
    print_table(f"Day {day}", columns, rows)


def _rejects(deployment: Deployment, tasks: list[str]) -> None:
    rows = catalogue.rejects(deployment, tasks)
    print_table("What was rejected, and why", ("supplier", "cell", "it says", "reason"), rows, empty="nothing rejected")


def _price_history(deployment: Deployment) -> None:
    rows = catalogue.one_history(deployment)
    columns = ("supplier", "sku", "name", "price", "from", "until", "row of the list")
    print_table("The history of one price", columns, rows, empty="no price changed")


def _problems(day: int, results: dict[str, dict[str, Any]], tasks: list[str]) -> list[str]:
    problems = [f"day {day}: no answer for {task}" for task in tasks if task not in results]
    for task, result in results.items():
        counts = result["statistics"]
        if result["status"] not in ("success", "partial_success"):
            problems.append(f"{task}: {result['status']}: {result.get('reasons') or result['errors']}")
        elif day == 1 and not counts["inserted"]:
            problems.append(f"{task}: nothing was inserted")
        elif day == 2 and not (counts["updated"] and counts["unchanged"] and counts["missing"]):
            problems.append(f"{task}: the second day shows no updated, unchanged and missing items")
    return problems


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServicesFailed as error:
        complain(str(error))
        sys.exit(1)
