"""Many sheets on one account: everything is loaded, nothing fails, and only what changed is read again."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ingestion_dagster.redis_store.quota import QuotaLimits, SheetsQuota
from ingestion_dagster.sources.google.drive import changed_since, list_documents
from ingestion_dagster.sources.google.sheets import GoogleClient, GoogleSource, fetch_google_sheet
from ingestion_dagster.sources.google.snapshot import open_google_snapshot, snapshot_facts
from ingestion_dagster_tests.fake_google import FakeCell, FakeDocument, FakeGoogle, FakeTab, samples, serve
from ingestion_dagster_tests.fake_google.quick import quick_client
from ingestion_dagster_tests.fake_google.quotas import ReadQuota

MINUTE = 3.0
SHEETS = 90
"""More than one and a half times what a minute allows."""


def document(number: int) -> FakeDocument:
    rows = [["SKU", "Price"], *([f"{number:03}-{row}", row + number / 100] for row in range(5))]
    return FakeDocument(f"1Sheet-number-{number:010}", f"List {number}", [FakeTab("Prices", rows)])


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with serve([document(n) for n in range(SHEETS)], quota=ReadQuota(minute=MINUTE)) as running:
        yield running


@pytest.fixture
def client(google: FakeGoogle, redis_url: str) -> Iterator[GoogleClient]:
    quota = SheetsQuota.from_url(redis_url, limits=QuotaLimits(window=MINUTE, margin=0.3))
    yield quick_client(google, acquire=quota.acquire, throttled=quota.throttled)
    quota.client.close()


def refresh(client: GoogleClient, keys: list[str]) -> dict[str, bytes]:
    with ThreadPoolExecutor(5) as pool:
        return dict(
            zip(keys, pool.map(lambda key: fetch_google_sheet(GoogleSource(key=key), client), keys), strict=True)
        )


def test_a_refresh_of_many_sheets_keeps_the_quota_and_a_second_one_reads_only_what_changed(
    google: FakeGoogle, client: GoogleClient
) -> None:
    keys = sorted(google.documents)
    begun = time.monotonic()
    known = list_documents(client)
    first = refresh(client, keys)
    assert time.monotonic() - begun < 7 * MINUTE * SHEETS / 200  # as 200 sheets in 7 minutes
    assert (google.reads(), google.quota.refused) == (SHEETS, 0)
    assert all(open_google_snapshot(data).sheets[0].head(1) == [["SKU", "Price"]] for data in first.values())

    edited = keys[3:8]
    for key in edited:
        google.documents[key].edit(0, 2, 1, 99.5)
    google.log.clear()
    changed = changed_since(known, list_documents(client))
    second = refresh(client, sorted(changed))
    assert (changed, google.reads()) == (set(edited), 5)
    assert all(second[key] != first[key] for key in edited)


def test_a_sheet_that_imports_from_elsewhere_is_read_although_drive_saw_no_edit(google: FakeGoogle) -> None:
    key = sorted(google.documents)[0]
    google.documents[key].tabs[0].rows[1][1] = FakeCell(5.0, formula='=IMPORTRANGE("1other","A1")')
    client = quick_client(google)
    known, data = list_documents(client), fetch_google_sheet(GoogleSource(key=key), client)
    google.documents[key].tabs[0].rows[1][1] = FakeCell(6.0, formula='=IMPORTRANGE("1other","A1")')
    always = [key] if snapshot_facts(data).depends_on else []
    assert changed_since(known, list_documents(client), always) == {key}
    assert fetch_google_sheet(GoogleSource(key=key), client) != data


def test_a_quota_that_somebody_else_used_up_is_waited_for_by_all(redis_url: str) -> None:
    """Another program reads with the same account: Google refuses, everybody pauses, nothing fails."""
    documents = [document(n) for n in range(12)]
    with serve(documents, quota=ReadQuota(per_user=6, minute=1.0)) as google:
        for _ in range(6):
            google.quota.refuses()
        quota = SheetsQuota.from_url(redis_url, limits=QuotaLimits(per_user=6, window=1.0, margin=0.2))
        client = quick_client(google, acquire=quota.acquire, throttled=quota.throttled)
        client.policy = replace(
            client.policy, attempts=6, deadline=20.0, first_busy_pause=0.3, longest_pause=1.0, sleep=time.sleep
        )
        assert len(refresh(client, sorted(google.documents))) == 12
        quota.client.close()


def test_the_sample_documents_can_be_read() -> None:
    with serve(samples()) as google:
        for key in google.documents:
            book = open_google_snapshot(fetch_google_sheet(GoogleSource(key=key), quick_client(google)))
            assert sum(len(list(sheet.rows())) for sheet in book.sheets) > 5


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    with serve(samples()) as google:
        fetch_google_sheet(GoogleSource(key=next(iter(google.documents))), quick_client(google))
    time.sleep(0.1)
    assert threading.active_count() <= before + 1
