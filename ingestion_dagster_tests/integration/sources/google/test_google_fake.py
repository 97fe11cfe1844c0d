"""The stand-in is worth something only if a wrong request fails there as it does at Google."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gspread
import pytest
import requests

from ingestion_dagster.core.sheets import CellError
from ingestion_dagster_tests.fake_google import FakeCell, FakeDocument, FakeGoogle, FakeTab, serve
from ingestion_dagster_tests.fake_google.quotas import ReadQuota
from ingestion_dagster_tests.fake_google.server import ROBOT
from ingestion_dagster_tests.fake_google.shown import shown
from ingestion_dagster_tests.fake_google.tokens import TokenServer, new_key

KEY = "1FakeDocument_for-the-strictness-tests"
READ = "https://www.googleapis.com/auth/spreadsheets.readonly"
ROWS: list[list[Any]] = [
    ["SKU", "Price", None, None],
    ["00123", FakeCell(1234.5, "#,##0.00"), None, None],
    [],
    [FakeCell(7, "00000"), CellError("#REF!"), True],
    [],
]


@pytest.fixture(scope="module")
def google() -> Iterator[FakeGoogle]:
    tab = FakeTab("Bob's list", ROWS, merges=[(0, 0, 0, 1)], row_count=1000, column_count=26)
    with serve([FakeDocument(KEY, "Prices", [tab, FakeTab("Second", [["x"]])], locale="de_DE")]) as running:
        yield running


def token(google: FakeGoogle, scope: str = READ, **claims: Any) -> requests.Response:
    from google.auth import crypt, jwt

    now = int(time.time())
    info = json.loads(google.key_file.read_text())
    payload = {
        "iss": info["client_email"],
        "scope": scope,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": now,
        "exp": now + 3600,
    } | claims
    assertion = jwt.encode(crypt.RSASigner.from_service_account_info(info), payload).decode()
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return requests.post(f"{google.url}/token", data=form, timeout=5)


def get(google: FakeGoogle, path: str, scope: str = READ, **params: Any) -> requests.Response:
    bearer = token(google, scope).json()["access_token"]
    return requests.get(google.url + path, params=params, headers={"Authorization": f"Bearer {bearer}"}, timeout=5)


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"aud": "https://evil.example/token"}, "audience"),
        ({"iss": "somebody@else"}, "account not found"),
        ({"exp": int(time.time()) - 4000, "iat": int(time.time()) - 7000}, "iat and exp"),
        ({"exp": int(time.time()) + 90000}, "iat and exp"),
        ({"scope": ""}, "Empty or missing scope"),
    ],
)
def test_a_wrong_claim_gets_no_token(google: FakeGoogle, claims: dict[str, Any], says: str) -> None:
    answer = token(google, **claims)
    assert answer.status_code == 400
    assert says in answer.json()["error_description"]


def test_a_foreign_signature_gets_no_token(google: FakeGoogle, tmp_path: Path) -> None:
    TokenServer(ROBOT, private=new_key()).write_key_file(tmp_path / "other.json", f"{google.url}/token")
    stranger = FakeGoogle(google.url, tmp_path / "other.json", {}, google.tokens, google.quota)
    assert "Signature" in token(stranger).json()["error_description"]


def test_no_token_a_made_up_token_and_a_token_of_another_scope_are_told_apart(google: FakeGoogle) -> None:
    path = f"/v4/spreadsheets/{KEY}"
    assert requests.get(google.url + path, timeout=5).status_code == 403
    assert requests.get(google.url + path, headers={"Authorization": "Bearer x"}, timeout=5).status_code == 401
    refused = get(google, path, scope="https://www.googleapis.com/auth/drive.metadata.readonly")
    assert "ACCESS_TOKEN_SCOPE_INSUFFICIENT" in refused.text


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"feilds": "properties"}, 'Unknown name \\"feilds\\"'),
        ({"fields": "propertys"}, "Invalid field selection propertys"),
        ({"fields": "sheets(properties"}, "missing )"),
        ({"fields": "sheets.properties.title.x"}, "Invalid field selection x"),
        ({"includeGridData": "yes"}, "TYPE_BOOL"),
        ({"ranges": "No such tab!A1"}, "Unable to parse range"),
        ({"ranges": "'Bob''s list'!A2000:B3000"}, "exceeds grid limits"),
        ({"commentsViewMode": "SOME"}, "Invalid value at"),
    ],
)
def test_a_wrong_parameter_is_refused_as_google_does(google: FakeGoogle, params: dict[str, str], says: str) -> None:
    answer = get(google, f"/v4/spreadsheets/{KEY}", **params)
    assert answer.status_code == 400
    assert says in answer.text


def test_a_wrong_drive_query_and_page_size_are_refused(google: FakeGoogle) -> None:
    scope = "https://www.googleapis.com/auth/drive.metadata.readonly"
    assert get(google, "/drive/v3/files", scope, q="mimeTyp = 'x'").status_code == 400
    assert get(google, "/drive/v3/files", scope, pageSize="2000").status_code == 400
    assert get(google, "/drive/v3/files", scope, pageSize="10").json()["files"][0]["id"] == KEY


def test_the_mask_decides_what_is_answered(google: FakeGoogle) -> None:
    answer = get(google, f"/v4/spreadsheets/{KEY}", fields="properties.locale,sheets(properties/title,merges)").json()
    assert answer == {
        "properties": {"locale": "de_DE"},
        "sheets": [
            {
                "properties": {"title": "Bob's list"},
                "merges": [
                    {
                        "startRowIndex": 0,
                        "startColumnIndex": 0,
                        "endRowIndex": 1,
                        "endColumnIndex": 2,
                    }
                ],
            },
            {"properties": {"title": "Second"}},
        ],
    }
    assert "data" not in json.dumps(get(google, f"/v4/spreadsheets/{KEY}").json())


def test_gspread_itself_reads_values_with_trailing_blanks_trimmed(google: FakeGoogle) -> None:
    bearer = token(google).json()["access_token"]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {bearer}"

    class Local(gspread.HTTPClient):
        def request(self, method: str, endpoint: str, *args: Any, **kwargs: Any) -> requests.Response:
            return super().request(
                method, endpoint.replace("https://sheets.googleapis.com", google.url), *args, **kwargs
            )

    with session:
        sheet = gspread.Client(None, session, Local).open_by_key(KEY).worksheet("Bob's list")  # type: ignore[arg-type]
        assert sheet.get("A1:Z1000") == [["SKU", "Price"], ["00123", "1.234,50"], [], ["00007", "#REF!", "TRUE"]]
        unformatted = sheet.get(value_render_option=gspread.utils.ValueRenderOption.unformatted)
        assert unformatted == [["SKU", "Price"], ["00123", 1234.5], [], [7, "#REF!", True]]
        columns = sheet.get("A1:B2", major_dimension=gspread.utils.Dimension.cols)
        assert columns == [["SKU", "00123"], ["Price", "1.234,50"]]


def test_the_quota_is_enforced_in_any_span_of_a_minute() -> None:
    quota = ReadQuota(per_user=5, minute=0.4)
    assert [quota.refuses() for _ in range(6)] == [None] * 5 + ["user"]
    time.sleep(0.45)
    assert quota.refuses() is None
    assert ReadQuota(per_user=5, per_project=0).refuses() == "project"


@pytest.mark.parametrize(
    ("value", "pattern", "locale", "text"),
    [
        (1234.5, "", "ru_RU", "1234,5"),
        (1234567.891, "#,##0.00", "ru_RU", "1\u00a0234\u00a0567,89"),
        (-0.125, "0.00%", "en_US", "-12.50%"),
        (2.345, '0.00" €"', "de_DE", "2,35 €"),
        (12, "[$€-407]0.00", "de_DE", "€12,00"),
        (46028, "dd.mm.yyyy", "de_DE", "06.01.2026"),
    ],
)
def test_values_are_shown_as_sheets_shows_them(value: float, pattern: str, locale: str, text: str) -> None:
    assert shown(value, pattern, locale) == text


def test_a_format_the_stand_in_does_not_know_is_an_error_not_a_guess() -> None:
    with pytest.raises(ValueError, match="give the cell's text"):
        shown(1, "[>100]0;0.00", "en_US")
