"""Text files whose quotation marks, separators or last row are not as the csv module has them: read, or said so."""

from typing import Any

import pytest

from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.reports.inspection import Inspection, inspect_workbook
from ingestion_dagster.core.rows.types import RowReject
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster.sources.text.loose_quotes import split_loosely
from ingestion_dagster.sources.written_cells import as_meant
from ingestion_dagster_tests.sheets import make_xlsx

HEADERS = {
    "en": ("Item code", "Description", "Price"),
    "de": ("Artikelnummer", "Bezeichnung", "Preis"),
    "fr": ("Référence", "Désignation", "Prix"),
    "ru": ("Артикул", "Наименование", "Цена"),
    "es": ("Código", "Descripción", "Precio"),
}
NAMES = ("Cable drum 25 m", "Work light", "Socket box", "Junction box IP65", "Cable tie 200 mm", "Earth rod", "Fuse")
PRICES = ("39.90", "24.50", "3.75", "5.20", "0.85", "18.40", "2.10")
languages = pytest.mark.parametrize("language", HEADERS)


def look(data: bytes | str, name: str = "list.csv") -> Inspection:
    data = data.encode() if isinstance(data, str) else data
    return inspect_workbook(open_workbook(data, name), ReadingHints(currency="EUR"))


def items(data: bytes | str) -> dict[str, tuple[str, str]]:
    """Key -> (name, price) of the first items."""
    return {item.supplier_sku: (item.name, str(item.price)) for item in look(data).sample}


def table(language: str, delimiter: str = ",", row: str = "{code}{d}{name}{d}{price}") -> str:
    lines = [delimiter.join(HEADERS[language])]
    for number, (name, price) in enumerate(zip(NAMES, PRICES, strict=True)):
        price = price.replace(".", ",") if delimiter == ";" else price
        lines.append(row.format(code=f"QX-{100 + number}", name=name, price=price, d=delimiter))
    return "\n".join(lines) + "\n"


def wrapped(text: str, behind: str = "") -> str:
    return "".join('"' + line.replace('"', '""') + '"' + behind + "\n" for line in text.splitlines())


@languages
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("behind", ["", ",,"])
def test_lines_that_stand_in_quotation_marks_once_more_are_split_again(
    language: str, delimiter: str, behind: str
) -> None:
    text = table(language, delimiter, '{code}{d}"{name}, black"{d}{price}')
    found = look(wrapped(text, behind))
    assert found.accepted == len(NAMES)
    assert found.sample[0][1:4] == ("QX-100", "Cable drum 25 m, black", found.sample[0].price)
    assert str(found.sample[0].price) == "39.90"
    assert any("quotation marks once more" in note for note in found.mapped.notes)


def test_a_header_that_is_not_wrapped_does_not_hide_that_the_rows_are() -> None:
    header, rows = table("en").split("\n", 1)
    assert items(header + "\n" + wrapped(rows))["QX-100"] == ("Cable drum 25 m", "39.90")


def test_a_file_in_one_column_says_that_quotation_marks_may_be_why() -> None:
    notes = open_workbook(b'"Item" "Price"\n"A" "1"\n"B" "2"\n', "list.csv").notes
    assert any("quotation marks" in note for note in notes)


@languages
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_backslashes_before_quotation_marks_are_no_part_of_the_name(language: str, delimiter: str) -> None:
    text = table(language, delimiter, '"{code}"{d}"{name} \\"pro\\"{d} black"{d}"{price}"')
    assert items(text)["QX-100"] == (f'Cable drum 25 m "pro"{delimiter} black', "39.90")


def test_backslashes_before_separators_and_nulls_of_a_database_are_read() -> None:
    rows = [f"QX-{n},Cable\\, black {n},{n}.50,\\N" for n in range(1, 9)]
    found = look("SKU,Name,Price,Brand\n" + "\n".join(rows) + "\n")
    assert (found.sample[0].name, str(found.sample[0].price), found.sample[0].brand) == ("Cable, black 1", "1.50", None)


def test_a_backslash_that_ends_a_folder_is_no_escape() -> None:
    rows = "".join(f'"QX-{n}","Tool {n}","{n}.50","C:\\img\\"\n' for n in range(1, 9))
    found = look('"SKU","Name","Price","Folder"\n' + rows)
    assert found.accepted == 8
    assert '"C:\\\\img\\\\"' in found.sample[0].characteristics


@languages
def test_inch_marks_in_quoted_and_unquoted_cells_are_text(language: str) -> None:
    text = ";".join(HEADERS[language]) + "\n"
    text += (
        'A1;"24" monitor";1,50\nA2;24" monitor;2,50\nA3;"Pipe 3/4"";3,50\nA4;"Pipe ""3/4"" x";4,50\nA5;" pipe;5,50\n'
    )
    text += "A6;plain;6,50\nA7;plain;7,50\n"
    assert {key: name for key, (name, _) in items(text).items()} == {
        "A1": '24" monitor',
        "A2": '24" monitor',
        "A3": 'Pipe 3/4"',
        "A4": 'Pipe "3/4" x',
        "A5": '" pipe',
    }
    assert look(text).accepted == 7


def test_an_inch_mark_does_not_swallow_the_rows_until_the_next_one() -> None:
    rows = [f"A{n};plain {n};{n},50" for n in range(10, 30)]
    rows[5], rows[12] = 'A15;"Tube 24;15,50', 'A22;Tube 12";22,50'
    assert look("Code;Name;Price\n" + "\n".join(rows) + "\n").accepted == 20


def test_a_description_over_lines_with_separators_in_it_stays_one_cell() -> None:
    rows = [f'A{n},"red, soft\nblue, green {n}",{n}.50' for n in range(10, 20)]
    found = look("Code,Name,Price\n" + "\n".join(rows) + "\n")
    assert (found.accepted, found.sample[0].name) == (10, "red, soft blue, green 10")


@pytest.mark.parametrize(
    ("line", "cells", "closed"),
    [
        ('"24" pipe",5', ['24" pipe', "5"], True),
        ('"24"" pipe",5', ['24" pipe', "5"], True),
        ('"pipe 24"",5', ['pipe 24"', "5"], True),
        ('"",5', ["", "5"], True),
        ('"""x""",5', ['"x"', "5"], True),
        ('"Pipe" 3/4,5', ['"Pipe" 3/4', "5"], True),
        ('"Pipe,5', ['"Pipe', "5"], False),
        ("", [""], True),
        ('a,"b"', ["a", "b"], True),
    ],
)
def test_a_quotation_mark_closes_only_before_a_separator(line: str, cells: list[str], closed: bool) -> None:
    assert split_loosely(line, ",") == (cells, closed)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('="00012"', "00012"),
        ('="Say ""hi"""', 'Say "hi"'),
        ("=39.90", "39.90"),
        ("= 39,90", "39,90"),
        ("'00012", "00012"),
        ("'QX-100", "QX-100"),
        ("'39.90", "39.90"),
        ("'n Roll 5", "'n Roll 5"),
        ("'quoted'", "'quoted'"),
        ("'S-Hertogenbosch", "'S-Hertogenbosch"),
        ("=SUM(A1)", "=SUM(A1)"),
        ("=", "="),
        ("Cable &amp; clamp &quot;pro&quot;", 'Cable & clamp "pro"'),
        ("&euro; 39.90", "€ 39.90"),
        ("&#8364;5 &#x20AC;6", "€5 €6"),
        ("M&amp;amp;S", "M&S"),
        ("R&D; AT&T; &unknown;", "R&D; AT&T; &unknown;"),
        ("&#xD800; &#9999999;", "&#xD800; &#9999999;"),
    ],
)
def test_what_a_program_wrote_around_a_text_is_taken_off(written: str, meant: str) -> None:
    assert as_meant(written) == meant


@languages
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_codes_and_prices_written_as_formulas_or_with_apostrophes_are_what_they_show(
    language: str, delimiter: str
) -> None:
    for row in ('="00{code}"{d}{name}{d}="{price}"', "'00{code}{d}{name}{d}'{price}",
                '"=""00{code}"""{d}{name}{d}"=""{price}"""'):  # fmt: skip
        assert items(table(language, delimiter, row))["00QX-100"] == ("Cable drum 25 m", "39.90")


@languages
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_html_entities_are_decoded_in_names_and_prices(language: str, delimiter: str) -> None:
    text = table(language, delimiter, "{code}{d}{name} &amp; &quot;pro&quot; &#59; x{d}&euro;&nbsp;{price}")
    found = look(text).sample[0]
    assert (found.name, str(found.price), found.currency) == ('Cable drum 25 m & "pro" ; x', "39.90", "EUR")


def test_workbooks_hold_the_same_texts() -> None:
    rows: list[list[Any]] = [["SKU", "Name", "Price"]]
    rows += [[f"'00{n}", f"Cable &amp; clamp {n}", f"&euro; {n}.50"] for n in range(10, 20)]
    found = look(make_xlsx(rows), "x.xlsx").sample[0]
    assert (found.supplier_sku, found.name, str(found.price)) == ("0010", "Cable & clamp 10", "10.50")


def grouped(rows: list[str], header: str = "Item,Description,Price") -> Inspection:
    return look(header + "\n" + "\n".join(rows) + "\n")


PLAIN = [f"A{n},part {n},{n}.50" for n in range(10, 30)]


@pytest.mark.parametrize("header", ["Item,Description,Price", "Artikel,Bezeichnung,Preis", "Артикул,Наименование,Цена",
                                    "Código,Descripción,Precio", "Référence,Désignation,Prix"])  # fmt: skip
def test_a_comma_that_groups_thousands_is_put_back_where_three_rows_prove_it(header: str) -> None:
    found = grouped(["B1,generator,1,234.00", "B2,press,12,499.00", "B3,weld,1,080.50", *PLAIN], header)
    assert [str(item.price) for item in found.sample[:3]] == ["1234.00", "12499.00", "1080.50"]
    assert (found.accepted, found.rejected) == (23, 0)
    assert any("column C" in note for note in found.mapped.notes)


def test_cells_behind_a_divided_number_stay_in_their_columns() -> None:
    rows = [f"B{n},press {n},{n},{n}99.00,{n * 7 % 5}" for n in range(1, 6)]
    rows += [f"A{n},part,{n}.50,{n * 7 % 40}" for n in range(10, 30)]
    found = grouped(rows, "Item,Description,Price,Stock")
    assert [(str(item.price), item.stock) for item in found.sample[:2]] == [("1199.00", 2), ("2299.00", 4)]


def test_a_single_wide_row_proves_nothing_and_is_rejected_wherever_it_stands() -> None:
    for place in (0, 7, len(PLAIN)):
        found = grouped([*PLAIN[:place], "B1,generator,1,234.00", *PLAIN[place:]])
        assert (found.accepted, found.reject_codes) == (20, {"row_shifted": 1}), place


def test_a_column_that_has_undivided_thousands_is_not_put_together() -> None:
    rows = ["C1,crane,4500.00", "B1,generator,1,234.00", "B2,press,2,499.00", "B3,weld,1,080.50", *PLAIN]
    assert grouped(rows).reject_codes == {"row_shifted": 3}


def test_a_decimal_comma_that_also_separates_is_put_back_where_the_halves_are_no_numbers() -> None:
    rows = [f"A{n},part {n},{n % 4},{n}" for n in range(10, 30)] + ["B1,bolt,3,05"]
    assert [str(item.price) for item in grouped(rows, "Artikel,Bezeichnung,Preis").sample[:3]] == [
        "2.10",
        "3.11",
        "0.12",
    ]


def test_two_readings_of_wide_rows_load_nothing() -> None:
    found = grouped([f"A{n},part {n},{n},{n + 30}" for n in range(10, 30)])
    assert found.accepted == 0


def test_a_column_without_a_header_is_no_shift() -> None:
    assert grouped([f"A{n},part {n},{n}.50,note {n}" for n in range(10, 30)]).accepted == 20


def test_separators_at_the_end_of_rows_are_no_shift() -> None:
    assert grouped([row + "," * (number % 3) for number, row in enumerate(PLAIN)]).accepted == 20


def test_a_comma_in_an_unquoted_name_shifts_no_price_even_where_many_rows_have_one() -> None:
    rows = [f"A{n},part {n},{n}.50,{n}" for n in range(10, 22)] + [f"B{n},tube, 5 m,{n}.50,{n}" for n in range(6)]
    found = grouped(rows, "Item,Description,Price,Stock")
    assert (found.accepted, found.reject_codes) == (12, {"row_shifted": 6})


@languages
@pytest.mark.parametrize(
    "end", ["QX-200;Earth", "QX-200;Earth rod;1", "QX-200;Earth rod;18,4", 'QX-200;"Earth rod', "QX-200;Earth rod;18,"]
)
def test_a_file_that_ends_in_mid_row_says_so_and_rejects_that_row(language: str, end: str) -> None:
    rows = [f"A{n};part {n};{n},50" for n in range(10, 20)]
    text = ";".join(HEADERS[language]) + "\n" + "\n".join(rows) + "\n" + end
    found = look(text)
    assert found.accepted == 10
    assert {reject.code for reject in found.rejects if isinstance(reject, RowReject)} == {"row_cut_off"}
    assert any("cut off" in note for note in found.mapped.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251"])
def test_a_cut_is_seen_in_every_encoding_and_a_missing_line_end_alone_is_none(encoding: str) -> None:
    rows = [f"А{n};деталь {n};{n},50;{n}" for n in range(10, 20)]
    text = "Артикул;Наименование;Цена;Остаток\r\n" + "\r\n".join(rows)
    whole = look(text.encode(encoding))
    assert (whole.accepted, whole.rejected) == (10, 0)
    cut = look(text[:-4].encode(encoding))
    assert (cut.accepted, cut.reject_codes) == (9, {"row_cut_off": 1})


@pytest.mark.parametrize(("escape", "wrap"), [('""', False), ('\\"', False), ('""', True)])
def test_a_last_row_with_quotation_marks_is_whole_without_a_line_end(escape: str, wrap: bool) -> None:
    rows = ["Item;Description;Price", *(f'A{n};"part {escape}pro{escape}; {n}";{n}.50' for n in range(10, 16))]
    if wrap:
        rows = ['"' + row.replace('"', '""') + '"' for row in rows]
    found = look("\n".join(rows))
    assert (found.accepted, found.rejected) == (6, 0)
    cut = look("\n".join(rows)[: -6 - wrap])
    assert cut.reject_codes == {"row_cut_off": 1}


def test_a_divided_number_behind_which_cells_are_left_out_is_no_price_of_one() -> None:
    rows = [f"B{n},press {n},{n},{n}99.00,{n}" for n in range(1, 6)] + [
        f"A{n},part,{n}.50,{n % 7}" for n in range(10, 30)
    ]
    found = grouped([*rows, "C1,crane,3,416.58", "C2,lift,7.50"], "Item,Description,Price,Stock")
    assert found.reject_codes == {"row_shifted": 1}
    assert found.accepted == 26


def test_quantities_before_prices_are_no_divided_numbers_in_rows_of_different_length() -> None:
    rows = [f"A{n},part {n},{1 + n % 3 * 9},{n}5.50" + (",new" if n % 2 else "") for n in range(10, 30)]
    found = grouped(rows, "Item,Description,Pack,Price,Note")
    assert (found.accepted, found.rejected) == (20, 0)


@languages
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_separator_too_many_at_the_beginning_of_each_row_shifts_nothing(language: str, delimiter: str) -> None:
    header, *rows = table(language, delimiter).splitlines()
    assert items("\n".join([header, *(delimiter + row for row in rows)]))["QX-100"] == ("Cable drum 25 m", "39.90")


def test_a_list_whose_rows_do_not_fit_says_so_where_it_is_refused() -> None:
    found = grouped([f"A{n},part {n},{n},{n + 30}" for n in range(10, 30)])
    assert any("20 of the first rows have more cells" in note for note in found.mapped.notes)
