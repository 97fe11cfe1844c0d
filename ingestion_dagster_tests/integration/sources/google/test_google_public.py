import csv
import io
import time
from collections.abc import Iterator

import pytest
from openpyxl import load_workbook

from ingestion_dagster.core.errors import QuotaExhausted, SourceRejected, SourceUnavailable
from ingestion_dagster.sources.google.public import PublicFile, fetch_public_sheet
from ingestion_dagster.sources.google.retry import RetryPolicy
from ingestion_dagster.sources.google.sheets import GoogleSource
from ingestion_dagster_tests.fake_google import FakeCell, FakeDocument, FakeGoogle, FakeTab, Fault, serve
from ingestion_dagster_tests.fake_google.faults import ANSWERS, RETRIED, page, redirect
from ingestion_dagster_tests.fake_google.quick import IMPATIENT, QUICK, retry_policy_for

KEY = "1Public-price-list_0123456789"


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    tabs = [
        FakeTab("Prices", [["SKU", "Price"], ["00123", FakeCell(1234.5678, "#,##0.00")]]),
        FakeTab("Other", [["x"]], gid=77),
    ]
    with serve([FakeDocument(KEY, "Prices", tabs, locale="de_DE", public=True, shared=False)]) as running:
        yield running


def fetched(google: FakeGoogle, format: str = "xlsx", policy: RetryPolicy = QUICK, **source: object) -> PublicFile:
    chosen = GoogleSource.model_validate({"key": KEY} | source)
    return fetch_public_sheet(chosen, format, base_url=google.url, policy=policy)  # type: ignore[arg-type]


def test_a_public_sheet_comes_as_xlsx_with_its_numbers_unrounded(google: FakeGoogle) -> None:
    file = fetched(google)
    book = load_workbook(io.BytesIO(file.data))
    assert book.sheetnames == ["Prices", "Other"]
    assert book["Prices"]["B2"].value == 1234.5678
    assert google.log == ["export 307", "export"]


def test_as_csv_it_comes_as_displayed_one_tab_by_its_gid(google: FakeGoogle) -> None:
    rows = list(csv.reader(io.StringIO(fetched(google, "csv").data.decode())))
    assert rows == [["SKU", "Price"], ["00123", "1.234,57"]]
    assert fetched(google, "csv", gid=77).data == b"x\r\n"


def test_no_token_is_asked_for_or_sent(google: FakeGoogle) -> None:
    fetched(google)
    assert "token" not in google.log


def test_a_sheet_that_is_not_public_says_how_to_share_it(google: FakeGoogle) -> None:
    google.documents[KEY].public = False
    with pytest.raises(SourceRejected, match="Anyone with the link"):
        fetched(google)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (page(200, "<!DOCTYPE html><title>Google Drive: Sign-in</title>"), "not shared publicly"),
        (page(401), "not shared publicly"),
        (page(403), "not shared publicly"),
        (page(404), "check the link"),
        (page(400), "no tab of that number"),
        (redirect("https://accounts.google.com/ServiceLogin?continue=x"), "not shared publicly"),
        (redirect("https://evil.example/data.xlsx"), "another host"),
        (redirect("http://169.254.169.254/latest/meta-data"), "another host"),
        (redirect("https://x.googleusercontent.com.evil.example/"), "another host"),
        (redirect("file:///etc/passwd"), "another host"),
    ],
)
def test_every_refusal_says_what_to_do(
    google: FakeGoogle, monkeypatch: pytest.MonkeyPatch, answer: object, says: str
) -> None:
    monkeypatch.setitem(ANSWERS, Fault.FORBIDDEN, answer)
    google.faults.add(Fault.FORBIDDEN, 1)
    with pytest.raises(SourceRejected, match=says):
        fetched(google)


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("fault", sorted(RETRIED - {Fault.NOT_JSON}))
def test_passing_faults_are_overcome_and_lasting_ones_end_soon(google: FakeGoogle, fault: Fault, position: int) -> None:
    google.faults.add(fault, position)
    assert fetched(google, policy=retry_policy_for(fault)).data.startswith(b"PK")
    google.faults.clear()
    google.faults.add_for_ever(fault, position)
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable) as failure:
        fetched(google, policy=retry_policy_for(fault))
    assert isinstance(failure.value, QuotaExhausted) == (fault in (Fault.TOO_MANY, Fault.TOO_MANY_WAIT))
    assert time.monotonic() - begun < IMPATIENT.deadline + 4


def test_a_request_to_prove_that_one_is_no_robot_is_waited_for(
    google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, Fault.REDIRECT, redirect("https://www.google.com/sorry/index?continue=x"))
    google.faults.add_for_ever(Fault.REDIRECT, 0)
    with pytest.raises(SourceUnavailable) as failure:
        fetched(google)
    assert failure.value.retry_after == 60.0


def test_redirects_in_a_circle_end(google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ANSWERS, Fault.REDIRECT, redirect(f"/spreadsheets/d/{KEY}/export?format=xlsx"))
    google.faults.add_for_ever(Fault.REDIRECT, 0)
    with pytest.raises(SourceUnavailable, match="circles"):
        fetched(google)


def test_only_google_or_this_machine_is_asked() -> None:
    for base in ("https://evil.example", "http://docs.google.com", "https://docs.google.com.evil.example"):
        with pytest.raises(SourceRejected):
            fetch_public_sheet(GoogleSource(key=KEY), base_url=base)
