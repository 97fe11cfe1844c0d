"""What arrives from spreadsheet containers: positions, types, formats, errors, merges, hidden parts."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import pytest

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.sheets import CellError, Range, Sheet
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster_tests.sheets import make_html_xls, make_ods, make_xls, make_xlsx
from ingestion_dagster_tests.sheets.hostile import bare_xlsx

ROWS: list[list[object]] = [["SKU", "Name", "Price"], ["00123", "Болт М6", 12.5], ["5.10", None, 7], ["1E5", "x", 0.1]]


def opened(data: bytes) -> Sheet:
    return open_workbook(data, "list.xls").sheets[0]


def grid(sheet: Sheet) -> list[list[object]]:
    """Rows without the blank cells at their ends."""
    rows: list[list[object]] = []
    for row in sheet.rows():
        cells: list[object] = list(row)
        while cells and cells[-1] is None:
            cells.pop()
        rows.append(cells)
    return rows


@pytest.mark.parametrize(("make", "name"), [(make_xlsx, "xlsx"), (make_xls, "xls"), (make_ods, "ods")])
def test_text_stays_text_and_numbers_stay_numbers(make: Callable[..., bytes], name: str) -> None:
    book = open_workbook(make(ROWS), "list.csv")
    assert (book.format, book.sheets[0].typed) == (name, True)
    found = grid(book.sheets[0])
    assert found == ROWS
    assert isinstance(found[2][2], int)


@pytest.mark.parametrize("make", [make_xlsx, make_xls, make_ods])
def test_dates_and_booleans_keep_their_type(make: Callable[..., bytes]) -> None:
    assert grid(opened(make([["a", True, dt.date(2025, 3, 1)]]))) == [["a", True, dt.date(2025, 3, 1)]]


def test_times_and_durations_become_something_a_row_can_hold() -> None:
    rows = [[dt.datetime(2025, 3, 1, 12, 30), dt.time(8, 15), dt.timedelta(hours=30)]]
    assert grid(opened(make_xlsx(rows))) == [[dt.datetime(2025, 3, 1, 12, 30), dt.time(8, 15), "1 day, 6:00:00"]]


@pytest.mark.parametrize("make", [make_xlsx, make_xls, make_ods])
def test_a_table_that_starts_at_c5_is_at_c5(make: Callable[..., bytes]) -> None:
    rows: list[list[object]] = [[], [], [], [], [None, None, "SKU", "Price"], [None, None, "A", 1]]
    assert grid(opened(make(rows))) == rows


def test_cells_without_addresses_are_counted() -> None:
    data = bare_xlsx("<row><c><v>5</v></c><c><v>6</v></c></row><row/><row><c><v>7</v></c></row>")
    assert grid(opened(data))[0] == [5, 6]


def test_rows_can_be_read_again_and_again() -> None:
    sheet = opened(make_xlsx([[number] for number in range(10_000)]))
    assert sheet.head(3) == [[0], [1], [2]]
    assert [row[0] for row in sheet.rows()] == list(range(10_000)) == [row[0] for row in sheet.rows()]


def test_number_formats_are_known_by_cell() -> None:
    formats = {(1, 2): '#,##0.00\\ "₽"', (2, 2): "#,##0.00 [$€-407]", (3, 2): "0.00"}
    for make in (make_xlsx, make_xls):
        sheet = opened(make(ROWS, formats=formats))
        assert [sheet.number_format(row, 2) for row in range(5)] == [None, *formats.values(), "0.00"]
        assert sheet.number_format(1, 99) is None


def test_number_formats_far_down_a_long_tab_are_found_when_asked_for() -> None:
    rows = [[f"SKU-{number}", number, "a rather long description of the item"] for number in range(5_000)]
    formats = {(row, 1): "0.00 [$USD]" if row == 4_321 else "0.00" for row in range(5_000)}
    sheet = opened(make_xlsx(rows, formats=formats))
    assert [sheet.number_format(row, 1) for row in (0, 4_320, 4_321, 4_322)] == ["0.00", "0.00", "0.00 [$USD]", "0.00"]


def test_formats_in_an_unusual_order_of_attributes_are_found_by_the_parser() -> None:
    cells = "".join(f'<row r="{n}"><c s="{n // 3000}" r="A{n}"><v>{n}</v></c></row>' for n in range(1, 6_000))
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="2"/></cellXfs>'
    sheet = opened(bare_xlsx(cells, styles=styles))
    assert [sheet.number_format(row, 0) for row in (0, 2_998, 2_999, 5_000)] == [None, None, "0.00", "0.00"]


def test_the_built_in_currency_format_does_not_claim_a_currency() -> None:
    sheet = opened(
        bare_xlsx('<row r="1"><c r="A1" s="0"><v>1</v></c></row>', styles='<cellXfs><xf numFmtId="44"/></cellXfs>')
    )
    assert sheet.number_format(0, 0) == "#,##0.00"


def test_the_currency_of_an_ods_cell_is_in_its_format() -> None:
    sheet = opened(make_ods([["a", 1.5], ["b", 2]], currency={1: "EUR"}))
    assert sheet.number_format(0, 1) == "#,##0.00 [$EUR]"
    assert sheet.number_format(0, 0) is None


@pytest.mark.parametrize("filler", [0, 4_000])
def test_error_cells_and_formulas_without_a_result_are_never_silently_empty(filler: int) -> None:
    data = bare_xlsx(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="e"><v>#REF!</v></c>'
        '<c r="C1" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
        '<row r="2"><c r="A2"><f>1+1</f></c><c r="B2"><f>2</f><v></v></c><c r="C2"><f>3</f><v/></c></row>'
        '<row r="3"><c r="A3" t="str"><f>""</f><v></v></c><c r="B3"><f>4</f><v>4</v></c><c r="C3"><v>NaN</v></c></row>'
        + "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(4, 4 + filler))
        + f'<row r="{4 + filler}"><c r="A{4 + filler}" t="e"><v>#N/A</v></c><c r="B{4 + filler}"><f>B1</f></c></row>'
    )
    found = grid(opened(data))
    assert found[0] == [1, CellError("#REF!"), CellError("#DIV/0!")]
    assert found[1] == [CellError("#FORMULA")] * 3
    assert found[2] == [None, 4, CellError("#NUM!")]
    assert found[3 + filler] == [CellError("#N/A"), CellError("#FORMULA")]


def test_a_list_of_formulas_that_no_program_ever_calculated_is_all_marked() -> None:
    found = grid(opened(make_xlsx([["Price"], ["=A5*2"], ["=A6*2"]])))
    assert found == [["Price"], [CellError("#FORMULA")], [CellError("#FORMULA")]]


def test_error_cells_of_an_xls_are_known() -> None:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    sheet.write(0, 0, "Price")
    sheet.row(1).set_cell_error(0, "#REF!")
    buffer = io.BytesIO()
    book.save(buffer)
    assert grid(opened(buffer.getvalue())) == [["Price"], [CellError("#REF!")]]


def test_a_failed_formula_of_an_ods_is_an_error_even_beside_a_zero() -> None:
    data = make_ods([["CELL"]])
    cells = (
        b'<table:table-cell office:value-type="float" office:value="0" table:formula="of:=1/0">'
        b"<text:p>#DIV/0!</text:p></table:table-cell>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "content.xml":
                start = content.index(b"<table:table-cell")
                end = content.index(b"</table:table-cell>") + len(b"</table:table-cell>")
                content = content[:start] + cells + content[end:]
            target.writestr(name, content)
    assert grid(opened(buffer.getvalue())) == [[CellError("#DIV/0!")]]


def test_merges_and_hidden_parts_of_an_xlsx() -> None:
    data = make_xlsx(
        ROWS, merges=["A6:C7"], hidden_rows=[2], hidden_columns=["B"], tabs={"Old": [["x"]]}, hidden_tabs=["Old"]
    )
    sheet, old = open_workbook(data, "x").sheets
    assert sheet.merges == (Range(5, 0, 6, 2),)
    assert (sheet.hidden_rows, sheet.hidden_columns) == ({2}, {1})
    assert (sheet.hidden, old.hidden, old.name) == (False, True, "Old")


def test_hidden_rows_far_down_a_long_tab_are_known() -> None:
    rows = [[number, "a rather long description of the item"] for number in range(5_000)]
    assert opened(make_xlsx(rows, hidden_rows=[4_000])).hidden_rows == {4_000}


def test_merges_and_hidden_parts_of_an_xls() -> None:
    sheet = opened(make_xls(ROWS, merges=[(5, 6, 0, 2)], hidden_rows=[2], hidden_columns=[1]))
    assert sheet.merges == (Range(5, 0, 6, 2),)
    assert (sheet.hidden_rows, sheet.hidden_columns) == ({2}, {1})


def test_an_xls_with_a_damaged_format_still_gives_its_values() -> None:
    data = bytearray(make_xls(ROWS, formats={(1, 2): "0.00"}))
    position = data.find(b"\x1e\x04")  # FORMAT record
    assert position > 0
    data[position + 6 : position + 8] = b"\xff\xff"  # the length of its text
    assert grid(opened(bytes(data))) == ROWS


def test_an_xls_in_a_damaged_container_is_read_around_it() -> None:
    data = bytearray(make_xls(ROWS, formats={(1, 2): "0.00"}))
    data[44:76] = b"\xff" * 32  # where the container says its directory and allocation tables are
    sheet = opened(bytes(data))
    assert grid(sheet) == ROWS
    assert sheet.number_format(1, 2) == "0.00"
    assert "container is damaged" in sheet.notes[0]


def test_a_cut_off_xls_is_refused_rather_than_read_in_part() -> None:
    data = make_xls([[f"SKU-{number}", number] for number in range(2_000)])
    with pytest.raises(SourceRejected, match="too damaged"):
        opened(data[: len(data) * 3 // 4])


def test_an_html_table_named_xls_is_a_sheet_of_text() -> None:
    book = open_workbook(
        make_html_xls([["Артикул", "Цена"], ["00123", "12,50"], ["a < b", None]], encoding="cp1251"), "x.xls"
    )
    assert (book.format, book.sheets[0].typed) == ("html", False)
    assert grid(book.sheets[0]) == [["Артикул", "Цена"], ["00123", "12,50"], ["a < b"]]


def test_spans_of_an_html_table_keep_the_columns_in_place() -> None:
    page = (
        "<table><tr><td colspan=3>Price&nbsp;list<br>of May</td></tr>"
        "<tr><th rowspan=2>SKU</th><th colspan=2>Price</th></tr>"
        "<tr><th>net</th><th>gross</th></tr><tr style='display: none'><td>1<td>2<td>3</tr></table>"
    )
    sheet = opened(page.encode())
    assert grid(sheet) == [["Price list\nof May"], ["SKU", "Price"], [None, "net", "gross"], ["1", "2", "3"]]
    assert sheet.merges == (Range(0, 0, 0, 2), Range(1, 0, 2, 0), Range(1, 1, 1, 2))
    assert sheet.hidden_rows == {3}


def test_a_table_inside_a_layout_table_is_a_tab_of_its_own() -> None:
    page = "<table><tr><td>menu</td><td><table><tr><td>SKU</td><td>Price</td></tr></table></td></tr></table>"
    tabs = open_workbook(page.encode(), "x.xls").sheets
    assert [grid(tab) for tab in tabs] == [[["menu"]], [["SKU", "Price"]]]


def test_a_web_archive_gives_its_tables() -> None:
    archive = (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n'
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<table><tr><td>SKU</td><td>=D0=A6=D0=B5=D0=BD=D0=B0</td></tr></table>\r\n--b--\r\n"
    )
    assert grid(opened(archive)) == [["SKU", "Цена"]]


def test_excel_2003_xml_keeps_types_formats_and_gaps() -> None:
    name = "urn:schemas-microsoft-com:office:spreadsheet"
    page = f"""<?xml version="1.0" encoding="utf-8"?><?mso-application progid="Excel.Sheet"?>
    <Workbook xmlns="{name}" xmlns:ss="{name}">
    <Styles><Style ss:ID="s1"><NumberFormat ss:Format="0.00&quot; руб.&quot;"/></Style></Styles>
    <Worksheet ss:Name="Прайс"><Table><Column ss:Index="2" ss:Hidden="1"/>
    <Row ss:Index="3"><Cell><Data ss:Type="String">00123</Data></Cell>
    <Cell ss:Index="3" ss:StyleID="s1"><Data ss:Type="Number">12.5</Data></Cell>
    <Cell><Data ss:Type="DateTime">2025-03-01T00:00:00.000</Data></Cell>
    <Cell><Data ss:Type="Error">#REF!</Data></Cell></Row>
    <Row ss:Hidden="1"><Cell ss:MergeAcross="1"><Data ss:Type="String">a</Data></Cell>
    <Cell><Data ss:Type="Number">7</Data></Cell></Row>
    </Table></Worksheet></Workbook>"""
    sheet = opened(page.encode())
    assert sheet.name == "Прайс"
    assert grid(sheet) == [[], [], ["00123", None, 12.5, dt.date(2025, 3, 1), CellError("#REF!")], ["a", None, 7]]
    assert sheet.number_format(2, 2) == '0.00" руб."'
    assert (sheet.hidden_rows, sheet.hidden_columns, sheet.merges) == ({3}, {1}, (Range(3, 0, 3, 1),))


def test_the_same_bytes_are_parsed_once_for_two_steps() -> None:
    """What was parsed is kept; the budget of reading it begins anew with each step."""
    data = make_xlsx(ROWS)
    first, again = open_workbook(data, "x.xlsx"), open_workbook(bytes(bytearray(data)), "x.xlsx")
    other = open_workbook(data, "y.xlsx")
    assert first.sheets[0].number_format is again.sheets[0].number_format
    assert other.sheets[0].number_format is not again.sheets[0].number_format


def test_a_workbook_without_cells_is_an_empty_sheet_and_no_error() -> None:
    assert list(opened(make_xlsx([])).rows()) == []


def test_an_old_workbook_without_its_encoding_is_repaired_and_said_so() -> None:
    honest = [["Наименование товаров", "Цена"], *([f"Розетка двойная белая {n}", 10.5 + n] for n in range(20))]
    wrong = [
        [cell.encode("cp1251").decode("cp1252") if isinstance(cell, str) else cell for cell in row] for row in honest
    ]
    sheet = opened(make_xls(wrong))
    assert grid(sheet) == honest
    assert sheet.notes == ("the text is cp1251 that was read as cp1252; repaired",)


def test_the_name_of_a_tab_is_repaired_with_its_cells_unless_the_file_is_asked_for_it_again() -> None:
    wrong = [[f"Розетка двойная белая {n}".encode("cp1251").decode("cp1252"), 10.5 + n] for n in range(20)]
    name = "Прайс".encode("cp1251").decode("cp1252")
    assert opened(make_xls(wrong, name=name)).name == "Прайс"
    assert opened(make_xlsx(wrong, name=name)).name == name
