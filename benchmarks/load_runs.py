"""What Dagster adds to a small load: steps called directly, a run in this process, a run through queue and daemon.

python benchmarks/load_runs.py [--rounds 5] [--no-queue]
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from load_ours import load, place_at
from load_places import Server, add_supplier, server, spread, table
from load_sheets import as_csv

from ingestion_dagster.definitions import build_definitions
from ingestion_dagster.defs.resources import IngestionResource
from ingestion_dagster.deployment import Deployment, open_deployment
from ingestion_dagster.instance.processes import dagster_processes
from ingestion_dagster.settings import Settings

ROWS = 200
SUPPLIERS = 10


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--no-queue", action="store_true")
    given = arguments.parse_args()
    lines: list[tuple[str, str]] = []
    with server() as place:
        url = place.fresh("runs", "template")
        add_supplier(url, "bench", "bench.csv")
        here = place_at(url, place.root)
        lines.append(
            ("the four steps, called directly", repeated(place, given.rounds, lambda: asyncio.run(load(here, "bench"))))
        )
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions("suppliers", ["bench"])
            lines.append(
                ("the job in this process (`execute_in_process`, nothing kept)",
                 repeated(place, given.rounds, lambda: run_job(here, instance)))
            )  # fmt: skip
        if not given.no_queue:
            lines += through_the_queue(place.root, given.rounds)
    print(f"\nA list of {ROWS} rows; seconds: median (range)\n")
    table(("how", "seconds"), lines)


def repeated(place: Server, rounds: int, work: Callable[[], object]) -> str:
    """Seconds of `work` on a list that is new each time; the first time, which imports modules, does not count."""
    seconds = []
    for _ in range(rounds + 1):
        deliver(place.root, "bench")
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return spread(seconds[1:])


_deliveries = itertools.count(1)


def deliver(root: Path, key: str) -> None:
    """A list in the inbox whose bytes were never there before."""
    (root / "inbox").mkdir(exist_ok=True)
    (root / f"inbox/{key}.csv").write_bytes(as_csv(ROWS, "day1") + b"\n" * next(_deliveries))


def run_job(deployment: Deployment, instance: dg.DagsterInstance) -> None:
    """One run of the job that the queue starts."""
    opened = dg.ResourceDefinition.hardcoded_resource(IngestionResource.at(deployment))
    job = build_definitions({"ingestion": opened}).resolve_job_def("ingest_supplier")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        done = job.execute_in_process(partition_key="bench", instance=instance, run_config=quiet)
    if not done.success:
        raise SystemExit("the run failed")


def through_the_queue(root: Path, rounds: int) -> list[tuple[str, str]]:
    """Message to result through sensor, run queue and a process of its own: one alone, then ten at once."""
    settings = Settings(local_root=root, inbox=root / "inbox", snapshot_url=str(root / "snapshots"))
    settings = settings.model_copy(update={"database_url": None, "redis_url": None})
    with open_deployment(settings) as deployment, dagster_processes(deployment, None):
        for number in range(SUPPLIERS):
            add_supplier(deployment.database_url, f"queued-{number}", f"queued-{number}.csv")
        seconds(deployment, root, 1)
        alone = [seconds(deployment, root, 1) for _ in range(rounds)]
        together = [seconds(deployment, root, SUPPLIERS) for _ in range(2)]
    return [
        ("message on the queue to its result, one message", spread(alone)),
        (f"{SUPPLIERS} messages to the last result", spread(together)),
        ("  per message", spread([whole / SUPPLIERS for whole in together])),
    ]


def seconds(deployment: Deployment, root: Path, count: int) -> float:
    """From putting `count` messages on the queue to the last result."""
    tasks = {f"bench-{next(_deliveries)}": f"queued-{number}" for number in range(count)}
    for key in tasks.values():
        deliver(root, key)
    started = time.perf_counter()
    with deployment.mailbox() as mailbox:
        for task_id, key in tasks.items():
            mailbox.send(json.dumps({"task_id": task_id, "supplier": key}).encode())
        while tasks:
            for task_id in list(tasks):
                found = mailbox.result(task_id)
                if found and json.loads(found)["status"] not in ("success", "partial_success"):
                    raise SystemExit(f"{task_id} ended as {found!r}")
                if found:
                    del tasks[task_id]
            if time.perf_counter() - started > 180:
                raise SystemExit(f"no result for {', '.join(tasks)} after three minutes")
            time.sleep(0.02)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
