"""Mistakes beside those of the list before, and what is written to show them: pure, no files."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.corrections.compare import RejectRecord, WrongRow, compare, from_record
from ingestion_dagster.core.corrections.markup import Facts, free_column, markup_of, neutral
from ingestion_dagster.core.mapped_sheet import FieldColumn, MappedSheet
from ingestion_dagster.core.rows.types import CellProblem
from ingestion_dagster.core.sheets import Range
from ingestion_dagster.core.words.correction_words import LANGUAGES, language_for, words


def wrong(row: int, sku: str | None, code: str = "price_missing", raw: str = "", **content: str) -> WrongRow:
    return WrongRow(row, sku, tuple(sorted(content.items())), (CellProblem(2, "price", code, f"{code}!", raw),))


def mapped(**more: object) -> MappedSheet:
    fields = {
        name: FieldColumn(column=column, header=name, confidence=1)
        for column, name in enumerate(("supplier_sku", "name", "price"))
    }
    values = {"sheet": "S", "is_pricelist": True, "header_row_index": 0, "header_rows": (0,), "first_data_row": 1}
    return MappedSheet(**values, headers=("sku", "name", "price"), fields=fields, **more)


def test_an_item_is_repeated_while_it_is_wrong_fixed_once_it_is_taken_and_removed_once_it_is_gone() -> None:
    before = [wrong(1, "A"), wrong(2, "B"), wrong(3, "C"), wrong(4, "D")]
    now = [wrong(7, "B", "price_text", "x"), wrong(8, "E")]
    found = compare(now, before, listed={"A", "D"})
    assert [row.supplier_sku for row in found.new] == ["E"]
    assert [row.supplier_sku for row in found.repeated] == ["B"]
    assert [row.supplier_sku for row in found.fixed] == ["A", "D"]
    assert [row.supplier_sku for row in found.removed] == ["C"]


def test_rows_without_a_key_are_recognised_by_content_then_by_the_wrong_cell_then_by_place() -> None:
    before = [
        wrong(1, None, "key_missing", "", Name="Lamp", Price="3"),
        wrong(2, None, "sku_digits_lost", "4.6E+12", Name="Desk", Price="9"),
        wrong(3, None, "key_missing", "", Name="Pen", Price="1"),
    ]
    now = [
        wrong(3, None, "key_missing", "", Name="Pen", Price="2"),
        wrong(6, None, "sku_digits_lost", "4.6E+12", Name="Desk", Price="10"),
        wrong(9, None, "key_missing", "", Name="Lamp", Price="3"),
    ]
    assert len(compare(now, before, set()).repeated) == 3


def test_a_key_that_was_wrong_twice_and_is_wrong_once_now_is_half_fixed() -> None:
    found = compare([wrong(1, "A", "duplicate_key")], [wrong(1, "A"), wrong(2, "A", "duplicate_key")], set())
    assert (len(found.repeated), len(found.fixed), len(found.removed)) == (1, 1, 0)


@given(
    st.lists(st.sampled_from("ABCDE"), max_size=12),
    st.lists(st.sampled_from("ABCDE"), max_size=12),
    st.sets(st.sampled_from("ABCDE")),
)
def test_every_mistake_of_today_and_of_before_is_told_exactly_once(now: str, before: str, listed: set[str]) -> None:
    found = compare([wrong(n, k) for n, k in enumerate(now)], [wrong(n, k) for n, k in enumerate(before)], listed)
    assert sorted(row.row for row in (*found.new, *found.repeated)) == list(range(len(now)))
    assert len(found.repeated) + len(found.fixed) + len(found.removed) == len(before)


@given(st.text(max_size=20))
def test_no_text_of_ours_can_become_a_formula(text: str) -> None:
    shown = neutral(text)
    assert not shown.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    assert shown[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert neutral(text).startswith("'")


def test_ordinary_reasons_stay_as_they_are() -> None:
    assert neutral("“n/a” is not a price.") == "“n/a” is not a price."


def test_every_language_has_every_text_with_the_same_gaps() -> None:
    import re

    for language in LANGUAGES:
        said = words(language)
        assert said.keys() == words("en").keys()
        for name, text in said.items():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", words("en")[name])), (language, name)


def test_every_language_of_a_marked_file_can_explain_every_reject() -> None:
    folder = files("ingestion_dagster.core") / "data" / "reject_messages"
    known = {language: json.loads((folder / f"{language}.json").read_text("utf-8")) for language in LANGUAGES}
    assert all(texts.keys() == known["en"].keys() for texts in known.values())


def test_the_language_is_the_suppliers_then_the_sheets_then_english() -> None:
    assert language_for("de", "ru") == "de"
    assert language_for(None, "ru") == "ru"
    assert language_for("de_AT", None) == "de"
    assert language_for(None, "tr") == "en"


def test_the_reasons_stand_in_the_first_free_column_right_of_the_table() -> None:
    rows = [["t", None, None, None, None, "phone"], ["sku", "name", "price"], ["A", "a", 1, None, "note"], ["B", "b"]]
    whole = mapped().model_copy(update={"header_row_index": 1})
    assert free_column(rows, whole, (), frozenset({2})) == 5
    beside = whole.model_copy(update={"last_column": 2})
    assert free_column(rows, beside, (), frozenset({2})) == 3
    assert free_column(rows, beside, (Range(2, 3, 2, 6),), frozenset({2})) == 7
    assert free_column(rows, beside, (Range(0, 0, 0, 9),), frozenset({2})) == 3


def test_a_problem_of_a_whole_row_is_marked_at_its_key_and_a_cell_is_marked_once() -> None:
    row = WrongRow(
        4,
        "A",
        (),
        (
            CellProblem(None, "row", "row_shifted", "shifted", ""),
            CellProblem(2, "price", "price_text", "no price", "x"),
            CellProblem(2, "price", "price_text", "still none", "x"),
        ),
    )
    facts = Facts(supplier="=A", file="f", received=datetime(2025, 1, 2, tzinfo=UTC), rows=9, before=None)
    marks = markup_of([["sku", "name", "price"]], mapped(), (), compare([row], [], set()), facts, "en")
    assert marks.cells == ((4, 0, "shifted"), (4, 2, "no price\nstill none"))
    assert marks.reasons == ((4, "shifted\nno price\nstill none"),)
    assert marks.summary[0][0] == "Corrections: =A"


def test_a_reject_on_record_is_told_in_any_language_with_the_sheets_own_header() -> None:
    logged = RejectRecord(
        row_number=7,
        cell="AB7",
        field="supplier_sku",
        code="key_missing",
        raw=None,
        supplier_sku=None,
        row_data={"Цена": "3"},
        error_message="old words",
    )
    headers = [*[""] * 27, "Артикул"]
    found = from_record(logged, headers, "ru", 2, "…")
    assert found.problems[0] == CellProblem(
        27, "supplier_sku", "key_missing", "В строке есть цена, но нет поля «Артикул». Укажите код товара.", ""
    )
    assert from_record(replace(logged, code="of_old"), headers, "ru", 2, "…").problems[0].message == "old words"
