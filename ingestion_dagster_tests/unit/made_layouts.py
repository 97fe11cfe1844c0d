"""Made lists laid out as people lay them out: titles above, headers over several rows, sections, totals, tables side
by side. Every layout knows where its header is. Used by the unit tests and by `benchmarks/layouts.py`."""

import itertools
import random
from collections.abc import Iterator
from typing import NamedTuple

from ingestion_dagster.core.sheets import CellValue, Range, Sheet, Workbook
from ingestion_dagster_tests.unit.made_lists import MadeList, made_list

LINES = {
    "en": "sku:Item No.; name:Description; unit:UOM; price:Net Price; xprice:List Price; stock:Stock",
    "de": "sku:Artikelnummer; name:Bezeichnung; ean:EAN; price:EK netto; xprice:UVP; stock:Bestand",
    "fr": "sku:Référence; name:Désignation; price:Prix net HT; xprice:Prix public TTC; xint:Colisage",
    "es": "sku:Código; name:Descripción; unit:Unidad; price:Precio mayorista; xprice:Precio público",
    "it": "sku:Cod. articolo; name:Descrizione; price:Prezzo netto; xprice:Prezzo listino; stock:Giacenza",
    "pl": "sku:Symbol; name:Nazwa towaru; unit:J.m.; price:Cena hurtowa; xprice:Cena detaliczna; stock:Stan",
    "cs": "sku:Kód zboží; name:Název; price:Nákupní cena; xprice:MOC s DPH; stock:Skladem",
    "hu": "sku:Cikkszám; name:Megnevezés; price:Nagyker ár; xprice:Kisker ár; stock:Készlet",
    "tr": "sku:Stok Kodu; name:Ürün Adı; price:Bayi Fiyatı; xprice:Liste Fiyatı; stock:Miktar",
    "ru": "sku:Артикул; name:Наименование; unit:Ед. изм.; price:Оптовая цена; xprice:Розничная цена; stock:Остаток",
    "uk": "sku:Артикул; name:Назва товару; price:Ціна гурт; xprice:Ціна роздріб; stock:Залишок",
    "zh": "sku:产品编号; name:产品名称; unit:单位; price:批发价; xprice:零售价; stock:库存",
    "ja": "sku:商品コード; name:商品名; price:卸単価; xprice:希望小売価格; stock:在庫数",
}
_PRICES = {
    "en": "Prices", "de": "Preise", "fr": "Prix", "es": "Precios", "it": "Prezzi", "pl": "Ceny", "cs": "Ceny",
    "hu": "Árak", "tr": "Fiyatlar", "ru": "Цены", "uk": "Ціни", "zh": "价格", "ja": "価格",
}  # fmt: skip
_TITLES: tuple[list[CellValue], ...] = (
    ["Norvik Handels GmbH"],
    ["Main street 12, 10115 Berlin", None, None, "tel. +49 30 1234567"],
    [],
    ["Price list / Прайс-лист", None, "valid from 01.03.2025"],
    ["Manager:", "Anna Schmidt", None, "orders@example.com"],
    ["All prices in EUR without VAT. Minimum order 100 EUR. Delivery within five days, carriage free from 500 EUR."],
    ["www.example.com"],
    [],
    ["Customer no.", 40017],
    ["Payment:", "30 days net"],
    ["Please send orders by e-mail only"],
    [None, None, "Page 1"],
)
_FOOTERS: tuple[list[CellValue], ...] = (
    [],
    [None, "Total:", None, 1234.5],
    ["Prices are subject to change without notice."],
    ["Director ____________ / A. Schmidt /"],
)


class Layout(NamedTuple):
    """How a list is laid out. `depth` is the number of header rows, 0 for none; `shift` blank columns to the left."""

    language: str
    titles: int
    depth: int
    merged: bool
    sections: bool
    footers: bool
    shift: int
    beside: str
    typed: bool


class LaidOut(NamedTuple):
    """A workbook with one such list, and where things are in it."""

    workbook: Workbook
    header_rows: tuple[int, ...]
    expected: dict[str, int]
    layout: Layout


def layouts(seed: int = 1) -> Iterator[Layout]:
    """All combinations; what matters less (footers, typed) is drawn."""
    rng = random.Random(seed)
    for language, titles, depth, merged, sections, shift in itertools.product(
        LINES, (0, 1, 3, 7, 12), (0, 1, 2, 3), (False, True), (False, True), (0, 1)
    ):
        if depth < 2 and merged:
            continue
        beside = rng.choice(("", "", "", "same", "gap")) if depth == 1 else ""
        yield Layout(language, titles, depth, merged, sections, rng.random() < 0.5, shift, beside, rng.random() < 0.5)


def laid_out(layout: Layout, seed: int = 1) -> LaidOut:
    """The workbook of a layout, the same for the same arguments."""
    rng = random.Random(f"{layout}|{seed}")
    made = made_list(LINES[layout.language], rows=rng.choice((8, 24, 60)), seed=seed)
    if layout.typed:
        made = made._replace(rows=[_as_numbers(row, made) for row in made.rows])
    header, merges = _header(made, layout)
    rows = [list(title) for title in _TITLES[: layout.titles]]
    first = len(rows)
    rows += header
    rows += _with_sections(made.rows, rng) if layout.sections else [list(row) for row in made.rows]
    if layout.footers:
        rows += [list(footer) for footer in _FOOTERS]
    if layout.beside:
        _put_beside(rows, first, header, made, layout.beside)
    rows = [[None] * layout.shift + row for row in rows]
    moved = tuple(
        Range(a.first_row + first, a.first_column + layout.shift, a.last_row + first, a.last_column + layout.shift)
        for a in merges
    )
    if not layout.typed:
        rows = [[None if v is None else str(v) for v in row] for row in rows]
    sheet = Sheet("Sheet1", lambda: rows, layout.typed, merges=moved)
    return LaidOut(
        Workbook((sheet,), "xlsx" if layout.typed else "csv"),
        tuple(range(first, first + layout.depth)),
        {field: column + layout.shift for field, column in made.expected.items()},
        layout,
    )


def _as_numbers(row: list[CellValue], made: MadeList) -> list[CellValue]:
    prices = {
        c for c, header in enumerate(made.headers) if c not in (made.expected["supplier_sku"], made.expected["name"])
    }
    return [_number(v) if c in prices and isinstance(v, str) else v for c, v in enumerate(row)]


def _number(text: str) -> CellValue:
    try:
        return float(text) if len(text) < 12 else text
    except ValueError:
        return text


def _header(made: MadeList, layout: Layout) -> tuple[list[list[CellValue]], list[Range]]:
    """Header rows and the merged ranges in them, rows counted from the header's first."""
    if layout.depth == 0:
        return [], []
    width = len(made.headers)
    if layout.depth == 1:
        return [list(made.headers)], []
    first = made.expected["price"]
    upper: list[CellValue] = [None if first <= c <= first + 1 else made.headers[c] for c in range(width)]
    upper[first] = _PRICES[layout.language]
    lower: list[CellValue] = [made.headers[c] if first <= c <= first + 1 else None for c in range(width)]
    rows = [upper, lower]
    if layout.depth == 3:
        units: list[CellValue] = [None] * width
        units[first] = units[first + 1] = "EUR"
        rows.append(units)
    if not layout.merged:
        return rows, []
    last = len(rows) - 1
    merges = [Range(0, first, 0, first + 1)]
    merges += [Range(0, c, last, c) for c in range(width) if not first <= c <= first + 1]
    return rows, merges


def _with_sections(rows: list[list[CellValue]], rng: random.Random) -> list[list[CellValue]]:
    titles = ("Pumps and valves", "Lamps", "Cables, 230 V", "Насосы", "Werkzeuge")
    mixed: list[list[CellValue]] = []
    for number, row in enumerate(rows):
        if number % 9 == 0:
            title = titles[(number // 9) % len(titles)]
            mixed.append([title] if number % 2 == 0 else [None, title])
        mixed.append(list(row))
    return mixed


def _put_beside(
    rows: list[list[CellValue]], first: int, header: list[list[CellValue]], made: MadeList, beside: str
) -> None:
    """A second table to the right: the same columns at once, or after a blank column."""
    gap: list[CellValue] = [None] if beside == "gap" else []
    width = len(made.headers)
    half = made.rows[: len(made.rows) // 2]
    for offset, right in enumerate([*header, *half]):
        if first + offset >= len(rows):
            return
        left = rows[first + offset]
        left += [None] * (width - len(left))
        if len(left) == width:
            left += gap + list(right)
