"""The walk of one cell on the page about architecture, watched while a list is loaded."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from ingestion_dagster.settings import CHECKOUT
from ingestion_dagster_tests.integration.supplier_loads import SupplierLoads

LIST = "Artikelnummer;Bezeichnung;Preis EUR\nA-1;Schraube M4;1.234,50\nA-2;Mutter M4;2,50\nA-3;Scheibe;3,10\n"
PACKAGE = str(CHECKOUT / "ingestion_dagster") + "/"


def walk_on_the_page() -> list[tuple[str, str]]:
    """(module, function) of each line of the table."""
    page = (CHECKOUT / "docs/architecture.md").read_text(encoding="utf-8")
    part = page.split("## The walk of one cell")[1].split("\n## ")[0]
    return re.findall(r"^\|[^|]*\| `([\w/]+\.py)` `(\w+)` \|", part, re.MULTILINE)


@contextmanager
def watched(seen: dict[tuple[str, str], None]) -> Iterator[None]:
    """Notes each function of the package when it is called first."""

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE):
            seen.setdefault((code.co_filename.removeprefix(PACKAGE), code.co_name))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)


def test_a_cell_passes_the_functions_of_the_page_in_their_order(database_url: str, tmp_path: Path) -> None:
    shop = SupplierLoads.at(database_url, tmp_path)
    shop.register("acme", "acme.csv")
    seen: dict[tuple[str, str], None] = {}
    with watched(seen):
        shop.load("acme", "acme.csv", LIST.encode())
    walk = walk_on_the_page()
    assert len(walk) > 25
    assert [step for step in walk if step not in seen] == []
    order = list(seen)
    places = [order.index(step) for step in walk]
    assert places == sorted(places), [walk[i] for i in range(1, len(walk)) if places[i] < places[i - 1]]
    assert str(shop.sql("SELECT price FROM price_history ORDER BY price DESC LIMIT 1")[0][0]).startswith("1234.50")
