"""What a sheet may cost beside its opening: the answer of the process that opens it, merges, repeats, rows that are no
list, and the time of understanding and reading."""

import hashlib
import io
import zipfile

import pytest

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.reports.inspection import inspect_workbook
from ingestion_dagster.core.rows import read as core_rows
from ingestion_dagster.core.sheets import Sheet, Workbook
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster.sources.reading_budget import ReadingBudget, within_budget
from ingestion_dagster.sources.row_frames import decode_rows
from ingestion_dagster.sources.sandbox.process import run_limited
from ingestion_dagster.sources.text.quoting import Shape, split_records
from ingestion_dagster_tests.sheets import make_csv, make_xls, make_xlsx
from ingestion_dagster_tests.sheets.hostile import bare_xlsx

HEADER: list[object] = ["Item Code", "Name", "Price", "Notes"]
LONG = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(250)) * 2
"""32,000 characters that do not pack as small as a bomb."""


@pytest.mark.parametrize("make", [make_xls, make_xlsx])
def test_one_long_text_in_many_cells_is_refused_before_it_fills_the_runs_memory(make: object) -> None:
    rows = [HEADER, *([f"A{n}", f"Thing {n}", n + 0.5, LONG[:20_000]] for n in range(300))]
    data = make(rows)  # type: ignore[operator]
    assert len(list(open_workbook(data, "x").sheets[0].rows())) == 301
    with pytest.raises(SourceRejected, match="more than 3 MB of cells once it is opened"):
        open_workbook(data, "x", limits=Limits(answer_bytes=3_000_000))


def test_a_text_that_many_cells_share_ends_the_reader_with_the_sentence_about_memory() -> None:
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 18_000))
    data = bare_xlsx(cells, shared_strings=f"<si><t>{LONG}</t></si>")
    with pytest.raises(SourceRejected, match="more memory to open than the 300 MB"):
        open_workbook(data, "x", limits=Limits(memory_bytes=300_000_000))


def test_rows_of_long_texts_come_in_frames_that_are_small_enough_to_unpack_one_by_one() -> None:
    rows = [HEADER, *([f"A{n}", f"Thing {n}", n + 0.5, LONG] for n in range(700))]
    frames = run_limited({"task": "read", "kind": "xls"}, make_xls(rows), Limits())
    sizes = [len(body) for letter, body in frames if letter == b"R"]
    assert max(sizes) <= 8_000_000 < sum(sizes)
    assert sum(len(decode_rows(body)) for letter, body in frames if letter == b"R") == 701


def merged(areas: list[str]) -> bytes:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 10))
    data = bare_xlsx(rows)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            body = old.read(member)
            if member.endswith("sheet1.xml"):
                cells = "".join(f'<mergeCell ref="{area}"/>' for area in areas)
                body = body.replace(b"</sheetData>", f"</sheetData><mergeCells>{cells}</mergeCells>".encode())
            new.writestr(member, body)
    return out.getvalue()


def test_merged_areas_are_bounded_and_those_over_each_other_count_once() -> None:
    apart = merged([f"A{n}:B{n}" for n in range(1, 60)])
    assert len(open_workbook(apart, "x").sheets[0].merges) == 59
    with pytest.raises(SheetError, match="59 merged areas, more than the 50 allowed"):
        open_workbook(apart, "x", limits=Limits(merges=50))
    over = merged([f"A1:C{n}" for n in range(2, 60)])
    assert open_workbook(over, "x", limits=Limits(merges=50)).sheets[0].merges == ((0, 0, 1, 2),)


def repeating(row: str) -> bytes:
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{names}manifest:1.0"/>')
        package.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{names}office:1.0" xmlns:table="{names}table:1.0" '
            f'xmlns:text="{names}text:1.0"><office:body><office:spreadsheet><table:table table:name="P">'
            '<table:table-row><table:table-cell office:value-type="string"><text:p>Code</text:p></table:table-cell>'
            "</table:table-row>"
            f"{row}</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


FILLED = '<table:table-cell office:value-type="string"{}><text:p>x</text:p></table:table-cell>'


@pytest.mark.parametrize("count", [1_000_000_000, 50_000, 18446744073709551615])
def test_a_row_that_stands_for_a_thousand_million_is_refused_with_its_cell(count: int) -> None:
    row = f'<table:table-row table:number-rows-repeated="{count}">{FILLED.format("")}</table:table-row>'
    with pytest.raises(SheetError, match="cell A2 is repeated over"):
        open_workbook(repeating(row), "x.ods")
    cell = FILLED.format(f' table:number-columns-repeated="{count}"')
    with pytest.raises(SheetError, match="cell A2 is repeated over"):
        open_workbook(repeating(f"<table:table-row>{cell}</table:table-row>"), "x.ods")


def test_blank_rows_to_the_end_of_an_ods_sheet_are_usual() -> None:
    row = (
        '<table:table-row table:number-rows-repeated="1048575"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert [row for row in open_workbook(repeating(row), "x.ods").sheets[0].rows() if any(row)] == [["Code"]]


def test_lines_whose_quotation_marks_never_pair_up_are_not_read_over_and_over() -> None:
    records = list(split_records(iter(['a","b\n'] * 60_000), Shape(","), []))
    assert (len(records), set(map(tuple, records))) == (60_000, {('a"', '"b')})


def test_a_list_with_more_bad_rows_than_good_ones_is_not_read_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_rows, "_MOST_REJECTS", 1_000)
    good = [["SKU", "Name", "Price"], *([f"A{n}", f"Bolt {n}", "1.50"] for n in range(500))]
    bad = [[f"B{n}", "Nut", "see below"] for n in range(1_100)]
    with pytest.raises(SheetError, match=r"1,000 of the first 1,500 rows could not be taken.*price_"):
        inspect_workbook(open_workbook(make_csv(good + bad, ";"), "x.csv"), ReadingHints(currency="EUR"))
    more = [[f"C{n}", f"Pin {n}", "1.50"] for n in range(800)]
    assert inspect_workbook(open_workbook(make_csv(good + more + bad, ";"), "x.csv"), ReadingHints()).rejected == 1_100


def test_understanding_and_reading_share_one_budget_of_processor_time() -> None:
    now = 0.0
    budget = ReadingBudget(10.0, lambda: now)

    def walk(count: int) -> None:
        nonlocal now
        for _ in budget.rows(lambda: [[n] for n in range(count)]):
            now += 0.006

    walk(1000)
    assert round(budget.spent) == 6
    with pytest.raises(SheetError, match=r"longer than 10 seconds to understand and to read \(row 1,000"):
        walk(2000)


def test_a_workbook_that_is_opened_again_begins_with_a_full_budget() -> None:
    sheet = Sheet("S", lambda: [["a"]] * 600, typed=False)
    book = Workbook((sheet,), "csv")
    with pytest.raises(SheetError, match="longer than 0 seconds"):
        list(within_budget(book, Limits(reading_seconds=0.0)).sheets[0].rows())
    assert len(list(within_budget(book, Limits()).sheets[0].rows())) == 600
