"""The page about numbers names every reject code, and no other."""

import re
from pathlib import Path

from ingestion_dagster.core.rows.reject_messages import codes

PAGE = Path(__file__).parents[3] / "docs" / "numbers.md"


def test_the_page_lists_every_reject_code_and_no_other() -> None:
    table = PAGE.read_text(encoding="utf-8").split("## Reject codes")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == codes()
