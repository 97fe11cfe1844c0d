"""Fields that no code names: read by their kind, whatever stands in the cell."""

from datetime import date

import pytest

from ingestion_dagster.core.fields import COMPARED, FIELDS, FURTHER, OPTIONAL, TABLE, Field, ItemRow
from ingestion_dagster.core.rows import further
from ingestion_dagster.core.rows.further import further_reader
from ingestion_dagster.core.sheets import CellError, CellValue


@pytest.fixture
def _two_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(further, "FURTHER", ("lead_time", "days"))
    monkeypatch.setattr(further, "TABLE", TABLE | {"lead_time": Field("text"), "days": Field("integer")})


@pytest.mark.usefixtures("_two_more")
@pytest.mark.parametrize(
    ("cells", "values", "unread"),
    [
        (("2-3 weeks", "14"), ("2-3 weeks", 14), {}),
        ((14, 14), ("14", 14), {}),
        ((1.5, 14.0), ("1.5", 14), {}),
        (("", ""), (None, None), {}),
        ((None, None), (None, None), {}),
        ((CellError("#N/A"), CellError("#N/A")), (None, None), {}),
        (("a", "2 weeks"), ("a", None), {"days_text": "2 weeks"}),
        (("a", -1), ("a", None), {"days_text": "-1"}),
        (("a", 1.5), ("a", None), {"days_text": "1.5"}),
        (("a", True), ("a", None), {"days_text": "TRUE"}),
        (("a", "99999999999"), ("a", None), {"days_text": "99999999999"}),
        (("a", date(2026, 5, 1)), ("a", None), {"days_text": "2026-05-01"}),
    ],
)
def test_a_cell_becomes_a_value_of_its_kind_or_is_kept_as_text(
    cells: tuple[CellValue, ...], values: tuple[str | int | None, ...], unread: dict[str, str]
) -> None:
    read = further_reader({"lead_time": 0, "days": 1}, 2)
    assert read is not None
    assert read(cells) == (values, unread)


@pytest.mark.usefixtures("_two_more")
def test_a_sheet_without_such_columns_needs_no_reader() -> None:
    assert further_reader({"lead_time": 5, "days": 5}, 5) is None


def test_the_table_says_what_was_said_in_many_places() -> None:
    assert FIELDS[:3] == ("supplier_sku", "name", "price")
    assert ("name", *OPTIONAL, "characteristics") == COMPARED
    assert all(TABLE[field].kind in further.KINDS for field in FURTHER)
    assert ItemRow._fields[1 : 1 + len(FIELDS)] == FIELDS
