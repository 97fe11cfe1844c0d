"""Marks in workbooks: the supplier's own kept as it was, or a new one; every wrong cell, no other."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.styles import Font

from ingestion_dagster.core.corrections.compare import Progress, compare, from_reject
from ingestion_dagster.core.corrections.markup import Facts, Markup, markup_of
from ingestion_dagster.core.mapped_sheet import FieldColumn, MappedSheet, ReadingHints
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow, RowReject
from ingestion_dagster.core.sheets import Range, Sheet
from ingestion_dagster.sources.corrected.new_workbook import write_workbook
from ingestion_dagster.sources.corrected.workbook import MOST_COMMENTS, mark_workbook
from ingestion_dagster_tests.sheets.making import make_xlsx

WRONG_COLOUR = "FFFFC7CE"
FACTS = Facts(supplier="Acme", file="a.xlsx", received=datetime(2025, 1, 2, tzinfo=UTC), rows=9, before=None)
SKUS = st.one_of(st.integers(1, 10**6).map(str), st.sampled_from(["", "4.60703E+12", "A\nB"]), st.none())
PRICES = st.one_of(
    st.decimals(Decimal("0.01"), Decimal("999"), places=2).map(float),
    st.sampled_from([None, "call us", "-", -3.5, 0, True, "1-2", "5 €", "=1/0"]),
)
ROWS = st.lists(st.tuples(SKUS, st.sampled_from(["Lamp", "Desk", ""]), PRICES), min_size=1, max_size=25)


def sheet_of(rows: list[list[Any]], **more: Any) -> Sheet:
    return Sheet(name="List", open_rows=lambda: rows, typed=True, **more)


def mapped() -> MappedSheet:
    names = ("supplier_sku", "name", "price")
    return MappedSheet(
        sheet="List",
        is_pricelist=True,
        header_row_index=1,
        header_rows=(1,),
        first_data_row=2,
        headers=names,
        fields={name: FieldColumn(column=at, header=name, confidence=1) for at, name in enumerate(names)},
        currency="EUR",
    )


def rejects_of(sheet: Sheet) -> list[RowReject]:
    return [row for row in read_rows(sheet, mapped(), ReadingHints()) if isinstance(row, RowReject)]


def markup_for(sheet: Sheet) -> Markup:
    progress = compare([from_reject(reject) for reject in rejects_of(sheet)], [], set())
    return markup_of(sheet.rows(), mapped(), sheet.merges, progress, FACTS, "en")


def book_and_rows(rows: list[tuple[Any, ...]]) -> tuple[bytes, list[list[Any]]]:
    whole = [["ACME price list"], ["supplier_sku", "name", "price"], *[list(row) for row in rows]]
    return make_xlsx(whole, name="List"), whole


def coloured(tab: Any) -> set[tuple[int, int]]:
    return {
        (cell.row - 1, cell.column - 1)
        for row in tab.iter_rows()
        for cell in row
        if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb == WRONG_COLOUR
    }


@hypothesis_settings(max_examples=40)
@given(ROWS)
def test_every_reject_is_marked_in_its_own_cell_and_no_other_cell_changes(rows: list[tuple[Any, ...]]) -> None:
    data, whole = book_and_rows(rows)
    sheet = sheet_of(whole)
    marked = openpyxl.load_workbook(io.BytesIO(mark_workbook(data, markup_for(sheet))))["List"]
    rejects = rejects_of(sheet)
    problems = {(r.row, c) for r in rejects for c in (r.column, *(more.column for more in r.more)) if c is not None}
    assert coloured(marked) == problems
    for reject in rejects:
        cell = marked.cell(reject.row + 1, 4)
        assert reject.message in cell.value
        assert cell.data_type == "s"
    reasons = {number for number in range(3, len(whole) + 1) if marked.cell(number, 4).value}
    assert reasons == {reject.row + 1 for reject in rejects}
    before = openpyxl.load_workbook(io.BytesIO(data))["List"]
    for row in before.iter_rows():
        for cell in row:
            assert marked.cell(cell.row, cell.column).value == cell.value


@hypothesis_settings(max_examples=25)
@given(ROWS)
def test_a_new_workbook_is_marked_like_the_suppliers_own(tmp_path_factory: Any, rows: list[tuple[Any, ...]]) -> None:
    data, whole = book_and_rows(rows)
    sheet = sheet_of(whole)
    path: Path = tmp_path_factory.mktemp("fresh") / "f.xlsx"
    write_workbook(sheet, markup_for(sheet), path, lambda done: None)
    own = openpyxl.load_workbook(io.BytesIO(mark_workbook(data, markup_for(sheet))))["List"]
    fresh = openpyxl.load_workbook(path)["List"]
    assert coloured(fresh) == coloured(own)
    assert [fresh.cell(n + 1, 4).value for n in range(len(whole))] == [
        own.cell(n + 1, 4).value for n in range(len(whole))
    ]


def test_tabs_styles_merges_formulas_and_comments_of_the_supplier_stay() -> None:
    book = openpyxl.Workbook()
    tab = book.active
    tab.title = "List"
    tab["A1"], tab["A1"].font = "ACME", Font(bold=True, size=20)
    tab.merge_cells("A1:C1")
    for row in (["supplier_sku", "name", "price"], ["A", "Lamp", "call"], ["B", "Desk", "=1+1"]):
        tab.append(row)
    tab["C3"].comment, tab["C3"].number_format = Comment("ask Bob", "Bob"), "0.00 €"
    tab.column_dimensions["B"].width = 44
    tab.freeze_panes = "A3"
    book.create_sheet("Terms")["A1"] = "=SUM(1,2)"
    out = io.BytesIO()
    book.save(out)
    sheet = sheet_of([["ACME"], ["supplier_sku", "name", "price"], ["A", "Lamp", "call"], ["B", "Desk", 2]])
    marked = openpyxl.load_workbook(io.BytesIO(mark_workbook(out.getvalue(), markup_for(sheet))))
    assert marked.sheetnames == ["List", "Terms", "Corrections"]
    tab = marked["List"]
    assert [str(area) for area in tab.merged_cells.ranges] == ["A1:C1"]
    assert (tab["A1"].font.size, tab.column_dimensions["B"].width, tab.freeze_panes) == (20, 44, "A3")
    assert (tab["C4"].value, tab["C3"].number_format, marked["Terms"]["A1"].value) == ("=1+1", "0.00 €", "=SUM(1,2)")
    assert tab["C3"].comment.text.startswith("ask Bob\n\n“call” is not a price")
    assert coloured(tab) == {(2, 2)}
    assert tab["D2"].value == "Please correct"


def test_a_wrong_cell_inside_a_merged_area_is_marked_at_the_areas_first_cell() -> None:
    data = make_xlsx(
        [["ACME"], ["supplier_sku", "name", "price"], ["A", "Lamp", "call"], ["B", "Desk", None]],
        name="List",
        merges=["C3:C4"],
    )
    sheet = sheet_of(
        [["ACME"], ["supplier_sku", "name", "price"], ["A", "Lamp", "call"], ["B", "Desk", None]],
        merges=(Range(2, 2, 3, 2),),
    )
    marked = openpyxl.load_workbook(io.BytesIO(mark_workbook(data, markup_for(sheet))))["List"]
    assert coloured(marked) == {(2, 2)}
    assert marked["C3"].comment.text.count("“call” is not a price") == 1
    assert marked["D3"].value == marked["D4"].value


def test_a_summary_does_not_replace_a_tab_of_the_supplier_with_the_same_name() -> None:
    data = make_xlsx([["t"], ["supplier_sku", "name", "price"], ["A", "a", "x"]], name="List", tabs={"CORRECTIONS": []})
    sheet = sheet_of([["t"], ["supplier_sku", "name", "price"], ["A", "a", "x"]])
    marked = openpyxl.load_workbook(io.BytesIO(mark_workbook(data, markup_for(sheet))))
    assert marked.sheetnames == ["List", "CORRECTIONS", "Corrections 2"]


@pytest.mark.parametrize("key", ["=HYPERLINK(1)", "+A1", "-5", "@x"])
def test_a_reason_that_quotes_a_formula_is_text_in_both_kinds_of_workbook(tmp_path: Path, key: str) -> None:
    rows = [["t"], ["supplier_sku", "name", "price"], [key, "=1+1", 3]]
    from ingestion_dagster.core.corrections.compare import WrongRow
    from ingestion_dagster.core.rows.types import CellProblem

    wrong = WrongRow(2, key, (), (CellProblem(None, "supplier_sku", "duplicate_key", f"{key} stands twice", key),))
    sheet = sheet_of(rows)
    marks = markup_of(sheet.rows(), mapped(), (), Progress((wrong,), (), (), ()), FACTS, "en")
    write_workbook(sheet, marks, tmp_path / "f.xlsx", lambda done: None)
    own = mark_workbook(make_xlsx(rows, name="List"), marks)
    for book in (openpyxl.load_workbook(tmp_path / "f.xlsx"), openpyxl.load_workbook(io.BytesIO(own))):
        assert (book["List"]["D3"].value, book["List"]["D3"].data_type) == (f"'{key} stands twice", "s")
        for row in book["Corrections"].iter_rows():
            assert not any(cell.data_type == "f" for cell in row)
    fresh = openpyxl.load_workbook(tmp_path / "f.xlsx")["List"]
    assert (fresh["B3"].value, fresh["B3"].data_type) == ("=1+1", "s"), "the supplier's text stays text"


def test_many_mistakes_are_all_coloured_but_not_all_commented() -> None:
    rows: list[list[Any]] = [["t"], ["supplier_sku", "name", "price"]]
    rows += [[f"A{n}", "Lamp", "call"] for n in range(MOST_COMMENTS + 5)]
    marked = openpyxl.load_workbook(
        io.BytesIO(mark_workbook(make_xlsx(rows, name="List"), markup_for(sheet_of(rows))))
    )["List"]
    assert len(coloured(marked)) == MOST_COMMENTS + 5
    assert sum(cell.comment is not None for row in marked.iter_rows() for cell in row) == MOST_COMMENTS


def test_a_title_that_no_workbook_may_have_is_made_fit(tmp_path: Path) -> None:
    sheet = Sheet(name="a/b: [2025] " + "x" * 40, open_rows=lambda: [["t"], ["supplier_sku"], ["A"]], typed=False)
    write_workbook(sheet, markup_for(sheet), tmp_path / "f.xlsx", lambda done: None)
    assert len(openpyxl.load_workbook(tmp_path / "f.xlsx").sheetnames[0]) <= 31


def test_rows_that_are_items_are_never_marked() -> None:
    sheet = sheet_of([["t"], ["supplier_sku", "name", "price"], ["A", "Lamp", 3.5]])
    assert [type(row) for row in read_rows(sheet, mapped(), ReadingHints())] == [ItemRow]
    assert markup_for(sheet).cells == ()
