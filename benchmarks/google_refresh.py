"""Google Sheets on one account, against the strict stand-in of the tests: quota, changes, and one large sheet.

    python benchmarks/google_refresh.py [--sheets 200] [--speed 30] [--cells 200000]

First 200 sheets under an enforced 60 reads a minute, with the clock running `speed` times faster for Google's quota
and for ours alike (reported in real minutes), then a second refresh after five edits. Then one large list as a
Google Sheet beside the same list as CSV, each in a process of its own. Starts its own Redis; needs no network.
"""

import argparse
import csv
import io
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ingestion_dagster.local import erase, services
from ingestion_dagster.redis_store.quota import QuotaLimits, SheetsQuota
from ingestion_dagster.sources.google.drive import changed_since, list_documents
from ingestion_dagster.sources.google.sheets import GoogleClient, GoogleSource, fetch_google_sheet
from ingestion_dagster.sources.google.snapshot import open_google_snapshot
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster_tests.fake_google import FakeCell, FakeDocument, FakeGoogle, FakeTab, serve
from ingestion_dagster_tests.fake_google.quotas import ReadQuota

BAR_MINUTES = 7.0
WORKERS = 5


def small_document(number: int) -> FakeDocument:
    """One supplier's list of fifty rows."""
    rows = [["SKU", "Name", "Price"], *([f"{number:03}-{n}", f"Item {n}", n + number / 100] for n in range(50))]
    return FakeDocument(f"1Bench-sheet-{number:012}", f"List {number}", [FakeTab("Prices", rows)])


def large_rows(cells: int) -> list[list[Any]]:
    """A list of ten columns, as a supplier writes one."""
    head = ["SKU", "Barcode", "Name", "Brand", "Category", "Unit", "Price", "RRP", "Stock", "Note"]
    rows: list[list[Any]] = [head]
    for n in range(cells // 10 - 1):
        price = round(1 + n * 0.37 % 900, 2)
        names = (f"SKU-{n:06}", f"40063813{n:05}", f"Widget model {n}", "Acme", f"Group {n % 40}", "pcs")
        rows.append([*names, price, round(price * 1.6, 2), n % 50, None if n % 9 else "new"])
    return rows


def refresh(sheets: int, speed: float, redis_url: str) -> dict[str, Any]:
    """All sheets, then those of five edits; times in real minutes."""
    minute = 60 / speed
    limits = QuotaLimits(window=minute, margin=max(3 / speed, 0.1))
    quota = SheetsQuota.from_url(redis_url, limits=limits)
    with serve([small_document(n) for n in range(sheets)], quota=ReadQuota(minute=minute)) as google:
        client = GoogleClient.from_settings(
            str(google.key_file), google.url, google.url, quota.acquire, quota.throttled
        )
        known, begun = list_documents(client), time.monotonic()
        failures = read_all(client, sorted(known))
        first = (time.monotonic() - begun) * speed / 60
        reads, refused = google.reads(), google.quota.refused
        for key in sorted(known)[:5]:
            google.documents[key].edit(0, 3, 2, 1.23)
        google.forget()
        begun = time.monotonic()
        failures += read_all(client, sorted(changed_since(known, list_documents(client))))
        second = (time.monotonic() - begun) * speed / 60
        return {
            "sheets": sheets,
            "minutes": round(first, 2),
            "reads": reads,
            "failures": failures,
            "refused_by_google": refused,
            "second_refresh_minutes": round(second, 2),
            "second_refresh_reads": google.reads(),
        }


def read_all(client: GoogleClient, keys: list[str]) -> int:
    """How many of the sheets failed."""

    def read(key: str) -> bool:
        try:
            return bool(fetch_google_sheet(GoogleSource(key=key, supplier=key), client))
        except Exception as error:
            print(f"{key}: {error}", file=sys.stderr)
            return False

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(not done for done in pool.map(read, keys))


def measure_google(google: FakeGoogle, key: str) -> dict[str, Any]:
    return in_a_process("google", str(google.key_file), google.url, key)


def in_a_process(*arguments: str) -> dict[str, Any]:
    """What this file, run with `--child`, prints."""
    command = [sys.executable, __file__, "--child", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def child(kind: str, *arguments: str) -> None:
    """Fetches and walks one list; prints seconds and the memory it took beyond its imports."""
    if kind == "google":
        key_file, url, key = arguments
        client = GoogleClient.from_settings(key_file, url, url)
        list_documents(client)  # imports and token
        before, begun = peak(), time.perf_counter()
        data = fetch_google_sheet(GoogleSource(key=key), client)
        fetched = time.perf_counter()
        book = open_google_snapshot(data)
    else:
        data = b"a,b\n1,2\n"
        open_workbook(data, "warm.csv")
        before, begun = peak(), time.perf_counter()
        data = Path(arguments[0]).read_bytes()
        fetched = time.perf_counter()
        book = open_workbook(data, "list.csv")
    cells = sum(len(row) for row in book.sheets[0].rows())
    walked = time.perf_counter()
    result = {"fetch_s": fetched - begun, "open_and_walk_s": walked - fetched, "peak_mb": peak() - before}
    print(json.dumps({name: round(value, 2) for name, value in result.items()} | {"cells": cells, "bytes": len(data)}))


def peak() -> float:
    """Largest resident size of this process so far, MB; getrusage would count the parent's before exec as well."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def large_sheet(cells: int, folder: Path) -> dict[str, Any]:
    """The same list twice."""
    rows = large_rows(cells)
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    (folder / "list.csv").write_text(text.getvalue())
    priced = [
        [
            FakeCell(cell, "#,##0.00 [$€-407]") if column in (6, 7) and isinstance(cell, float) else cell
            for column, cell in enumerate(row)
        ]
        for row in rows
    ]
    document = FakeDocument("1Bench-large-sheet-000000001", "Large", [FakeTab("Prices", priced)], locale="de_DE")
    with serve([document]) as google:
        measure_google(google, document.key)  # the stand-in renders once; only reading is measured
        google.forget()
        found = measure_google(google, document.key) | {"reads": google.reads()}
        return {"google": found, "csv": in_a_process("csv", str(folder / "list.csv"))}


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sheets", type=int, default=200)
    parser.add_argument("--speed", type=float, default=30.0)
    parser.add_argument("--cells", type=int, default=200_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="google-refresh-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        try:
            with services(folder / "services") as running:
                quota = refresh(options.sheets, options.speed, running.redis_url)
        finally:
            erase(folder / "services")
        print(json.dumps({"refresh": quota, "large_sheet": large_sheet(options.cells, folder)}, indent=2))
    if quota["failures"] or quota["minutes"] > BAR_MINUTES * options.sheets / 200 or quota["second_refresh_reads"] != 5:
        sys.exit("the bar was missed")


if __name__ == "__main__":
    main()
