"""A load beside what PostgreSQL itself can do: first load, the same rows again, the next day. See README.md.

    python benchmarks/load.py [--rows 100000] [--rounds 3]

Ours and the yardstick take turns on one server with the same schema; afterwards both catalogues must be equal.
"""

import argparse
import statistics
from collections import defaultdict
from typing import Any

from load_places import Server, add_supplier, counted, query, run_script, server, spread, table, wait_for_quiet
from load_sheets import DAYS, as_csv, write_clean

Runs = dict[tuple[str, str], list[dict[str, Any]]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    with server() as place:
        add_supplier(place.database("template"), "bench", "list.csv")
        warm = place.fresh("warm_template", "template")
        query(warm, "UPDATE suppliers SET key = 'warm', source = '{\"file_path\": \"warm.csv\"}'")
        (place.root / "inbox/warm.csv").write_bytes(as_csv(200, "day1"))
        for day in DAYS:
            write_clean(given.rows, day, place.root / f"{day}.copy")
            (place.root / f"{day}.csv").write_bytes(as_csv(given.rows, day))
        runs: Runs = defaultdict(list)
        for _ in range(given.rounds):
            one_round(place, runs)
        report(given.rows, runs)


def one_round(place: Server, runs: Runs) -> None:
    """All days once, ours and the yardstick in turn; each day starts from the vacuumed end of day one."""
    for loader in ("limit", "ours"):
        place.fresh(f"{loader}_day1", "template")
    for day in DAYS:
        for loader in ("limit", "ours"):
            name = f"{loader}_{day}"
            url = place.database(name) if day == "day1" else place.fresh(name, f"{loader}_day1")
            runs[loader, day].append(measured(place, loader, day, url))
            if day == "day1":
                query(url, "VACUUM ANALYZE")
        compare(place.database(f"limit_{day}"), place.database(f"ours_{day}"))


def measured(place: Server, loader: str, day: str, url: str) -> dict[str, Any]:
    """One load and its counters."""
    before = _versions(url)
    warm = place.fresh("warm", "warm_template")
    wait_for_quiet()
    if loader == "ours":
        (place.root / "inbox/list.csv").write_bytes((place.root / f"{day}.csv").read_bytes())
    with counted(url) as counts:
        if loader == "limit":
            result = run_script("load_limit.py", url, place.root / f"{day}.copy")
        else:
            result = run_script("load_ours.py", url, place.root, "bench", warm)
    if loader == "ours" and result["summary"]["status"] != "partial_success":
        raise SystemExit(f"the load of {day} ended as {result['summary']['status']}: {result['summary']['reasons']}")
    if day == "noop" and _versions(url) != before:
        raise SystemExit(f"{loader} touched rows that did not change")
    return result | counts


def _versions(url: str) -> list[tuple[Any, ...]]:
    """Where each item stands and which transaction wrote it, in one value."""
    return query(
        url, "SELECT md5(string_agg(id::text || ctid::text || xmin::text, ',' ORDER BY id)) FROM supplier_items"
    )


def compare(limit: str, ours: str) -> None:
    """Both catalogues hold the same items, prices and histories."""
    columns = "supplier_sku, name, current_price, currency, stock, barcode, brand, category, unit, characteristics"
    content = (
        f"SELECT md5(string_agg(row({columns})::text, '' ORDER BY supplier_sku)), count(*),"
        " (SELECT count(*) FROM price_history), (SELECT sum(price) FROM price_history) FROM supplier_items"
    )
    expected, found = query(limit, content), query(ours, content)
    if expected != found:
        raise SystemExit(f"the catalogues differ: {expected} and {found}")


def report(rows: int, runs: Runs) -> None:
    """Medians, ranges, ratios."""
    print(f"\n{rows:,} rows of 12 columns, {rows // 100:,} rejects; seconds: median (range)\n")
    lines = []
    for day in DAYS:
        limit, ours = ([run["seconds"] for run in runs[loader, day]] for loader in ("limit", "ours"))
        ratio = statistics.median(ours) / statistics.median(limit)
        best = min(ours) / min(limit)
        lines.append(
            (day, spread(limit), spread(ours), f"{ratio:.2f}", f"{best:.2f}", f"{rows / statistics.median(ours):,.0f}",
             *(spread([run["wal_mb"] for run in runs[loader, day]], 1) for loader in ("limit", "ours")),
             *(spread([run["server_cpu"] for run in runs[loader, day]]) for loader in ("limit", "ours")),
             spread([run["cpu"] for run in runs["ours", day]]),
             spread([run["peak_mb"] for run in runs["ours", day]], 0),
             *(f"{max(run['foreign'] for run in runs[loader, day]):.0%}" for loader in ("limit", "ours")))
        )  # fmt: skip
    table(
        ("day", "yardstick", "ours", "ratio", "ratio of bests", "rows/s", "WAL MB yardstick", "WAL MB ours",
         "server CPU s yardstick", "server CPU s ours", "our CPU s", "peak MB",
         "foreign CPU yardstick", "ours"),
        lines,
    )  # fmt: skip
    print("\nSteps of ours, median seconds; the yardstick's parts beside them\n")
    steps = ("fetch", "map", "validate", "merge")
    table(
        ("day", *steps, "all", "COPY alone", "merge statement alone"),
        [
            (day, *(f"{statistics.median(run['summary']['timings'][step] for run in runs['ours', day]):.3f}" for step in steps),
             f"{statistics.median(run['seconds'] for run in runs['ours', day]):.3f}",
             *(f"{statistics.median(run[part] for run in runs['limit', day]):.3f}" for part in ("copy", "merge")))
            for day in DAYS
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
