"""Price lists made from one line each: header texts with what stands below them. Nothing here is anybody's list.

A line is `kind:Header; kind:Header …`. A kind that is a field's short name is where that field is expected; kinds
with an `x` are columns that must not be taken for one. Used by the unit tests and by `benchmarks/layouts.py`.
"""

import random
from collections.abc import Callable
from typing import NamedTuple

from ingestion_dagster.core.sheets import CellValue, Sheet, Workbook

FIELD_OF = {
    "sku": "supplier_sku", "name": "name", "price": "price", "cur": "currency", "stock": "stock", "ean": "barcode",
    "brand": "brand", "cat": "category", "unit": "unit", "desc": "description", "img": "url_image",
    "isku": "supplier_sku", "iprice": "price", "mprice": "price",
}  # fmt: skip

_NOUNS = (
    "Pump",
    "Valve",
    "Filter",
    "Bearing",
    "Lamp",
    "Cable",
    "Bracket",
    "Switch",
    "Drill",
    "Hinge",
    "Sensor",
    "Belt",
)
_KINDS = ("steel", "compact", "industrial", "heavy duty", "white", "stainless", "long", "premium", "basic", "set of 2")
_BRANDS = ("Norvik", "Altea", "Zemtek", "Orlan", "Bexo")
_GROUPS = ("Heating", "Lighting", "Tools", "Fittings")


class MadeList(NamedTuple):
    """Header texts, rows and the columns where fields are expected."""

    headers: list[str]
    rows: list[list[CellValue]]
    expected: dict[str, int]


def gtin(rng: random.Random) -> str:
    """A valid EAN-13."""
    body = "46" + "".join(str(rng.randrange(10)) for _ in range(10))
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(body))
    return body + str(-total % 10)


def _money(rng: random.Random, base: float, decimal: str) -> str:
    return f"{base:.2f}".replace(".", decimal)


Maker = Callable[[random.Random, int, float, str], CellValue]
_MAKERS: dict[str, Maker] = {
    "sku": lambda rng, i, base, d: f"{rng.choice('ABKTX')}{rng.choice('RSTV')}-{1000 + 7 * i + rng.randrange(6)}",
    "isku": lambda rng, i, base, d: 100_200 + 13 * i + rng.randrange(9),
    "xid": lambda rng, i, base, d: 70_010 + 17 * i + rng.randrange(9),
    "name": lambda rng, i, base, d: f"{rng.choice(_NOUNS)} {rng.choice(_KINDS)} {10 + i} mm",
    "xtext": lambda rng, i, base, d: rng.choice(("red", "blue", "grey", "green")),
    "price": lambda rng, i, base, d: _money(rng, base, d),
    "mprice": lambda rng, i, base, d: _money(rng, base, d) + " €",
    "iprice": lambda rng, i, base, d: round(base),
    "xprice": lambda rng, i, base, d: _money(rng, base * 1.4, d),
    "xlow": lambda rng, i, base, d: _money(rng, base * 0.8, d) if i % 9 == 0 else None,
    "cur": lambda rng, i, base, d: "EUR",
    "stock": lambda rng, i, base, d: rng.choice((0, 1, 3, 12, 40, 150)),
    "xint": lambda rng, i, base, d: rng.choice((1, 5, 6, 10, 12)),
    "xnum": lambda rng, i, base, d: _money(rng, rng.uniform(0.1, 30), d),
    "xpct": lambda rng, i, base, d: rng.choice(("19%", "7%")),
    "xrate": lambda rng, i, base, d: rng.choice((19, 7)),
    "xdate": lambda rng, i, base, d: f"2025-0{rng.randrange(1, 9)}-1{rng.randrange(9)}",
    "xno": lambda rng, i, base, d: i + 1,
    "xurl": lambda rng, i, base, d: f"https://example.com/p/{i}",
    "xempty": lambda rng, i, base, d: None,
    "xconst": lambda rng, i, base, d: "North plant",
    "ean": lambda rng, i, base, d: gtin(rng),
    "brand": lambda rng, i, base, d: rng.choice(_BRANDS),
    "cat": lambda rng, i, base, d: rng.choice(_GROUPS),
    "unit": lambda rng, i, base, d: "pcs",
    "desc": lambda rng, i, base, d: f"A {rng.choice(_KINDS)} part, made for long use in wet rooms, type {i}.",
    "img": lambda rng, i, base, d: f"https://example.com/images/{i}.jpg",
}  # fmt: skip


def made_list(line: str, rows: int = 24, seed: int = 1, decimal: str = ".") -> MadeList:
    """The list that `line` describes, the same for the same arguments."""
    rng = random.Random(f"{line}|{seed}")
    columns = [tuple(part.strip().split(":", 1)) for part in line.split(";") if part.strip()]
    body: list[list[CellValue]] = []
    for i in range(rows):
        base = rng.uniform(2, 400)
        body.append([_MAKERS[kind](rng, i, base, decimal) for kind, _ in columns])
    expected = {FIELD_OF[kind]: c for c, (kind, _) in enumerate(columns) if kind in FIELD_OF}
    return MadeList([header.strip() for _, header in columns], body, expected)


def workbook_of(rows: list[list[CellValue]], name: str = "Sheet1", typed: bool = False, **more: object) -> Workbook:
    """A workbook with one tab of these rows; without `typed` every cell is text, as in a CSV."""
    kept: list[list[CellValue]] = rows if typed else [[None if v is None else str(v) for v in row] for row in rows]
    return Workbook((Sheet(name, lambda: kept, typed, **more),), "xlsx" if typed else "csv")  # type: ignore[arg-type]
