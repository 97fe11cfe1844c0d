from collections.abc import Iterator

import pytest

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.sources.google import drive
from ingestion_dagster.sources.google.drive import DriveState, changed_since, list_documents
from ingestion_dagster_tests.fake_google import FakeDocument, FakeGoogle, FakeTab, Fault, serve
from ingestion_dagster_tests.fake_google.faults import ANSWERS, drive_error
from ingestion_dagster_tests.fake_google.quick import quick_client


def document(number: int) -> FakeDocument:
    return FakeDocument(f"1Document-number-{number:010}", f"List {number}", [FakeTab("Prices", [["SKU"], [number]])])


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with serve([document(number) for number in range(25)]) as running:
        yield running


def test_one_listing_tells_the_state_of_all_sheets_and_takes_no_read(google: FakeGoogle) -> None:
    client = quick_client(google, acquire=lambda supplier: pytest.fail("Drive's requests are not metered here"))
    listed = list_documents(client)
    assert len(listed) == 25
    assert listed["1Document-number-0000000003"] == DriveState("2026-01-05T08:00:00.000Z", "1")
    assert google.log == ["token", "drive.files.list"]


def test_a_listing_is_followed_through_its_pages(google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive, "_PAGE", 10)
    assert len(list_documents(quick_client(google))) == 25
    assert google.log == ["token"] + ["drive.files.list"] * 3


def test_a_fault_in_the_middle_of_a_listing_is_overcome(google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive, "_PAGE", 10)
    google.faults.add(Fault.TRUNCATED, 2)
    assert len(list_documents(quick_client(google))) == 25


def test_drives_own_403_for_its_quota_is_waited_for(google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = drive_error(403, "userRateLimitExceeded", "User Rate Limit Exceeded")
    monkeypatch.setitem(ANSWERS, Fault.FORBIDDEN, busy)
    google.faults.add(Fault.FORBIDDEN, 1)
    assert len(list_documents(quick_client(google))) == 25


def test_a_drive_api_that_is_not_switched_on_says_so(google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    off = drive_error(403, "accessNotConfigured", "Google Drive API has not been used in project 1 before")
    monkeypatch.setitem(ANSWERS, Fault.FORBIDDEN, off)
    google.faults.add_for_ever(Fault.FORBIDDEN, 1)
    with pytest.raises(SourceRejected, match="enable the Google Sheets API and the Google Drive API"):
        list_documents(quick_client(google))


def test_files_that_are_no_sheets_or_not_ours_are_not_listed(google: FakeGoogle) -> None:
    for number, change in enumerate(({"trashed": True}, {"office": True}, {"shared": False})):
        for name, value in change.items():
            setattr(google.documents[f"1Document-number-{number:010}"], name, value)
    assert len(list_documents(quick_client(google))) == 22


def test_only_edited_new_unlisted_and_volatile_sheets_are_read_again() -> None:
    old, new = DriveState("2026-01-05T08:00:00.000Z", "1"), DriveState("2026-01-06T08:00:00.000Z", "2")
    known = {"same": old, "edited": old, "renamed": old, "gone": old, "imports": old}
    listed = {"same": old, "edited": new, "renamed": DriveState(old.modified_time, "2"), "imports": old, "other": old}
    assert changed_since(known, listed) == {"edited", "renamed", "gone"}
    assert changed_since(known, listed, ["imports", "never-read"]) == {
        "edited",
        "renamed",
        "gone",
        "imports",
        "never-read",
    }
