from typing import Any

import pytest

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.sources.google.tabs import quoted, wanted_tabs


def tab(title: str, gid: int, **more: Any) -> dict[str, Any]:
    return {"properties": {"title": title, "sheetId": gid, "sheetType": "GRID"} | more}


TABS = [
    tab("Info", 0),
    tab("Прайс 2026-01", 5),
    tab("Прайс 2025-12", 6, hidden=True),
    tab("Weird *", 7),
    tab("Chart", 8, sheetType="OBJECT"),
]


def titles(gid: int | None = None, name: str | None = None) -> list[str]:
    return [found["properties"]["title"] for found in wanted_tabs("1abc", TABS, gid, name)]


def test_a_gid_finds_its_tab_whatever_it_is_called_now() -> None:
    assert titles(gid=5) == ["Прайс 2026-01"]
    assert titles(gid=0) == ["Info"]


def test_a_name_is_found_exactly_then_without_regard_to_case_and_outer_blanks() -> None:
    assert titles(name="Info") == titles(name=" INFO ") == ["Info"]


def test_a_pattern_prefers_tabs_that_are_shown() -> None:
    assert titles(name="прайс *") == ["Прайс 2026-01"]
    assert titles(name="*2025-??") == ["Прайс 2025-12"]


def test_a_tab_really_called_like_a_pattern_is_found_by_its_name() -> None:
    assert titles(name="Weird *") == ["Weird *"]


def test_without_a_tab_every_tab_with_cells_is_meant() -> None:
    assert titles() == ["Info", "Прайс 2026-01", "Прайс 2025-12", "Weird *"]


@pytest.mark.parametrize(("gid", "name"), [(99, None), (8, None), (None, "Prices"), (None, "P*")])
def test_a_tab_that_is_not_there_is_refused_with_those_that_are(gid: int | None, name: str | None) -> None:
    with pytest.raises(SourceRejected) as refusal:
        titles(gid, name)
    assert "'Прайс 2026-01' (gid 5)" in str(refusal.value)


def test_a_pattern_that_fits_several_shown_tabs_is_not_guessed() -> None:
    several = [tab("List A", 1), tab("List B", 2)]
    with pytest.raises(SourceRejected) as refusal:
        wanted_tabs("1abc", several, None, "List *")
    assert "2 do" in str(refusal.value)


def test_a_document_of_charts_only_has_no_cells() -> None:
    with pytest.raises(SourceRejected):
        wanted_tabs("1abc", TABS[-1:], None, None)


def test_a_quote_in_a_title_is_doubled() -> None:
    assert quoted("Bob's list") == "'Bob''s list'"
