"""Everything that can go wrong, at every request of a load: the right outcome, nothing partial, and soon."""

import re
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ingestion_dagster.core.errors import QuotaExhausted, SourceError, SourceRejected, SourceUnavailable
from ingestion_dagster.sources.google import http, reads
from ingestion_dagster.sources.google.sheets import GoogleSource, fetch_google_sheet
from ingestion_dagster_tests.fake_google import FakeDocument, FakeGoogle, FakeTab, Fault, serve
from ingestion_dagster_tests.fake_google.faults import RETRIED
from ingestion_dagster_tests.fake_google.quick import IMPATIENT, QUICK, quick_client, retry_policy_for

KEY = "1Faulty-price-list_0123456789"
SOURCE = GoogleSource(key=KEY, supplier="acme")
REQUESTS = ["token", "whole", "outline", "part 1", "part 2", "part 3"]
"""What a sheet that is read in parts asks for, in order."""
BOUND = IMPATIENT.deadline + 4


@pytest.fixture(scope="module")
def google() -> Iterator[FakeGoogle]:
    rows = [[f"SKU-{row}", f"Item {row}", row + 0.5] for row in range(300)]
    with serve([FakeDocument(KEY, "Prices", [FakeTab("Prices", [["SKU", "Name", "Price"], *rows])])]) as running:
        yield running


@pytest.fixture(scope="module")
def right(google: FakeGoogle) -> bytes:
    return fetch_google_sheet(SOURCE, quick_client(google))


@pytest.fixture(autouse=True)
def in_parts(right: bytes, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER", 70_000)
    monkeypatch.setattr(reads, "PART_CELLS", 120 * 3)
    google.quota.per_user = google.quota.per_project = 10**9
    google.forget()


def test_a_load_without_faults_makes_these_requests(google: FakeGoogle, right: bytes) -> None:
    assert fetch_google_sheet(SOURCE, quick_client(google)) == right
    assert google.log == ["token"] + ["sheets.spreadsheets.get"] * 5


def recovers(fault: Fault, position: int) -> bool:
    return fault in RETRIED or (fault is Fault.UNAUTHENTICATED and position > 0)


@pytest.mark.parametrize("position", range(len(REQUESTS)), ids=REQUESTS)
@pytest.mark.parametrize("fault", Fault)
def test_one_fault_is_overcome_or_told(google: FakeGoogle, right: bytes, fault: Fault, position: int) -> None:
    google.faults.add(fault, position)
    begun = time.monotonic()
    if recovers(fault, position):
        assert fetch_google_sheet(SOURCE, quick_client(google, retry_policy_for(fault))) == right
    else:
        with pytest.raises(SourceRejected):
            fetch_google_sheet(SOURCE, quick_client(google, retry_policy_for(fault)))
        assert len(google.log) == position + 1
    assert time.monotonic() - begun < BOUND


@pytest.mark.parametrize("position", [0, 1, 4], ids=[REQUESTS[0], REQUESTS[1], REQUESTS[4]])
@pytest.mark.parametrize("fault", Fault)
def test_a_fault_that_stays_ends_soon_with_the_right_error_and_no_secret_in_it(
    google: FakeGoogle, fault: Fault, position: int
) -> None:
    google.faults.add_for_ever(fault, position)
    client = quick_client(google, retry_policy_for(fault))
    begun = time.monotonic()
    with pytest.raises(SourceError) as failure:
        fetch_google_sheet(SOURCE, client)
    assert time.monotonic() - begun < BOUND
    assert isinstance(failure.value, SourceUnavailable if fault in RETRIED else SourceRejected)
    busy = fault in (Fault.TOO_MANY, Fault.TOO_MANY_WAIT)
    assert isinstance(failure.value, QuotaExhausted) == busy
    assert len(google.log) <= position + 2 * QUICK.attempts
    texts = "".join(traceback.format_exception(failure.value)) + repr(failure.value) + repr(client)
    for secret in (
        client.service_account.credentials.token or "no token",
        "PRIVATE KEY",
        "ya29.",
        "Bearer",
        "assertion=",
    ):
        assert secret not in texts
    assert not re.search(r"ey[\w-]{8,}\.[\w-]+", texts)  # the signed claim that a token is asked with


def test_retry_after_is_honoured_and_told_to_everybody(google: FakeGoogle, right: bytes) -> None:
    pauses: list[float] = []
    google.faults.add(Fault.TOO_MANY_WAIT, 1)
    client = quick_client(google, throttled=pauses.append)
    assert fetch_google_sheet(SOURCE, client) == right
    assert len(pauses) == 1
    assert pauses[0] >= 1.0


def test_a_revoked_token_is_renewed_once_without_using_an_attempt(google: FakeGoogle, right: bytes) -> None:
    client = quick_client(google)
    fetch_google_sheet(SOURCE, client)
    google.tokens.revoke_all()
    google.forget()
    assert fetch_google_sheet(SOURCE, client) == right
    assert google.log[:3] == ["sheets.spreadsheets.get 401", "token", "sheets.spreadsheets.get"]


def test_waiting_for_the_quota_moves_the_deadline(google: FakeGoogle, right: bytes) -> None:
    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()

    def acquire(supplier: str) -> float:
        clock.now += 100.0
        return 100.0

    client = quick_client(google, acquire=acquire)
    client.policy = replace(QUICK, clock=clock)
    assert fetch_google_sheet(SOURCE, client) == right
    assert client.waited == 500.0
