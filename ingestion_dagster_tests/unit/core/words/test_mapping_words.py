"""Header words of many languages and programs find their fields."""

from pathlib import Path

import pytest

from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.words.lexicon import read_header
from ingestion_dagster_tests.unit.made_lists import made_list, workbook_of

LINES = [
    tuple(line.split("|", 1))
    for line in (Path(__file__).parent / "header_lines.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
CORE = ("supplier_sku", "name", "price")


def understood(line: str, **made: object) -> MappedSheet:
    found = made_list(line, **made)  # type: ignore[arg-type]
    return understand(workbook_of([found.headers, *found.rows]), ReadingHints())


@pytest.mark.parametrize(("tag", "line"), LINES, ids=[f"{tag}-{i}" for i, (tag, _) in enumerate(LINES)])
def test_known_exports_are_mapped_by_their_words(tag: str, line: str) -> None:
    mapped, expected = understood(line), made_list(line).expected
    assert mapped.header_rows == (0,)
    assert {f: mapped.column(f) for f in CORE} == {f: expected.get(f) for f in CORE}, mapped.fields


def test_lists_with_known_words_are_rarely_asked_about() -> None:
    decisions = [understood(line).decision for _, line in LINES]
    assert decisions.count("accept") >= 0.95 * len(decisions)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("ItemNo", "supplier_sku"),
        ("PrecioVenta", "price"),
        ("Артикул:", "supplier_sku"),
        ("CODIGO", "supplier_sku"),
        ("Código", "supplier_sku"),
        ("ＰＲＩＣＥ", "price"),
        ("unit_price_eur", "price"),
        ("Großhandelspreis", "price"),
        ("Sonderverkaufspreis", "price"),
        ("Liferantenartikelnummer", "supplier_sku"),
        ("STD_CHG_AMT", "price"),
        ("税抜販売価格", "price"),
        ("№ по каталогу", "supplier_sku"),
        ("Наименованиe", "name"),
        ("Descrption", "description"),
        ("Verfügbare Menge", "stock"),
        ("Preis/Einh.", "price"),
        ("Cod. bare", "barcode"),
        ("मूल्य (₹)", "price"),
        ("ชื่อสินค้า", "name"),
        ("Λιανική τιμή", "price"),
        ("מק״ט", "supplier_sku"),
        ("السعر", "price"),
    ],
)
def test_spelling_glue_and_endings_do_not_hide_a_word(header: str, field: str) -> None:
    scores = read_header(header).scores
    assert scores, header
    assert max(scores.items(), key=lambda pair: (pair[1], pair[0] == field))[0] == field, scores


@pytest.mark.parametrize(
    ("header", "tier", "tax"),
    [
        ("EK netto", "purchase", "net"),
        ("UVP inkl. MwSt.", "retail", "gross"),
        ("Оптовая цена с НДС", "wholesale", "gross"),
        ("РРЦ", "retail", None),
        ("Цена без НДС", None, "net"),
        ("Prix public TTC", "retail", "gross"),
        ("Prix d'achat HT", "purchase", "net"),
        ("Your price", "purchase", None),
        ("Cena hurtowa netto", "wholesale", "net"),
        ("希望小売価格（税込）", "retail", "gross"),
        ("Clearance price", "promo", None),
        ("Variant Compare At Price", "retail", None),
        ("Preis netto / 100 St", None, "net"),
        ("ab 50 St", None, None),
    ],
)
def test_qualifiers_are_meaning(header: str, tier: str | None, tax: str | None) -> None:
    words = read_header(header)
    assert words.scores.get("price", 0) >= 0.5
    assert words.tier == tier
    assert words.qualifiers.get("tax") == tax


@pytest.mark.parametrize(
    "header",
    ["Image Alt Text", "Weight (kg)", "Min. order qty", "Qty per carton", "VAT %", "Discount", "Lead time", "HS code",
     "Вес нетто", "Срок поставки", "Мин. заказ", "Gewicht", "Lieferzeit", "Colisage", "Délai", "Unidades por caja"],
)  # fmt: skip
def test_words_for_other_columns_are_known_as_such(header: str) -> None:
    scores = read_header(header).scores
    assert scores.get("other", 0) >= max((s for f, s in scores.items() if f != "other"), default=0), scores
