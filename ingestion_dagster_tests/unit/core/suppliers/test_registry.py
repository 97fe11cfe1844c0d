from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.sheets import CellError, CellValue
from ingestion_dagster.core.suppliers.registry import Registry, parse_registry, source_identity
from ingestion_dagster.core.suppliers.registry_plan import CurrentSupplier, plan_registry

ONE, TWO = "1Document-of-the-first-supplier", "1Document-of-the-second-supplier"
HEADER: list[CellValue] = ["Name", "URL", "Format", "Active", "Notes"]


def link(key: str) -> str:
    return f"https://docs.google.com/spreadsheets/d/{key}"


def current(key: str, **more: Any) -> CurrentSupplier:
    fields: dict[str, Any] = {
        "key": key,
        "name": key.title(),
        "source_type": "google_sheets",
        "source": {"sheet_url": link(ONE + key)},
        "settings": {},
        "active": True,
    }
    return CurrentSupplier(**fields | more)


def read(*rows: list[CellValue]) -> Registry:
    return parse_registry([HEADER, *rows])


def test_a_row_becomes_a_supplier_with_key_type_and_source() -> None:
    registry = parse_registry(
        [
            ["Наши поставщики"],
            [],
            ["Ссылка", "Поставщик", "Лист", "Почта", "Currency", "Настройки", "Активен", "Примечание"],
            [
                f"{link(ONE)}/edit#gid=5",
                "ООО «Акме»",
                None,
                "a@acme.by",
                "BYN",
                "price_scale=3; zero_price=accept",
                True,
                "VIP",
            ],
            [TWO, "Second", "Prices 2026*", None, None, None, "да"],
            ["lists/third.csv", "Third", None, None, None, None, "нет"],
            ["fourth.XLSX", "Fourth"],
        ]
    )
    assert registry.problems == ()
    first, second, third, fourth = registry.specs
    assert (first.key, first.name, first.source_type) == ("ooo-akme", "ООО «Акме»", "google_sheets")
    assert first.source == {"sheet_url": link(ONE), "gid": 5}
    assert first.settings == {"currency": "BYN", "price_scale": 3, "zero_price": "accept"}
    assert (first.contact_email, first.notes, first.row) == ("a@acme.by", "VIP", 3)
    assert second.source == {"sheet_url": link(TWO), "sheet_name": "Prices 2026*"}
    assert (third.source_type, third.source, third.active) == ("csv", {"file_path": "lists/third.csv"}, False)
    assert fourth.source_type == "excel"


@pytest.mark.parametrize(
    ("row", "cell", "says"),
    [
        ([None, link(ONE)], "A3", "name is missing"),
        ([CellError("#REF!"), link(ONE)], "A3", "name is missing"),
        (["Acme", None], "B3", "link or file name is missing"),
        (["Acme", "https://evil.example/d/" + ONE], "B3", "allowed hosts"),
        (["Acme", "../../etc/passwd.csv"], "B3", "inbox"),
        (["Acme", "/etc/prices.csv"], "B3", "inbox"),
        (["Acme", "list.pdf"], "B3", "neither a Google Sheets address"),
        (["Acme", link(ONE), "pdf"], "C3", "not a format"),
        (["Acme", link(ONE), None, "maybe"], "D3", "neither yes nor no"),
        (["Good", link(ONE)], "A3", "the same name stands in row 2"),
        (["Other", link(TWO)], "B3", "the same link stands in row 2"),
    ],
)
def test_a_bad_row_is_reported_by_its_cell_and_the_rest_goes_on(row: list[CellValue], cell: str, says: str) -> None:
    registry = read(["Good", link(TWO)], row, ["Last", link("1Document-of-the-last-supplier")])
    assert [spec.key for spec in registry.specs] == ["good", "last"]
    (problem,) = registry.problems
    assert (problem.row, problem.cell) == (2, cell)
    assert says in problem.message


def test_two_suppliers_may_share_a_document_by_tab() -> None:
    registry = read(["One", f"{link(ONE)}#gid=1"], ["Two", f"{link(ONE)}#gid=2"])
    assert (len(registry.specs), registry.problems) == (2, ())


def test_a_key_column_and_unknown_settings_are_checked() -> None:
    registry = parse_registry(
        [["key", "name", "url", "settings"], ["A,B", "x", link(ONE)], ["", "y", link(TWO), "pricescale=2"]]
    )
    assert [problem.cell for problem in registry.problems] == ["A2", "D3"]
    assert "price_scale" in registry.problems[1].message


@pytest.mark.parametrize("rows", [[], [[]], [["Just", "text"]], [HEADER], [HEADER, [None, None, "csv"]]])
def test_an_empty_read_is_not_an_empty_registry(rows: list[list[CellValue]]) -> None:
    with pytest.raises(SheetError):
        parse_registry(rows)


def test_the_plan_adds_updates_and_pauses() -> None:
    now = [current("kept"), current("changed"), current("gone"), current("by-hand", managed=False)]
    registry = read(
        ["Kept", link(ONE + "kept")],
        ["Changed", link(TWO)],
        ["New", link("1Document-of-the-new-supplier")],
    )
    plan = plan_registry(now, registry)
    assert [spec.key for spec in plan.add] == ["new"]
    assert [(spec.key, spec.source["sheet_url"]) for spec in plan.update] == [("changed", link(TWO))]
    assert (plan.pause, plan.unchanged, plan.problems) == (("gone",), 1, ())


def test_a_row_marked_inactive_pauses_and_marked_active_resumes() -> None:
    now = [current("a"), current("b", active=False)]
    plan = plan_registry(now, read(["A", link(ONE + "a"), None, "no"], ["B", link(ONE + "b"), None, "yes"]))
    assert [(spec.key, spec.active) for spec in plan.update] == [("a", False), ("b", True)]
    assert plan.pause == ()


def test_a_new_name_for_the_same_source_is_the_same_supplier() -> None:
    plan = plan_registry([current("acme")], read(["Acme International", link(ONE + "acme")]))
    assert plan.add == plan.pause == ()
    assert [(spec.key, spec.name) for spec in plan.update] == [("acme", "Acme International")]


@pytest.mark.parametrize(
    "row", [["Acme", None], [None, link(ONE + "acme")], ["Acme", "list.pdf"], ["Acme", link(TWO), "pdf"]]
)
def test_a_typing_error_in_a_row_does_not_pause_its_supplier(row: list[CellValue]) -> None:
    plan = plan_registry([current("acme")], read(["Other", link("1Document-of-another-supplier")], row))
    assert plan.pause == ()
    assert len(plan.problems) == 1


def test_half_a_registry_pauses_nobody_and_says_so() -> None:
    now = [current(f"s{n}") for n in range(10)]
    few = plan_registry(now, read(*([f"S{n}", link(ONE + f"s{n}")] for n in range(6))))
    many = plan_registry(now, read(*([f"S{n}", link(ONE + f"s{n}")] for n in range(3))))
    assert few.pause == ("s6", "s7", "s8", "s9")
    assert many.pause == ()
    assert "7 of 10" in many.problems[0].message


def test_settings_made_by_command_stay() -> None:
    now = [current("acme", settings={"currency": "EUR", "price_scale": 3})]
    assert plan_registry(now, read(["Acme", link(ONE + "acme")])).update == ()


def test_applying_a_plan_leaves_nothing_to_do() -> None:
    registry = read(["A", link(ONE)], ["B", "b.csv", None, "no"], ["C", f"{link(TWO)}#gid=3"])
    first = plan_registry([], registry)
    now = [
        CurrentSupplier(s.key, s.name, s.source_type, s.source, s.settings, s.active, s.contact_email)
        for s in first.add
    ]
    again = plan_registry(now, registry)
    assert (again.add, again.update, again.pause, again.unchanged) == ((), (), (), 3)


cells = st.none() | st.text(max_size=12) | st.sampled_from([link(ONE), link(TWO), TWO, "a.csv", "yes", "no", "Acme"])


@given(st.lists(st.lists(cells, max_size=6), max_size=8))
def test_whatever_people_type_every_row_is_a_supplier_a_problem_or_blank(rows: list[list[CellValue]]) -> None:
    filled = sum(any(str(cell or "").strip() for cell in row[:2]) for row in rows)
    try:
        registry = parse_registry([HEADER, *rows])
    except SheetError:
        assert filled == 0
        return
    assert len(registry.specs) + len(registry.problems) == filled
    assert len({spec.key for spec in registry.specs}) == len(registry.specs)
    assert len({source_identity(spec.source) for spec in registry.specs}) == len(registry.specs)
