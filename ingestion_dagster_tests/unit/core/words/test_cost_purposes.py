"""Money that is for something else than the item: shipping, packaging, customs. Never the price beside one."""

import pytest

from ingestion_dagster.core.words.cost_purpose import purpose_of
from ingestion_dagster.core.words.lexicon import read_header
from ingestion_dagster_tests.unit.opened_lists import FORMATS, columns_of, read

CODES = [f"QX-{i}" for i in range(100, 112)]
NAMES = [f"Steel pump type {i}" for i in range(12)]
PRICES = [12.25 + 3 * i for i in range(12)]
COSTS = [round(3.1 + 0.45 * i, 2) for i in range(12)]

EXTRAS = {
    "shipping": [
        "Shipping cost", "Cost of shipping", "shipping_cost", "ShippingCost", "Freight charge", "shipping(price)",
        "Versandkosten", "Versand-Kosten", "Kosten für Versand", "Frachtkosten", "Coste de envío", "Gastos de envío",
        "Frais de port", "Frais de livraison", "Spese di spedizione", "Costo trasporto", "Koszt dostawy",
        "Koszty wysyłki",
        "Verzendkosten", "Náklady na dopravu", "Cena dopravy", "Стоимость доставки", "Цена доставки",
        "Вартість доставки",
        "Nakliye ücreti", "Custo de frete", "Fraktkostnad", "Fragtomkostninger", "Fraktavgift", "Toimituskulut",
        "Rahtikulut",
        "Szállítási költség", "Cost transport", "Trošak dostave", "配送料金", "运费价格",
    ],
    "customs": ["Customs value", "Import duty", "Zollkosten", "Frais de douane", "Valor en aduana", "Dazi doganali",
        "Opłata celna", "Celní hodnota", "Таможенная стоимость", "Мито", "Gümrük bedeli", "Tullimaksu",
        "Taxă vamală"],
    "deposit": ["Deposit amount", "Pfandbetrag", "Kaucja", "Consigne", "Залог", "Záloha", "Depozito bedeli"],
    "packaging": ["Packaging cost", "Verpackungskosten", "Frais d'emballage", "Costo di imballaggio", "Csomagolási díj",
        "Emballasjekostnad", "Troškovi pakiranja", "梱包費", "包装费"],
    "installation": ["Installation cost", "Montagekosten", "Стоимость установки", "Taxa de instalação", "Asennusmaksu"],
    "setup": ["Setup charge", "Tooling cost", "Einrichtungskosten", "Werkzeugkosten", "Frais techniques"],
    "insurance": ["Insurance cost", "Versicherungskosten", "Costo assicurazione", "Стоимость страховки"],
    "recycling": ["Recycling fee", "Opłata recyklingowa", "Taxe de recyclage", "Экологический сбор"],
    "sample": ["Sample cost", "Musterkosten", "Стоимость образца", "样品费"],
    "minimum_order": ["Minimum order value", "Mindestbestellwert", "Valor pedido mínimo", "Minimale bestelwaarde"],
    "handling": ["Handling fee", "Bearbeitungsgebühr", "Frais de manutention"],
    "savings": ["Savings", "You save", "Ersparnis"],
    "surcharge": ["Fuel surcharge", "Kupferzuschlag", "Aufpreis", "Надбавка"],
}  # fmt: skip
CASES = [(role, header) for role, headers in EXTRAS.items() for header in headers]


@pytest.mark.parametrize(("role", "header"), CASES)
def test_a_header_that_says_what_the_money_is_for_is_no_price(role: str, header: str) -> None:
    words = read_header(header)
    assert (words.scores.get("price", 0.0), words.tier) == (0.0, None)
    assert words.scores["other"] >= 0.5
    purpose = purpose_of(header)
    assert purpose is not None
    assert purpose.role == role


@pytest.mark.parametrize(
    ("header", "tier"),
    [
        ("Unit cost", "purchase"), ("Landed cost", "purchase"), ("Dealer cost", "purchase"), ("COGS", "purchase"),
        ("cost_of_goods_sold", "purchase"), ("Einstandskosten", "purchase"), ("Installer price", "purchase"),
        ("Cena dostawcy", "purchase"), ("Szállítói ár", "purchase"), ("доставна цена", "purchase"),
        ("Price incl. delivery", None), ("Delivered price", None), ("Price with shipping", None),
        ("Lieferpreis", None),
        ("Preis inkl. Versand", None), ("Preis ohne Versand", None), ("Prix livraison comprise", None),
        ("Precio con envío", None), ("Prezzo spedizione inclusa", None), ("Cena z dostawą", None),
        ("Cena s dopravou", None),
        ("Цена с доставкой", None), ("Ціна з доставкою", None), ("Prijs incl. verzending", None),
        ("Pris inkl. frakt", None),
        ("Hinta sis. toimitus", None), ("Kargo dahil fiyat", None), ("Preço com frete", None), ("送料込み価格", None),
        ("Price (delivery 2-3 weeks)", None), ("Duty free price", None), ("Цена упаковки", None),
        ("Package price", None),
    ],
)  # fmt: skip
def test_a_price_that_includes_or_excludes_a_cost_is_a_price(header: str, tier: str | None) -> None:
    words = read_header(header)
    assert words.scores["price"] >= 0.65
    assert words.scores["price"] > words.scores.get("other", 0.0)
    assert words.tier == tier


@pytest.mark.parametrize(
    ("header", "tax"),
    [
        ("Price incl. delivery", None),
        ("Price excl. VAT and shipping", "net"),
        ("Preis inkl. MwSt, zzgl. Versand", "gross"),
    ],
)
def test_what_includes_delivery_says_nothing_about_tax(header: str, tax: str | None) -> None:
    assert read_header(header).qualifiers.get("tax") == tax


PRICED = [
    ("Artikelnr", "Bezeichnung", "Preis", "Versandkosten"), ("SKU", "Name", "Price", "Customs value"),
    ("Référence", "Désignation", "Prix", "Frais de port"), ("Código", "Descripción", "Precio", "Coste de envío"),
    ("Kod", "Nazwa", "Cena", "Koszt dostawy"), ("Артикул", "Наименование", "Цена", "Стоимость доставки"),
    ("Kód", "Název", "Cena", "Náklady na dopravu"), ("Artikelnummer", "Omschrijving", "Prijs", "Verzendkosten"),
    ("SKU", "Name", "Retail price", "Handling cost"), ("Ürün kodu", "Ürün adı", "Fiyat", "Nakliye maliyeti"),
    ("品番", "商品名", "価格", "送料"),
]  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("headers", PRICED)
@pytest.mark.parametrize("cost_first", [False, True])
def test_the_price_is_taken_and_the_cost_kept_as_a_characteristic(
    headers: tuple[str, ...], cost_first: bool, format: str
) -> None:
    code, name, price, cost = headers
    amounts = [(cost, COSTS), (price, PRICES)] if cost_first else [(price, PRICES), (cost, COSTS)]
    rows = columns_of(
        [code, name, *(header for header, _ in amounts)], CODES, NAMES, *(values for _, values in amounts)
    )
    mapped = read(rows, format)
    assert (mapped.column("price"), mapped.decision) == (3 if cost_first else 2, "accept")
    assert cost in mapped.characteristics


@pytest.mark.parametrize(
    "cost", ["Shipping cost", "Versandkosten", "Frais de port", "Koszt dostawy", "Стоимость доставки", "Сумма"]
)
def test_a_cost_that_is_the_only_money_is_asked_about(cost: str) -> None:
    mapped = read(columns_of(["SKU", "Name", cost], CODES, NAMES, COSTS))
    assert (mapped.column("price"), mapped.decision) == (2, "ask")
    assert [question.code for question in mapped.questions] == ["price_column"]
