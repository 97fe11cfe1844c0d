"""One row alone is told to be an item, a section, a header again, a total, a footer or blank."""

import pytest

from ingestion_dagster.core.layout.find_table import classify_row
from ingestion_dagster.core.mapped_sheet import FieldColumn, MappedSheet
from ingestion_dagster.core.sheets import Row

FIELDS = ("supplier_sku", "name", "price", "unit", "stock")
HEADERS = ("Artikelnummer", "Bezeichnung", "Preis", "ME", "Bestand")
MAPPED = MappedSheet(
    sheet="list",
    is_pricelist=True,
    header_row_index=0,
    header_rows=(0,),
    first_data_row=1,
    headers=HEADERS,
    fields={f: FieldColumn(column=c, header=HEADERS[c], confidence=1) for c, f in enumerate(FIELDS)},
)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (["A-1", "Pumpe", "12,50", "St", 3], "item"),
        (["A-1", "Pumpe", None, "St", 3], "item"),
        (["A-1", "Pumpe", "auf Anfrage"], "item"),
        ([None, "Pumpe", "12,50", "St", 3], "item"),
        (["A-1", "Total", "12,50", "St"], "item"),
        ([None, "Total Care Shampoo", "12,50"], "item"),
        ([None, "Summer hat", 8], "item"),
        ([], "blank"),
        ([None, "", "  "], "blank"),
        (["-----", None, "======"], "blank"),
        (["Pumpen und Ventile"], "section"),
        (["Laufwerke Norvik (www.norvik.example)"], "section"),
        (["www.norvik.example"], "footer"),
        ([None, "Pumpen und Ventile"], "section"),
        (["01", "Papier"], "section"),
        (["Artikelnummer", "Bezeichnung", "Preis", "ME", "Bestand"], "header"),
        (["ARTIKELNUMMER", "Bezeichnung ", "Preis"], "header"),
        ([None, "Summe:", 1234.5], "total"),
        (["Gesamtsumme", None, "1.234,50"], "total"),
        ([None, "Итого по разделу", 100], "total"),
        (["合計", None, 100], "total"),
        ([None, "Total general", 55], "total"),
        ([None, "המחיר", 5], "item"),
        ([None, None, 4711.0], "total"),
        (["Alle Preise zzgl. MwSt."], "footer"),
        (["Geschäftsführer: A. Schmidt"], "footer"),
        (["tel. +49 30 1234567"], "footer"),
        (["info@example.com"], "footer"),
        (["Цены указаны без НДС"], "footer"),
        (["x" * 200], "footer"),
    ],
)
def test_a_row_is_known_for_what_it_is(row: Row, kind: str) -> None:
    assert classify_row(row, MAPPED) == kind


def test_cells_of_another_table_beside_do_not_count() -> None:
    mapped = MAPPED.model_copy(update={"last_column": 4})
    assert classify_row([None, None, None, None, None, None, "B-1", "Other", "5,00"], mapped) == "blank"


def test_without_a_header_nothing_repeats_it() -> None:
    mapped = MAPPED.model_copy(update={"header_row_index": -1, "headers": ()})
    assert classify_row(["Artikelnummer", "Bezeichnung", "Preis"], mapped) == "item"
