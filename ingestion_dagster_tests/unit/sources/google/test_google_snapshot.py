import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.sheets import Range, Row
from ingestion_dagster.sources.google.snapshot import SnapshotWriter, open_google_snapshot

KEY = "1Snapshot-of-a-document"
TAB: dict[str, Any] = {
    "properties": {"sheetId": 7, "title": "Prices", "gridProperties": {"rowCount": 5000, "columnCount": 9}}
}

values = st.none() | st.text(min_size=1, max_size=5) | st.integers(-(2**40), 2**40) | st.booleans()
tables = st.lists(st.lists(values, max_size=4), max_size=12)


def cell(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    kind = {str: "stringValue", bool: "boolValue", int: "numberValue"}[type(value)]
    return {"userEnteredValue": {}, "effectiveValue": {kind: value}, "formattedValue": str(value)}


def grid(rows: list[list[Any]], first: int = 0) -> dict[str, Any]:
    return {"startRow": first, "rowData": [{"values": [cell(value) for value in row]} if row else {} for row in rows]}


def written(*pieces: dict[str, Any], tab: dict[str, Any] = TAB) -> bytes:
    with SnapshotWriter(KEY, {"locale": "ru_RU"}) as writer:
        writer.tab(tab, pieces)
        return writer.finish()


def trimmed(rows: list[list[Any]]) -> list[Row]:
    """Rows without the empty cells and empty rows at their ends."""
    kept = [list(row) for row in rows]
    for row in kept:
        while row and row[-1] is None:
            row.pop()
    while kept and not kept[-1]:
        kept.pop()
    return kept


@given(tables)
def test_what_is_written_is_read_back(rows: list[list[Any]]) -> None:
    (sheet,) = open_google_snapshot(written(grid(rows))).sheets
    assert list(sheet.rows()) == trimmed(rows)
    assert list(sheet.rows()) == trimmed(rows)  # a fresh walk each time


@given(tables, st.integers(0, 12))
def test_how_the_rows_were_asked_for_leaves_no_trace(rows: list[list[Any]], cut: int) -> None:
    assert written(grid(rows[:cut]), grid(rows[cut:], len(rows[:cut]))) == written(grid(rows))


def test_a_tall_sheet_is_kept_in_blocks_and_its_head_is_read_without_the_rest() -> None:
    rows = [[f"SKU-{n}", n] for n in range(4500)]
    rows[2500:2600] = [[] for _ in range(100)]
    data = written(grid(rows))
    (sheet,) = open_google_snapshot(data).sheets
    assert list(sheet.rows()) == rows
    assert sheet.head(2) == rows[:2]
    assert gzip.decompress(data).count(b"\n") == 1 + 3
    assert open_google_snapshot(data[: len(data) // 2]).sheets[0].head(2) == rows[:2]


def test_a_merge_without_an_end_reaches_the_edge() -> None:
    tab = TAB | {"merges": [{"startRowIndex": 1, "endRowIndex": 3}, {"startColumnIndex": 2, "endColumnIndex": 4}]}
    (sheet,) = open_google_snapshot(written(grid([["x"]]), tab=tab)).sheets
    assert sheet.merges == (Range(1, 0, 2, 8), Range(0, 2, 4999, 3))


def test_two_tabs_do_not_mix() -> None:
    with SnapshotWriter(KEY, {}) as writer:
        for gid in (1, 11):
            writer.tab({"properties": {"sheetId": gid, "title": str(gid)}}, [grid([[f"tab {gid}"]])])
        book = open_google_snapshot(writer.finish())
    assert [list(sheet.rows()) for sheet in book.sheets] == [[["tab 1"]], [["tab 11"]]]


def test_an_answer_that_breaks_off_leaves_nothing_open() -> None:
    def breaking_off() -> Iterator[dict[str, Any]]:
        yield grid([["x"]] * 2000)
        raise TimeoutError

    with pytest.raises(TimeoutError), SnapshotWriter(KEY, {}) as writer:
        writer.tab(TAB, breaking_off())
    with pytest.raises(ValueError, match="closed"):
        writer.tab(TAB, [grid([["x"]] * 2000)])
