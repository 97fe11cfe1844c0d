"""`ingestion errors`: lists loaded through the real steps, told and marked from snapshot and record."""

import asyncio
import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.services.corrections import files, mistakes
from ingestion_dagster.services.corrections.mistakes import Mistakes
from ingestion_dagster_tests.integration.supplier_loads import SupplierLoads
from ingestion_dagster_tests.sheets.making import make_csv, make_ods, make_xls, make_xlsx

HEADER = ("SKU", "Name", "Price EUR", "Stock")
RUSSIAN = ("Артикул", "Наименование", "Цена, руб.", "Остаток")


def rows(*changed: Sequence[Any], header: Sequence[str] = HEADER, count: int = 30) -> list[Sequence[Any]]:
    """A list of `count` good items; `changed` rows replace those with the same SKU or come last."""
    items: dict[str, Sequence[Any]] = {
        f"S-{n:03}": (f"S-{n:03}", f"Item number {n}", f"{n + 10}.50", n * 3) for n in range(1, count + 1)
    }
    extra = []
    for row in changed:
        if row[0] in items:
            items[row[0]] = row
        else:
            extra.append(row)
    return [header, *items.values(), *extra]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> SupplierLoads:
    shop = SupplierLoads.at(database_url, tmp_path / "place")
    shop.register("acme", "acme.csv")
    return shop


def review(shop: SupplierLoads, language: str | None = None) -> Mistakes:
    return asyncio.run(mistakes.newest_mistakes(shop.deployment, "acme", language, lambda done: None))


def write(shop: SupplierLoads, found: Mistakes, path: Path) -> list[str]:
    return files.write(shop.deployment, found, files.file_for(found, path), lambda done: None)


def skus(found: Sequence[mistakes.WrongRow]) -> list[str | None]:
    return [row.supplier_sku for row in found]


def test_a_good_list_has_nothing_wrong(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(rows()))
    found = review(shop)
    assert (found.wrong, found.notes, found.before) == ([], (), None)


def test_a_supplier_without_a_list_is_told_to_load_one(shop: SupplierLoads) -> None:
    with pytest.raises(SourceRejected, match="ingestion load acme"):
        review(shop)


def test_the_second_list_says_what_is_new_repeated_fixed_and_gone(shop: SupplierLoads) -> None:
    bad = [(f"S-{n:03}", "Item", "call us", 1) for n in (2, 3, 4)]
    first = shop.load("acme", "acme.csv", make_csv(rows(*bad, ("", "No code", "3.00", 1))))
    assert (first.status, first.rejected_rows) == ("partial_success", 4)
    second = [row for row in rows(("S-002", "Item", "ask", 1), ("S-009", "x", "-1", 1)) if row[0] != "S-004"]
    shop.load("acme", "acme.csv", make_csv([*second, ("", "No code", "3.10", 1)]))
    found = review(shop)
    assert skus(found.progress.new) == ["S-009"]
    assert sorted(skus(found.progress.repeated), key=str) == [None, "S-002"]
    assert skus(found.progress.fixed) == ["S-003"]
    assert skus(found.progress.removed) == ["S-004"]


def test_a_list_that_is_read_twice_is_compared_with_the_list_before_it(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(rows(("S-002", "Item", "call us", 1))))
    data = make_csv(rows(("S-002", "Item", "call me", 1)))
    shop.load("acme", "acme.csv", data)
    shop.register("acme", "acme.csv", price_scale=3)
    shop.load("acme", "acme.csv", data)
    assert shop.load("acme", "acme.csv", data).status == "unchanged"
    found = review(shop)
    assert skus(found.progress.repeated) == ["S-002"]
    assert found.progress.new == ()


@pytest.mark.parametrize(
    ("language", "setting", "header", "expected"),
    [
        (None, None, HEADER, "is not a price"),
        (None, None, RUSSIAN, "не цена"),
        (None, "de", RUSSIAN, "ist kein Preis"),
        ("ru", "de", HEADER, "не цена"),
    ],
)
def test_reasons_are_in_the_language_asked_for_or_set_or_of_the_sheet(
    shop: SupplierLoads, language: str | None, setting: str | None, header: Sequence[str], expected: str
) -> None:
    if setting:
        shop.register("acme", "acme.csv", language=setting)
    shop.load("acme", "acme.csv", make_csv(rows(("S-002", "Item", "см. сайт", 1), header=header)))
    assert expected in review(shop, language).wrong[0].problems[0].message


def test_a_csv_comes_back_as_it_was_with_one_more_column(shop: SupplierLoads, tmp_path: Path) -> None:
    listed: list[Sequence[Any]] = [
        ("Прайс-лист;", "", "", ""),
        (),
        *rows(("S-002", 'Кабель "5 м"; чёрный', "по запросу", 1), ("S-003", "Стол", "", ""), header=RUSSIAN),
    ]
    data = make_csv(listed, ";", "cp1251")
    shop.load("acme", "acme.csv", data)
    found = review(shop)
    assert write(shop, found, tmp_path / "back.csv") == []
    back = list(csv.reader(io.StringIO((tmp_path / "back.csv").read_bytes().decode("cp1251")), delimiter=";"))
    sent = list(csv.reader(io.StringIO(data.decode("cp1251")), delimiter=";"))
    assert [row[:4] for row in back] == sent
    assert back[2][4] == "Просьба исправить"
    assert {row[0]: row[4] for row in back[3:] if row[4]} == {
        "S-002": "«по запросу» — не цена: цена только по запросу.",
        "S-003": "Не указана цена.",
    }
    assert b"\r\n" in (tmp_path / "back.csv").read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_keeps_its_encoding_and_byte_order_mark(shop: SupplierLoads, tmp_path: Path, encoding: str) -> None:
    data = make_csv(rows(("S-002", "Gerät", "n.V.", 1)), "\t", encoding, "\n")
    shop.load("acme", "acme.csv", data)
    write(shop, review(shop), tmp_path / "back.csv")
    back = (tmp_path / "back.csv").read_bytes()
    assert back[:2] == data[:2]
    assert back.decode(encoding).splitlines()[2].startswith("S-002\tGerät\tn.V.\t1\t")
    assert "\r" not in back.decode(encoding)


def test_reasons_that_the_lists_encoding_lacks_make_it_utf8(shop: SupplierLoads, tmp_path: Path) -> None:
    data = make_csv(rows(("S-002", "Gerät für Löten", "n.V.", 1)), ";", "latin-1")
    shop.load("acme", "acme.csv", data)
    notes = write(shop, review(shop, "ru"), tmp_path / "back.csv")
    assert "UTF-8" in notes[0]
    back = (tmp_path / "back.csv").read_bytes()
    assert back.startswith(b"\xef\xbb\xbf")
    assert "Gerät für Löten;n.V.;1;" in back.decode("utf-8-sig")


def test_excels_own_first_line_of_a_csv_is_kept(shop: SupplierLoads, tmp_path: Path) -> None:
    data = b"sep=;\r\n" + make_csv(rows(("S-002", "Item", "call us", 1)), ";")
    shop.load("acme", "acme.csv", data)
    write(shop, review(shop), tmp_path / "back.csv")
    lines = (tmp_path / "back.csv").read_text().splitlines()
    assert lines[0] == "sep=;"
    assert lines[1] == "SKU;Name;Price EUR;Stock;Please correct"
    assert lines[3].startswith("S-002;Item;call us;1;")


def test_no_reason_in_a_csv_begins_like_a_formula(shop: SupplierLoads, tmp_path: Path) -> None:
    data = make_csv(rows(("=1+2", "Item", "3.00", 1), ("=1+2", "Other", "4.00", 1)))
    shop.load("acme", "acme.csv", data)
    write(shop, review(shop), tmp_path / "back.csv")
    back = list(csv.reader(io.StringIO((tmp_path / "back.csv").read_text())))
    reasons = [row[4] for row in back if row[0] == "=1+2"]
    assert reasons == [
        "'=1+2 stands in several rows with different values (rows 32 and 33). Keep one of them.",
        "'=1+2 stands in several rows with different values (rows 33 and 32). Keep one of them.",
    ]


def test_all_that_is_wrong_with_a_row_is_told_not_only_the_first(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(rows(("A\nB", "Item", "call us", 1))))
    codes = [problem.code for problem in review(shop).wrong[0].problems]
    assert codes == ["sku_invalid", "price_on_request"]


def test_a_csv_may_also_come_back_as_a_workbook(shop: SupplierLoads, tmp_path: Path) -> None:
    shop.load("acme", "acme.csv", make_csv(rows(("S-002", "Item", "call us", 1))))
    write(shop, review(shop), tmp_path / "back.xlsx")
    book = openpyxl.load_workbook(tmp_path / "back.xlsx")
    assert book.sheetnames == ["acme", "Corrections"]
    assert (book["acme"]["C3"].value, book["acme"]["C3"].fill.fgColor.rgb) == ("call us", "FFFFC7CE")
    assert (book["acme"]["A4"].value, book["acme"]["C4"].value) == ("S-003", "13.50")


def test_a_workbook_comes_back_whole_with_a_summary(shop: SupplierLoads, tmp_path: Path) -> None:
    shop.register("acme", "acme.xlsx")
    bad = ("S-002", "Item", "call us", 1)
    data = make_xlsx(rows(bad), name="Prices", tabs={"Terms": [["30 days"]]}, formats={(1, 3): "0.0"})
    shop.load("acme", "acme.xlsx", data)
    assert write(shop, review(shop), tmp_path) == []
    book = openpyxl.load_workbook(tmp_path / "acme-corrections.xlsx")
    assert book.sheetnames == ["Prices", "Terms", "Corrections"]
    tab = book["Prices"]
    assert (tab["C3"].fill.fgColor.rgb, tab["D2"].number_format, tab["E1"].value) == (
        "FFFFC7CE",
        "0.0",
        "Please correct",
    )
    summary = {row[0]: row[1] for row in book["Corrections"].iter_rows(values_only=True)}
    assert (summary["Rows read"], summary["Rows that could not be taken"]) == (30, 1)


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_other_workbooks_come_back_as_xlsx_in_the_same_layout(shop: SupplierLoads, tmp_path: Path, kind: str) -> None:
    listed = [("ACME Ltd",), (), *rows(("S-002", "Item", "call us", 1))]
    shop.register("acme", f"acme.{kind}")
    shop.load("acme", f"acme.{kind}", (make_xls if kind == "xls" else make_ods)(listed, name="Prices"))
    assert write(shop, review(shop), tmp_path / "back.xlsx") == []
    tab = openpyxl.load_workbook(tmp_path / "back.xlsx")["Prices"]
    assert (tab["A1"].value, tab["A3"].value, tab["C5"].value) == ("ACME Ltd", "SKU", "call us")
    assert tab["C5"].fill.fgColor.rgb == "FFFFC7CE"
    assert "price on request" in tab["E5"].value


def with_broken_styles(data: bytes) -> bytes:
    """A workbook whose styles openpyxl refuses; spreadsheet programs forgive it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            body = source.read(part)
            if part == "xl/styles.xml":
                body = body.replace(b'patternType="gray125"', b'patternType="sparkling"')
            target.writestr(part, body)
    return out.getvalue()


def test_a_workbook_that_cannot_be_kept_is_written_anew_and_that_is_said(shop: SupplierLoads, tmp_path: Path) -> None:
    shop.register("acme", "acme.xlsx")
    shop.load("acme", "acme.xlsx", with_broken_styles(make_xlsx(rows(("S-002", "Item", "call us", 1)), name="Prices")))
    notes = write(shop, review(shop), tmp_path / "back.xlsx")
    assert "written anew" in notes[0]
    tab = openpyxl.load_workbook(tmp_path / "back.xlsx")["Prices"]
    assert (tab["C3"].value, tab["C3"].fill.fgColor.rgb) == ("call us", "FFFFC7CE")


def test_what_is_on_record_is_told_when_the_list_is_gone_but_no_file_is_written(
    shop: SupplierLoads, tmp_path: Path
) -> None:
    shop.load("acme", "acme.csv", make_csv(rows(("S-002", "Item", "call us", 1))))
    shop.sql("UPDATE sheet_snapshots SET deleted_at = now()")
    found = review(shop, "de")
    assert "retention" in found.notes[0]
    assert found.wrong[0].problems[0].message.startswith("„call us“ ist kein Preis")
    with pytest.raises(SourceRejected, match="retention"):
        files.write(shop.deployment, found, tmp_path / "back.csv", lambda done: None)


def test_a_list_that_waits_for_a_decision_is_told_too(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(rows()))
    jumped = [(f"S-{n:03}", "Item", f"{n + 10}0.50", 1) for n in range(1, 30)]
    assert shop.load("acme", "acme.csv", make_csv(rows(*jumped, ("S-030", "Item", "call", 1)))).status == "held"
    assert skus(review(shop).wrong) == ["S-030"]


@pytest.mark.parametrize("name", ["back.pdf", "nowhere/back.csv"])
def test_a_file_that_cannot_be_written_is_refused_with_the_reason(
    shop: SupplierLoads, tmp_path: Path, name: str
) -> None:
    shop.load("acme", "acme.csv", make_csv(rows(("S-002", "Item", "call us", 1))))
    with pytest.raises(SourceRejected, match=r"must end in|no folder"):
        files.file_for(review(shop), tmp_path / name)


def mistaken(n: int, price: str) -> tuple[Any, ...]:
    return (f"S-{n:03}", f"Item number {n}", price, n * 3)


def test_a_marked_workbook_that_comes_back_corrected_is_read_as_if_it_had_never_been_marked(
    shop: SupplierLoads, tmp_path: Path
) -> None:
    shop.register("acme", "acme.xlsx")
    shop.load("acme", "acme.xlsx", make_xlsx(rows(mistaken(2, "call us"), mistaken(3, "?")), name="Prices"))
    write(shop, review(shop), tmp_path / "back.xlsx")
    book = openpyxl.load_workbook(tmp_path / "back.xlsx")
    book["Prices"]["C3"] = "12.50"
    book.save(tmp_path / "corrected.xlsx")
    loaded = shop.load("acme", "acme.xlsx", (tmp_path / "corrected.xlsx").read_bytes())
    assert (loaded.status, loaded.inserted, loaded.updated, loaded.unchanged) == ("partial_success", 1, 0, 28)
    assert shop.sql("SELECT count(*) FROM supplier_items WHERE characteristics <> '{}' OR description <> ''") == [(0,)]
    found = review(shop)
    assert (skus(found.progress.repeated), skus(found.progress.fixed)) == (["S-003"], ["S-002"])
    write(shop, found, tmp_path / "again.xlsx")
    again = openpyxl.load_workbook(tmp_path / "again.xlsx")
    assert again.sheetnames == ["Prices", "Corrections"]
    tab = again["Prices"]
    assert [cell.value for cell in tab[1]] == [*HEADER, "Please correct"]
    assert (tab["E3"].value, tab["C3"].fill.fill_type, tab["C3"].comment) == (None, None, None)
    assert tab["C4"].fill.fgColor.rgb == "FFFFC7CE"


def test_a_marked_csv_that_comes_back_corrected_has_one_column_of_ours(shop: SupplierLoads, tmp_path: Path) -> None:
    shop.load("acme", "acme.csv", make_csv(rows(mistaken(2, "call us"), mistaken(3, "?"), header=RUSSIAN), ";"))
    write(shop, review(shop), tmp_path / "back.csv")
    corrected = (tmp_path / "back.csv").read_text().replace("call us", "12.50")
    loaded = shop.load("acme", "acme.csv", corrected.encode())
    assert (loaded.inserted, loaded.updated, loaded.unchanged) == (1, 0, 28)
    write(shop, review(shop), tmp_path / "again.csv")
    lines = (tmp_path / "again.csv").read_text().splitlines()
    assert lines[0] == ";".join((*RUSSIAN, "Просьба исправить"))
    assert lines[2] == "S-002;Item number 2;12.50;6;"
    assert lines[3].startswith("S-003;Item number 3;?;9;«?»")
