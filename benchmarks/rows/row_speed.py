"""Microseconds and memory per row of reading a 12-column text list into items, csv reading included.

    python benchmarks/rows/row_speed.py [ROWS] [--plain-csv]

Prints the median CPU time of five passes over a list of codes, names, prices, stock, barcodes and seven more columns.
"""

import csv
import io
import resource
import statistics
import sys
import time
from collections.abc import Iterator

from ingestion_dagster.core.mapped_sheet import FieldColumn, MappedSheet, NumberStyle, ReadingHints
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow
from ingestion_dagster.core.sheets import Row, Sheet

HEADERS = ("SKU", "Name", "Price", "Stock", "EAN", "Brand", "Category", "Unit", "Color", "Weight", "Origin", "Series")


def lines(count: int) -> Iterator[list[str]]:
    """A list as a shop exports it."""
    yield list(HEADERS)
    for n in range(count):
        price = f"{n % 5000 + 1}.{n % 100:02d}"
        yield [
            f"AB-{n:07d}", f"Socket wrench {n % 977} mm chrome vanadium", price, str(n % 400), f"46070340{n:05d}"[:13],
            f"Brand {n % 50}", f"Tools / Group {n % 30}", "pcs", ("red", "blue", "")[n % 3], f"{n % 90}.5",
            "Germany", f"S{n % 12}",
        ]  # fmt: skip


def mapped() -> MappedSheet:
    names = ("supplier_sku", "name", "price", "stock", "barcode", "brand", "category", "unit")
    return MappedSheet(
        sheet="list",
        is_pricelist=True,
        header_row_index=0,
        header_rows=(0,),
        first_data_row=1,
        headers=HEADERS,
        fields={name: FieldColumn(column=c, header=HEADERS[c], confidence=1) for c, name in enumerate(names)},
        characteristics={HEADERS[c]: c for c in range(8, 12)},
        currency="EUR",
        number_styles={"price": NumberStyle(decimal=".")},
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    buffer = io.StringIO()
    csv.writer(buffer).writerows(lines(count))
    text = buffer.getvalue()
    del buffer

    def opened() -> Iterator[Row]:
        return iter(csv.reader(io.StringIO(text)))  # type: ignore[arg-type]

    sheet = Sheet("list", opened, typed=False)
    alone, whole = [], []
    for _ in range(5):
        start = time.process_time()
        for _row in opened():
            pass
        alone.append(time.process_time() - start)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        items = sum(type(row) is ItemRow for row in read_rows(sheet, mapped(), ReadingHints()))
        whole.append(time.process_time() - start)
        assert items == count, items
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    csv_us, all_us = (statistics.median(times) / count * 1e6 for times in (alone, whole))
    print(f"{count} rows of 12 columns: csv alone {csv_us:.2f} us/row, with items {all_us:.2f} us/row")
    print(f"best {min(whole) / count * 1e6:.2f} us/row; peak memory grew by {grown / 1024:.1f} MB in the last pass")


if __name__ == "__main__":
    main()
