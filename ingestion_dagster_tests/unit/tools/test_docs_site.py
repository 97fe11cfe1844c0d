"""The documentation as a site: its navigation, and that nothing of it comes from elsewhere."""

import tomllib
from pathlib import Path

import pytest

from ingestion_dagster.settings import CHECKOUT
from tools import docs_site

PROJECT = tomllib.loads((CHECKOUT / "zensical.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def pages(tmp_path: Path) -> list[str]:
    return docs_site.lay(tmp_path / "pages")


def test_every_page_is_listed_once(pages: list[str]) -> None:
    assert docs_site.strays(pages, PROJECT["nav"]) == []


def test_a_page_that_is_not_listed_and_one_that_is_not_there_are_named() -> None:
    navigation = [{"Start": "README.md"}, {"More": ["a.md", {"Deep": ["gone.md", "a.md"]}]}]
    assert docs_site.strays(["README.md", "a.md", "new.md"], navigation) == [
        "new.md is in no part of `nav`: list it",
        "`nav` lists gone.md, which is not there",
        "`nav` lists a.md twice",
    ]


def test_the_pages_keep_their_folders_so_that_one_link_serves_the_site_and_a_code_host(
    pages: list[str], tmp_path: Path
) -> None:
    assert {"README.md", "docs/README.md", "docs/how-to/develop.md", "benchmarks/README.md"} <= set(pages)
    assert (tmp_path / "pages/docs/images/walk.svg").is_file()


def test_mermaid_is_laid_beside_the_script_that_loads_it(pages: list[str], tmp_path: Path) -> None:
    assert "docs/assets/pictures.js" in PROJECT["extra_javascript"]
    script = (tmp_path / "pages/docs/assets/mermaid.js").read_text(encoding="utf-8")
    assert "mermaid" in script
    assert len(script) > 1_000_000


def test_the_site_asks_for_no_fonts_and_no_scripts_of_others() -> None:
    assert PROJECT["theme"]["font"] is False
    named = [*PROJECT["extra_javascript"], *PROJECT["extra_css"]]
    assert [name for name in named if not (CHECKOUT / name).is_file()] == []
