"""A load beside what PostgreSQL itself can do: first load, the same rows again, the next day. See README.md.

    python benchmarks/load.py [--rows 100000] [--rounds 3]

Ours and the yardstick take turns on one server with the same schema; afterwards both catalogues must be equal.
"""

import argparse
import statistics
from collections import defaultdict
from typing import Any

from load_places import Server, add_supplier, query, run_counted, server, spread, table
from load_sheets import DAYS, as_csv, write_clean

STEPS = ("fetch", "map", "validate", "merge")
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
    if loader == "limit":
        result = run_counted(url, "load_limit.py", url, place.root / f"{day}.copy")
    else:
        (place.root / "inbox/list.csv").write_bytes((place.root / f"{day}.csv").read_bytes())
        result = run_counted(url, "load_ours.py", url, place.root, "bench", place.fresh("warm", "warm_template"))
    if loader == "ours" and result["summary"]["status"] != "partial_success":
        raise SystemExit(f"the load of {day} ended as {result['summary']['status']}: {result['summary']['reasons']}")
    if day == "noop" and _versions(url) != before:
        raise SystemExit(f"{loader} touched rows that did not change")
    return result


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


def figures(runs: Runs, loader: str, day: str, name: str) -> list[float]:
    """One figure of every run; a name with a dot is a step's seconds."""
    found = runs[loader, day]
    if name.startswith("step."):
        return [run["summary"]["timings"][name[5:]] for run in found]
    return [run["server_cpu"] + run["cpu"] if name == "all_cpu" else run[name] for run in found]


def report(rows: int, runs: Runs) -> None:
    """Medians, ranges, ratios."""

    def of(loader: str, day: str, name: str) -> list[float]:
        return figures(runs, loader, day, name)

    def ratio(day: str, name: str) -> str:
        return f"{statistics.median(of('ours', day, name)) / statistics.median(of('limit', day, name)):.2f}"

    rounds = len(runs["ours", "day1"])
    print(f"\n{rows:,} rows of 12 columns, {rows // 100:,} of them rejects; medians (ranges) of {rounds}.")
    print("\nSeconds by the clock\n")
    table(
        ("day", "yardstick", "ours", "ratio", "rows/s", *STEPS, "yardstick's COPY, merge"),
        [
            (
                day, spread(of("limit", day, "seconds")), spread(of("ours", day, "seconds")), ratio(day, "seconds"),
                f"{rows / statistics.median(of('ours', day, 'seconds')):,.0f}",
                *(f"{statistics.median(of('ours', day, f'step.{step}')):.2f}" for step in STEPS),
                ", ".join(f"{statistics.median(of('limit', day, part)):.2f}" for part in ("copy", "merge")),
            )
            for day in DAYS
        ],
    )  # fmt: skip
    print("\nProcessor seconds (steadier than the clock where a machine is shared), WAL, memory\n")
    table(
        ("day", "yardstick's server + client", "our server", "our client", "ratio of all", "WAL MB yardstick",
         "WAL MB ours", "peak MB", "processors busy for others: yardstick, ours"),
        [
            (
                day, spread(of("limit", day, "all_cpu")), spread(of("ours", day, "server_cpu")),
                spread(of("ours", day, "cpu")), ratio(day, "all_cpu"),
                *(f"{statistics.median(of(loader, day, 'wal_mb')):.1f}" for loader in ("limit", "ours")),
                f"{max(of('ours', day, 'peak_mb')):.0f}",
                ", ".join(f"{statistics.median(of(loader, day, 'foreign')):.1f}" for loader in ("limit", "ours")),
            )
            for day in DAYS
        ],
    )  # fmt: skip
    first = [run["first_seconds"] for day in DAYS for run in runs["ours", day]]
    print(f"\nThe first load of a new process (200 rows), imports included: {spread(first)} s")


if __name__ == "__main__":
    main()
