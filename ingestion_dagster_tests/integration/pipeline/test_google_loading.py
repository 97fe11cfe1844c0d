"""Google Sheets through the product's own steps: which tab is read, what it costs, and what a fault leaves behind."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingestion_dagster.core.errors import QuotaExhausted, SourceRejected, SourceUnavailable
from ingestion_dagster_tests.fake_google import FakeCell, FakeGoogle, FakeTab, Fault, serve
from ingestion_dagster_tests.fake_google.faults import RETRIED
from ingestion_dagster_tests.fake_google.quotas import ReadQuota
from ingestion_dagster_tests.integration.google_shop import GoogleShop, document, key_of, rows_of

TERMS = [["Delivery within two days"], ["Prices without VAT"]]


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    tabs = [FakeTab("Terms", TERMS), FakeTab("Price 2026-01", rows_of(), gid=5), FakeTab("Stock", [["x"]], gid=9)]
    public = document("open", FakeTab("Terms", TERMS), FakeTab("Price 2026-01", rows_of(), gid=5), public=True)
    with serve([document("acme"), document("tabs", *tabs), public]) as running:
        yield running


@pytest.fixture
def shop(google: FakeGoogle, database_url: str, redis_url: str, tmp_path: Path) -> GoogleShop:
    return GoogleShop(google, database_url, redis_url, tmp_path)


@pytest.fixture
def robotless(google: FakeGoogle, database_url: str, redis_url: str, tmp_path: Path) -> GoogleShop:
    return GoogleShop(google, database_url, redis_url, tmp_path, robot=False)


def test_a_google_sheet_becomes_rows_with_its_padded_skus(shop: GoogleShop) -> None:
    shop.register("acme")
    summary = shop.load("acme")
    assert (summary.status, summary.inserted) == ("success", 8)
    assert shop.prices("acme")["00101"] == "3.75"
    assert shop.load("acme").status == "unchanged"


def test_a_fetch_says_what_it_took_of_the_quota_and_what_is_left(
    google: FakeGoogle, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    allowed = {"google_reads_per_minute_user": 60, "google_reads_per_minute_project": 300}
    shop = GoogleShop(google, database_url, redis_url, tmp_path, **allowed)
    shop.register("acme")
    used = shop.fetch("acme").quota
    assert used is not None
    assert (used.reads, used.left_user, used.left_project) == (1, 59, 299)
    assert used.waited < 2


@pytest.mark.parametrize("named", ["Price 2026-01", "price 2026*"])
def test_a_tab_is_found_by_its_title_or_a_pattern(shop: GoogleShop, named: str) -> None:
    shop.register("tabs", sheet_name=named)
    assert shop.load("tabs").inserted == 8


def test_a_pattern_follows_the_supplier_to_next_months_tab(shop: GoogleShop, google: FakeGoogle) -> None:
    shop.register("tabs", sheet_name="Price*")
    shop.load("tabs")
    tab = next(iter(google.documents.values())).tabs  # of acme; not touched
    assert tab[0].title == "Prices"
    prices = next(d for d in google.documents.values() if d.title == "tabs").tabs[1]
    prices.title, prices.rows[1][2] = "Price 2026-02", 3.99
    assert shop.load("tabs").updated == 1


def test_a_number_goes_before_a_title_that_is_not_there_any_more(shop: GoogleShop) -> None:
    shop.register("tabs", source={"gid": 5, "sheet_name": "Old title"})
    assert shop.load("tabs").inserted == 8


def test_a_number_that_is_no_number_is_told_in_one_sentence(shop: GoogleShop) -> None:
    shop.register("tabs", source={"gid": "first"})
    with pytest.raises(SourceRejected, match="gid"):
        shop.fetch("tabs")


def test_without_a_service_account_a_public_sheet_is_exported(robotless: GoogleShop) -> None:
    robotless.register("open", sheet_name="Price*")
    assert robotless.load("open").inserted == 8
    assert robotless.fetch("open").filename == "open.xlsx"
    robotless.register("open", sheet_name="Preise")
    with pytest.raises(SourceRejected, match="'Terms', 'Price 2026-01'"):
        robotless.load("open")


def test_a_public_sheet_whose_tab_is_a_number_is_read_as_displayed_and_says_so(robotless: GoogleShop) -> None:
    robotless.register("open", source={"gid": 5})
    fetched = robotless.fetch("open")
    assert fetched.filename == "open.csv"
    assert "rounded" in fetched.notes[0]
    assert robotless.load("open").inserted == 8


def test_a_source_marked_public_needs_no_robot_even_where_there_is_one(shop: GoogleShop, google: FakeGoogle) -> None:
    shop.register("open", source={"public": True})
    assert shop.load("open").inserted == 8
    assert not {"token", "sheets.spreadsheets.get"} & set(google.log)


def test_without_a_service_account_a_private_sheet_names_both_ways_out(robotless: GoogleShop) -> None:
    robotless.register("acme")
    with pytest.raises(SourceRejected) as refused:
        robotless.load("acme")
    assert "Anyone with the link" in str(refused.value)
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str(refused.value)


@pytest.mark.parametrize("position", [0, 1], ids=["token", "read"])
def test_no_fault_that_stays_leaves_anything_behind_or_hangs(
    google: FakeGoogle, database_url: str, redis_url: str, tmp_path: Path, position: int
) -> None:
    shop = GoogleShop(google, database_url, redis_url, tmp_path, google_deadline=1.0)
    shop.register("acme")
    for fault in Fault:
        google.forget()
        google.faults.add_for_ever(fault, position)
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable if fault in RETRIED else SourceRejected) as failed:
            shop.load("acme")
        assert time.monotonic() - begun < 15, fault
        assert isinstance(failed.value, QuotaExhausted) == fault.name.startswith("TOO_MANY"), fault
        assert set(shop.traces().values()) == {0}, fault


@pytest.mark.parametrize("position", [0, 1], ids=["token", "read"])
def test_no_fault_that_passes_costs_a_row(shop: GoogleShop, google: FakeGoogle, position: int) -> None:
    names = []
    for fault in sorted(RETRIED - {Fault.SILENCE, Fault.DRIP, Fault.TOO_MANY_WAIT}):
        name = fault.name.lower().replace("_", "-")
        google.documents[key_of(name)] = document(name)
        shop.register(name)
        google.forget()
        google.faults.add(fault, position)
        assert shop.load(name).inserted == 8, fault
        names.append(name)
    assert all(len(shop.prices(name)) == 8 for name in names)


def test_a_sheet_that_breaks_off_midway_keeps_yesterdays_list(shop: GoogleShop, google: FakeGoogle) -> None:
    shop.register("acme")
    shop.load("acme")
    before, traces = shop.prices("acme"), shop.traces()
    google.documents[next(iter(google.documents))].edit(0, 1, 2, 4.0)
    google.forget()
    google.faults.add_for_ever(Fault.TRUNCATED, 1)
    with pytest.raises(SourceUnavailable):
        shop.load("acme")
    assert (shop.prices("acme"), shop.traces()) == (before, traces)


def test_suppliers_on_one_account_are_all_loaded_under_an_enforced_quota(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Twelve sheets, five at a time, where Google allows six reads a minute of two seconds."""
    names = [f"supplier-{n:02}" for n in range(12)]
    quota = ReadQuota(per_user=6, minute=2.0)
    with serve([document(name) for name in names], quota=quota) as google:
        shop = GoogleShop(google, database_url, redis_url, tmp_path, google_reads_per_minute_user=6)
        shop.register(*names)
        with ThreadPoolExecutor(5) as pool:
            loads = list(pool.map(shop.load, names))
        assert [(load.status, load.inserted) for load in loads] == [("success", 8)] * 12
        assert (google.reads(), quota.refused) == (12, 0)


def test_a_read_that_gets_no_turn_in_time_waits_instead_of_failing(
    google: FakeGoogle, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    shop = GoogleShop(google, database_url, redis_url, tmp_path, job_timeout=10, google_deadline=8.0)
    shop.register("acme")
    google.quota.per_user = 0
    begun = time.monotonic()
    with pytest.raises(QuotaExhausted):
        shop.fetch("acme")
    assert time.monotonic() - begun < 9  # nine tenths of the job's time


def test_a_cell_that_shows_an_error_is_a_reject_and_the_other_rows_are_loaded(
    shop: GoogleShop, google: FakeGoogle
) -> None:
    google.documents[next(iter(google.documents))].tabs[0].rows[2][2] = FakeCell(None, shown="")
    shop.register("acme")
    summary = shop.load("acme")
    assert (summary.inserted, summary.rejected_rows) == (7, 1)
