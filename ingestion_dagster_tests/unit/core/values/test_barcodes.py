"""Barcodes: the GS1 check digit, and cells that hold one in other clothes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.sheets import CellError, CellValue
from ingestion_dagster.core.values.barcodes import barcode_of, is_gtin


@pytest.mark.parametrize("digits", ["4006381333931", "96385074", "036000291452", "00012345600012", "4607034170011"])
def test_real_barcodes_have_the_right_check_digit(digits: str) -> None:
    assert is_gtin(digits)
    assert not is_gtin(digits[:-1] + str((int(digits[-1]) + 1) % 10))


@pytest.mark.parametrize("text", ["", "123", "0000000000000", "400638133393١", "400638133393a", "40063813339310000"])
def test_other_texts_are_no_barcodes(text: str) -> None:
    assert not is_gtin(text)


@pytest.mark.parametrize(
    ("cell", "barcode"),
    [
        ("4006381333931", "4006381333931"),
        (" 4 006381 333931 ", "4006381333931"),
        ("400-6381-33393-1", "4006381333931"),
        (4006381333931, "4006381333931"),
        (4006381333931.0, "4006381333931"),
        (4.6e12, "4600000000000"),
        ("4006381333930", "4006381333930"),
        ("400 638 000", "400 638 000"),
        ("ABC-1", "ABC-1"),
        ("４００６３８１３３３９３１", "4006381333931"),
        (None, None),
        ("", None),
        (True, None),
        (float("nan"), None),
        (-1, None),
        (CellError("#N/A"), None),
    ],
)
def test_a_cell_gives_its_barcode_or_its_text(cell: CellValue, barcode: str | None) -> None:
    assert barcode_of(cell) == barcode


@given(st.integers(0, 10**12 - 1))
def test_one_wrong_digit_is_always_noticed(body: int) -> None:
    digits = f"{body:012d}"
    valid = [digits + str(check) for check in range(10) if is_gtin(digits + str(check))]
    assert len(valid) == (1 if body else 0)
