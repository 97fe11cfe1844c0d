"""What a person says wins and is checked; the right tab is found; the answer is the same wherever it is asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_dagster.core.columns.assignment import best_assignment
from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.sheets import CellValue, Sheet, Workbook
from ingestion_dagster_tests.unit.made_lists import made_list, workbook_of

Rows = list[list[CellValue]]
LINE = "sku:SKU; name:Name; price:Cost; xprice:RRP; stock:Stock; xtext:Color"


def rows_of(line: str = LINE, **more: object) -> Rows:
    made = made_list(line, **more)  # type: ignore[arg-type]
    return [list(made.headers), *made.rows]


def read(rows: Rows | None = None, **hints: object) -> MappedSheet:
    return understand(workbook_of(rows or rows_of()), ReadingHints(**hints))  # type: ignore[arg-type]


@pytest.mark.parametrize("reference", ["RRP", "rrp", " R.R.P ", "D", "d", 4, "4"])
def test_a_price_column_given_by_text_letter_or_number_wins(reference: str | int) -> None:
    mapped = read(column_mapping={"price": reference})
    assert (mapped.column("price"), mapped.decision) == (3, "accept")
    assert mapped.fields["price"].evidence == ("given for this supplier",)


def test_a_header_text_wins_over_a_letter() -> None:
    mapped = read(rows_of("sku:SKU; name:Name; price:Cost; xprice:B"), column_mapping={"price": "B"})
    assert mapped.column("price") == 3


def test_aliases_of_fields_are_understood() -> None:
    mapped = read(column_mapping={"sku": "A", "title": "Name", "cost": "RRP", "quantity": 5})
    assert mapped.mapping() | {"price": 3} == {"supplier_sku": 0, "name": 1, "price": 3, "stock": 4}


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"price": "Cots"}, "did you mean 'Cost'"),
        ({"price": "Kosten"}, "Its headers are: 'SKU', 'Name', 'Cost'"),
        ({"price": "ZZ"}, "there is no column ZZ; the sheet ends with F"),
        ({"price": 7}, "there is no column number 7; the sheet has columns 1 to 6"),
        ({"weight": "A"}, "'weight' is not a field"),
        ({"price": "C", "stock": "Cost"}, "column C is given for both price and stock"),
    ],
)
def test_a_column_that_is_not_there_is_an_error_that_says_what_is(mapping: dict[str, str | int], message: str) -> None:
    with pytest.raises(SheetError, match=message):
        read(column_mapping=mapping)


def test_a_header_that_stands_twice_must_be_named_by_its_letter() -> None:
    rows = rows_of("sku:SKU; name:Name; price:Price; xprice:Price")
    with pytest.raises(SheetError, match="over columns C, D; name the letter"):
        read(rows, column_mapping={"price": "Price"})
    assert read(rows, column_mapping={"price": "D"}).column("price") == 3


def test_given_rows_win_over_what_is_found() -> None:
    rows = [["SKU", "Name", "Price"], ["Code", "Article", "Amount"], *(row[:3] for row in rows_of()[1:])]
    mapped = read(rows, header_row=2, data_start_row=5)
    assert (mapped.header_rows, mapped.first_data_row, mapped.headers) == ((1,), 4, ("Code", "Article", "Amount"))


def test_a_header_row_of_zero_says_that_there_is_none() -> None:
    mapped = read(rows_of()[1:], header_row=0, column_mapping={"sku": "A", "name": "B", "price": "C"})
    assert (mapped.header_row_index, mapped.first_data_row, mapped.decision) == (-1, 0, "accept")


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        ({"header_row": 99}, "row 99 was given as the header row"),
        ({"data_start_row": 99}, "row 99 was given as the first data row"),
        ({"header_row": 3, "data_start_row": 2}, "cannot start in row 2"),
        ({"sheet_name": "Prices"}, "no tab 'Prices'; there are: 'Sheet1'"),
    ],
)
def test_rows_and_tabs_that_are_not_there_are_errors(hints: dict[str, object], message: str) -> None:
    with pytest.raises(SheetError, match=message):
        read(**hints)


def test_characteristics_are_every_other_column_or_those_asked_for() -> None:
    assert read().characteristics == {"RRP": 3, "Color": 5}
    assert read(characteristic_columns=("color",)).characteristics == {"Color": 5}
    with pytest.raises(SheetError, match="no column 'Size'"):
        read(characteristic_columns=("Size",))


def tab(name: str, rows: Rows, hidden: bool = False) -> Sheet:
    return Sheet(name, lambda: rows, True, hidden=hidden)


def test_the_best_price_list_tab_is_taken_and_the_others_are_listed() -> None:
    contacts: Rows = [["Name", "Phone"], ["Anna", "030 123"], ["Ben", "030 456"]]
    book = Workbook((tab("Contacts", contacts), tab("List", rows_of()), tab("Old", rows_of(), hidden=True)), "xlsx")
    mapped = understand(book, ReadingHints())
    assert (mapped.sheet, mapped.other_sheets, mapped.decision) == ("List", ("Contacts",), "accept")


def test_two_tabs_that_are_price_lists_are_asked_about() -> None:
    book = Workbook((tab("Pumps", rows_of()), tab("Lamps", rows_of(seed=2))), "xlsx")
    mapped = understand(book, ReadingHints())
    assert [question.code for question in mapped.questions] == ["tab"]
    assert understand(book, ReadingHints(sheet_name="lamps ")).decision == "accept"


def test_a_tall_list_is_looked_through_once_beyond_its_sample() -> None:
    """Its columns are told by a sample; a further header may stand anywhere."""
    seen = 0
    rows = rows_of(rows=200)

    def open_rows():  # type: ignore[no-untyped-def]
        nonlocal seen
        for number in range(100_000):
            seen += 1
            yield rows[number % len(rows)] if number else rows[0]

    understand(Workbook((Sheet("tall", open_rows, True),), "csv"), ReadingHints())
    assert seen < 110_000


def test_what_was_understood_travels_as_json() -> None:
    mapped = read()
    assert MappedSheet.model_validate_json(mapped.model_dump_json()) == mapped


def test_the_signature_names_the_header_not_its_spelling() -> None:
    other = rows_of(seed=3)
    other[0] = [f" {str(header).upper()}: " for header in other[0]]
    assert read().signature == read(other).signature
    other[0][2] = "RRP"
    assert read().signature != read(other).signature


CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers(-5, 10**14),
    st.floats(allow_nan=True),
    st.booleans(),
    st.dates(),
    st.sampled_from(["SKU", "Price", "Name", "Цена", "12,50", "1.234", "$5", "€", "Total", "шт", "http://a.b/c.jpg"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=25), st.booleans())
def test_no_cells_make_it_fail(rows: Rows, typed: bool) -> None:
    book = Workbook((Sheet("any", lambda: rows, typed),), "xlsx")
    mapped = understand(book, ReadingHints())
    assert mapped.decision in ("accept", "ask", "refuse")
    assert len(set(mapped.mapping().values())) == len(mapped.mapping())


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(st.integers(-3, 9), min_size=width, max_size=width), min_size=1, max_size=4)
    )
)
def test_the_assignment_is_the_best_there_is(scores: list[list[int]]) -> None:
    def best(row: int, used: frozenset[int]) -> int:
        if row == len(scores):
            return 0
        skipped = best(row + 1, used)
        return max(
            [skipped, *(s + best(row + 1, used | {c}) for c, s in enumerate(scores[row]) if s > 0 and c not in used)]
        )

    taken = best_assignment(scores)
    columns = [column for column in taken if column is not None]
    assert len(set(columns)) == len(columns)
    assert sum(scores[r][c] for r, c in enumerate(taken) if c is not None) == best(0, frozenset())
