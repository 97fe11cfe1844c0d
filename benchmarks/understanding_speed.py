"""How long layout and mapping take beside opening and reading: a short list and a tall one.

    python -m benchmarks.understanding_speed

The first call in a process also loads the header words of all languages; it is shown apart.
"""

import csv
import io
import statistics
import time

from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster_tests.unit.made_lists import made_list

LINE = (
    "sku:Artikelnummer; name:Bezeichnung; ean:EAN; brand:Hersteller; cat:Warengruppe; unit:ME; price:EK netto; "
    "xprice:UVP; cur:Währung; stock:Bestand; xnum:Gewicht kg; desc:Beschreibung"
)


def csv_bytes(rows: int) -> bytes:
    """A list of 12 columns as a CSV file."""
    made = made_list(LINE, rows=min(rows, 2000))
    body = (made.rows * (rows // len(made.rows) + 1))[:rows]
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([made.headers, *body])
    return text.getvalue().encode()


def timed(rows: int, times: int) -> tuple[float, float]:
    """Median seconds to read all rows once, and to understand the sheet."""
    workbook = open_workbook(csv_bytes(rows), f"{rows}.csv")
    reading, understanding = [], []
    for _ in range(times):
        start = time.perf_counter()
        for _row in workbook.sheets[0].rows():
            pass
        middle = time.perf_counter()
        understand(workbook, ReadingHints())
        reading.append(middle - start)
        understanding.append(time.perf_counter() - middle)
    return statistics.median(reading), statistics.median(understanding)


def main() -> None:
    start = time.perf_counter()
    understand(open_workbook(csv_bytes(40), "first.csv"), ReadingHints())
    print(f"first call in the process      {1000 * (time.perf_counter() - start):8.1f} ms")
    for rows, times in ((40, 30), (1_000, 15), (100_000, 5)):
        reading, understanding = timed(rows, times)
        print(f"{rows:>7,} x 12: reading {1000 * reading:8.1f} ms, layout + mapping {1000 * understanding:6.1f} ms")


if __name__ == "__main__":
    main()
