"""Which column is taken where words and values leave a choice: prices first of all."""

import pytest

from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster_tests.unit.made_lists import gtin, made_list, workbook_of


def read(rows: list[list[CellValue]], **hints: object) -> MappedSheet:
    return understand(workbook_of(rows), ReadingHints(**hints))  # type: ignore[arg-type]


def listed(headers: list[str], *columns: list[CellValue]) -> list[list[CellValue]]:
    return [list(headers), *(list(row) for row in zip(*columns, strict=True))]


SKUS: list[CellValue] = [f"AB-{i}" for i in range(100, 120)]
NAMES: list[CellValue] = [f"Steel pump no. {i}" for i in range(20)]
LOW: list[CellValue] = [f"{10 + i}.50" for i in range(20)]
HIGH: list[CellValue] = [f"{15 + 2 * i}.90" for i in range(20)]


def test_the_purchase_price_goes_before_the_retail_price() -> None:
    mapped = read(listed(["SKU", "Name", "RRP", "Dealer price"], SKUS, NAMES, HIGH, LOW))
    assert mapped.column("price") == 3
    assert mapped.decision == "accept"
    assert any("not dearer" in reason for reason in mapped.fields["price"].evidence)


def test_a_wholesale_price_filled_in_few_rows_gives_way_to_the_plain_price() -> None:
    few: list[CellValue] = [*LOW[:5], *[None] * 15]
    mapped = read(listed(["SKU", "Name", "Price", "Wholesale price"], SKUS, NAMES, HIGH, few))
    assert mapped.column("price") == 2


def test_a_purchase_price_dearer_than_the_retail_price_is_asked_about() -> None:
    mapped = read(listed(["SKU", "Name", "Retail price", "Cost"], SKUS, NAMES, LOW, HIGH))
    assert mapped.decision == "ask"
    assert mapped.questions[0].code == "price_column"
    assert set(mapped.questions[0].columns) == {2, 3}


def test_two_equal_price_columns_are_asked_about() -> None:
    mapped = read(listed(["SKU", "Name", "Price 1", "Price 2"], SKUS, NAMES, LOW, HIGH))
    assert mapped.decision == "ask"
    assert mapped.questions[0].options == ("“Price 1” (C)", "“Price 2” (D)")


def test_net_goes_before_gross_without_a_question() -> None:
    mapped = read(listed(["SKU", "Name", "Price incl. VAT", "Price excl. VAT"], SKUS, NAMES, HIGH, LOW))
    assert (mapped.column("price"), mapped.decision) == (3, "accept")
    assert mapped.qualifiers["tax"] == "net"


def test_the_price_of_one_goes_before_the_price_of_a_pack() -> None:
    mapped = read(listed(["SKU", "Name", "Price per case", "Price per unit"], SKUS, NAMES, HIGH, LOW))
    assert mapped.column("price") == 3


def test_of_quantity_steps_the_smallest_is_taken() -> None:
    mapped = read(listed(["Part", "Description", "10+", "1+", "100+"], SKUS, NAMES, LOW, HIGH, LOW))
    assert (mapped.column("price"), mapped.decision) == (3, "accept")


def test_a_price_for_a_hundred_pieces_is_known_as_one() -> None:
    mapped = read(listed(["Artikelnr", "Bezeichnung", "Preis pro 100"], SKUS, NAMES, LOW))
    assert (mapped.column("price"), mapped.price_terms.basis, mapped.questions) == (2, 100, ())


def test_a_discounted_price_beside_the_retail_price_is_asked_about() -> None:
    mapped = read(listed(["SKU", "Name", "retail_price", "discounted_price"], SKUS, NAMES, HIGH, LOW))
    assert [question.code for question in mapped.questions] == ["price_column"]


def test_a_price_word_over_texts_is_no_price() -> None:
    mapped = read(listed(["Charge", "Unit price"], NAMES, LOW))
    assert mapped.mapping() == {"name": 0, "price": 1}


def test_values_overrule_a_header_that_lies() -> None:
    """`Номенклатура` over a group that repeats, `Характеристика номенклатуры` over the names."""
    groups: list[CellValue] = ["Paper"] * 10 + ["Pens"] * 10
    mapped = read(listed(["Номенклатура", "Характеристика номенклатуры", "Цена"], groups, NAMES, LOW))
    assert mapped.column("name") == 1


def test_a_row_number_is_no_sku() -> None:
    numbers: list[CellValue] = list(range(1, 21))
    mapped = read(listed(["Line", "Description", "Gross Cost"], numbers, NAMES, LOW))
    assert mapped.column("supplier_sku") is None
    assert mapped.key == "name"


def test_a_running_code_under_a_sku_word_is_one() -> None:
    numbers: list[CellValue] = list(range(1, 21))
    mapped = read(listed(["商品コード", "商品名", "単価"], numbers, NAMES, LOW))
    assert mapped.column("supplier_sku") == 0


def test_a_column_that_is_the_same_in_every_row_is_no_sku() -> None:
    same: list[CellValue] = ["BMA"] * 20
    mapped = read(listed(["CDM NAME", "DESCRIPTION", "CHARGE"], same, NAMES, LOW))
    assert mapped.column("supplier_sku") is None


def test_without_a_sku_the_barcode_is_the_key() -> None:
    import random

    codes: list[CellValue] = [gtin(random.Random(i)) for i in range(20)]
    mapped = read(listed(["EAN", "Name", "Price"], codes, NAMES, LOW))
    assert (mapped.column("barcode"), mapped.key) == (0, "barcode")


def test_barcodes_are_known_by_their_checksum_alone() -> None:
    import random

    codes: list[CellValue] = [gtin(random.Random(i)) for i in range(20)]
    mapped = read(listed(["SKU", "Name", "Price", "xyz"], SKUS, NAMES, LOW, codes))
    assert mapped.column("barcode") == 3


def test_names_that_repeat_without_any_code_are_asked_about() -> None:
    names: list[CellValue] = ["Pump", "Valve"] * 10
    mapped = read(listed(["Name", "Price"], names, LOW))
    assert mapped.decision == "ask"
    assert [question.code for question in mapped.questions] == ["key"]


def test_a_lonely_currency_header_is_a_price() -> None:
    mapped = read(listed(["Артикул", "Номенклатура", " € без ПДВ"], SKUS, NAMES, LOW))
    assert (mapped.column("price"), mapped.currency) == (2, "EUR")


def test_a_list_without_header_is_mapped_by_its_values_and_asked_about() -> None:
    groups: list[CellValue] = [("Bosch", "Makita", "Hilti")[i % 3] for i in range(20)]
    amounts: list[CellValue] = [1640 + 37 * i for i in range(20)]
    counts: list[CellValue] = [i % 4 for i in range(20)]
    mapped = read([list(row) for row in zip(groups, SKUS, amounts, counts, NAMES, strict=True)])
    assert mapped.header_row_index == -1
    assert (mapped.column("supplier_sku"), mapped.column("name"), mapped.column("price")) == (1, 4, 2)
    assert mapped.decision == "ask"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [["Dear customer,"], ["our prices have changed."], ["Yours"]],
        [["PG1", 30], ["PG2", 40], ["PG3", 35], ["PG4", 45]],
        [["Name", "Phone"], ["Anna", "+49 30 1234"], ["Ben", "+49 30 5678"]],
        [["SKU", "Name", "Price"]],
    ],
)
def test_what_is_no_price_list_is_refused(rows: list[list[CellValue]]) -> None:
    mapped = read(rows)
    assert (mapped.is_pricelist, mapped.decision) == (False, "refuse")
    assert mapped.notes[0].startswith("not a price list")


def test_records_of_several_types_are_refused_by_name() -> None:
    rows: list[list[CellValue]] = [["V 161025 Demo"]]
    for i in range(12):
        rows += [["A", "N", f"BR-{i}", "00", f"Pump type {i}", "1", "Stck", 5900 + i], ["B", "N", f"BR-{i}", " "]]
    assert "records of several types" in read(rows).notes[0]


def test_a_wide_export_finds_its_columns() -> None:
    line = "sku:Variant SKU; name:Title; price:Variant Price; stock:Variant Inventory Qty"
    filler = "; ".join(f"xtext:Metafield {i}" for i in range(150))
    made = made_list(f"{filler}; {line}")
    mapped = read([made.headers, *made.rows])
    assert mapped.mapping() == made.expected


@pytest.mark.parametrize(
    ("header", "cells", "above", "setting", "expected", "evidence"),
    [
        ("Price", "12.50 €", None, "USD", "EUR", "cells"),
        ("Price (PLN)", "12.50", "All prices in EUR", "USD", "PLN", "header"),
        ("Price", "12.50", "All prices in EUR without VAT", "USD", "EUR", "text"),
        ("Price", "12.50", "Exchange office: USD", "GBP", "GBP", "setting"),
        ("Price", "12.50", None, None, None, ""),
    ],
)
def test_the_currency_is_looked_for_from_the_cell_outwards(
    header: str, cells: str, above: str | None, setting: str | None, expected: str | None, evidence: str
) -> None:
    prices: list[CellValue] = [cells.replace("12", str(12 + i)) for i in range(20)]
    rows = listed(["SKU", "Name", header], SKUS, NAMES, prices)
    mapped = read([[above], *rows] if above else rows, currency=setting)
    assert mapped.currency == expected
    assert evidence in mapped.currency_evidence


def test_number_texts_that_fit_two_readings_are_asked_about() -> None:
    prices: list[CellValue] = [f"1.{200 + i}" for i in range(20)]
    mapped = read(listed(["SKU", "Name", "Price"], SKUS, NAMES, prices))
    assert [question.code for question in mapped.questions] == ["decimal"]
    assert read(listed(["SKU", "Name", "Price"], SKUS, NAMES, prices), decimal=",").decision == "accept"


def test_a_delivery_term_is_a_dealer_price_and_goes_before_the_suggested_retail_price() -> None:
    mapped = read(listed(["Part Number", "Description", "DDP", "SRP, US"], SKUS, NAMES, LOW, HIGH))
    assert mapped.column("price") == 2


def test_a_header_over_codes_and_names_speaks_for_the_names() -> None:
    codes: list[CellValue] = [f"0708{i}" for i in range(20)]
    rows = listed(["Наименование товаров", "Наименование товаров", "Опт. цена"], codes, NAMES, LOW)
    mapped = read(rows)
    assert (mapped.column("supplier_sku"), mapped.column("name")) == (0, 1)


def test_a_word_for_number_and_name_is_the_number_beside_a_clear_name() -> None:
    series: list[CellValue] = [f"{1 + i // 4} E" for i in range(20)]
    mapped = read(listed(["Артикул", "Наименование номенклатуры", "Цена"], series, NAMES, LOW))
    assert (mapped.column("supplier_sku"), mapped.column("name")) == (0, 1)
    alone = read(listed(["Номер", "Артикул", "Цена"], SKUS, NAMES, LOW))
    assert alone.column("name") == 1


def test_a_name_column_that_says_the_same_in_every_row_is_still_the_name() -> None:
    same: list[CellValue] = ["Дверь межкомнатная"] * 20
    mapped = read(listed(["Артикул", "Наименование", "Цена"], SKUS, same, LOW))
    assert (mapped.column("supplier_sku"), mapped.column("name")) == (0, 1)


def test_a_plain_tier_is_proposed_before_the_same_tier_with_more_words() -> None:
    mapped = read(listed(["SKU", "Название", "Розница", "Мелкий опт", "Опт"], SKUS, NAMES, HIGH, HIGH, LOW))
    assert (mapped.column("price"), mapped.decision) == (4, "ask")


def test_the_price_of_a_box_is_not_taken_however_clearly_it_says_price() -> None:
    boxes: list[CellValue] = [f"{310 + i}.50" for i in range(20)]
    header = ["SKU", "Producto", "PRECIO EXW PRESENTACIÓN USD", "PRECIO EXW CAJA USD"]
    assert read(listed(header, SKUS, NAMES, LOW, boxes)).column("price") == 2


def test_a_column_that_hardly_says_price_beside_a_clear_price_per_box_is_asked_about() -> None:
    boxes: list[CellValue] = [f"{310 + i}.50" for i in range(20)]
    mapped = read(listed(["SKU", "Name", "Cena w ramach listy", "Cena za karton"], SKUS, NAMES, LOW, boxes))
    assert mapped.decision == "ask"
    assert set(mapped.questions[0].columns) == {2, 3}


def test_whole_prices_in_rising_order_are_still_prices() -> None:
    rising: list[CellValue] = [str(n) for n in range(1, 28) if n not in (4, 9, 10, 15, 16, 21, 22)]
    mapped = read(listed(["SKU", "Name", "Price"], SKUS, NAMES, rising))
    assert (mapped.column("price"), mapped.decision) == (2, "accept")


def test_an_id_that_counts_is_the_key_only_after_a_question() -> None:
    counts: list[CellValue] = [str(i + 1) for i in range(20)]
    mapped = read(listed(["ID", "Name", "Price"], counts, NAMES, LOW))
    assert (mapped.column("supplier_sku"), mapped.decision) == (0, "ask")
    assert read(listed(["№", "Name", "Price"], counts, NAMES, LOW)).column("supplier_sku") is None


def test_a_row_number_with_rows_taken_out_is_no_article_number() -> None:
    counts: list[CellValue] = [str(n) for n in range(1, 28) if n not in (4, 9, 10, 15, 16, 21, 22)]
    mapped = read(listed(["№", "Name", "Price"], counts, NAMES, LOW))
    assert mapped.column("supplier_sku") is None


@pytest.mark.parametrize("header", ["Anzahl LEDs", "LED si", "le"])
def test_short_words_of_one_language_are_no_price_in_another(header: str) -> None:
    numbers: list[CellValue] = [str(20 + i) for i in range(20)]
    mapped = read(listed(["Artikelnummer", "Langtext", header], SKUS, NAMES, numbers))
    assert mapped.decision != "accept"


def test_a_list_without_a_name_column_is_asked_about() -> None:
    sizes: list[CellValue] = [f"{300 + 50 * i}x400" for i in range(20)]
    mapped = read(listed(["SKU", "Size", "Price"], SKUS, sizes, LOW))
    assert (mapped.column("name"), mapped.decision) == (None, "ask")
    assert [question.code for question in mapped.questions] == ["name_column"]
