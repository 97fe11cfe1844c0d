"""Tables of the command line: figures stay whole at every width, nothing is lost, a pipe gets one line for each row."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ingestion_dagster.cli.show.tables import table_lines

COLUMNS = ("row", "sku", "name", "before", "now", "change")
PRICES = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal("99999999.9999"), places=4)
ROWS = st.lists(
    st.tuples(
        st.integers(1, 1_048_576),
        st.from_regex(r"[A-Z]{1,3}-[0-9]{1,9}", fullmatch=True),
        st.text(st.sampled_from("abcdefg日本語 привет"), max_size=120),
        PRICES.map(lambda price: f"{price} EUR"),
        PRICES.map(lambda price: f"{price} EUR"),
        PRICES.map(lambda change: f"{change:+.2f} %"),
    ),
    min_size=1,
    max_size=8,
)


def lines(rows: Any, width: int | None) -> list[str]:
    return [line.plain for line in table_lines("Prices that would change", COLUMNS, rows, width)]


@given(ROWS, st.sampled_from([40, 60, 80, 100, 200]))
def test_row_numbers_and_prices_are_whole_in_a_line_and_no_line_is_wider_than_the_terminal(
    rows: list[tuple[Any, ...]], width: int
) -> None:
    shown = lines(rows, width)
    assert all(cell_len(line) <= width for line in shown)
    for row in rows:
        for figure in (row[0], row[1], *row[3:]):
            assert any(str(figure) in line for line in shown), figure
    assert "…" not in "".join(shown)


@given(ROWS, st.sampled_from([40, 80, 120]))
def test_no_letter_of_a_text_is_lost_by_wrapping(rows: list[tuple[Any, ...]], width: int) -> None:
    shown = "".join("".join(lines(rows, width)).split())
    for row in rows:
        for letter in set(row[2]) - {" "}:
            assert shown.count(letter) >= row[2].count(letter)


@given(ROWS)
def test_in_a_pipe_each_row_is_one_line_with_all_its_cells(rows: list[tuple[Any, ...]]) -> None:
    shown = lines(rows, None)
    assert len(shown) == len(rows) + 2
    for row, line in zip(rows, shown[2:], strict=True):
        assert all(str(cell).strip() in line for cell in row)


def test_columns_that_do_not_fit_go_below_their_row_by_name() -> None:
    columns = ("id", "supplier", "state", "created_at", "rows", "rejected", "reason")
    row = (7, "acme-wholesale", "held", "2026-11-26 18:00:00", 812, 9, "75 prices are 100 times higher: another unit?")
    assert [line.plain for line in table_lines("", columns, [row], 60)] == [
        "id  supplier        state  created_at           rows",
        " 7  acme-wholesale  held   2026-11-26 18:00:00   812",
        "    rejected: 9",
        "    reason: 75 prices are 100 times higher: another unit?",
    ]


def test_a_cell_of_several_lines_is_lines_on_a_terminal_and_one_in_a_pipe() -> None:
    row = [("C3", ("not a price", "no name"))]
    assert [line.plain for line in table_lines("", ("cell", "why"), row, 80)][1:] == [
        "C3    not a price",
        "      no name",
    ]
    assert [line.plain for line in table_lines("", ("cell", "why"), row, None)][1:] == ["C3    not a price / no name"]


@pytest.mark.parametrize("text", ["[/red]", "[bold]x[/bold]", ":smile:", "\\[/x]", "\x1b[31m", "a\nb", "\u202ex"])
def test_a_cell_is_shown_as_text(text: str) -> None:
    for width in (None, 80):
        (_, line) = (line.plain for line in table_lines("", ("name",), [(text,)], width))
        assert line.isprintable()
        assert line == text or not text.isprintable()
