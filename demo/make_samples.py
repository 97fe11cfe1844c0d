"""Writes the sample lists again: `python -m demo.make_samples`. Every name and price is invented.

The same seed gives the same lists, so a change here shows in the diff of what it makes.
"""

import csv
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingestion_dagster.samples import FOLDER

Item = tuple[str, str, Decimal]
CHANGED, GONE, NEW = 0.2, 2, 3


def invented(seed: int, nouns: Sequence[str], kinds: Sequence[str], count: int, sku: str, top: int) -> list[Item]:
    """(sku, name, price) rows, names unique."""
    chance = random.Random(seed)
    names = sorted({f"{noun} {kind}" for noun in nouns for kind in kinds})
    chance.shuffle(names)
    return [
        (sku.format(number), name, Decimal(chance.randrange(60, top * 100)) / 100)
        for number, name in enumerate(names[:count], start=1)
    ]


def next_day(items: list[Item], seed: int, extra: list[Item]) -> list[Item]:
    """A fifth of the prices moved by a few percent, two items gone, three new ones."""
    chance = random.Random(seed)
    moved = []
    for sku, name, price in items[:-GONE]:
        if chance.random() < CHANGED:
            price = (price * (100 + chance.choice((-5, -3, 4, 6, 8))) / 100).quantize(Decimal("0.01"))
        moved.append((sku, name, price))
    return moved + extra[:NEW]


def german(price: Decimal, mark: str = "") -> str:
    """1234.5 -> `1.234,50 €`."""
    return f"{price:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".") + mark


def write_csv(path: Path, rows: Sequence[Sequence[Any]], delimiter: str = ",", encoding: str = "utf-8") -> None:
    """A text file as a spreadsheet program saves it."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def northwind(folder: Path, items: list[Item]) -> None:
    """Clean: one header row, one currency, numbers with a point."""
    chance = random.Random(7)
    rows = [(sku, name, price, "EUR", chance.randrange(0, 400), "Northwind", "Office") for sku, name, price in items]
    header = ("SKU", "Name", "Price", "Currency", "Stock", "Brand", "Category")
    write_csv(folder / "northwind-office.csv", [header, *rows])


def vostok(folder: Path, items: list[Item]) -> None:
    """cp1251, semicolons, title and contact rows, wholesale and recommended price, a price on request."""
    chance = random.Random(11)
    rows: list[Sequence[Any]] = [
        ("ООО «Восток-Канц»", "", "", "", "", ""),
        ("Прайс-лист. Цены указаны в рублях с НДС", "", "", "", "", ""),
        ("Отдел продаж: sales@vostok-kants.example", "", "", "", "", ""),
        (),
        ("Артикул", "Наименование", "Ед. изм.", "Цена опт., руб.", "РРЦ, руб.", "Остаток"),
    ]
    for sku, name, price in items:
        wholesale = f"{price:,.2f}".replace(",", " ").replace(".", ",")
        retail = f"{price * Decimal('1.4'):,.2f}".replace(",", " ").replace(".", ",")
        rows.append((sku, name, "шт", wholesale, retail, chance.randrange(0, 900)))
    rows.append(("ВК-9000", "Сейф офисный", "шт", "по запросу", "по запросу", 1))
    write_csv(folder / "vostok-kants.csv", rows, ";", "cp1251")


def werkhaus(folder: Path, items: list[Item]) -> None:
    """Prices as text with a decimal comma, purchase and recommended price, SKUs with leading zeros."""
    import openpyxl

    book = openpyxl.Workbook()
    tab = book.active
    tab.title = "Preisliste"
    tab.append(["Werkhaus Müller GmbH – Händlerpreisliste"])
    tab.append(["Alle Preise zzgl. MwSt."])
    tab.append([])
    tab.append(["Art.-Nr.", "Bezeichnung", "VPE", "EK netto", "UVP", "Marke"])
    for sku, name, price in items:
        tab.append([sku, name, "1 Stk", german(price, " €"), german(price * Decimal("1.6"), " €"), "Werkhaus"])
    cover = book.create_sheet("Hinweise", 0)
    cover.append(["Lieferbedingungen"])
    cover.append(["Versand ab 250 € frei Haus."])
    book.save(folder / "werkhaus-mueller.xlsx")


def lampes(folder: Path, items: list[Item]) -> None:
    """Header over two rows with merged cells, section rows between the items, a total below."""
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    tab = book.active
    tab.title = "Tarif"
    tab.append(["Lampes du Midi – Tarif professionnel"])
    tab.append([])
    tab.append(["Référence", "Désignation", "Prix unitaire (€)", None, "Stock"])
    tab.append([None, None, "Prix HT", "Prix public TTC", None])
    for cells in ("A3:A4", "B3:B4", "C3:D3", "E3:E4"):
        tab.merge_cells(cells)
    chance = random.Random(13)
    third = len(items) // 3 + 1
    for number, (sku, name, price) in enumerate(items):
        if number % third == 0:
            tab.append([("Lampes de table", "Suspensions", "Appliques")[number // third]])
            tab.cell(tab.max_row, 1).font = Font(bold=True)
        public = (price * Decimal("1.2") * Decimal("1.5")).quantize(Decimal("0.01"))
        tab.append([sku, name, float(price), float(public), chance.randrange(0, 60)])
        for column in (3, 4):
            tab.cell(tab.max_row, column).number_format = "#,##0.00\\ [$€-40C]"
    tab.append([])
    tab.append(["Total articles", None, None, None, len(items)])
    book.save(folder / "lampes-du-midi.xlsx")


def huerta(folder: Path, items: list[Item]) -> None:
    """No SKU: the name is the key."""
    rows = [(name, "Huerta Verde", german(price), "kg") for _, name, price in items]
    write_csv(folder / "huerta-verde.csv", [("Producto", "Marca", "Precio (€)", "Unidad"), *rows], ";", "utf-8-sig")


def sakura(folder: Path, items: list[Item]) -> None:
    """Shift JIS as spreadsheet programs in Japan save it, whole amounts with their unit, a title and a date above."""
    rows: list[Sequence[Any]] = [("さくら文具株式会社 価格表",), ("2026年11月版 税抜価格",), ()]
    rows.append(("品番", "商品名", "単価", "在庫数"))
    rows += [(sku, name, f"{int(price) * 10:,}円", number * 3) for number, (sku, name, price) in enumerate(items)]
    write_csv(folder / "sakura-bungu.csv", rows, encoding="cp932")


def izmir(folder: Path, items: list[Item]) -> None:
    """What many shop systems export as Excel: a table of HTML, named .xls."""
    header = ("Stok Kodu", "Ürün Adı", "Birim", "Bayi Fiyatı (TL)", "Perakende Fiyatı (TL)")
    body = [
        (sku, name, "Adet", german(price), german((price * Decimal("1.35")).quantize(Decimal("0.01"))))
        for sku, name, price in items
    ]
    rows = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in (header, *body))
    page = f'<html><head><meta charset="utf-8"></head><body><table border="1">\n{rows}\n</table></body></html>\n'
    (folder / "izmir-hirdavat.xls").write_text(page, encoding="utf-8")


def bristol(folder: Path, items: list[Item]) -> None:
    """One row in ten is wrong, each in its own way."""
    chance = random.Random(17)
    wrong = ("call", "", "-12.50", "12.50 / 14.00", "tba", "0.00", "10-20")
    rows: list[Sequence[Any]] = [("Item No", "Description", "Unit price (GBP)", "Qty in stock")]
    for number, (sku, name, price) in enumerate(items):
        shown: Any = wrong[number // 10 % len(wrong)] if number % 10 == 4 else price
        rows.append((sku, name, shown, chance.randrange(0, 120)))
    write_csv(folder / "bristol-spares.csv", rows)


LISTS = (
    (northwind, 1, ("Stapler", "Binder", "Notebook", "Marker", "Envelope", "Desk lamp", "Tape"),
     ("classic", "slim", "heavy duty", "A4", "A5", "blue", "black", "eco", "set of 10"), 60, "NW-{:04d}", 80),
    (vostok, 2, ("Ручка шариковая", "Папка-регистратор", "Блокнот", "Скрепки", "Маркер", "Бумага офисная"),
     ("синяя", "чёрная", "А4", "А5", "50 мм", "эконом", "стандарт", "премиум"), 44, "ВК-{:04d}", 1900),
    (werkhaus, 3, ("Schraubendreher", "Zange", "Hammer", "Feile", "Bohrer", "Säge", "Wasserwaage"),
     ("klein", "groß", "isoliert", "Profi", "200 mm", "Set", "gehärtet"), 45, "{:05d}", 1400),
    (lampes, 4, ("Lampe", "Suspension", "Applique", "Lampadaire", "Veilleuse"),
     ("cuivre", "laiton", "verre", "rotin", "blanche", "noire", "olive", "articulée"), 36, "LM{:03d}", 420),
    (huerta, 5, ("Tomate", "Naranja", "Pimiento", "Calabaza", "Limón", "Cebolla", "Aceituna"),
     ("ecológica", "de temporada", "extra", "primera", "a granel", "mini"), 40, "{}", 9),
    (bristol, 6, ("Brake pad", "Oil filter", "Clutch kit", "Wiper blade", "Fan belt", "Spark plug"),
     ("front", "rear", "left", "right", "standard", "sport", "diesel", "petrol", "long", "mini"), 58, "BS/{:05d}", 240),
    (sakura, 7, ("ノート", "ボールペン", "クリアファイル", "封筒", "付箋", "はさみ"),
     ("A4", "A5", "青", "黒", "赤", "大", "小", "業務用"), 42, "SK-{:04d}", 320),
    (izmir, 8, ("Çekiç", "Tornavida", "Pense", "Matkap ucu", "Şerit metre", "Eldiven"),
     ("küçük", "büyük", "ağır tip", "yalıtımlı", "5 m", "takım", "profesyonel"), 38, "IZ{:04d}", 900),
)  # fmt: skip


def main() -> None:
    """Write both days."""
    for number, (write, seed, nouns, kinds, count, sku, top) in enumerate(LISTS):
        everything = invented(seed, nouns, kinds, count, sku, top)
        first = everything[:-NEW]
        for day, items in ((1, first), (2, next_day(first, 100 + number, everything[-NEW:]))):
            folder = FOLDER / f"day{day}"
            folder.mkdir(exist_ok=True)
            write(folder, items)


if __name__ == "__main__":
    main()
