"""The header and the table are found where people put them: failures that users of other importers reported."""

import pytest

from ingestion_dagster.core.mapped_sheet import MappedSheet, ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.sheets import CellError, CellValue, Range
from ingestion_dagster_tests.unit.made_layouts import laid_out, layouts
from ingestion_dagster_tests.unit.made_lists import workbook_of

Rows = list[list[CellValue]]
HEADER: list[CellValue] = ["SKU", "Name", "Price", "Stock"]


def items(count: int = 12, start: int = 0) -> Rows:
    return [[f"AB-{100 + i}", f"Steel pump {i} mm", f"{12 + i}.50", 3 * i] for i in range(start, start + count)]


def read(rows: Rows, typed: bool = False, merges: tuple[Range, ...] = (), **hints: object) -> MappedSheet:
    return understand(workbook_of(rows, typed=typed, merges=merges), ReadingHints(**hints))  # type: ignore[arg-type]


def assert_read(mapped: MappedSheet, header_rows: tuple[int, ...], shift: int = 0) -> None:
    assert mapped.header_rows == header_rows
    found = {f: mapped.column(f) for f in ("supplier_sku", "name", "price", "stock")}
    assert found == {"supplier_sku": shift, "name": shift + 1, "price": shift + 2, "stock": shift + 3}


def test_a_first_row_that_is_empty_in_a_column_keeps_the_column() -> None:
    first: list[CellValue] = ["AB-1", "Pump", "9.90", None]
    assert_read(read([HEADER, first, *items()]), (0,))


def test_trailing_empty_header_cells_do_no_harm() -> None:
    assert_read(read([[*HEADER, None, "", None], *([*row, None, None, None] for row in items())]), (0,))


def test_a_stray_cell_right_of_the_header_invents_no_field() -> None:
    rows = [[*HEADER, None, None, "checked by Anna"], *items()]
    mapped = read(rows)
    assert_read(mapped, (0,))
    assert 6 not in mapped.mapping().values()


def test_a_stray_cell_far_below_invents_no_column() -> None:
    rows = [HEADER, *items()]
    rows[6] = [*rows[6], None, None, "?"]
    assert_read(read(rows), (0,))


def test_duplicate_headers_are_all_kept() -> None:
    header: list[CellValue] = ["SKU", "Name", "Color", "Color", "Price"]
    rows: Rows = [header, *([f"A-{i}", f"Lamp {i} long", "red", "blue", f"{i + 5}.10"] for i in range(9))]
    assert read(rows).characteristics == {"Color": 2, "Color (2)": 3}


def test_blank_headers_over_used_columns_are_found_by_their_values() -> None:
    header: list[CellValue] = ["SKU", None, "Price", "Stock"]
    assert_read(read([header, *items()]), (0,))


def test_instructions_above_the_header_are_skipped() -> None:
    above: Rows = [
        ["How to order: fill in the last column and send the sheet back to us."],
        ["Orders below 100 EUR cannot be shipped free of charge, see our terms."],
        [],
    ]
    assert_read(read([*above, HEADER, *items()]), (3,))


def test_merged_contacts_above_the_header_are_no_group_titles() -> None:
    address: list[CellValue] = ["Springfield, 12 Long Street, second yard", None, "Spare parts for cars and lorries"]
    merges = (Range(0, 0, 0, 1), Range(0, 2, 0, 3))
    assert_read(read([address, HEADER, *items()], merges=merges), (1,))
    groups: list[CellValue] = ["Item", None, "Warehouse north", None]
    assert_read(read([groups, HEADER, *items()], merges=merges), (0, 1))


def test_key_and_value_rows_above_are_no_header() -> None:
    above: Rows = [["Customer:", "Acme"], ["Price list:", "2025-03"], ["Currency:", "EUR"], ["Contact:", "Anna"], []]
    mapped = read([*above, HEADER, *items()])
    assert_read(mapped, (5,))


@pytest.mark.parametrize("depth", [0, 1, 5, 11, 24, 38])
def test_the_header_may_stand_anywhere_in_the_first_forty_rows(depth: int) -> None:
    above: Rows = [[f"Note {i}: deliveries on weekdays only"] for i in range(depth)]
    assert_read(read([*above, HEADER, *items()]), (depth,))


def test_a_merged_header_belongs_to_each_of_its_columns() -> None:
    upper: list[CellValue] = ["SKU", "Name", "Prices", None, "Stock"]
    lower: list[CellValue] = [None, None, "Dealer", "RRP", None]
    body = [[a, b, c, f"{30 + i}.00", d] for i, (a, b, c, d) in enumerate(items())]
    merges = (Range(0, 2, 0, 3), *(Range(0, c, 1, c) for c in (0, 1, 4)))
    mapped = read([upper, lower, *body], merges=merges)
    assert mapped.header_rows == (0, 1)
    assert mapped.headers == ("SKU", "Name", "Prices Dealer", "Prices RRP", "Stock")
    assert (mapped.column("price"), mapped.first_data_row) == (2, 2)


def test_a_header_over_two_rows_without_merges_is_joined() -> None:
    upper: list[CellValue] = ["SKU", "Name", "Price", None]
    lower: list[CellValue] = [None, None, "purchase", "retail"]
    body = [[a, b, c, f"{30 + i}.00"] for i, (a, b, c, _) in enumerate(items())]
    mapped = read([["Acme Ltd"], upper, lower, *body])
    assert mapped.header_rows == (1, 2)
    assert mapped.headers[2:] == ("Price purchase", "Price retail")
    assert mapped.column("price") == 2


def test_a_row_that_numbers_the_columns_is_no_item() -> None:
    mapped = read([HEADER, ["1", "2", "3", "4"], *items()])
    assert_read(mapped, (0,))
    assert mapped.first_data_row == 2


def test_blank_rows_under_the_header_do_no_harm() -> None:
    assert_read(read([HEADER, [], [], *items()]), (0,))


def test_a_list_that_starts_in_column_c_is_read_there() -> None:
    assert_read(read([[None, None, *row] for row in [HEADER, *items()]]), (0,), shift=2)


def test_sections_and_totals_do_not_blur_the_columns() -> None:
    rows: Rows = [
        HEADER,
        ["Pumps"],
        *items(5),
        [None, "Total:", 72.5],
        ["Valves"],
        *items(5, 5),
        ["Director: A. Smith"],
    ]
    mapped = read(rows)
    assert_read(mapped, (0,))
    assert mapped.decision == "accept"


def test_error_cells_are_no_values() -> None:
    rows: Rows = [HEADER, *([a, b, float(c) if isinstance(c, str) else c, d] for a, b, c, d in items())]
    rows[3][2] = CellError("#REF!")
    assert_read(read(rows, typed=True), (0,))


def test_mixed_numbers_and_texts_in_one_price_column_are_still_the_price() -> None:
    rows: Rows = [HEADER, *([a, b, float(str(c)) if i % 2 else c, d] for i, (a, b, c, d) in enumerate(items()))]
    rows[5][2] = "on request"
    assert_read(read(rows, typed=True), (0,))


def test_currency_formatted_texts_are_prices() -> None:
    rows: Rows = [HEADER, *([a, b, f"R$ 1.{i:03d},90", d] for i, (a, b, _, d) in enumerate(items()))]
    mapped = read(rows)
    assert (mapped.column("price"), mapped.currency, mapped.number_styles["price"].decimal) == (2, "BRL", ",")


def test_leading_zeros_and_trailing_zeros_make_good_skus() -> None:
    zeros: Rows = [["SKU", "Name", "Price"], *([f"00{120 + i}", f"Hinge {i} mm", f"{i + 2}.30"] for i in range(12))]
    tens: Rows = [["Code", "Name", "Price"], *([f"{i + 5}.10", f"Hinge {i} mm", f"{i + 2}.30"] for i in range(12))]
    assert read(zeros).column("supplier_sku") == 0
    assert read(tens).column("supplier_sku") == 0


def test_two_tables_side_by_side_are_told_and_the_main_one_is_read() -> None:
    left, right = items(12), items(6, 50)
    right += [[None] * 4] * 6
    rows: Rows = [[*HEADER, None, *HEADER], *([*a, None, *b] for a, b in zip(left, right, strict=True))]
    mapped = read(rows)
    assert_read(mapped, (0,))
    assert mapped.last_column == 3
    assert [question.code for question in mapped.questions] == ["second_table"]


def test_a_second_table_below_is_told_and_not_read_as_part_of_the_first() -> None:
    second: Rows = [
        ["Spare part", "Part number", "Unit price", "Weight"],
        *([f"Ring {i}", i, i + 2.5, 4] for i in range(5)),
    ]
    mapped = read([HEADER, *items(), [], *second])
    assert_read(mapped, (0,))
    assert mapped.last_data_row == 13
    assert [question.code for question in mapped.questions] == ["second_table"]


def test_the_same_header_again_is_no_second_table() -> None:
    mapped = read([HEADER, *items(6), HEADER, *items(6, 6)])
    assert_read(mapped, (0,))
    assert (mapped.last_data_row, mapped.decision) == (None, "accept")


def test_header_words_among_the_items_are_no_header() -> None:
    rows: Rows = [HEADER, *items()]
    rows[4][1] = "Price labels, stock 100"
    assert_read(read(rows), (0,))


def test_years_may_be_headers() -> None:
    header: list[CellValue] = ["SKU", "Name", "Price", 2024, 2025]
    body: Rows = [[f"A-{i}", f"Pump {i} long", f"{i + 4}.40", i, i + 2] for i in range(12)]
    mapped = read([header, *body], typed=True)
    assert (mapped.header_rows, mapped.column("price")) == ((0,), 2)


def test_nearly_all_generated_layouts_are_read_right() -> None:
    """A part of what `benchmarks/layouts.py` measures."""
    made = [laid_out(layout) for number, layout in enumerate(layouts()) if number % 11 == 0]
    found = [understand(one.workbook, ReadingHints()) for one in made]
    headers = sum(f.header_rows == m.header_rows for f, m in zip(found, made, strict=True))
    columns = [
        all(f.column(k) == m.expected[k] for k in ("supplier_sku", "name", "price"))
        for f, m in zip(found, made, strict=True)
    ]
    wrong = [f for f, right in zip(found, columns, strict=True) if not right and f.decision == "accept"]
    assert headers >= 0.98 * len(made)
    assert sum(columns) >= 0.97 * len(made)
    assert not wrong
