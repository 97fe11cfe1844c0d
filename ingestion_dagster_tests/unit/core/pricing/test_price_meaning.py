"""What printed prices mean: for how many pieces they are, and in which part of the currency."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.rows.read import ItemRow, RowReject, read_rows
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster_tests.unit.opened_lists import FORMATS, columns_of, opened

NAMES = ["Bolt M6", "Nut M6", "Washer M6", "Rod M6", "Hook M8", "Eye bolt", "Screw", "Rivet", "Clamp", "Anchor"]
SKUS = [f"S-{100 + i}" for i in range(10)]
PRICES = [12.40, 14.90, 3.20, 1.15, 1.80, 4.50, 6.90, 22.0, 19.5, 5.60]
BASES: list[CellValue] = [100, 100, 1000, 1000, 100, 1, 1, 1, 1, 10]
WORDS = {
    "en": ("Part no", "Description", "Price"),
    "de": ("Artikelnummer", "Bezeichnung", "Preis"),
    "fr": ("Référence", "Désignation", "Prix"),
    "es": ("Referencia", "Descripción", "Precio"),
    "it": ("Codice", "Descrizione", "Prezzo"),
    "pl": ("Indeks", "Nazwa", "Cena"),
    "ru": ("Артикул", "Наименование", "Цена"),
    "nl": ("Artikelnummer", "Omschrijving", "Prijs"),
    "sv": ("Artikelnr", "Benämning", "Pris"),
    "cs": ("Kód", "Název", "Cena"),
}


def read(
    rows: Sequence[Sequence[CellValue]], format: str = "csv", **hints: object
) -> tuple[MappedSheet, dict[str, ItemRow], list[RowReject]]:
    known = ReadingHints(**hints)  # type: ignore[arg-type]
    book = opened(rows, format)
    mapped = understand(book, known)
    found = list(read_rows(book.sheet(mapped.sheet), mapped, known))
    items = {row.supplier_sku: row for row in found if isinstance(row, ItemRow)}
    return mapped, items, [row for row in found if isinstance(row, RowReject)]


def listed(words: tuple[str, ...], price: str | None = None, *more: tuple[str, Sequence[CellValue]], **columns: object):
    headers = [words[0], words[1], price or words[2], *(header for header, _ in more)]
    prices = columns.get("prices", PRICES)
    return columns_of(headers, SKUS, NAMES, prices, *(values for _, values in more))  # type: ignore[arg-type]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("language", "header"),
    [
        ("en", "Price unit"), ("en", "Per"), ("en", "Price per qty"), ("de", "PE"), ("de", "Preiseinheit"),
        ("de", "Preis pro (Stk)"), ("fr", "Prix par"), ("fr", "Unité de prix"), ("es", "Precio por"),
        ("es", "Unidad de precio"), ("it", "Prezzo per"), ("pl", "Jednostka ceny"), ("pl", "Cena za"),
        ("ru", "Цена за, шт"), ("ru", "Единица цены"), ("nl", "Prijs per"), ("sv", "Prisenhet"),
        ("cs", "Cenová jednotka"),
    ],
)  # fmt: skip
def test_a_column_of_basis_quantities_divides_the_price_and_is_never_the_price(
    language: str, header: str, format: str
) -> None:
    mapped, items, rejects = read(listed(WORDS[language], None, (header, BASES)), format)
    assert (mapped.column("price"), mapped.price_terms.basis_column, mapped.decision) == (2, 3, "accept")
    assert [items[sku].price for sku in SKUS[:4]] == [Decimal(p) for p in ("0.124", "0.149", "0.0032", "0.00115")]
    assert [(items[s].printed_price, items[s].price_basis) for s in ("S-100", "S-105")] == [
        (Decimal("12.4"), 100),
        (None, None),
    ]
    assert rejects == []
    assert mapped.qualifiers["per"] == "unit"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("place", [2, 3])
def test_the_column_of_basis_quantities_may_stand_on_either_side(place: int, format: str) -> None:
    rows = [[*row[:2], row[3], row[2]] if place == 2 else row for row in listed(WORDS["de"], None, ("PE", BASES))]
    mapped, items, _ = read(rows, format)
    assert mapped.price_terms.basis_column == place
    assert items["S-102"].price == Decimal("0.0032")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "texts",
    [
        ("100 Stk", "1000 Stk", "1 Stk"), ("je 100", "je 1000", "je 1"), ("per 100", "per 1,000", "each"),
        ("C", "M", "E"), ("/100", "/1000", "/1"), ("за 100 шт", "за 1000 шт", "за 1 шт"), ("100 pz", "1.000 pz", "pz"),
    ],
)  # fmt: skip
def test_basis_quantities_may_be_texts(texts: tuple[str, str, str], format: str) -> None:
    values: list[CellValue] = [texts[0], texts[1], *[texts[2]] * 6, texts[0], texts[1]]
    mapped, items, _ = read(listed(WORDS["en"], None, ("Price basis", values)), format)
    assert mapped.column("price") == 2
    assert [items[s].price for s in SKUS[:3]] == [Decimal("0.124"), Decimal("0.0149"), Decimal("3.2")]


@pytest.mark.parametrize(
    ("cells", "language"),
    [
        (["12.40/C", "14.90/C", "3.20/M"], "en"), (["$12.40 / 100", "$14.90/100", "$3.20/1000"], "en"),
        (["12,40 / 100 St", "14,90/100 Stk.", "3,20 / 1.000 Stück"], "de"),
        (["12,40 € pro 100", "14,90 € pro 100", "3,20 € je 1000 Stk"], "de"),
        (["12,40 за 100 шт", "14,90 за 100 шт.", "3,20 за тыс. шт"], "ru"),
        (["12,40 € ogni 100", "14,90 € al 100 pz", "3,20 € per 1000 pz"], "it"),
        (["12,40 za 100 szt.", "14,90 za 100 szt", "3,20 / 1000 szt"], "pl"),
        (["12,40 € par 100", "14,90 € par 100", "3,20 € / 1 000 pièces"], "fr"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("format", FORMATS)
def test_a_price_cell_that_says_for_how_many_pieces_is_divided(cells: list[str], language: str, format: str) -> None:
    mark = "," if "," in cells[0] else "."
    prices = [*cells, *(f"{price:.2f}".replace(".", mark) for price in PRICES[3:])]
    mapped, items, rejects = read(listed(WORDS[language], None, prices=prices), format)
    assert mapped.decision == "accept", mapped.questions
    assert [items[sku].price for sku in SKUS[:4]] == [Decimal(p) for p in ("0.124", "0.149", "0.0032", "1.15")]
    assert (items["S-102"].printed_price, items["S-102"].price_basis, rejects) == (Decimal("3.20"), 1000, [])


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("language", "header"),
    [
        ("en", "Price per 100"), ("en", "Price per hundred"), ("en", "Unit price / 100 pcs"), ("de", "Preis pro 100"),
        ("de", "Preis/100 Stk"), ("fr", "Prix pour 100"), ("es", "Precio por 100 uds"), ("it", "Prezzo per 100 pz"),
        ("pl", "Cena za 100 szt."), ("ru", "Цена за 100 шт"), ("nl", "Prijs per 100 stuks"), ("cs", "Cena za 100 ks"),
    ],
)  # fmt: skip
def test_a_price_header_that_says_for_how_many_pieces_divides_every_row(
    language: str, header: str, format: str
) -> None:
    mapped, items, _ = read(listed(WORDS[language], header), format)
    assert (mapped.column("price"), mapped.price_terms.basis, mapped.questions) == (2, 100, ())
    assert items["S-100"][3] == Decimal("0.124")
    assert (items["S-100"].printed_price, items["S-100"].price_basis) == (Decimal("12.4"), 100)


@pytest.mark.parametrize(
    ("text", "basis"),
    [
        ("Alle Preise pro 100 Stück", 100), ("Prices per 1000 pcs", 1000), ("Цены указаны за 100 шт.", 100),
        ("Prix HT par 100 pièces", 100),
    ],
)  # fmt: skip
def test_a_sentence_above_the_table_says_it_for_all(text: str, basis: int) -> None:
    mapped, items, _ = read([[text], [], *listed(WORDS["en"])])
    assert (mapped.price_terms.basis, mapped.decision) == (basis, "accept")
    assert items["S-100"].price == Decimal("12.4") / basis


def test_terms_of_delivery_above_the_table_only_make_it_ask() -> None:
    text = "Prices in EUR plus freight, minimum order value 200, a discount of 5 % is given per 1000 pcs ordered"
    mapped, items, _ = read([[text], [], *listed(WORDS["en"])])
    assert [question.code for question in mapped.questions] == ["price_per"]
    assert items["S-100"].price == Decimal("12.4")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("piece", "header"), [("pcs", "Unit"), ("Stk", "ME"), ("шт", "Ед. изм."), ("szt", "J.m.")])
def test_a_unit_that_counts_pieces_divides_and_keeps_the_piece(piece: str, header: str, format: str) -> None:
    units: list[CellValue] = [f"100 {piece}", f"1000 {piece}", *[piece] * 7, f"100 {piece}"]
    mapped, items, _ = read(listed(WORDS["en"], None, (header, units)), format)
    assert mapped.column("unit") == 3
    assert [(items[s].price, items[s].unit) for s in SKUS[:3]] == [
        (Decimal("0.124"), piece), (Decimal("0.0149"), piece), (Decimal("3.2"), piece)
    ]  # fmt: skip
    assert f'"unit_text":"100 {piece}"' in items["S-100"].characteristics


@pytest.mark.parametrize("unit", ["kg", "m", "m2", "250 g", "12 pcs", "l"])
def test_a_price_per_measure_or_per_pack_is_that_unit_s_price(unit: str) -> None:
    _, items, _ = read(listed(WORDS["en"], None, ("Unit", [unit] * 10)))
    assert (items["S-100"].price, items["S-100"].unit, items["S-100"].printed_price) == (Decimal("12.4"), unit, None)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("MOQ", BASES), ("Pack size", BASES), ("VPE", BASES), ("Мин. заказ", BASES), ("В упаковке", BASES),
        ("Colisage", BASES), ("Stock", BASES), ("PE", [6, 12, 24, 6, 12, 24, 6, 12, 24, 48]),
    ],
)  # fmt: skip
def test_pack_sizes_and_least_orders_change_no_price(header: str, values: list[CellValue]) -> None:
    mapped, items, _ = read(listed(WORDS["en"], None, (header, values)))
    assert (mapped.column("price"), items["S-100"].price) == (2, Decimal("12.4"))


def test_a_column_named_like_a_basis_is_the_price_where_no_other_is() -> None:
    rows = columns_of(["SKU", "Name", "Price unit"], SKUS, NAMES, PRICES)
    mapped, items, _ = read(rows)
    assert (mapped.column("price"), items["S-100"].price) == (2, Decimal("12.4"))


@pytest.mark.parametrize(
    ("price", "size"),
    [
        ("Price per box", "Pcs per box"), ("Preis pro Karton", "Stück pro Karton"), ("Цена за упаковку", "В упаковке"),
        ("Prix par carton", "Pièces par carton"), ("Prezzo per confezione", "Pezzi per confezione"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("format", FORMATS)
def test_a_price_that_its_words_say_is_the_pack_s_is_divided_by_the_pack_size(
    price: str, size: str, format: str
) -> None:
    mapped, items, _ = read(listed(WORDS["en"], price, (size, [10, 20, 50, 10, 20, 50, 100, 10, 1, 4])), format)
    assert mapped.questions == ()
    assert [items[s].price for s in SKUS[:3]] == [Decimal("1.24"), Decimal("0.745"), Decimal("0.064")]
    assert mapped.price_terms.pack


def test_a_pack_price_that_cannot_be_divided_exactly_is_asked_about_and_stays() -> None:
    mapped, items, _ = read(listed(WORDS["en"], "Price per box", ("Pcs per box", [12] * 9 + [6])))
    (question,) = mapped.questions
    assert (question.code, items["S-100"].price) == ("price_per", Decimal("12.4"))
    assert question.options == ("12.4 as printed", "1.033333 (12.4 / 12)")
    assert 'price_basis="Pcs per box"' in question.message
    _, items, _ = read(
        listed(WORDS["en"], "Price per box", ("Pcs per box", [12] * 9 + [6])),
        price_basis="Pcs per box",
        price_scale_policy="round",
    )
    assert (items["S-100"].price, items["S-100"].printed_price) == (Decimal("1.033333"), Decimal("12.4"))


@pytest.mark.parametrize(
    ("header", "more", "readings"),
    [
        ("Price per 100 g", (), ("12.4 as printed", "0.124 (12.4 / 100)")),
        ("Preis €/100 m", (), ("12.4 as printed", "0.124 (12.4 / 100)")),
        ("Price/M", (), ("12.4 as printed", "0.0124 (12.4 / 1000)")),
        ("Price", (("Price unit", [50, 250, 100, 1, 1, 12, 500, 1, 1, 50]),), ("12.4 as printed", "0.248 (12.4 / 50)")),
        ("Price", (("Unit qty", [100, 100, 1000, 1, 1, 1, 9, 1, 1, 100]),), ("12.4 as printed", "0.124 (12.4 / 100)")),
        ("Price", (("Unit", [100, 100, 1000, 1, 1, 1, 100, 1, 1, 100]),), ("12.4 as printed", "0.124 (12.4 / 100)")),
        ("Price per 100", (("PE", BASES),), ("12.4 as printed", "0.124 (12.4 / 100)")),
    ],
)  # fmt: skip
def test_two_plausible_readings_are_shown_side_by_side_and_the_printed_one_is_staged(
    header: str, more: tuple[tuple[str, Sequence[CellValue]], ...], readings: tuple[str, str]
) -> None:
    mapped, items, _ = read(listed(WORDS["en"], header, *more))
    assert mapped.decision == "ask"
    assert [(question.code, question.options) for question in mapped.questions] == [("price_per", readings)]
    assert items["S-100"].price == Decimal("12.4")


@pytest.mark.parametrize(("setting", "price"), [(1, "12.4"), (100, "0.124"), ("PE", "0.248"), ("D", "0.248")])
def test_the_setting_answers_the_question(setting: int | str, price: str) -> None:
    rows = listed(WORDS["de"], None, ("PE", [50, 100, 1000, 1, 1, 1, 1, 100, 100, 75]))
    mapped, items, _ = read(rows, price_basis=setting)
    assert mapped.questions == ()
    assert items["S-100"].price == Decimal(price)


def test_a_lone_letter_after_a_price_is_asked_about_with_what_else_it_may_mean() -> None:
    for letter, meaning in (("C", "case"), ("M", "metre")):
        mapped, items, _ = read(listed(WORDS["en"], prices=[f"{price:.2f}/{letter}" for price in PRICES]))
        assert meaning in mapped.questions[0].message
        assert items["S-100"].price == Decimal("12.40")


def test_two_prices_in_a_cell_are_no_basis() -> None:
    prices = ["150/100", "200/180", *(f"{price:.2f}" for price in PRICES[2:])]
    _, items, rejects = read(listed(WORDS["en"], prices=prices))
    assert [reject.code for reject in rejects] == ["price_multiple", "price_multiple"]
    assert "S-100" not in items


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([100, None, 1000, 1, 1, 1, 100, 1, 1, 100], "price_basis_unclear"),
        ([100, "?", 1000, 1, 1, 1, 100, 1, 1, 100], "price_basis_unclear"),
        ([100, 0, 1000, 1, 1, 1, 100, 1, 1, 100], "price_basis_unclear"),
    ],
)
@pytest.mark.parametrize("format", FORMATS)
def test_a_row_whose_basis_cannot_be_read_is_rejected_at_that_cell(
    values: list[CellValue], code: str, format: str
) -> None:
    _, items, rejects = read(listed(WORDS["de"], None, ("PE", values)), format)
    assert [(reject.code, reject.cell) for reject in rejects] == [(code, "D3")]
    assert items["S-100"].price == Decimal("0.124")


def test_blanks_are_one_where_the_column_is_filled_only_where_it_is_not_one() -> None:
    values: list[CellValue] = [100, None, 1000, None, None, None, 100, None, 100, 100]
    _, items, rejects = read(listed(WORDS["de"], None, ("PE", values)))
    assert (items["S-101"].price, rejects) == (Decimal("14.9"), [])


def test_a_row_that_says_two_different_bases_is_rejected() -> None:
    prices = ["12,40 / 100 St", *(f"{price:.2f}".replace(".", ",") for price in PRICES[1:])]
    _, items, rejects = read(listed(WORDS["de"], None, ("PE", [1000, *BASES[1:]]), prices=prices))
    assert [reject.code for reject in rejects] == ["price_basis_conflict"]
    assert items["S-101"].price == Decimal("0.149")


def test_a_quotient_that_cannot_be_stored_is_rejected_with_the_setting_that_rounds() -> None:
    rows = listed(WORDS["de"], None, ("PE", [100, 1_000_000, *BASES[2:]]))
    _, _, (reject,) = read(rows)
    assert reject.code == "price_per_piece_decimals"
    assert "price_scale_policy=round" in reject.message
    _, items, rejects = read(rows, price_scale_policy="round")
    assert (items["S-101"].price, rejects) == (Decimal("0.000015"), [])
    assert '"price_text":"14.9"' in items["S-101"].characteristics


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("language", "header", "currency"),
    [
        ("en", "Price (cents)", None), ("en", "Price in pence", "GBP"), ("en", "Price GBX", "GBP"),
        ("en", "Price (GBp)", "GBP"), ("ru", "Цена, коп.", None), ("ru", "Цена в копейках", None),
        ("pl", "Cena (grosze)", "PLN"), ("fr", "Prix (centimes)", None), ("de", "Preis in Rappen", "CHF"),
        ("de", "Preis (Cent)", None), ("sv", "Pris i öre", None), ("es", "Precio (céntimos)", None),
    ],
)  # fmt: skip
def test_prices_in_a_hundredth_of_the_currency_are_scaled(
    language: str, header: str, currency: str | None, format: str
) -> None:
    cents: list[CellValue] = [round(price * 100) for price in PRICES]
    mapped, items, _ = read(listed(WORDS[language], header, prices=cents), format)
    assert (mapped.column("price"), mapped.decision, mapped.currency) == (2, "accept", currency)
    assert (items["S-100"].price, items["S-100"].printed_price) == (Decimal("12.40"), Decimal(1240))
    assert any("times 0.01" in told for told in mapped.notes)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("language", "header", "factor", "currency"),
    [
        ("ru", "Цена, тыс. руб.", 1000, "RUB"), ("en", "Price (USD thousands)", 1000, "USD"),
        ("en", "Price, k€", 1000, "EUR"), ("de", "Preis TEUR", 1000, "EUR"), ("en", "Price (USD '000)", 1000, "USD"),
        ("pl", "Cena, tys. zł", 1000, "PLN"), ("en", "Price mln EUR", 1_000_000, "EUR"),
        ("es", "Precio (miles de euros)", 1000, "EUR"), ("zh", "价格(万元)", 10_000, None),
    ],
)  # fmt: skip
def test_prices_in_thousands_or_millions_are_scaled(
    language: str, header: str, factor: int, currency: str | None, format: str
) -> None:
    mapped, items, _ = read(listed(WORDS.get(language, WORDS["en"]), header), format)
    assert (mapped.column("price"), mapped.questions) == (2, ())
    assert currency is None or mapped.currency == currency
    assert items["S-100"].price == Decimal("12.4") * factor


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("All prices in cents", "0.01"), ("Цены указаны в тысячах рублей", "1000"), ("Preise in Cent", "0.01"),
        ("Ceny w groszach", "0.01"),
    ],
)  # fmt: skip
def test_a_sentence_above_the_table_may_name_the_scale(text: str, factor: str) -> None:
    cents: list[CellValue] = [round(price * 100) for price in PRICES]
    mapped, items, _ = read([[text], [], *listed(WORDS["en"], prices=cents)])
    assert (mapped.price_terms.scale, items["S-100"].price) == (Decimal(factor), 1240 * Decimal(factor))


@pytest.mark.parametrize(
    ("header", "prices"),
    [
        ("Price (cents)", PRICES), ("Price (ct)", [1240 + i for i in range(10)]), ("Cena (gr)", [1240] * 9 + [1]),
        ("Price (cents)", [f"€{price:.2f}" for price in PRICES]), ("Price (k)", PRICES),
    ],
)  # fmt: skip
def test_a_scale_that_the_cells_do_not_bear_out_is_asked_about(header: str, prices: list[CellValue]) -> None:
    mapped, items, _ = read(listed(WORDS["en"], header, prices=prices))
    assert [question.code for question in mapped.questions] == ["price_scaled"]
    assert items["S-100"].printed_price is None
    mapped, items, _ = read(listed(WORDS["en"], header, prices=prices), price_factor=Decimal(1))
    assert mapped.questions == ()


@pytest.mark.parametrize(
    "header", ["Price", "Цена, опт от 100-500 тыс.", "Price per thousand pcs", "Price (M)", "Preis pro Tsd."]
)
def test_words_that_count_something_else_scale_nothing(header: str) -> None:
    mapped, _, _ = read(listed(WORDS["en"], header))
    assert mapped.price_terms.scale == 1


def test_scale_and_basis_go_together_exactly() -> None:
    _, items, _ = read(listed(WORDS["en"], "Price (cents)", ("Per", BASES), prices=[1865] * 10))
    assert (items["S-102"].price, items["S-102"].printed_price) == (Decimal("0.01865"), Decimal(1865))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("coin", ["GBX", "GBp", "pence"])
def test_a_currency_column_that_names_a_coin_scales_the_prices(coin: str, format: str) -> None:
    pence: list[CellValue] = [round(price * 100) for price in PRICES]
    mapped, items, rejects = read(listed(WORDS["en"], None, ("Currency", [coin] * 10), prices=pence), format)
    assert (mapped.decision, rejects) == ("accept", [])
    assert (items["S-100"].price, items["S-100"].currency) == (Decimal("12.40"), "GBP")


def test_coins_and_whole_money_in_one_currency_column_are_asked_about() -> None:
    codes: list[CellValue] = ["GBX", "GBP"] * 5
    mapped, _, _ = read(listed(WORDS["en"], None, ("Currency", codes), prices=[round(p * 100) for p in PRICES]))
    assert "price_scaled" in [question.code for question in mapped.questions]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("header", "units"),
    [
        ("UOM", ("C", "M", "EA")), ("UOM", ("HD", "TH", "EA")), ("Per", ("per 100", "per 1000", "each")),
        ("Price unit", ("C", "M", "E")), ("Einheit", ("Tsd", "Stk", "Stk")), ("ME", ("%", "‰", "St")),
    ],
)  # fmt: skip
def test_codes_and_words_for_a_hundred_leave_no_unit_that_belies_the_price(
    header: str, units: tuple[str, str, str], format: str
) -> None:
    values: list[CellValue] = [units[0], units[1], *[units[2]] * 7, units[0]]
    mapped, items, _ = read(listed(WORDS["en"], None, (header, values)), format)
    basis = {"Tsd": 1000}.get(units[0], 100)
    assert mapped.questions == ()
    assert (items["S-100"].price, items["S-100"].unit) == (Decimal("12.4") / basis, None)
    assert (items["S-102"].price, items["S-102"].printed_price) == (Decimal("3.2"), None)


@pytest.mark.parametrize(
    ("text", "price"),
    [("All prices in cents", "12.40"), ("Alle Preise pro 100 Stück", "12.40"), ("Цены в копейках", "12.40")],
)
@pytest.mark.parametrize("format", FORMATS)
def test_what_is_said_above_the_list_holds_below_a_second_header_with_other_columns(
    text: str, price: str, format: str
) -> None:
    cents: list[CellValue] = [round(p * 100) for p in PRICES]
    first = listed(WORDS["en"], prices=cents)
    second = [["Part no", "Price", "Description"], *([f"T-{i}", cents[i], NAMES[i]] for i in range(10))]
    _, items, _ = read([[text], [], *first, *second], format)
    assert (items["S-100"].price, items["T-0"].price) == (Decimal(price), Decimal(price))


@pytest.mark.parametrize(
    ("title", "price"),
    [("Prices below are per 100 pcs", "0.124"), ("Preise je 100 Stück", "0.124"), ("Цены в тыс. руб.", "12400")],
)
def test_a_title_between_the_rows_with_a_basis_or_a_scale_of_its_own_is_asked_about_and_read_so(
    title: str, price: str
) -> None:
    rows = listed(WORDS["en"])
    below = [[title], *([f"T-{i}", f"{NAMES[i]} long", PRICES[i]] for i in range(10))]
    mapped, items, _ = read([*rows, *below])
    assert [question.code for question in mapped.questions] == ["second_header"]
    assert (items["S-100"].price, items["T-0"].price) == (Decimal("12.4"), Decimal(price))
