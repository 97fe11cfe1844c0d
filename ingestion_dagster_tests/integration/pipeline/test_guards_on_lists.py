"""Guards on real lists, loaded through the real steps: what is held, with which words, and what is an ordinary day."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.steps import LoadSummary
from ingestion_dagster.defs.load_ops import summary_metadata
from ingestion_dagster.services import review
from ingestion_dagster_tests.integration.shop import HEADER, Shop, rows_of

CHANCE = random.Random(5)
PRICES = [round(CHANCE.uniform(4, 900), 2) for _ in range(120)]
ROWS = rows_of(PRICES)
TWO_PRICES = ("SKU", "Name", "Wholesale price", "Retail price", "Currency", "Stock")


def with_retail(wholesale: Sequence[float], retail: Sequence[float]) -> list[list[Any]]:
    return [[*row[:3], dear, *row[3:]] for row, dear in zip(rows_of(wholesale), retail, strict=True)]


def priced(rows: Sequence[list[Any]], number: int, price: object) -> list[list[Any]]:
    """The rows with one other price."""
    return [[*row[:2], price, *row[3:]] if at == number else row for at, row in enumerate(rows)]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    made = Shop(database_url, tmp_path)
    assert made.load(ROWS).status == "success"
    return made


def names(shop: Shop, summary: LoadSummary) -> list[str]:
    """The guards that tripped; a held list has changed nothing."""
    ((guards,),) = shop.sql("SELECT guards FROM ingestion_batches WHERE id = :id", id=summary.batch_id)
    tripped = [guard["name"] for guard in guards if guard["tripped"]]
    assert (summary.status == "held") == bool(tripped)
    if tripped and shop.sql("SELECT last_batch_id FROM suppliers") != [(None,)]:
        assert shop.sql("SELECT count(DISTINCT recorded_at) FROM price_history") == [(1,)]
    return tripped


@pytest.mark.parametrize("factor", [10, 100, 0.1, 0.01])
@pytest.mark.parametrize("drift", [1.0, 0.7, 1.3])
def test_any_single_price_with_a_moved_decimal_point_is_held(shop: Shop, factor: float, drift: float) -> None:
    dearest = max(range(len(PRICES)), key=lambda at: PRICES[at])
    wrong = priced(ROWS, dearest, f"{PRICES[dearest] * factor * drift:.2f}")
    assert names(shop, shop.load(wrong)) == ["price_jump"]


def test_the_worst_row_is_named_with_both_prices(shop: Shop) -> None:
    held = shop.load(priced(ROWS, 7, f"{PRICES[7] * 10:.2f}"))
    ((guards,),) = shop.sql("SELECT guards FROM ingestion_batches WHERE id = :id", id=held.batch_id)
    (worst,) = next(guard["worst"] for guard in guards if guard["name"] == "price_jump")
    assert (worst["row_number"], worst["supplier_sku"], worst["name"]) == (9, "A008", "Article number 8")
    assert (float(worst["old"].split()[0]), worst["old"].split()[1]) == (PRICES[7], "EUR")
    assert float(worst["new"].split()[0]) == pytest.approx(PRICES[7] * 10)


@pytest.mark.parametrize("factor", [100, 0.01])
def test_a_scale_error_is_held_also_where_the_currency_column_is_gone(shop: Shop, factor: float) -> None:
    rows = [[*row[:3], row[4]] for row in rows_of([round(price * factor, 2) for price in PRICES])]
    tripped = names(shop, shop.load(rows, header=("SKU", "Name", "Price", "Stock")))
    assert {"price_jump", "currency_change", "median_price_change"} <= set(tripped)


def test_another_currency_is_held_though_no_price_changed(shop: Shop) -> None:
    assert names(shop, shop.load(rows_of(PRICES, currency="USD"))) == ["currency_change"]
    one = [[*row[:3], "USD", row[4]] if row[0] == "A005" else row for row in ROWS]
    assert names(shop, shop.load(one)) == ["currency_change"]


def test_half_a_list_is_held_and_a_quarter_less_is_not(shop: Shop) -> None:
    assert names(shop, shop.load(ROWS[:60])) == ["missing_rows"]
    assert shop.load(ROWS[:90]).status == "success"


def test_a_list_without_rows_never_empties_the_catalogue(shop: Shop) -> None:
    rows = [[*row[:2], "call us", *row[3:]] for row in ROWS]
    with pytest.raises(SheetError, match="price"):
        shop.load(rows)
    assert len(shop.prices()) == 120


def test_one_price_for_everything_is_held(shop: Shop) -> None:
    assert "equal_prices" in names(shop, shop.load(rows_of(["19.90"] * 120)))


def test_a_zero_for_a_price_is_held_where_zeros_are_accepted_at_all(shop: Shop) -> None:
    shop.register(zero_price="accept")
    assert names(shop, shop.load(priced(ROWS, 3, 0))) == ["price_jump"]
    with pytest.raises(SheetError, match="price"):
        shop.load(rows_of([0] * 120))


def test_too_many_unreadable_prices_are_held(shop: Shop) -> None:
    rows = [row if at % 5 < 3 else [*row[:2], "ask", *row[3:]] for at, row in enumerate(ROWS)]
    assert "reject_rate" in names(shop, shop.load(rows))


def test_contradicting_rows_are_held_in_number(shop: Shop) -> None:
    twins = [[*row[:2], float(row[2]) + 1, *row[3:]] for row in ROWS[:20]]
    assert names(shop, shop.load([*ROWS, *twins])) == ["duplicate_rate"]


def test_a_list_shifted_by_one_row_is_held_though_every_price_is_plausible(database_url: str, tmp_path: Path) -> None:
    shop = Shop(database_url, tmp_path)
    near = [round(20 + at * 0.31, 2) for at in range(120)]
    shop.load(rows_of(near))
    slipped = [*near[:60], *near[61:], 60.0]
    assert names(shop, shop.load(rows_of(slipped))) == ["slipped_rows"]


def test_a_list_shifted_by_one_column_is_held(shop: Shop) -> None:
    rows = [[row[1], row[2], row[4], row[3], row[4]] for row in ROWS]
    assert names(shop, shop.load(rows)) != []


def test_a_new_item_with_an_absurd_price_is_held_and_a_dear_one_is_not(shop: Shop) -> None:
    assert names(shop, shop.load([*ROWS, ["A999", "Article new", "95000.00", "EUR", 1]])) == ["price_outlier"]
    assert names(shop, shop.load([*ROWS, ["A999", "Article new", "0.05", "EUR", 1]])) == ["price_outlier"]
    assert shop.load([*ROWS, ["A998", "Article new", "9000.00", "EUR", 1]]).status == "success"


def test_an_absurd_price_of_a_first_load_is_held(database_url: str, tmp_path: Path) -> None:
    shop = Shop(database_url, tmp_path)
    assert names(shop, shop.load(priced(ROWS, 4, "400000.00"))) == ["price_outlier"]
    assert shop.prices() == {}


class TestTwoPriceColumns:
    """Wholesale and retail side by side."""

    wholesale = tuple(PRICES)
    retail = tuple(round(price * 1.09, 2) for price in PRICES)

    @pytest.fixture
    def shop(self, database_url: str, tmp_path: Path) -> Shop:
        made = Shop(database_url, tmp_path)
        assert made.load(with_retail(self.wholesale, self.retail), TWO_PRICES).status == "success"
        assert made.prices()["A001"] == f"{PRICES[0]:g}"
        return made

    def test_retail_pasted_into_wholesale_is_held_however_small_the_margin(self, shop: Shop) -> None:
        held = shop.load(with_retail(self.retail, self.retail), TWO_PRICES)
        assert names(shop, held) == ["copied_column"]
        assert "Retail price" in held.reasons[0]

    def test_two_columns_whose_values_are_swapped_are_held(self, shop: Shop) -> None:
        assert "copied_column" in names(shop, shop.load(with_retail(self.retail, self.wholesale), TWO_PRICES))

    def test_retail_pasted_into_a_third_of_wholesale_is_held(self, shop: Shop) -> None:
        mixed = [
            dear if at % 3 == 0 else cheap for at, (cheap, dear) in enumerate(zip(PRICES, self.retail, strict=True))
        ]
        assert names(shop, shop.load(with_retail(mixed, self.retail), TWO_PRICES)) == ["copied_column"]

    def test_both_columns_rising_together_is_an_ordinary_day(self, shop: Shop) -> None:
        more = [round(price * 1.04, 2) for price in PRICES]
        assert shop.load(with_retail(more, [round(p * 1.09, 2) for p in more]), TWO_PRICES).status == "success"

    def test_a_wholesale_column_that_is_gone_does_not_make_retail_the_price(self, shop: Shop) -> None:
        rows = [[*row[:2], dear, *row[3:]] for row, dear in zip(rows_of(PRICES), self.retail, strict=True)]
        tripped = names(shop, shop.load(rows, header=("SKU", "Name", "Retail price", "Currency", "Stock")))
        assert {"price_kind", "copied_column"} & set(tripped)


def test_a_column_that_always_repeats_the_price_raises_no_alarm(database_url: str, tmp_path: Path) -> None:
    shop = Shop(database_url, tmp_path)
    header = (*HEADER, "Subtotal")
    shop.load([[*row, row[2]] for row in ROWS], header)
    more = rows_of([round(price * 1.03, 2) for price in PRICES])
    assert shop.load([[*row, row[2]] for row in more], header).status == "success"


def test_one_threshold_can_be_set_without_losing_the_others(shop: Shop) -> None:
    shop.register(guards={"jump_rows": 1})
    shop.register(guards={"missing_share": 0.6})
    half = priced(ROWS, 7, f"{PRICES[7] * 10:.2f}")[:60]
    assert shop.load(half).status == "success"


def test_net_prices_that_turn_gross_are_held(database_url: str, tmp_path: Path) -> None:
    shop = Shop(database_url, tmp_path)
    shop.load(ROWS, ("SKU", "Name", "Price excl. VAT", "Currency", "Stock"))
    gross = rows_of([round(price * 1.05, 2) for price in PRICES])
    assert "price_kind" in names(shop, shop.load(gross, ("SKU", "Name", "Price incl. VAT", "Currency", "Stock")))


def test_in_a_list_of_three_rows_retail_for_wholesale_is_still_held(database_url: str, tmp_path: Path) -> None:
    shop = Shop(database_url, tmp_path)
    shop.load(rows_of([10, 20, 30]))
    assert "median_price_change" in names(shop, shop.load(rows_of([16, 31, 48])))


def test_an_exception_that_was_approved_once_is_held_again_until_a_threshold_says_it_is_usual(
    database_url: str, tmp_path: Path
) -> None:
    shop = Shop(database_url, tmp_path)
    rows = [row if at % 5 < 3 else [*row[:2], "ask", *row[3:]] for at, row in enumerate(ROWS)]
    held = shop.load(rows)
    assert "reject_rate" in names(shop, held)
    asyncio.run(review.approve(shop.deployment, held.batch_id, "ann", "this once"))
    tomorrow = priced(rows, 10, round(PRICES[10] * 1.05, 2))
    again = shop.load(tomorrow)
    assert "reject_rate" in names_held(shop, again)
    assert "guards.reject_share" in again.reasons[0]
    shop.register(guards={"reject_share": 0.5})
    assert shop.load(tomorrow).status == "partial_success"


def names_held(shop: Shop, summary: LoadSummary) -> list[str]:
    ((guards,),) = shop.sql("SELECT guards FROM ingestion_batches WHERE id = :id", id=summary.batch_id)
    return [guard["name"] for guard in guards if guard["tripped"]]


def test_prices_of_two_currencies_are_never_compared(shop: Shop) -> None:
    dollars = shop.load(rows_of([round(price * 10, 2) for price in PRICES], currency="USD"))
    assert names(shop, dollars) == ["currency_change"]
    assert "EUR to USD" in dollars.reasons[0]
    assert (dollars.median_price_change, dollars.currencies) == (None, ("EUR to USD",))
    shown = summary_metadata(dollars, {})
    assert shown["price_change"] == "cannot be compared: EUR to USD"
    done = asyncio.run(review.approve(shop.deployment, dollars.batch_id, "ann"))
    assert (done.median_price_change, done.currencies, done.price_changes) == (None, ("EUR to USD",), 120)


def test_within_a_list_of_two_currencies_only_like_prices_are_compared(shop: Shop) -> None:
    rows = rows_of([round(price * 1.1, 2) for price in PRICES[:60]]) + [
        [*row[:2], round(price * 9, 2), "PLN", row[4]] for row, price in zip(ROWS[60:], PRICES[60:], strict=True)
    ]
    held = shop.load(rows)
    assert "currency_change" in names(shop, held)
    assert held.median_price_change == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize(("factor", "percent"), [(100, 9900), (0.5, -50)])
def test_a_held_list_shows_how_its_prices_would_change(shop: Shop, factor: float, percent: float) -> None:
    held = shop.load(rows_of([round(price * factor, 2) for price in PRICES]))
    assert held.status == "held"
    assert summary_metadata(held, {})["price_change"] == pytest.approx(percent, abs=0.5)
    assert (held.price_changes, held.updated) == (120, 0)
    assert shop.load().median_price_change == held.median_price_change


def test_a_dozen_ordinary_days_raise_no_alarm(database_url: str, tmp_path: Path) -> None:
    """A fifth of the prices moves by a few percent, items come and go, stock changes: nobody is called."""
    chance = random.Random(11)
    shop = Shop(database_url, tmp_path)
    items = {f"B{number:04d}": round(chance.lognormvariate(3, 1), 2) + 0.5 for number in range(150)}
    for day in range(12):
        for sku in chance.sample(sorted(items), 30):
            items[sku] = max(0.05, round(items[sku] * chance.uniform(0.88, 1.15), 2))
        for sku in chance.sample(sorted(items), 4):
            del items[sku]
        for new in range(5):
            items[f"B{1000 + day * 10 + new}"] = round(chance.lognormvariate(3, 1), 2) + 0.5
        rows = [[sku, f"Item {sku}", price, "EUR", chance.randrange(90)] for sku, price in sorted(items.items())]
        assert shop.load(rows).status == "success", day
