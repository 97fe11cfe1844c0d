"""Twenty suppliers loaded at the same moment by twenty processes, twice: nothing may deadlock, fail or get lost.

python benchmarks/load_many.py [--suppliers 20] [--rows 3000]
"""

import argparse
import json
import time

from load_places import Server, add_supplier, query, server, start, table
from load_sheets import as_csv


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--suppliers", type=int, default=20)
    arguments.add_argument("--rows", type=int, default=3000)
    given = arguments.parse_args()
    with server() as place:
        url = place.fresh("many", "template")
        keys = [f"supplier-{number}" for number in range(given.suppliers)]
        for key in keys:
            add_supplier(url, key, f"{key}.csv")
        lines = []
        for day in ("day1", "day2"):
            for key in keys:
                (place.root / f"inbox/{key}.csv").write_bytes(as_csv(given.rows, day))
            lines.append((day, *together(place, url, keys)))
        items, history, deadlocks = query(
            url,
            "SELECT (SELECT count(*) FROM supplier_items), (SELECT count(*) FROM price_history),"
            " (SELECT sum(deadlocks) FROM pg_stat_database)",
        )[0]
        print(f"\n{given.suppliers} suppliers of {given.rows:,} rows, one process each, all released together\n")
        table(("day", "seconds until the last was done", "rows/s in all", "longest load"), lines)
        print(f"\n{items:,} items, {history:,} prices recorded, {deadlocks} deadlocks")
        if deadlocks:
            raise SystemExit("there were deadlocks")


def together(place: Server, url: str, keys: list[str]) -> tuple[str, str, str]:
    """Release all processes at once when each has imported what it needs; every load has to succeed."""
    processes = [start("load_ours.py", url, place.root, key) for key in keys]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    started = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    results = [json.loads(process.communicate()[0] or "{}") for process in processes]
    elapsed = time.perf_counter() - started
    states = {result["summary"]["status"] if result else "crashed" for result in results}
    if states != {"partial_success"}:
        raise SystemExit(f"not every load went well: {states}")
    rows = sum(result["summary"]["total_rows"] for result in results)
    return f"{elapsed:.1f}", f"{rows / elapsed:,.0f}", f"{max(result['seconds'] for result in results):.1f} s"


if __name__ == "__main__":
    main()
