"""Counts silently wrong prices in made-up price columns: the same amounts in many conventions, with non-prices.

    python benchmarks/prices/columns.py [COLUMNS_PER_CONVENTION]

A column that no value settles is asked about; what is read must be right. Exit code 1 if anything is wrong.
"""

import random
import sys

from ingestion_dagster_tests.unit.price_columns import CONVENTIONS, column, read_column


def main() -> int:
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rng = random.Random(20251123)
    total_wrong = 0
    print(f"{'convention':28} {'columns':>7} {'asked':>6} {'cells right':>11} {'refused':>8} {'silently wrong':>15}")
    for name, writer in CONVENTIONS.items():
        asked = right = refused = wrong = 0
        examples: set[tuple[str, str]] = set()
        for _ in range(each):
            cells = column(rng, writer, rng.randint(5, 200), rng.choice((0.0, 0.05, 0.3)))
            outcome = read_column(cells)
            asked, right = asked + outcome.asked, right + outcome.right
            refused, wrong = refused + outcome.refused, wrong + outcome.wrong
            examples |= set(outcome.wrong_cells[:3])
        total_wrong += wrong
        print(f"{name:28} {each:7} {asked:6} {right:11} {refused:8} {wrong:15}", *sorted(examples)[:5])
    print(f"{len(CONVENTIONS)} conventions, {each * len(CONVENTIONS)} columns: {total_wrong} silently wrong")
    return 1 if total_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
