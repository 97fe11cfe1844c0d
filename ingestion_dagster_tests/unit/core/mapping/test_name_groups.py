"""Names that stand only in the first row of a product and its variants."""

import pytest

from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow, RowReject
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster_tests.unit.opened_lists import FORMATS, columns_of, opened, read

SIZES = ["S", "M", "L"]
CODES = [f"PS-{i // 3}-{SIZES[i % 3]}" for i in range(15)]
PRICES = [9.5 + i for i in range(15)]
GROUPS = [f"h-{i // 3}" for i in range(15)]
NAMES: list[CellValue] = [f"Polo shirt no. {i // 3}" if i % 3 == 0 else None for i in range(15)]
HEADERS = [
    ("Handle", "Title", "Option1 Value", "Variant SKU", "Variant Price"),
    ("Gruppe", "Bezeichnung", "Größe", "Artikelnr", "Preis"),
    ("Группа", "Наименование", "Размер", "Артикул", "Цена"), ("Groupe", "Désignation", "Taille", "Référence", "Prix"),
]  # fmt: skip


def names_read(rows: list[list[CellValue]], format: str) -> list[str]:
    found = list(read_rows(opened(rows, format).sheets[0], read(rows, format), ReadingHints()))
    rows_of_items = [item for item in found if isinstance(item, ItemRow | RowReject)]
    return [item.name if isinstance(item, ItemRow) else item.code for item in rows_of_items]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("headers", HEADERS)
def test_a_name_is_that_of_all_rows_that_share_its_group(headers: tuple[str, ...], format: str) -> None:
    rows = columns_of(headers, GROUPS, NAMES, SIZES * 5, CODES, PRICES)
    mapped = read(rows, format)
    assert (mapped.column("name"), mapped.column("supplier_sku"), mapped.decision) == (1, 3, "accept")
    assert names_read(rows, format) == [f"Polo shirt no. {i // 3}" for i in range(15)]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("headers", HEADERS)
def test_without_a_column_of_groups_a_person_is_asked_once(headers: tuple[str, ...], format: str) -> None:
    rows = columns_of(headers[1:], NAMES, SIZES * 5, CODES, PRICES)
    mapped = read(rows, format)
    assert [question.code for question in mapped.questions] == ["name_groups"]
    assert "is PS-0-M “Polo shirt no. 0”, as the row above it?" in mapped.questions[0].message
    assert names_read(rows, format) == [f"Polo shirt no. {i // 3}" for i in range(15)]


def test_a_single_missing_name_is_a_reject() -> None:
    names = [f"Pump no. {i}" if i != 7 else None for i in range(15)]
    rows = columns_of(["SKU", "Name", "Price"], CODES, names, PRICES)
    assert read(rows).name_groups is None
    assert names_read(rows, "csv")[7] == "name_missing"


def test_a_group_in_which_nothing_is_named_is_rejected() -> None:
    rows = columns_of(HEADERS[0], GROUPS, NAMES, SIZES * 5, CODES, PRICES)
    more = columns_of(HEADERS[0], ["h-9"] * 3, [None] * 3, SIZES, ["PS-9-S", "PS-9-M", "PS-9-L"], PRICES[:3])[1:]
    mapped = read(rows)
    found = list(read_rows(opened(rows + more).sheets[0], mapped, ReadingHints()))
    assert [item.code for item in found if isinstance(item, RowReject)] == ["name_missing"] * 3


def test_rows_without_a_key_end_a_group() -> None:
    rows = columns_of(["Name", "Size", "SKU", "Price"], NAMES, SIZES * 5, CODES, PRICES)
    rows.append([None, None, None, None])
    rows.append([None, "S", "PS-X-S", 8.5])
    assert names_read(rows, "csv")[-1] == "name_missing"
