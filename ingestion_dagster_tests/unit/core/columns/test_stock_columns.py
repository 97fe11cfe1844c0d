"""Which column is the stock: a count of what is there, not yes or no, an order, a pack or a point to order again at."""

import pytest

from ingestion_dagster_tests.unit.opened_lists import FORMATS, columns_of, read

CODES = [f"QX-{i}" for i in range(100, 112)]
NAMES = [f"Steel pump type {i}" for i in range(12)]
PRICES = [12.25 + 3 * i for i in range(12)]
COUNTS = [40, 7, 0, 118, 3, 65, 12, 9, 31, 250, 18, 77]
FLAGS = [1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0]
WORDS = {"en": ("yes", "no"), "de": ("ja", "nein"), "ru": ("да", "нет"), "fr": ("oui", "non")}

NO_STOCK = [
    "Qty 2", "Qty per box", "Min. order qty", "Minimum order quantity", "MOQ", "Pack quantity", "Case size",
    "Lead time",
    "Reorder level", "On order", "Order qty", "Qty sold", "Safety stock", "Incoming stock",
    "Mindestbestellmenge", "Stück pro Karton", "VPE Menge", "Meldebestand", "Sicherheitsbestand", "Bestellmenge",
    "Lieferzeit Tage",
    "Quantité minimale", "Quantité par carton", "Stock de sécurité", "Délai de livraison", "Cantidad mínima",
    "Uds/caja",
    "Quantità minima", "Pezzi per cartone", "Ilość w opakowaniu", "Ilość zamawiana", "Počet ks v balení",
    "Aantal per doos",
    "Минимальная партия", "Кол-во в упаковке", "Неснижаемый остаток", "Заказ", "К-сть в упаковці", "Koli içi adet",
    "Qtd por caixa", "Antal beställda", "Antal pr. kasse", "Määrä pakkauksessa", "Minimum készlet",
    "Cantitate per bax",
    "Količina u pakiranju", "入数", "最小起订量",
]  # fmt: skip


@pytest.mark.parametrize("header", NO_STOCK)
def test_a_number_of_pieces_that_are_not_on_the_shelf_is_no_stock(header: str) -> None:
    mapped = read(columns_of(["SKU", "Name", "Price", header], CODES, NAMES, PRICES, COUNTS))
    assert mapped.column("stock") is None
    assert header in mapped.characteristics
    assert (mapped.column("price"), mapped.decision) == (2, "accept")


@pytest.mark.parametrize(
    "header",
    [
        "Stock", "In stock", "Qty in stock", "Lagerbestand", "Quantité en stock", "Existencias", "Giacenza",
        "Skladem",
        "Stan magazynowy", "Voorraad", "Остаток", "Склад Минск", "Залишок", "Stok adedi", "Qtd em estoque",
        "Lagersaldo", "Varastosaldo",
        "Készlet", "Stoc disponibil", "Zaliha", "库存数量", "在庫数", "Lager Nord", "Qty", "Menge", "Кол-во",
    ],
)  # fmt: skip
def test_a_count_of_what_is_there_is_the_stock(header: str) -> None:
    assert read(columns_of(["SKU", "Name", "Price", header], CODES, NAMES, PRICES, COUNTS)).column("stock") == 3


QUESTIONS = [
    ("In stock?", "Stock"), ("Lagernd?", "Bestand"), ("En stock ?", "Stock"), ("В наличии", "Остаток"),
    ("Disponible", "Existencias"), ("Dostępny", "Stan magazynowy"), ("Skladem", "Stav skladu"),
    ("In stock (Y/N)", "Qty on hand"),
]  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("question", "count"), QUESTIONS)
def test_the_count_goes_before_yes_or_no(question: str, count: str, format: str) -> None:
    for flags in (FLAGS, ["yes" if flag else "no" for flag in FLAGS]):
        rows = columns_of(["SKU", "Name", question, count, "Price"], CODES, NAMES, flags, COUNTS, PRICES)
        mapped = read(rows, format)
        assert (mapped.column("stock"), question in mapped.characteristics) == (3, True)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("question", [question for question, _ in QUESTIONS])
def test_one_and_zero_for_available_are_never_a_number_of_pieces(question: str, format: str) -> None:
    mapped = read(columns_of(["SKU", "Name", question, "Price"], CODES, NAMES, FLAGS, PRICES), format)
    assert (mapped.column("stock"), question in mapped.characteristics) == (None, True)


@pytest.mark.parametrize("language", WORDS)
def test_yes_and_no_alone_stay_the_stock_with_their_text(language: str) -> None:
    said = [WORDS[language][0 if flag else 1] for flag in FLAGS]
    assert read(columns_of(["SKU", "Name", "In stock", "Price"], CODES, NAMES, said, PRICES)).column("stock") == 2


@pytest.mark.parametrize("header", ["Qty", "Menge", "Кол-во", "Ilość", "Quantité"])
@pytest.mark.parametrize("values", [[None] * 12, [0] * 12, [1] * 12, [6, 12, 24, 12, 6, 12, 24, 6, 12, 6, 12, 24]])
def test_a_quantity_to_fill_in_or_to_pack_by_is_no_stock(header: str, values: list[int | None]) -> None:
    mapped = read(columns_of(["SKU", "Name", "Price", header], CODES, NAMES, PRICES, values))
    assert mapped.column("stock") is None


def test_a_plain_quantity_gives_way_to_what_says_stock() -> None:
    mapped = read(columns_of(["SKU", "Name", "Qty", "Stock", "Price"], CODES, NAMES, COUNTS[::-1], COUNTS, PRICES))
    assert mapped.column("stock") == 3


@pytest.mark.parametrize(
    "header", ["Stock value", "Bestandswert", "Valeur du stock", "Wartość zapasu", "Стоимость остатка", "库存金额"]
)
def test_what_the_stock_is_worth_is_neither_stock_nor_price(header: str) -> None:
    worth = [round(price * (count + 1), 2) for price, count in zip(PRICES, COUNTS, strict=True)]
    mapped = read(columns_of(["SKU", "Name", header, "Price"], CODES, NAMES, worth, PRICES))
    assert (mapped.column("price"), mapped.column("stock"), mapped.decision) == (3, None, "accept")
