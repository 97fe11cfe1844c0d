"""Loads of the same list from XLSX, beside the bare decoding of the file: no reader of XLSX we know is faster.

python benchmarks/load_xlsx.py [--rows 100000] [--rounds 3]
"""

import argparse
import io
import time
from pathlib import Path

from load_places import add_supplier, query, run_counted, server, spread, table
from load_sheets import as_csv, as_xlsx

DAYS = ("day1", "noop")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    with server() as place:
        add_supplier(place.database("template"), "bench", "list.xlsx", "excel")
        warm = place.fresh("warm_template", "template")
        query(warm, "UPDATE suppliers SET key = 'warm', source_type = 'csv', source = '{\"file_path\": \"warm.csv\"}'")
        (place.root / "inbox/warm.csv").write_bytes(as_csv(200, "day1"))
        for day in DAYS:
            as_xlsx(given.rows, "day1", place.root / f"{day}.xlsx")  # the time of writing makes the bytes differ
        floors, seconds, peaks = [], {day: [] for day in DAYS}, []
        for _ in range(given.rounds):
            url = place.fresh("xlsx", "template")
            for day in DAYS:
                (place.root / "inbox/list.xlsx").write_bytes((place.root / f"{day}.xlsx").read_bytes())
                floors.append(floor(place.root / f"{day}.xlsx"))
                result = run_counted(
                    url, "load_ours.py", url, place.root, "bench", place.fresh("warm", "warm_template")
                )
                if result["summary"]["status"] != "partial_success":
                    raise SystemExit(f"the load of {day} ended as {result['summary']['status']}")
                seconds[day].append(result["seconds"])
                peaks.append(result["peak_mb"])
                query(url, "VACUUM ANALYZE")
        print(f"\n{given.rows:,} rows of 12 columns as XLSX; seconds: median (range)\n")
        table(
            ("calamine alone", "first load", "same rows again", "peak MB of the loading process"),
            [(spread(floors), *(spread(seconds[day]) for day in DAYS), spread(peaks, 0))],
        )


def floor(path: Path) -> float:
    """Seconds for calamine to decode the only tab."""
    from python_calamine import CalamineWorkbook

    data = path.read_bytes()
    started = time.perf_counter()
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    seconds = time.perf_counter() - started
    assert rows
    return seconds


if __name__ == "__main__":
    main()
