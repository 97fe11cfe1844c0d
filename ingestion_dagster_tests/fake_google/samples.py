"""Documents for the demo and for trying the fake by hand: two small price lists of made-up suppliers."""

from collections.abc import Iterable

from ingestion_dagster.core.sheets import CellError
from ingestion_dagster_tests.fake_google.documents import Cell, FakeCell, FakeDocument, FakeTab

GARDEN = "1demo-Garden-Tools-Wholesale-price-list"
LAMPS = "1demo-Leuchten-Nord-Preisliste-2026"

_TOOLS: tuple[tuple[str, str, float | str], ...] = (
    ("Spade", "4006381333931", 18.9),
    ("Rake", "4006381333948", "on request"),
    ("Hoe", "4006381333955", 15.25),
    ("Pruner", "4006381333962", 22.0),
    ("Watering can", "4006381333979", 9.95),
    ("Gloves", "4006381333986", 4.5),
)
_LIGHTS = (
    ("Tischleuchte Aalborg", 39.9, 12),
    ("Stehleuchte Bremen", 89.0, 3),
    ("Pendelleuchte Husum", 64.5, 0),
    ("Deckenleuchte Kiel", 49.95, 7),
    ("Spot Lübeck", 12.75, 40),
)


def _rows(rows: Iterable[list[Cell]]) -> list[list[Cell]]:
    """Each may hold any cell, though these hold only some kinds."""
    return list(rows)


def samples() -> list[FakeDocument]:
    """An English list whose SKUs are padded numbers, and a German one with two tabs and two price columns."""
    dollars = '"$"#,##0.00'
    tools: list[list[Cell]] = [
        ["Garden Tools Wholesale, spring list"],
        [],
        ["SKU", "Item", "EAN", "Price, USD", "In stock"],
        *_rows(
            [FakeCell(100 + n, "00000"), name, ean, FakeCell(price, dollars), n * 4]
            for n, (name, ean, price) in enumerate(_TOOLS)
        ),
        ["Prices without VAT"],
    ]
    euros = "#,##0.00 [$€-407]"
    lights: list[list[Cell]] = [
        ["Artikelnummer", "Bezeichnung", "EK netto", "UVP", "Bestand"],
        *_rows(
            [f"LN-{n:03}", name, FakeCell(price, euros), FakeCell(round(price * 1.9, 2), euros), stock]
            for n, (name, price, stock) in enumerate(_LIGHTS, 1)
        ),
        ["LN-099", "Auslaufmodell", CellError("#REF!"), None, 1],
    ]
    return [
        FakeDocument(GARDEN, "Garden Tools price list", [FakeTab("Prices", tools, merges=[(0, 0, 0, 4)])]),
        FakeDocument(
            LAMPS,
            "Preisliste 2026",
            [FakeTab("AGB", [["Es gelten unsere Geschäftsbedingungen."]]), FakeTab("Preise", lights, gid=20260101)],
            locale="de_DE",
            time_zone="Europe/Berlin",
        ),
    ]
