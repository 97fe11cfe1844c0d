"""Prices with more decimals than a supplier's prices have: one question for the column, which names the settings."""

import pytest

from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.rows.read import read_rows
from ingestion_dagster.core.rows.types import ItemRow, RowReject
from ingestion_dagster_tests.unit.opened_lists import FORMATS, Rows, columns_of, opened, read

CODES = [f"QX-{i}" for i in range(100, 110)]
NAMES = [f"Steel pump type {i}" for i in range(10)]
HEADERS = [("MPN", "Description", "Unit price"), ("Artikelnr", "Bezeichnung", "Preis"),
    ("Артикул", "Наименование", "Цена"), ("Référence", "Désignation", "Prix")]  # fmt: skip


def rows_with(headers: tuple[str, ...], prices: list[float]) -> Rows:
    return columns_of(headers, CODES, NAMES, prices)


def read_items(rows: Rows, format: str, **hints: object) -> list[ItemRow | RowReject]:
    given = ReadingHints(**hints)  # type: ignore[arg-type]
    found = read_rows(opened(rows, format).sheets[0], read(rows, format, **hints), given)
    return [item for item in found if isinstance(item, ItemRow | RowReject)]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("headers", HEADERS)
def test_computed_prices_are_asked_about_once_with_both_readings(headers: tuple[str, ...], format: str) -> None:
    mapped = read(rows_with(headers, [14.7188 + 3.1 * i for i in range(10)]), format)
    assert [question.code for question in mapped.questions] == ["price_decimals"]
    assert mapped.questions[0].options == ("14.7188 (price_scale=4)", "14.72 (price_scale_policy=round)")


@pytest.mark.parametrize(
    ("settings", "first"),
    [({"price_scale": 4}, "14.7188"), ({"price_scale_policy": "round"}, "14.72"), ({"price_scale": 6}, "14.7188")],
)
@pytest.mark.parametrize("format", FORMATS)
def test_either_setting_answers(settings: dict[str, object], first: str, format: str) -> None:
    rows = rows_with(HEADERS[0], [14.7188 + i for i in range(10)])
    assert read(rows, format, **settings).decision == "accept"
    items = read_items(rows, format, **settings)
    assert all(isinstance(item, ItemRow) for item in items)
    assert isinstance(items[0], ItemRow)
    assert str(items[0].price) == first


@pytest.mark.parametrize("format", FORMATS)
def test_prices_below_a_cent_keep_five_decimals(format: str) -> None:
    prices = [0.0124, 0.00115, 0.0018, 0.0045, 0.0069, 0.0032, 0.0149, 0.0211, 0.0077, 0.0093]
    mapped = read(rows_with(HEADERS[0], prices), format)
    assert mapped.questions[0].options == ("0.0124 (price_scale=5)", "0.01 (price_scale_policy=round)")
    kept = read_items(rows_with(HEADERS[0], prices), format, price_scale=5)
    assert [float(item.price) for item in kept if isinstance(item, ItemRow)] == prices


@pytest.mark.parametrize("format", FORMATS)
def test_a_quotient_without_end_can_only_be_rounded(format: str) -> None:
    mapped = read(rows_with(HEADERS[0], [100 / (3 + 2 * i) for i in range(10)]), format)
    assert mapped.questions[0].options == (
        "33.333333 (price_scale=6 price_scale_policy=round)",
        "33.33 (price_scale_policy=round)",
    )


@pytest.mark.parametrize("prices", [[12.25 + i for i in range(10)], [0.1 + 0.2 + i for i in range(10)]])
def test_cents_and_binary_noise_are_no_question(prices: list[float]) -> None:
    assert read(rows_with(HEADERS[0], prices), "xlsx").decision == "accept"


def test_a_single_one_is_a_reject_that_names_the_settings() -> None:
    rows = columns_of(
        HEADERS[0], [f"QX-{i}" for i in range(30)], [f"Pump {i}" for i in range(30)], [14.7188, *range(10, 39)]
    )
    assert read(rows, "xlsx").decision == "accept"
    rejects = [item for item in read_items(rows, "xlsx") if isinstance(item, RowReject)]
    assert [reject.code for reject in rejects] == ["price_decimals"]
    assert "price_scale_policy=round" in rejects[0].message
