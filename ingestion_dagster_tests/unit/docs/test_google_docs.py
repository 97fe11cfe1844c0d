"""The page a buyer's assistant follows names every error that can come."""

import re
from pathlib import Path

import pytest

from ingestion_dagster.core.suppliers.registry_words import COLUMNS
from ingestion_dagster.sources.google import errors, http, reads

PAGE = (Path(__file__).parents[3] / "docs" / "google-access.md").read_text()
QUOTED = re.findall(r'"([^"\n]+)"', PAGE)
SAYINGS = [rule.says for rule in errors.REPLIES] + [advice for _, _, advice in errors.TOKEN_REFUSALS]
SAYINGS.remove("make a new key file as docs/google-access.md describes")  # said after "Google refused the service …"


@pytest.mark.parametrize("saying", SAYINGS)
def test_each_message_of_google_is_on_the_page(saying: str) -> None:
    assert any(quoted in saying for quoted in QUOTED), saying


def test_each_message_on_the_page_is_still_said_somewhere() -> None:
    package = Path(errors.__file__).parents[2]
    ours = (
        "redis_store/quota.py",
        "pipeline/google_access.py",
        "pipeline/stored_lists.py",
        "services/registry.py",
        "core/suppliers/google_links.py",
    )
    modules = [*package.glob("sources/**/*.py"), *(package / name for name in ours)]
    code = re.sub(r'"\s*f?"', "", "".join(path.read_text() for path in modules))
    after = PAGE[PAGE.index("## When something is wrong") : PAGE.index("## The registry sheet")]
    for quoted in re.findall(r'"([^"\n]+)"', after):
        assert quoted in code, quoted


def test_the_figures_are_those_of_the_code() -> None:
    assert f"{http.LARGEST_ANSWER >> 20} MB" in PAGE
    assert f"{reads.PART_CELLS:,} cells" in PAGE


def test_every_column_of_the_registry_is_described() -> None:
    for name in COLUMNS:
        assert f"`{name}`" in PAGE
