"""Reads damaged sheets by the thousand: `python benchmarks/fuzz_sheets.py 20000 [--seed 1]`.

Each must be opened, understood and read row by row, or refused with a reason, within the time limit, and memory must
stay where it was. Prints what happened; exits 1 on the first finding, with the seed that makes it again.
"""

import argparse
import sys
import time
from collections import Counter
from random import Random

import psutil

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.sheets import CellError, Workbook
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster_tests.sheets.mutations import damaged, random_sheet

LIMITS = Limits(memory_bytes=256_000_000, cpu_seconds=5, wall_seconds=8.0, cells=2_000_000)
_KNOWN = (str, int, float, bool, CellError, type(None))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    outcomes: Counter[str] = Counter()
    slowest = (0.0, 0)
    own = psutil.Process()
    resident = peak = own.memory_info().rss
    for number in range(chosen.count):
        seed = chosen.seed * 1_000_000 + number
        started = time.perf_counter()
        try:
            outcomes[examine(sheet_of(seed))] += 1
        except Exception as error:
            print(f"seed {seed}: {type(error).__name__}: {error}")
            return 1
        slowest = max(slowest, (time.perf_counter() - started, seed))
        peak = max(peak, own.memory_info().rss)
        if slowest[0] > LIMITS.wall_seconds + 5:
            print(f"seed {slowest[1]}: {slowest[0]:.1f} s")
            return 1
    report(outcomes, slowest, (peak - resident) / 1e6)
    return 0


def sheet_of(seed: int) -> bytes:
    """The damaged sheet of one seed."""
    random = Random(seed)
    return damaged(random_sheet(random), random)


def examine(data: bytes) -> str:
    """Open and read everything; the outcome in a few words. Any other error than a refusal is a finding."""
    try:
        book = open_workbook(data, "fuzz.xlsx", limits=LIMITS)
        read_all(book)
        decision = load_all(book)
    except (SourceRejected, SheetError) as error:
        return "refused: " + " ".join(str(error).split()[:6])
    return f"opened as {book.format}: {decision}"


def load_all(book: Workbook) -> str:
    """Understand the workbook and read its items, as a load does."""
    mapped = understand(book, ReadingHints())
    if mapped.is_pricelist:
        for outcome in read_rows(book.sheet(mapped.sheet), mapped, ReadingHints()):
            assert outcome is not None
    return mapped.decision


def read_all(book: Workbook) -> None:
    """Every row, and a format here and there."""
    for sheet in book.sheets:
        for number, row in enumerate(sheet.rows()):
            assert len(row) <= LIMITS.columns
            if number < 50:
                assert all(isinstance(cell, _KNOWN) or hasattr(cell, "isoformat") for cell in row), row
                sheet.number_format(number, 1)


def report(outcomes: Counter[str], slowest: tuple[float, int], grown: float) -> None:
    """Outcomes by number, the slowest sheet, and how far this process grew."""
    for outcome, count in outcomes.most_common(25):
        print(f"{count:7d}  {outcome}")
    print(f"{sum(outcomes.values())} sheets, no other error; slowest {slowest[0]:.2f} s (seed {slowest[1]}); "
          f"this process grew by {grown:.0f} MB at most")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
