"""Damaged sheets by the thousand, through opening, understanding and reading every row."""

import multiprocessing
import os
import resource
import time
from collections import Counter
from random import Random
from typing import Any

import pytest

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.suppliers.supplier import Supplier, settings_from
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster_tests.chaos.forms import Form, report
from ingestion_dagster_tests.sheets.mutations import damaged, random_sheet

LIMITS = Limits(memory_bytes=400_000_000, cpu_seconds=10, wall_seconds=15.0, cells=2_000_000)
MOST_MEMORY, MOST_SECONDS = 512e6, 30.0
WORKERS = 2
_fork = multiprocessing.get_context("fork")


def read(data: bytes) -> str:
    """The outcome in a few words; any error that is not a refusal is a finding."""
    supplier = Supplier.model_validate(
        {"id": "00000000-0000-0000-0000-000000000001", "key": "s", "name": "S", "source_type": "excel", "source": {},
         "settings": settings_from({}), "active": True, "contact_email": None, "last_batch_id": None}
    )  # fmt: skip
    try:
        workbook = open_workbook(data, "fuzz.xlsx", supplier.hints(), LIMITS)
        mapped = understand(workbook, supplier.hints())
        if mapped.decision == "refuse":
            return "refused after reading"
        count = sum(1 for _ in read_rows(workbook.sheet(mapped.sheet), mapped, supplier.hints()))
    except (SourceRejected, SheetError):
        return "refused"
    return "rows read" if count else "no rows"


def read_many(first: int, count: int, answers: Any) -> None:
    outcomes, slowest = Counter[str](), (0.0, 0)
    for seed in range(first, first + count):
        random = Random(seed)
        data = damaged(random_sheet(random), random)
        started = time.perf_counter()
        try:
            outcomes[read(data)] += 1
        except Exception as error:
            outcomes[f"CRASH at seed {seed}: {type(error).__name__}: {error}"] += 1
        slowest = max(slowest, (time.perf_counter() - started, seed))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    below = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    answers.put((outcomes, slowest, max(own, below)))


@pytest.mark.timeout(12 * 3600)
def test_no_damaged_sheet_crashes_a_run_or_takes_more_than_its_share(chosen: Form) -> None:
    answers: Any = _fork.Queue()
    share = chosen.sheets // WORKERS
    first = int(os.environ.get("CHAOS_FIRST_SHEET", "7000000"))
    workers = [_fork.Process(target=read_many, args=(first + n * share, share, answers)) for n in range(WORKERS)]
    started = time.monotonic()
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=11 * 3600) for _ in workers]
    for worker in workers:
        worker.join()
    outcomes: Counter[str] = sum((one[0] for one in found), Counter())
    slowest, memory = max(one[1] for one in found), max(one[2] for one in found)
    crashes = [what for what in outcomes if what.startswith("CRASH")]
    report(
        f"damaged sheets: {sum(outcomes.values())} ({', '.join(f'{n} {what}' for what, n in outcomes.most_common(4))});"
        f" {len(crashes)} crashes, at most {memory / 1e6:.0f} MB, slowest {slowest[0]:.2f} s (seed {slowest[1]});"
        f" {time.monotonic() - started:.0f} s"
    )
    assert crashes == []
    assert sum(outcomes.values()) == share * WORKERS
    assert memory <= MOST_MEMORY
    assert slowest[0] <= MOST_SECONDS
