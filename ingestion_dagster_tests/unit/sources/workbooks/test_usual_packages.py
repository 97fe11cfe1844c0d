"""Workbooks that Excel opens although their parts are not where, or not called as, the format says."""

import io
import re
import zipfile
from collections.abc import Callable

import pytest

from ingestion_dagster.core.corrections.markup import Markup
from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.sheets import CellError
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster.sources.sandbox.process import run_limited
from ingestion_dagster.sources.workbooks.usual_package import usual_package
from ingestion_dagster_tests.sheets import make_ods, make_xlsx

Edit = Callable[[str, bytes], bytes]
ROWS: list[list[object]] = [["Артикул", "Name", "Preis"], *([n, f"Bolt {n}", n + 0.5] for n in range(42, 50))]
FORMATS = {(row, 0): "00000" for row in range(1, 9)} | {(row, 2): "#,##0.00 [$€-407]" for row in range(1, 9)}
STRAIGHT = make_xlsx([*ROWS, ["E", "broken", "=1/0"]], formats=FORMATS)


def changed(data: bytes, name: Callable[[str], str] = str, edit: Edit = lambda _, body: body) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            new.writestr(name(member), edit(member, old.read(member)))
    return out.getvalue()


def edited(ending: str, pattern: bytes, by: bytes | Callable[[re.Match[bytes]], bytes]) -> Edit:
    return lambda member, body: re.sub(pattern, by, body) if member.endswith(ending) else body


def capitals(found: re.Match[bytes]) -> bytes:
    return found[1] + found[2].upper() + b'"'


def elsewhere(member: str, body: bytes) -> bytes:
    if not member.endswith(".rels") and "Content_Types" not in member:
        return body
    return body.replace(b"/xl/", b"/Book/").replace(b'"xl/', b'"Book/').replace(b"workbook.xml", b"list.xml")


def dimension(element: bytes) -> Edit:
    return edited("sheet1.xml", rb"<dimension[^>]*>", element)


CROOKED = {
    "backslashes": changed(STRAIGHT, lambda name: name.replace("/", "\\")),
    "capitals": changed(STRAIGHT, str.upper),
    "small letters": changed(STRAIGHT, str.lower),
    "a slash before": changed(STRAIGHT, lambda name: "/" + name),
    "one part in another case": changed(STRAIGHT, lambda name: name.replace("sheet1", "Sheet1")),
    "styles in another case": changed(STRAIGHT, lambda name: name.replace("styles", "Styles")),
    "relations with backslashes": changed(STRAIGHT, edit=edited(".rels", rb"worksheets/", rb"worksheets\\\\")),
    "relations in capitals": changed(STRAIGHT, edit=edited(".rels", rb'(Target=")([^"]*)"', capitals)),
    "types in capitals": changed(STRAIGHT, edit=edited("Types].xml", rb'(PartName=")([^"]*)"', capitals)),
    "another folder": changed(
        STRAIGHT, lambda name: name.replace("xl/", "Book/").replace("workbook.xml", "list.xml"), elsewhere
    ),
    "a range from row 0": changed(STRAIGHT, edit=dimension(b'<dimension ref="A0:C9"/>')),
    "an empty range": changed(STRAIGHT, edit=dimension(b'<dimension ref=""></dimension>')),
    "no range": changed(STRAIGHT, edit=dimension(b"<dimension/>")),
    "a range with dollars": changed(STRAIGHT, edit=dimension(b'<dimension ref="$A$1:$C$9"/>')),
    "a range with its tab": changed(STRAIGHT, edit=dimension(b'<dimension ref="Sheet1!A1:C9"/>')),
    "rows alone": changed(STRAIGHT, edit=dimension(b'<dimension ref="1:9"/>')),
    "everything at once": changed(
        STRAIGHT, lambda name: name.replace("/", "\\").upper(), dimension(b'<dimension ref="A0"/>')
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CROOKED)
def test_values_formats_and_error_cells_are_those_of_the_straight_workbook(kind: str) -> None:
    straight, found = open_workbook(STRAIGHT, "x").sheets[0], open_workbook(CROOKED[kind], "x").sheets[0]
    rows = list(found.rows())
    assert rows == list(straight.rows())
    assert rows[-1][2] == CellError("#FORMULA")
    assert (found.number_format(1, 0), found.number_format(8, 2)) == ("00000", "#,##0.00 [$€-407]")


@pytest.mark.parametrize("kind", CROOKED)
def test_the_marked_copy_that_goes_back_is_made_of_it_too(kind: str) -> None:
    markup = Markup(
        tab="Sheet1", header_row=0, column=3, header="Error", cells=((2, 2, "wrong"),), reasons=((2, "wrong"),),
        summary_tab="Errors", summary=(("errors", 1),),
    )  # fmt: skip
    ((_, marked),) = run_limited({"task": "mark", "markup": markup.model_dump(mode="json")}, CROOKED[kind], Limits())
    rows = list(open_workbook(marked, "x").sheets[0].rows())
    assert (rows[1][:3], rows[2][3]) == ([42, "Bolt 42", 42.5], "wrong")


def test_a_straight_workbook_is_handed_on_as_it_is() -> None:
    assert usual_package(STRAIGHT, Limits()) is STRAIGHT


def test_the_parts_of_an_ods_file_are_found_in_any_case() -> None:
    data = changed(make_ods(ROWS), lambda name: name.upper().replace("/", "\\") if name != "mimetype" else name)
    assert list(open_workbook(data, "x.ods").sheets[0].rows())[1][:2] == [42, "Bolt 42"]


def test_two_parts_whose_names_differ_only_in_case_are_refused() -> None:
    out = io.BytesIO(STRAIGHT)
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("xl/worksheets/SHEET1.xml", b"<worksheet/>")
    with pytest.raises(SourceRejected, match="two parts called"):
        open_workbook(out.getvalue(), "x")
