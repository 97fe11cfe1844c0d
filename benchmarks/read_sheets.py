"""How fast sheets are opened: `python benchmarks/read_sheets.py [rows]` makes lists of 12 columns and reads them.

Prints microseconds per row for opening and for going through all rows, against the bare reader, and the memory of both
processes. Every kind is measured in a fresh process.
"""

import argparse
import io
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster.sources.sandbox import process as limited_process
from ingestion_dagster_tests.sheets import make_csv, make_xls, make_xlsx

KINDS = ("list-utf8.csv", "list-cp1251.csv", "list.xlsx", "list.xls")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("--measure", type=Path, help="measure this file in this process")
    chosen = parser.parse_args()
    if chosen.measure:
        measure(chosen.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in make_files(Path(folder), chosen.rows):
            subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True)


def make_files(folder: Path, count: int) -> list[Path]:
    """The same list in every kind; XLS holds 65,535 rows at most."""
    rows = [["SKU", "Name", "Price", "Qty", "Brand", "Unit", "Group", "Barcode", "Colour", "URL", "RRP", "Pack"]]
    rows += list(map(item, range(count)))
    contents = {
        KINDS[0]: make_csv(rows, ";"),
        KINDS[1]: make_csv(rows, ";", "cp1251"),
        KINDS[2]: make_xlsx(rows, formats={(row, 2): '#,##0.00 "€"' for row in range(1, count + 1)}),
        KINDS[3]: make_xls(rows[:65_000]),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in contents]


def item(number: int) -> list[object]:
    """One line of the list."""
    price = round(random.Random(number).uniform(1, 1_000), 2)
    name = f"Кабель силовой ВВГнг {number % 50} мм {number}"
    texts = [
        f"brand {number % 90}",
        "шт",
        f"group {number % 40}",
        f"46{number:011d}",
        "red",
        f"https://x.test/{number}",
    ]
    return [f"SKU-{number:06d}", name, price, number % 500, *texts, price * 1.5, 12]


def measure(path: Path) -> None:
    """Print one line for the file."""
    data = path.read_bytes()
    own = psutil.Process()
    before = own.memory_info().rss
    limits = Limits(file_bytes=500_000_000, text_bytes=2_000_000_000, unpacked_bytes=2_000_000_000, wall_seconds=300)
    started = time.perf_counter()
    book = open_workbook(data, path.name, limits=limits)
    opened = time.perf_counter()
    count = sum(1 for _ in book.sheets[0].rows())
    done = time.perf_counter()
    grown = (own.memory_info().rss - before) / 1e6
    workers = [psutil.Process(worker.process.pid) for worker in limited_process._idle if worker.usable()]
    helper = sum(process.memory_info().rss for process in workers) / 1e6
    micro = 1e6 / count
    print(
        f"{path.name:16} {count:9,} rows  open {(opened - started) * micro:6.2f}  rows {(done - opened) * micro:5.2f}  "
        f"bare reader {bare(path, data) * micro:6.2f} us/row  memory +{grown:.0f} MB here, {helper:.0f} MB helper"
    )


def bare(path: Path, data: bytes) -> float:
    """Seconds the reader alone takes."""
    started = time.perf_counter()
    if path.suffix == ".csv":
        import csv

        encoding = "cp1251" if "1251" in path.name else "utf-8"
        for _ in csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding, newline=""), delimiter=";"):
            pass
    else:
        import python_calamine

        python_calamine.load_workbook(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
