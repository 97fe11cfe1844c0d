"""Header rows and mappings on generated layouts: title rows x header depth x merges x sections x footers x languages.

python -m benchmarks.layouts [--seeds 2] [--misses]
"""

import argparse
import collections

from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster_tests.unit.made_layouts import laid_out, layouts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--misses", action="store_true")
    wanted = parser.parse_args()
    right: collections.Counter[str] = collections.Counter()
    wrong_by: collections.Counter[str] = collections.Counter()
    for seed in range(1, wanted.seeds + 1):
        for layout in layouts(seed):
            made = laid_out(layout, seed)
            found = understand(made.workbook, ReadingHints())
            header = found.header_rows == made.header_rows
            core = all(found.column(f) == made.expected[f] for f in ("supplier_sku", "name", "price"))
            right["all"] += 1
            right["header rows"] += header
            right["sku, name and price"] += core
            right["confident and wrong"] += found.decision == "accept" and not core
            right["accepted"] += found.decision == "accept"
            if not header:
                wrong_by.update([f"depth {layout.depth}", f"titles {layout.titles}", f"language {layout.language}"])
            if wanted.misses and not (header and core):
                print(layout, "header", found.header_rows, "for", made.header_rows, found.mapping(), found.notes)
    print(f"{right['all']:,} layouts")
    for name in ("header rows", "sku, name and price", "accepted", "confident and wrong"):
        print(f"  {name:22s} {right[name]:6,}  {right[name] / right['all']:.2%}")
    if wrong_by:
        print("  header missed at:", ", ".join(f"{name} x{count}" for name, count in wrong_by.most_common(12)))


if __name__ == "__main__":
    main()
