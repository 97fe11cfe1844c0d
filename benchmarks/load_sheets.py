"""Supplier lists for the load benchmarks, as people's CSV and as the clean rows they mean. Measures nothing.

A list has 12 columns and one row in a hundred has a price that is none. The days: `day1`; `noop`, the same rows in
other bytes (other line ends); `day2`, five prices in a hundred changed and one row in a hundred added.
"""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

HEADERS = (
    "Article No", "Product name", "Price EUR", "Stock", "EAN", "Brand", "Category", "Unit", "Colour", "Weight kg",
    "Origin", "Series",
)  # fmt: skip
COLOURS = ("red", "blue", "graphite", "")
ORIGINS = ("Germany", "Poland", "China", "Türkiye")
DAYS = ("day1", "noop", "day2")


def rows(count: int, day: str) -> Iterator[tuple[int, list[str]]]:
    """(0-based sheet row, cells) of every row below the header."""
    for n in range(count + (count // 100 if day == "day2" else 0)):
        yield n + 1, _cells(n, raised=day == "day2" and n % 20 == 7)


def _cells(n: int, *, raised: bool) -> list[str]:
    price = Decimal(n * 7919 % 500_000 + 5_000) / 100
    if raised:
        price = (price * Decimal("1.03")).quantize(Decimal("0.01"))
    return [
        f"AB-{n:07d}", f"Socket wrench {n % 977} mm, chrome vanadium {n * 31 % 10007}",
        "on request" if n % 100 == 13 else f"{price:.2f}", str(n * 13 % 400), ean13(n), f"Brand {n % 50}",
        f"Tools / Group {n % 30}", "pcs", COLOURS[n % 4], f"{n % 90 + 1}.5", ORIGINS[n * 7 % 4], f"S{n % 12}",
    ]  # fmt: skip


def ean13(n: int) -> str:
    """A barcode with its check digit."""
    digits = f"4607034{n % 100_000:05d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def as_csv(count: int, day: str) -> bytes:
    """The list as a supplier sends it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n" if day == "noop" else "\n")
    writer.writerow(HEADERS)
    writer.writerows(cells for _, cells in rows(count, day))
    return text.getvalue().encode()


def as_xlsx(count: int, day: str, path: Path) -> None:
    """The list as a workbook; prices, stock and weights are numbers."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    tab = book.create_sheet("Price list")
    tab.append(list(HEADERS))
    for _, cells in rows(count, day):
        numbers = [float(cells[2]) if cells[2][0].isdigit() else cells[2], int(cells[3])]
        tab.append([*cells[:2], *numbers, *cells[4:9], float(cells[9]), *cells[10:]])
    book.save(path)


def write_clean(count: int, day: str, path: Path) -> int:
    """The accepted rows as COPY text in the order of `staged_items`, JSON ready made; returns how many."""
    accepted = 0
    with path.open("w", newline="") as file:
        for row, cells in rows(count, day):
            if not cells[2][0].isdigit():
                continue
            sku, name, price, stock, barcode, brand, category, unit, *more = cells
            extra = {header: cell for header, cell in zip(HEADERS[8:], more, strict=True) if cell}
            content = json.dumps(dict(sorted(extra.items())), ensure_ascii=False, separators=(",", ":"))
            meaning = ("", "", "", "")  # as printed, no steps
            line = (1, row + 1, sku, name, price, "EUR", stock, barcode, brand, category, unit, "", "", content, 2)
            file.write("\t".join(map(str, (*line, *meaning))) + "\n")
            accepted += 1
    return accepted
