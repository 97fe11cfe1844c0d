"""Text files: encodings, delimiters, quotation marks, and positions of records."""

import contextlib
import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.sheets import SHIFTED, Row, Workbook
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster.sources.text.encodings import detect_encoding
from ingestion_dagster.sources.written_cells import as_meant
from ingestion_dagster_tests.sheets import make_csv

RUSSIAN: list[list[object]] = [
    ["Артикул", "Наименование", "Цена"],
    ["00123", 'Кабель силовой "ВВГ"', "12,50"],
    ["5.10", "Розетка двойная; белая", "1 234,00"],
    ["1E5", "Выключатель\nс подсветкой", "по запросу"],
]


def opened(data: bytes, hints: ReadingHints | None = None) -> Workbook:
    return open_workbook(data, "inbox/list.csv", hints)


def rows_of(data: bytes, hints: ReadingHints | None = None) -> list[Row]:
    return list(opened(data, hints).sheets[0].rows())


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251"])
def test_russian_lists_in_every_usual_encoding_and_delimiter(encoding: str, delimiter: str) -> None:
    book = opened(make_csv(RUSSIAN, delimiter, encoding))
    assert (book.format, book.delimiter) == ("csv", delimiter)
    assert list(book.sheets[0].rows()) == RUSSIAN
    assert not book.sheets[0].typed
    assert book.sheets[0].name == "list"


@pytest.mark.parametrize("encoding", ["cp866", "koi8-r", "mac-cyrillic", "iso-8859-5"])
def test_russian_lists_in_older_encodings(encoding: str) -> None:
    assert rows_of(make_csv(RUSSIAN, ";", encoding)) == RUSSIAN


@pytest.mark.parametrize(
    ("text", "encodings"),
    [
        ("Größe;Gehäuse für Überlauf;weiß;ÄNDERUNG", ["cp1252", "latin-1", "cp850", "mac-roman"]),
        ("Désignation;référence;prix à l’unité;pièce;français", ["cp1252", "mac-roman"]),
        ("Descripción;Código;Tamaño;Precio;artículo;pequeña", ["cp1252", "cp850", "mac-roman"]),
        ("Nazwa;żarówka;łącznik;przewód;źródło światła;cięcie", ["cp1250", "iso-8859-2", "cp852"]),
        ("Název;žárovka;vypínač;měření;tříž;číslo;šroub", ["cp1250", "iso-8859-2", "cp852"]),
        ("Megnevezés;lámpa;kötőelem;tűzálló;egységár;ÁFA nélkül", ["cp1250", "iso-8859-2"]),
        ("Ürün adı;ölçü;şişe;fiyatı;çekiç;ağırlık", ["cp1254"]),
        ("Найменування;вимикач;їжа;ґрати;ціна;наявність", ["cp1251", "koi8-u"]),
        ("Περιγραφή;καλώδιο;τιμή;ποσότητα;κωδικός", ["cp1253"]),
        ("商品名;ケーブル;価格;在庫数;単位;ブラック", ["cp932", "euc-jp"]),
        ("产品名称;型号;价格;电缆;库存数量;单位", ["gb18030"]),
        ("產品名稱;型號;價格;電纜;庫存數量;單位", ["big5"]),
    ],
)
def test_lists_in_other_languages(text: str, encodings: list[str]) -> None:
    expected = [[*text.split(";"), "1,50"], [*reversed(text.split(";")), "2,75"]]
    for encoding in encodings:
        assert rows_of(make_csv(expected, ";", encoding)) == expected, encoding


def test_the_chosen_encoding_is_told_and_doubt_is_told_too() -> None:
    sure = opened(make_csv(RUSSIAN, ";", "cp1251"))
    assert (sure.encoding, sure.notes) == ("cp1251", ("read as cp1251",))
    unsure = opened("Miasto;Cena\nGdańsk;1,50\n".encode("cp1250"))
    assert any("uncertain" in note and "`encoding`" in note for note in unsure.notes)


def test_the_suppliers_own_encoding_wins() -> None:
    data = "Preis;Größe\n1;5\n".encode("cp1252")
    assert rows_of(data, ReadingHints(encoding="cp1251"))[0] == ["Preis", "GrцЯe"]
    with pytest.raises(SourceRejected, match="no text encoding called 'utf8-bom'"):
        rows_of(data, ReadingHints(encoding="utf8-bom"))
    with pytest.raises(SourceRejected, match="no text encoding"):
        rows_of(data, ReadingHints(encoding="base64"))


def test_a_few_damaged_characters_in_utf8_do_not_change_the_encoding() -> None:
    data = make_csv(RUSSIAN * 10, ";").replace("силовой".encode(), b"\xd0\xd0", 1)
    book = opened(data)
    assert book.encoding == "utf-8"
    assert any("damaged characters" in note for note in book.notes)
    assert len(list(book.sheets[0].rows())) == 40


@pytest.mark.parametrize("codec", ["cp1251", "cp1252", "latin-1", "cp866", "mac-roman"])
def test_text_that_was_encoded_twice_is_repaired_and_said_so(codec: str) -> None:
    wrong = "".join(bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in make_csv(RUSSIAN, ";"))
    book = opened(wrong.encode())
    assert list(book.sheets[0].rows()) == RUSSIAN
    assert any("encoded twice" in note and "repaired" in note for note in book.notes)


def test_text_that_was_encoded_twice_and_lost_characters_is_reported() -> None:
    wrong = "".join(bytes([byte]).decode("cp1252", "ignore") or "?" for byte in make_csv(RUSSIAN * 5, ";"))
    assert any("ask for the file as UTF-8" in note for note in opened(wrong.encode()).notes)


def test_cyrillic_that_was_read_as_western_text_is_repaired_and_said_so() -> None:
    rows = [*RUSSIAN, ["АБ-7", "Стяжка нейлоновая для кабеля, чёрная", "1 050,00"]] * 4
    wrong = make_csv(rows, ";").decode().replace("№", "").encode("cp1251", "replace").decode("cp1252")
    book = opened(wrong.encode())
    assert any("cp1251 that was read as cp1252" in note for note in book.notes)
    assert "нейлоновая" in str(next(row for row in book.sheets[0].rows() if row[0] == "АБ-7")[1])


@pytest.mark.parametrize(
    "text",
    [
        "Désignation, référence, à l'unité, prêt-à-porter été, ÉTÉ, DÉJÀ, pièces détachées, câblé, août, être, élève",
        "Größe, Öl, Übergrößen, ÜÖÄ, süß, für, Türöffner, Schraubenschlüssel, Gerät, Höhe, Länge, Stück, Möbelfüße",
        "Příliš žluťoučký kůň, ÁÉÍÓÚ, výška, šířka, délka, množství, cena bez DPH, těžký, měřič, účtenka, zboží",
        "Ölçü, ürün, çıkış, gömlek, düğme, büyük, küçük, ağırlık, fiyatı, ıslak mendil, çekiç, öğütücü, ışık, içi",
    ],
)
def test_western_words_with_many_accents_are_left_alone(text: str) -> None:
    rows = [["Name", "Note"], *([word.strip(), text] for word in text.split(","))]
    assert rows_of(make_csv(rows, ";")) == rows


def test_honest_accents_are_not_taken_for_double_encoding() -> None:
    rows = [["Désignation", "Prix"], ["Pièce à vis Ø 5 – «à l’unité» ½ №", "1,50 €"], ["Ã© is not é", "2"]]
    assert rows_of(make_csv(rows, ";")) == rows


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_commas_inside_prices_are_not_the_delimiter(delimiter: str) -> None:
    rows = [["Name", "EK", "VK"], *([f"Artikel {n}", f"{n},50", f"{n + 1},99"] for n in range(30))]
    assert opened(make_csv(rows, delimiter)).delimiter == delimiter


def test_delimiters_inside_quoted_descriptions_do_not_count() -> None:
    rows = [["sku", "name", "price"], *([f"A{n}", "red; green; blue; white; black", f"{n}.50"] for n in range(30))]
    assert opened(make_csv(rows, ",")).delimiter == ","


def test_title_rows_above_the_table_do_not_decide_the_delimiter() -> None:
    lines = ["ООО Ромашка, г. Минск, ул. Ленина, 5", "тел. 111, 222, 333", "", "Код;Товар;Цена"]
    lines += [f"{n};Болт М{n};{n},50" for n in range(8)]
    assert opened("\r\n".join(lines).encode()).delimiter == ";"


def test_a_list_of_part_numbers_in_the_last_cells_does_not_hide_the_delimiter() -> None:
    lines = ["Code;Name;Price;OEM"] + [f"A{n};Arm | left;{n},50;" + "X1;" * (n % 9) for n in range(20)]
    assert opened("\n".join(lines).encode()).delimiter == ";"


def test_one_column_is_one_column() -> None:
    book = opened(b"Name\nBolt\nNut, hexagonal\n")
    assert (book.delimiter, list(book.sheets[0].rows())) == (None, [["Name"], ["Bolt"], ["Nut, hexagonal"]])


def test_excels_own_separator_line_is_obeyed_and_keeps_its_row_number() -> None:
    assert rows_of(b"sep=|\r\na,b|c\r\n1,5|2\r\n") == [[], ["a,b", "c"], ["1,5", "2"]]


@pytest.mark.parametrize("hint", ["\t", "\\t", "tab"])
def test_the_suppliers_own_delimiter_wins(hint: str) -> None:
    assert rows_of(b"a;b\tc\n1;2\t3\n", ReadingHints(delimiter=hint)) == [["a;b", "c"], ["1;2", "3"]]


def test_a_delimiter_of_two_characters_is_refused() -> None:
    with pytest.raises(SourceRejected, match="no column separator"):
        rows_of(b"a;;b", ReadingHints(delimiter=";;"))


def test_blank_lines_and_ragged_rows_keep_their_places() -> None:
    assert rows_of(b"a,b,c\n\n1,2\n,,\n1,2,3,4\n") == [
        ["a", "b", "c"],
        [],
        ["1", "2"],
        [None] * 3,
        ["1", "2", "3", "4"],
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_one(line_end: str) -> None:
    assert rows_of(f"a;b{line_end}1;2{line_end}{line_end}3;4".encode()) == [["a", "b"], ["1", "2"], [], ["3", "4"]]


def test_a_quoted_cell_over_several_lines_is_one_record() -> None:
    assert rows_of(b'a,b\n"x\ny\n\nz",1\n2,3\n') == [["a", "b"], ["x\ny\n\nz", "1"], ["2", "3"]]


def test_an_unclosed_quotation_mark_costs_one_line_and_is_reported() -> None:
    data = 'a;b\n1;2\n3;"4\n' + "".join(f"{n};{n}\n" for n in range(5_000))
    book = opened(data.encode())
    rows = list(book.sheets[0].rows())
    assert len(rows) == 5_003
    assert rows[2] == ["3", '"4']
    assert book.notes == ("a quotation mark opens in line 3 and never closes: read as an ordinary character",)


def test_two_unclosed_quotation_marks_do_not_swallow_what_is_between() -> None:
    assert rows_of(b'a;"10 inch\nb;2\nc;"12 inch\nd;4\n') == [
        ["a", '"10 inch'],
        ["b", "2"],
        ["c", '"12 inch'],
        ["d", "4"],
    ]


def test_inch_marks_inside_cells_are_text() -> None:
    data = b'sku;name\n1;Pipe 1/2" brass\n2;"Pipe" 3/4;x\n'
    assert rows_of(data) == [["sku", "name"], ["1", 'Pipe 1/2" brass'], ["2", '"Pipe" 3/4', "x"]]


def test_quotation_marks_behind_a_blank_still_quote() -> None:
    data = b'sku, name, price\n1, "red, green", 2.50\n2, "blue, ""light""", 3\n3, x, "1,000.00"\n'
    assert rows_of(data)[1:] == [["1", "red, green", "2.50"], ["2", 'blue, "light"', "3"], ["3", "x", "1,000.00"]]


def test_nul_characters_do_not_stop_the_reading() -> None:
    rows = [["sku", "name"], *([f"{n}", "some words"] for n in range(50)), ["a\x00b", "c"]]
    assert rows_of(make_csv(rows, ";")) == rows


def test_a_cell_beyond_the_default_limit_of_the_csv_module_is_read() -> None:
    text = "x" * 140_000
    data = make_csv([["a", "b"], [text, "1"], ["2", "3"]])
    assert list(open_workbook(data, "x", limits=Limits(cell_characters=200_000)).sheets[0].rows())[1] == [text, "1"]


def test_rows_beyond_the_limit_are_refused() -> None:
    with pytest.raises(SheetError, match="more than 10 rows"):
        list(open_workbook(b"a,b\n" * 20, "x", limits=Limits(rows=10)).sheets[0].rows())


def test_a_tall_file_is_streamed_and_never_held_as_rows() -> None:
    data = b"sku;name;price\n" + b"A-000001;Some ordinary name of a thing;12,50\n" * 200_000
    sheet = opened(data).sheets[0]
    tracemalloc.start()
    assert sum(1 for _ in sheet.rows()) == 200_001
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=5), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_whatever_is_written_as_csv_is_read_back(rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    data = b"\xef\xbb\xbf" + ("first;row\r\n" + text.getvalue()).encode()
    try:
        found = rows_of(data, ReadingHints(delimiter=delimiter, encoding="utf-8"))
    except SheetError as error:
        pytest.fail(str(error))
    unmarked = [row[:-1] if row and row[-1] == SHIFTED else row for row in found[1:]]
    assert unmarked == [[as_meant(cell) or None for cell in row] for row in rows]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_sheet_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(SourceRejected, SheetError):
        rows_of(data)


@pytest.mark.parametrize("encoding", ["cp1252", "mac-roman", "cp1250"])
@pytest.mark.parametrize("rows", [3, 60])
def test_a_currency_sign_as_the_only_special_character_is_no_letter(encoding: str, rows: int) -> None:
    lines = ["Artikel;Bezeichnung;Preis", *(f"{n};Hammer {n};{n + 1},50 €" for n in range(rows))]
    data = "\r\n".join(lines).encode(encoding)
    assert "€" in data.decode(detect_encoding(data).name)
