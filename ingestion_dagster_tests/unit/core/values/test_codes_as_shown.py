"""The key of an item is the code that a person sees, whatever file it stands in; what lost digits or became an error is
none."""

import io
from typing import Any

import pytest

from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.reports.inspection import Inspection, inspect_workbook
from ingestion_dagster.core.sheets import Workbook
from ingestion_dagster.core.values.shown_codes import shown_code
from ingestion_dagster.core.words.error_texts import is_error_text, is_loading_text
from ingestion_dagster.sources.google.snapshot import SnapshotWriter, open_google_snapshot
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster_tests.sheets import make_csv, make_xls, make_xlsx

NUMBERS = [42, 7, 100, 4711, 12345, 123456, 99, 1001]
FORMATS = {
    '"ART-"00000': ["ART-00042", "ART-00007"],
    "000-000": ["000-042", "000-007"],
    '00000"-X"': ["00042-X", "00007-X"],
    "0000000": ["0000042", "0000007"],
    '"№ "0': ["№ 42", "№ 7"],
    "00\\.000\\.00": ["00.000.42", "00.000.07"],
}
HEADERS = [["SKU", "Name", "Price"], ["Artikelnummer", "Bezeichnung", "Preis"], ["Артикул", "Наименование", "Цена"],
           ["Référence", "Désignation", "Prix"]]  # fmt: skip


def look(book: Workbook) -> Inspection:
    return inspect_workbook(book, ReadingHints(currency="EUR"))


def rows_of(header: list[str]) -> list[list[Any]]:
    return [list(header), *([number, f"Bolt M{number}", 1.5 + number] for number in NUMBERS)]


def xlsx(header: list[str], code: str) -> Workbook:
    formats = {(row, 0): code for row in range(1, len(NUMBERS) + 1)}
    return open_workbook(make_xlsx(rows_of(header), formats=formats), "x")


def xls(header: list[str], code: str) -> Workbook:
    formats = {(row, 0): code for row in range(1, len(NUMBERS) + 1)}
    return open_workbook(make_xls(rows_of(header), formats=formats), "x")


def ods(header: list[str], code: str) -> Workbook:
    """The format in the elements that LibreOffice writes for it."""
    from odf.number import EmbeddedText, Number, NumberStyle
    from odf.number import Text as NumberText
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.style import Style
    from odf.table import Table, TableCell, TableColumn, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    style = NumberStyle(name="N100")
    prefix, places, embedded, suffix = ODS[code]
    if prefix:
        style.addElement(NumberText(text=prefix))
    number = Number(minintegerdigits=str(places), decimalplaces="0")
    for position, text in embedded.items():
        number.addElement(EmbeddedText(position=str(position), text=text))
    style.addElement(number)
    if suffix:
        style.addElement(NumberText(text=suffix))
    document.automaticstyles.addElement(style)
    document.automaticstyles.addElement(Style(name="ce1", family="table-cell", datastylename="N100"))
    table = Table(name="S")
    table.addElement(TableColumn(defaultcellstylename="ce1"))
    for line, (key, name, price) in enumerate(rows_of(header)):
        row = TableRow()
        cell = TableCell(valuetype="float", value=str(key)) if line else TableCell(valuetype="string")
        cell.addElement(P(text=str(key)))
        row.addElement(cell)
        text = TableCell(valuetype="string")
        text.addElement(P(text=name))
        row.addElement(text)
        amount = TableCell(valuetype="float", value=str(price)) if line else TableCell(valuetype="string")
        amount.addElement(P(text=str(price)))
        row.addElement(amount)
        table.addElement(row)
    document.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    document.save(buffer)
    return open_workbook(buffer.getvalue(), "x.ods")


ODS: dict[str, tuple[str, int, dict[int, str], str]] = {
    '"ART-"00000': ("ART-", 5, {}, ""),
    "000-000": ("", 6, {3: "-"}, ""),
    '00000"-X"': ("", 5, {}, "-X"),
    "0000000": ("", 7, {}, ""),
    '"№ "0': ("№ ", 1, {}, ""),
    "00\\.000\\.00": ("", 7, {2: ".", 5: "."}, ""),
}


def google(header: list[str], code: str) -> Workbook:
    def cell(value: Any, pattern: str | None) -> dict[str, Any]:
        kind = "numberValue" if isinstance(value, int | float) else "stringValue"
        found: dict[str, Any] = {"effectiveValue": {kind: value}, "formattedValue": str(value)}
        if pattern and kind == "numberValue":
            shown = shown_code(value, pattern)
            found |= {
                "formattedValue": shown,
                "effectiveFormat": {"numberFormat": {"type": "NUMBER", "pattern": pattern}},
            }
        return found

    tab = {"properties": {"sheetId": 1, "title": "S"}}
    lines = [
        {"values": [cell(value, code if c == 0 else None) for c, value in enumerate(row)]} for row in rows_of(header)
    ]
    with SnapshotWriter("k" * 20, {}) as writer:
        writer.tab(tab, [{"startRow": 0, "rowData": lines}])
        return open_google_snapshot(writer.finish())


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("code", FORMATS)
@pytest.mark.parametrize("make", [xlsx, xls, ods, google])
def test_the_key_is_the_code_as_it_is_shown_in_every_kind_of_file(make: Any, code: str, header: list[str]) -> None:
    found = look(make(header, code))
    assert found.mapped.key == "supplier_sku"
    assert [item.supplier_sku for item in found.sample[:2]] == FORMATS[code]
    assert found.accepted == len(NUMBERS)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("General", None),
        ("0", None),
        ("#,##0", None),
        ("0.00", None),
        ("0%", None),
        ("yyyy-mm-dd", None),
        ("#,##0.00 [$€-407]", None),
        ('"€" 000', None),
        ('"ABC"', None),
        ("@", None),
        ("[Red]00000", "00042"),
        ("[$-419]00000;-00000", "00042"),
        ('"A;B"000', "A;B042"),
        ("00 00 00", "00 00 42"),
        ("#-000", "-042"),
        ('0" "000000" "000000', "0 000000 000042"),
    ],
)
def test_only_texts_and_padding_of_a_number_format_belong_to_a_code(code: str, shown: str | None) -> None:
    assert shown_code(42, code) == shown


def test_more_digits_than_places_stand_before_the_first() -> None:
    assert (shown_code(1234567, "000-000"), shown_code(0, "000"), shown_code(-5, "000")) == ("1234-567", "000", None)


SHORTENED = ["4.00639E+12", "4,00639E+12", "3.4E+10", "7E+08", "1.20E+05", "5.9E+12", "4.00639e12", "4.6E+100"]
KEPT = ["1E5", "7E08", "2.5E10", "E+08", "A7E+08", "90.750", "1E-05", "12E+08"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_code_that_lost_its_digits_is_rejected_and_one_that_looks_similar_is_not(delimiter: str) -> None:
    codes = [*SHORTENED, *KEPT, *(f"S{n}" for n in range(20))]
    data = make_csv(
        [["SKU", "Name", "Price"], *([code, f"Bolt {n}", "1.50"] for n, code in enumerate(codes))], delimiter
    )
    found = look(open_workbook(data, "x.csv"))
    assert found.reject_codes == {"sku_digits_lost": len(SHORTENED)}
    assert found.accepted == len(KEPT) + 20


@pytest.mark.parametrize("header", ["SKU", "Artikelnummer", "Артикул", "Référence"])
@pytest.mark.parametrize("value", ["4.00639E+12", "4,00639E+12"])
def test_one_spoilt_code_on_every_row_is_no_reason_to_take_the_names_for_the_key(header: str, value: str) -> None:
    rows = [[header, "Name", "Price"], *([value, f"Bolt {n}", f"{n}.50"] for n in range(1, 12))]
    for book in (open_workbook(make_csv(rows, ";"), "x.csv"), open_workbook(make_xlsx(rows), "x.xlsx")):
        found = look(book)
        assert (found.mapped.key, found.reject_codes) == ("supplier_sku", {"sku_digits_lost": 11})


@pytest.mark.parametrize("value", ["4.00639E+12", "4,00639E+12", "5.9E+12", "4006390000000"])
@pytest.mark.parametrize("header", ["EAN", "Штрихкод", "Code-barres", "GTIN"])
def test_a_barcode_that_lost_its_digits_is_no_barcode(value: str, header: str) -> None:
    rows = [["SKU", "Name", "Price", header], *([f"S{n}", f"Bolt {n}", f"{n}.50", value] for n in range(1, 12))]
    for book in (open_workbook(make_csv(rows, ";"), "x.csv"), open_workbook(make_xlsx(rows), "x.xlsx")):
        found = look(book)
        assert found.accepted == 11
        assert {item.barcode for item in found.sample} == {None}


ERRORS = ["#REF!", "#BEZUG!", "#ССЫЛКА!", "#¡REF!", "#ADR!", "#N/A", "#NV", "#Н/Д", "#ИМЯ?", "#NOM?", "#ДЕЛ/0!",
          "#DIV/0!", "#ÉRTÉK!", "#BAŞV!", "#VALEUR!", "Err:502", "#####", "#GETTING_DATA"]  # fmt: skip
LOADING = ["Loading...", "Wird geladen…", "Chargement...", "Загрузка...", "Cargando…", "Yükleniyor...", "読み込み中..."]


def test_errors_and_loading_are_known_in_many_languages_and_names_are_not_taken_for_them() -> None:
    assert all(map(is_error_text, ERRORS))
    assert all(map(is_loading_text, LOADING))
    for text in ("#10 screw", "#A1", "Loading ramp", "Laden", "#Selfie!", "C#", "Error!", "Cable...", "#1!"):
        assert not is_error_text(text)
        assert not is_loading_text(text)


@pytest.mark.parametrize("error", [*ERRORS, *LOADING])
def test_an_error_as_text_rejects_a_code_and_a_name_and_empties_the_rest(error: str) -> None:
    rows: list[list[Any]] = [["SKU", "Name", "Price", "Brand", "Color", "Stock"]]
    rows += [[f"S{n}", f"Bolt {n}", f"{n}.50", "Acme", "red", str(n)] for n in range(10, 22)]
    rows[1][3] = rows[1][4] = rows[1][5] = error
    rows[2][0] = error
    rows[3][1] = error
    for book in (open_workbook(make_csv(rows, ";"), "x.csv"), open_workbook(make_xlsx(rows), "x.xlsx")):
        found = look(book)
        assert found.reject_codes == {"sku_error_cell": 1, "name_error_cell": 1}
        assert (found.sample[0].brand, found.sample[0].stock) == (None, None)
        assert "Color" not in found.sample[0].characteristics
