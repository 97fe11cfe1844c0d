"""`ingestion why`: every price in the catalogue leads back to a cell that says it."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion_dagster.cli.catalogue.why import _tell
from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.reports.provenance import Provenance
from ingestion_dagster.services import provenance
from ingestion_dagster.services.review import approve
from ingestion_dagster_tests.integration.supplier_loads import SupplierLoads
from ingestion_dagster_tests.sheets.making import make_csv, make_xlsx

GERMAN = ("Art.-Nr.", "Bezeichnung", "EK netto", "UVP", "Bestand")


def german(changed: dict[str, Any] | None = None, without: Sequence[str] = (), title: int = 2) -> list[Sequence[Any]]:
    """Twenty items under `title` lines, prices as text with a decimal comma; `changed` gives some another price."""
    lines: list[Sequence[Any]] = [("Preisliste",), *[("",)] * (title - 1), GERMAN]
    for n in range(1, 21):
        sku = f"A-{n:03}"
        price = (changed or {}).get(sku, f"1.{n + 100},50 €")
        if sku not in without:
            lines.append((sku, f"Gerät für Büro Nr. {n}", price, f"2.{n + 100},90 €", n))
    return lines


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> SupplierLoads:
    shop = SupplierLoads.at(database_url, tmp_path / "place")
    shop.register("acme", "acme.csv")
    return shop


def why(shop: SupplierLoads, sku: str) -> Provenance:
    return asyncio.run(provenance.why(shop.deployment, "acme", sku))


def test_a_price_from_a_csv_leads_to_its_cell_and_says_how_it_was_read(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    told = why(shop, "A-007")
    assert (told.price, told.currency, told.active, told.latest) == (Decimal("1107.5"), "EUR", True, None)
    assert (told.origin.cell, told.origin.header, told.origin.tab) == ("C10", "EK netto", "acme")
    assert (told.origin.raw, told.origin.kind) == ("1.107,50 €", "text")
    assert (told.origin.reads_as, told.origin.agrees) == (Decimal("1107.50"), True)
    assert (told.reading.decimal, told.reading.qualifiers["tier"]) == (",", "purchase")
    assert told.reading.evidence
    assert told.reading.mapping_id is None
    assert [step.to_state for step in told.batch.steps] == ["staged", "applied"]
    assert told.origin.source == {"file_path": "acme.csv"}


def test_after_several_loads_the_price_leads_to_the_list_that_brought_it_and_to_the_list_in_force(
    shop: SupplierLoads,
) -> None:
    shop.register("acme", "acme.xlsx")
    for changed, title in (({}, 2), ({"A-007": "1.111,00 €"}, 3), ({"A-007": "1.111,00 €", "A-008": "1.112,00 €"}, 5)):
        shop.load("acme", "acme.xlsx", make_xlsx(german(changed | {"A-001": 1007.5}, title=title), name="Preise"))
    told = why(shop, "A-007")
    assert told.latest is not None
    assert (told.origin.cell, told.origin.raw, told.latest.cell, told.latest.raw) == (
        "C11",
        "1.111,00 €",
        "C13",
        "1.111,00 €",
    )


def test_a_number_cell_of_a_workbook_is_told_with_its_format(shop: SupplierLoads) -> None:
    shop.register("acme", "acme.xlsx")
    rows = [GERMAN, *[(f"A-{n}", f"Artikel {n}", n + 0.5, n + 1.5, n) for n in range(1, 21)]]
    shop.load("acme", "acme.xlsx", make_xlsx(rows, name="Preise", formats={(7, 2): "#,##0.00 [$€-407]"}))
    told = why(shop, "A-7")
    assert (told.origin.cell, told.origin.raw, told.origin.kind) == ("C8", "7.5", "number")
    assert told.origin.number_format == "#,##0.00 [$€-407]"
    assert told.origin.agrees


def test_the_history_shows_every_price_with_its_time_and_cell(shop: SupplierLoads) -> None:
    for price in ("1.107,50 €", "1.200,00 €", "1.107,50 €"):
        shop.load("acme", "acme.csv", make_csv(german({"A-007": price}), ";", "cp1252"))
    told = why(shop, "A-007")
    assert [past.price for past in told.history] == [Decimal("1107.5"), Decimal("1200"), Decimal("1107.5")]
    assert told.history[0].valid_to is None
    assert all(newer.valid_from == older.valid_to for newer, older in zip(told.history, told.history[1:], strict=False))
    assert {past.cell for past in told.history} == {"C10"}


def test_an_item_that_left_the_list_keeps_its_chain_and_says_since_when_it_is_missing(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    shop.load("acme", "acme.csv", make_csv(german(without=["A-007"]), ";", "cp1252"))
    told = why(shop, "A-007")
    assert told.missing_since is not None
    assert told.latest is None
    assert [gone.returned_at for gone in told.absences] == [None]
    assert told.origin.agrees


def test_an_item_whose_row_is_wrong_now_says_so(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    shop.load("acme", "acme.csv", make_csv(german({"A-007": "auf Anfrage"}), ";", "cp1252"))
    told = why(shop, "A-007")
    assert told.price == Decimal("1107.5")
    assert told.rejected == ("row 10: “auf Anfrage” is not a price: the item has a price on request only.",)


def test_who_approved_a_held_batch_is_told(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    jumped = {f"A-{n:03}": f"{n},50 €" for n in range(1, 21)}
    held = shop.load("acme", "acme.csv", make_csv(german(jumped), ";", "cp1252"))
    assert held.status == "held"
    asyncio.run(approve(shop.deployment, held.batch_id, "olga", "they moved to net prices"))
    told = why(shop, "A-007")
    assert (told.batch.approved_by, told.batch.id) == ("olga", held.batch_id)
    assert "they moved to net prices" in {step.reason for step in told.batch.steps}


def test_an_unknown_item_is_answered_with_near_matches(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    with pytest.raises(SourceRejected, match=r"no item 'a-07'; did you mean 'A-007'"):
        why(shop, "a-07")
    with pytest.raises(SourceRejected, match=r"no item 'zzzzzzzz'$"):
        why(shop, "zzzzzzzz")


def test_an_item_that_was_never_taken_is_answered_with_the_reason(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german({"A-007": "auf Anfrage"}), ";", "cp1252"))
    with pytest.raises(SourceRejected, match=r"no price for 'A-007'.*row 10.*is not a price"):
        why(shop, "A-007")


def test_a_swept_list_is_said_to_be_gone_and_the_record_is_told(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    shop.sql("UPDATE sheet_snapshots SET deleted_at = now()")
    told = why(shop, "A-007")
    assert "retention" in told.origin.note
    assert (told.origin.cell, told.origin.raw, told.origin.agrees) == ("C10", None, None)


def test_bytes_that_were_changed_in_the_store_are_noticed(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    for kept in (shop.deployment.settings.local_root / "snapshots").rglob("*"):
        if kept.is_file():
            kept.write_bytes(kept.read_bytes().replace(b"1.107", b"1.007"))
    told = why(shop, "A-007")
    assert "changed in the store" in told.origin.note
    assert told.origin.agrees is None


def test_rules_that_changed_since_are_noticed(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    shop.register("acme", "acme.csv", price_scale=0)
    told = why(shop, "A-007")
    assert (told.origin.raw, told.origin.reads_as, told.origin.agrees) == ("1.107,50 €", None, False)
    assert "what-if" in told.origin.note


def test_a_row_that_the_list_does_not_have_is_said(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    shop.sql("UPDATE price_history SET row_number = 9999")
    told = why(shop, "A-007")
    assert (told.origin.raw, told.origin.agrees, told.origin.note) == (None, False, "the list has no row 9999")


def test_every_price_of_a_list_leads_to_a_cell_that_says_it(shop: SupplierLoads) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    shop.load("acme", "acme.csv", make_csv(german({"A-003": "1.199,99 €"}, title=4), ";", "cp1252"))
    for (sku,) in shop.sql("SELECT supplier_sku FROM supplier_items"):
        assert why(shop, sku).origin.agrees


def test_the_chain_is_told_in_words(shop: SupplierLoads, capsys: pytest.CaptureFixture[str]) -> None:
    shop.load("acme", "acme.csv", make_csv(german(), ";", "cp1252"))
    shop.load("acme", "acme.csv", make_csv(german(without=["A-007"]), ";", "cp1252"))
    _tell(why(shop, "A-007"))
    told = capsys.readouterr().out
    for words in ("1107.5 EUR", "C10", "EK netto", "1.107,50 €", "as stored", "missing since"):
        assert words in told
