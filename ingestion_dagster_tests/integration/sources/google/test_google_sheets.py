from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.core.errors import SourceRejected, SourceUnavailable
from ingestion_dagster.core.sheets import CellError, Range, Sheet
from ingestion_dagster.sources.google import http
from ingestion_dagster.sources.google import reads as google_reads
from ingestion_dagster.sources.google.sheets import GoogleClient, GoogleSource, fetch_google_sheet
from ingestion_dagster.sources.google.snapshot import open_google_snapshot, snapshot_facts
from ingestion_dagster_tests.fake_google import FakeCell, FakeDocument, FakeGoogle, FakeTab, serve
from ingestion_dagster_tests.fake_google.quick import quick_client
from ingestion_dagster_tests.fake_google.server import ROBOT

KEY = "1Acme-price-list_0123456789"
URL = f"https://docs.google.com/spreadsheets/d/{KEY}/edit"
EURO = "#,##0.00 [$€-407]"


def acme() -> FakeDocument:
    prices = FakeTab(
        "Прайс",
        [
            ["ООО «Акме»"],
            [],
            ["Артикул", "Наименование", "Цена", "Остаток"],
            ["00123", "Болт", FakeCell(1234.5678, EURO), 5],
            [FakeCell(124, "00000"), "Гайка", FakeCell(0.1, EURO), 0],
            ["5.10", "Шайба", CellError("#REF!"), None],
            ["126", "Винт", FakeCell(7, formula='=IMPORTRANGE("x";"A1")'), True],
        ],
        gid=1386834576,
        merges=[(0, 0, 0, 3)],
        hidden_rows=[4],
        filtered_rows=[5],
        hidden_columns=[1],
        row_count=1000,
        column_count=26,
    )
    return FakeDocument(
        KEY,
        "Прайс-лист Акме",
        [FakeTab("Условия", [["Оплата по факту"]]), prices, FakeTab("Архив", [["x"]], hidden=True)],
        locale="ru_RU",
    )


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with serve([acme()]) as running:
        yield running


def fetched(google: FakeGoogle, **source: Any) -> Sheet:
    data = fetch_google_sheet(GoogleSource(**source), quick_client(google))
    (sheet,) = open_google_snapshot(data).sheets
    return sheet


def test_one_read_brings_values_formats_merges_and_what_is_hidden(google: FakeGoogle) -> None:
    sheet = fetched(google, sheet_url=URL, gid=1386834576)
    assert google.log == ["token", "sheets.spreadsheets.get"]
    assert list(sheet.rows()) == [
        ["ООО «Акме»"],
        [],
        ["Артикул", "Наименование", "Цена", "Остаток"],
        ["00123", "Болт", 1234.5678, 5],
        ["00124", "Гайка", 0.1, 0],
        ["5.10", "Шайба", CellError("#REF!")],
        ["126", "Винт", 7, True],
    ]
    assert (sheet.name, sheet.locale, sheet.time_zone, sheet.typed) == ("Прайс", "ru_RU", "Europe/Minsk", True)
    assert sheet.merges == (Range(0, 0, 0, 3),)
    assert (sheet.hidden_rows, sheet.hidden_columns) == (frozenset({4, 5}), frozenset({1}))
    assert [sheet.number_format(row, 2) for row in (2, 3, 4, 6)] == [None, EURO, EURO, None]
    assert sheet.number_format(4, 0) == "00000"
    assert sheet.number_format(4, 99) is None


def test_without_a_tab_all_tabs_come_in_one_read_in_their_order(google: FakeGoogle) -> None:
    book = open_google_snapshot(fetch_google_sheet(GoogleSource(key=KEY), quick_client(google)))
    assert [(sheet.name, sheet.hidden) for sheet in book.sheets] == [
        ("Условия", False),
        ("Прайс", False),
        ("Архив", True),
    ]
    assert (google.reads(), book.format) == (1, "google_sheets")


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ({"sheet_url": URL, "sheet_name": "Прайс"}, 1),
        ({"sheet_url": f"{URL}#gid=1386834576"}, 1),
        ({"sheet_url": f"{URL}#gid=0", "sheet_name": "Прайс"}, 1),
        ({"sheet_url": f"{URL}#gid=0", "gid": 1386834576, "sheet_name": "Условия"}, 1),
        ({"key": KEY, "sheet_name": "пра*"}, 1),
        ({"key": KEY, "sheet_name": " прайс "}, 2),
    ],
)
def test_a_tab_is_found_by_every_name_it_has(google: FakeGoogle, source: dict[str, Any], reads: int) -> None:
    assert fetched(google, **source).name == "Прайс"
    assert google.reads() == reads


def test_a_renamed_tab_is_still_found_by_its_gid(google: FakeGoogle) -> None:
    google.documents[KEY].tabs[1].title = "Прайс (новый)"
    assert fetched(google, sheet_url=f"{URL}#gid=1386834576").name == "Прайс (новый)"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shared": False}, f"add {ROBOT} as a viewer"),
        ({"trashed": True}, "does not exist or is not shared"),
        ({"office": True}, "Save as Google Sheets"),
    ],
)
def test_a_document_that_cannot_be_read_says_what_to_do(google: FakeGoogle, change: dict[str, bool], says: str) -> None:
    for name, value in change.items():
        setattr(google.documents[KEY], name, value)
    with pytest.raises(SourceRejected) as refusal:
        fetched(google, key=KEY)
    assert says in str(refusal.value)
    assert len(google.log) == 2


def test_a_tab_that_is_gone_is_told_with_those_that_are_there(google: FakeGoogle) -> None:
    for wrong in ({"sheet_name": "Prices"}, {"gid": 77}):
        with pytest.raises(SourceRejected, match="'Прайс' \\(gid 1386834576\\)"):
            fetched(google, key=KEY, **wrong)


def test_another_host_is_refused_before_any_request(google: FakeGoogle) -> None:
    with pytest.raises(SourceRejected, match="allowed hosts"):
        fetched(google, sheet_url=f"https://evil.example/spreadsheets/d/{KEY}")
    assert google.log == []


def test_the_same_content_gives_the_same_bytes_and_any_change_other_ones(google: FakeGoogle) -> None:
    client, source = quick_client(google), GoogleSource(sheet_url=URL, gid=1386834576)
    first = fetch_google_sheet(source, client)
    google.documents[KEY].edit(0, 0, 0, "Другие условия")  # another tab
    google.documents[KEY].tabs[1].row_count = 2000  # empty rows below
    google.documents[KEY].tabs[1].rows[1].append(FakeCell(None, EURO))  # a format on an empty cell
    assert fetch_google_sheet(source, client) == first
    google.documents[KEY].edit(1, 3, 2, FakeCell(1234.5679, EURO))
    assert fetch_google_sheet(source, client) != first


def test_what_changes_without_an_edit_is_known_from_the_snapshot(google: FakeGoogle) -> None:
    facts = snapshot_facts(fetch_google_sheet(GoogleSource(key=KEY), quick_client(google)))
    assert (facts.key, facts.title, facts.depends_on) == (KEY, "Прайс-лист Акме", {"IMPORTRANGE"})


def test_cells_still_loading_are_errors_with_a_note(google: FakeGoogle) -> None:
    google.documents[KEY].edit(1, 3, 2, CellError("Loading..."))
    sheet = fetched(google, key=KEY, gid=1386834576)
    assert sheet.head(4)[3][2] == CellError("#LOADING!")
    assert sheet.notes == ("1 cells were still loading when the sheet was read",)


def test_an_empty_tab_is_a_sheet_without_rows(google: FakeGoogle) -> None:
    google.documents[KEY].tabs[1].rows = []
    assert list(fetched(google, key=KEY, gid=1386834576).rows()) == []


def tall(rows: int) -> FakeDocument:
    body = [[f"SKU-{row:06}", f"Item {row}", row + 0.25, FakeCell(row, "00000")] for row in range(rows)]
    return FakeDocument(
        KEY, "Tall", [FakeTab("Prices", [["SKU", "Name", "Price", "Code"], *body], row_count=rows + 50)]
    )


def test_a_large_sheet_is_read_in_parts_and_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve([tall(1000)]) as google:
        whole = fetch_google_sheet(GoogleSource(key=KEY), quick_client(google))
        assert google.reads() == 1
        google.forget()
        monkeypatch.setattr(http, "LARGEST_ANSWER", 400_000)
        monkeypatch.setattr(google_reads, "PART_CELLS", 400 * 4)
        assert fetch_google_sheet(GoogleSource(key=KEY), quick_client(google)) == whole
        assert google.reads() == 1 + 1 + 3  # abandoned, outline, three parts of 400 rows
        google.forget()
        monkeypatch.setattr(google_reads, "PART_CELLS", 4000 * 4)
        assert fetch_google_sheet(GoogleSource(key=KEY), quick_client(google)) == whole
        assert google.reads() == 1 + 1 + 2 + 5  # parts of 4000 and 1000 rows are too large as well


def test_a_single_row_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER", 2000)
    wide = FakeDocument(KEY, "Wide", [FakeTab("Prices", [["x" * 5000], ["y"], ["z"]])])
    with serve([wide]) as google, pytest.raises(SourceRejected, match="larger than"):
        fetch_google_sheet(GoogleSource(key=KEY), quick_client(google))


@pytest.mark.parametrize("what", ["a row inserted", "a row removed below", "rows sorted"])
def test_a_sheet_edited_between_its_parts_is_not_put_together(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER", 400_000)
    monkeypatch.setattr(google_reads, "PART_CELLS", 400 * 4)
    with serve([tall(1000)]) as google:
        tab = google.documents[KEY].tabs[0]

        def edit(path: str) -> None:
            if "A400" in path:
                if what == "a row inserted":
                    tab.rows.insert(10, ["new", "new", 1])
                    tab.row_count += 1
                elif what == "a row removed below":
                    del tab.rows[900]
                    tab.row_count -= 1
                else:
                    tab.rows[1:] = reversed(tab.rows[1:])

        google.before = edit
        with pytest.raises(SourceUnavailable, match="edited while it was read"):
            fetch_google_sheet(GoogleSource(key=KEY), quick_client(google))


def test_google_may_be_named_only_as_itself_or_this_machine(google: FakeGoogle) -> None:
    for url in ("http://sheets.googleapis.com", "https://evil.example", "https://googleapis.com.evil.example"):
        with pytest.raises(SourceRejected, match="INGESTION_GOOGLE_SHEETS_URL"):
            GoogleClient.from_settings(str(google.key_file), url)
    GoogleClient.from_settings(str(google.key_file), "https://sheets.googleapis.com/")


def test_an_unfit_key_file_is_told_without_its_content(google: FakeGoogle, tmp_path: Path) -> None:
    text = google.key_file.read_text()
    files = {
        "cut.json": text[:300],
        "broken.json": text.replace("MII", "###"),
        "user.json": text.replace("service_account", "authorized_user"),
        "foreign.json": text.replace(google.url, "https://evil.example"),
        "list.json": "[]",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    for path in [None, "", str(tmp_path / "absent.json"), *(str(tmp_path / name) for name in files)]:
        with pytest.raises(SourceRejected) as refusal:
            GoogleClient.from_settings(path)
        assert refusal.value.__cause__ is None
        assert "BEGIN" not in repr(refusal.value)
        assert "docs/google-access.md" in str(refusal.value) or "check the path" in str(refusal.value)


def test_nothing_can_be_written(google: FakeGoogle) -> None:
    with quick_client(google).reading("acme", "a test") as reader, pytest.raises(ValueError, match="only reads"):
        reader.values_clear(KEY, "A1")
    assert google.log == []


def test_reads_and_waiting_are_counted_for_metadata(google: FakeGoogle) -> None:
    turns: list[str] = []

    def acquire(supplier: str) -> float:
        turns.append(supplier)
        return 1.5

    client = quick_client(google, acquire=acquire)
    fetch_google_sheet(GoogleSource(key=KEY, supplier="acme"), client)
    fetch_google_sheet(GoogleSource(key=KEY), client)
    assert turns == ["acme", KEY]
    assert (client.reads, client.waited) == (2, 3.0)


def test_a_damaged_snapshot_is_refused(google: FakeGoogle) -> None:
    data = fetch_google_sheet(GoogleSource(key=KEY), quick_client(google))
    for damaged in (b"", b"PK\x03\x04", data[:40], b"\x1f\x8b" + bytes(30)):
        with pytest.raises(SourceRejected, match="snapshot"):
            open_google_snapshot(damaged)
    with pytest.raises(SourceRejected, match="damaged"):
        list(open_google_snapshot(data[:-40]).sheets[0].rows())
