"""Headers that carry a date: the same columns tomorrow, so that a list approved once is not asked about every day."""

import pytest

from ingestion_dagster.core.columns.drift import RememberedMapping, compare_headers
from ingestion_dagster.core.words.normalise import undated


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("Price 01.05.2026", "Price 02.05.2026"),
        ("Цена на 01.05.26, руб", "Цена на 14.05.26, руб"),
        ("Preis ab 1.1.2026", "Preis ab 1.2.2026"),
        ("Price (2026-05-01)", "Price (2026-05-02)"),
        ("Цена с 01.05.", "Цена с 08.05."),
        ("Stock at 12:30", "Stock at 09:15"),
        ("01.05.2026", "02.05.2026"),
    ],
)
def test_a_header_under_another_date_is_the_same_column(before: str, now: str) -> None:
    remembered = RememberedMapping(
        signature="", headers=("SKU", before, "Unit"), fields={"supplier_sku": 0, "price": 1}
    )
    fields, drift = compare_headers(remembered, ("SKU", now, "Unit"))
    assert fields == remembered.fields
    assert drift.is_empty


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Price 2026", "Price 2027"),
        ("Wholesale 1-10", "Wholesale 11-50"),
        ("Price 2.5 kg", "Price 5.5 kg"),
        ("Price per 1/2", "Price per 1/4"),
        ("Price 10.50", "Price 10.75"),
        ("Ø 12.05.10", "Ø 14"),
    ],
)
def test_numbers_that_are_no_date_still_tell_columns_apart(one: str, other: str) -> None:
    assert undated(one) != undated(other)


def test_a_header_that_is_only_a_date_is_not_blank() -> None:
    assert undated("01.05.2026")
    assert undated(" ") == ""
