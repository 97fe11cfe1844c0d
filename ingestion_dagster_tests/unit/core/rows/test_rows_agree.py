"""The short way through plain rows, the long way through any row, and the contract agree on every row."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_dagster.core.mapped_sheet import NumberStyle, ReadingHints
from ingestion_dagster.core.price_terms import PriceSteps, PriceTerms
from ingestion_dagster.core.rows.contract import SupplierItem, problems_of
from ingestion_dagster.core.rows.fast_path import mixed_row_reader, plain_row_reader
from ingestion_dagster.core.rows.full_path import keeps_contract, key_of_name, row_examiner
from ingestion_dagster.core.rows.plan import plan_rows
from ingestion_dagster.core.rows.read import ItemRow, NotAnItem, RowReject
from ingestion_dagster.core.rows.reject_messages import codes
from ingestion_dagster.core.sheets import CellError, CellValue, Sheet
from ingestion_dagster.core.values.cell_text import clean, clean_code, clean_lines, is_plain
from ingestion_dagster_tests.unit.row_sheets import mapped, outcomes

FIELDS = (
    "supplier_sku", "name", "price", "stock", "barcode", "currency", "brand", "category", "unit", "description",
    "url_image",
)  # fmt: skip
KEYS = ("supplier_sku", "barcode", "name")

good_prices = st.integers(1, 10**7).map(lambda cents: f"{cents / 100:.2f}")
prices = (
    good_prices
    | good_prices
    | good_prices
    | st.sampled_from(
        [
            "1.234",
            "12,50",
            "12.345",
            "0",
            "-1",
            "$5",
            "€7.10",
            "5 kr",
            "call",
            "",
            "1E5",
            "10-20",
            "12.50 руб.",
            "99999999999999",
            "12.40/C",
            "7.50 / 100",
            "7.50 / 1000 pcs",
            "3.20 per 100",
        ]
    )
)
plain_texts = st.text(alphabet="ABCabc019-é ", min_size=1, max_size=12)
odd_texts = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="Aa1 .-_\u00a0\u200b\n\te\u0301é=+", max_size=12),
    st.sampled_from(["Total", "Итого:", "нет", "-", "4006381333931", "4.00638E+12", "USD", "руб", "x" * 300]),
)
odds = st.integers(0, 19)
texts = odds.flatmap(lambda n: odd_texts if n == 0 else plain_texts)
cells = odds.flatmap(
    lambda n: (
        odd_texts
        if n == 0
        else st.sampled_from(
            ["", None, "12", "100", "100 pcs", "C", "HD", "per 100", "7.5", "USD", "http://a/b", "red"]
        )
    )
)
columns = st.fixed_dictionaries(
    dict.fromkeys(FIELDS, cells) | {"supplier_sku": texts, "name": texts, "price": prices, "barcode": texts}
    | {"currency": st.sampled_from([None, "", "USD", "CAD", "руб", "kr", "apples"])}
    | {"url_image": st.sampled_from([None, "", "http://a/b", "photo"])}
)  # fmt: skip
text_rows = st.lists(cells, max_size=13)
typed_cells = st.one_of(
    cells, st.integers(-10, 10**18), st.floats(), st.booleans(), st.dates(), st.just(CellError("#N/A"))
)
typed_rows = st.lists(typed_cells, max_size=14)
number_columns = st.dictionaries(
    st.sampled_from(["supplier_sku", "price", "stock", "barcode", "brand"]),
    st.one_of(st.integers(-1, 10**14), st.floats(0.01, 1e6).map(lambda f: round(f, 2)), typed_cells),
)
formats = st.dictionaries(
    st.integers(0, 12), st.sampled_from([None, "00000", "0.00", "0%", '0.00" zł"', "[$€-407]0.00"])
)
styles = st.sampled_from([NumberStyle(decimal="."), NumberStyle(decimal=","), NumberStyle()])
hints = st.builds(
    ReadingHints,
    price_scale=st.integers(0, 4),
    price_scale_policy=st.sampled_from(["reject", "round"]),
    zero_price=st.sampled_from(["reject", "accept"]),
    currency=st.sampled_from([None, "SEK", "BYN"]),
)
terms = st.builds(
    PriceTerms,
    scale=st.sampled_from([Decimal(1), Decimal("0.01"), Decimal(1000)]),
    basis=st.sampled_from([1, 100, 7]),
    basis_column=st.sampled_from([None, 2, 5, 12]),
    blank_basis=st.sampled_from(["one", "reject"]),
    in_units=st.booleans(),
    letters=st.booleans(),
    slashes=st.booleans(),
)
meanings = odds.flatmap(lambda n: terms if n < 10 else st.just(PriceTerms()))
stepped = st.sampled_from(
    [
        *[PriceSteps()] * 4,
        PriceSteps(columns=((2, 1), (4, 10), (12, 100))),
        PriceSteps(quantity_column=4),
        PriceSteps(quantity_column=13),
    ]
)
shapes = st.builds(
    lambda fields, key, style, currency, meaning, steps: mapped(
        [f for f in FIELDS if f in fields | {"price", "name", key}], ("Size", "Alpha"), key=key, currency=currency,
        number_styles={"price": style, "stock": style}, price_terms=meaning, steps=steps,
    ),
    st.sets(st.sampled_from(FIELDS)), st.sampled_from(KEYS), styles, st.sampled_from([None, "EUR", "CAD"]), meanings,
    stepped,
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(shapes, hints, columns, st.lists(cells, max_size=4), st.sampled_from([None, "Section"]))
def test_what_the_short_way_takes_the_long_way_takes_equally(
    understood: Any, settings_: ReadingHints, values: dict[str, str], more: list[CellValue], section: str | None
) -> None:
    row: list[CellValue] = [*(values[field] for field in understood.fields), *more]
    sheet = Sheet("list", lambda: [list(understood.headers), row], typed=False)
    plan = plan_rows(sheet, understood, settings_)
    agree(plain_row_reader(plan)(1, row, section), row_examiner(plan, sheet)(1, row, section).item)


@settings(max_examples=250, deadline=None)
@given(shapes, hints, columns, number_columns, st.lists(typed_cells, max_size=4), formats)
def test_the_short_way_for_workbooks_agrees_too(
    understood: Any,
    settings_: ReadingHints,
    values: dict[str, str],
    numbers: dict[str, CellValue],
    more: list[CellValue],
    formats_: dict[int, str | None],
) -> None:
    row: list[CellValue] = [*((values | numbers)[field] for field in understood.fields), *more]
    sheet = Sheet("list", lambda: [row], typed=True, number_format=lambda row, column: formats_.get(column))
    plan = plan_rows(sheet, understood, settings_)
    agree(mixed_row_reader(plan, sheet)(1, row, None), row_examiner(plan, sheet)(1, row, None).item)


def agree(short: ItemRow | None, long: ItemRow | None) -> None:
    """The short way may pass; what it takes is the same to the last type."""
    if short is not None:
        assert short == long
        assert repr(short) == repr(long)
    if long is not None:
        keeps(long)


@settings(max_examples=120, deadline=None)
@given(shapes, hints, st.lists(st.one_of(text_rows, typed_rows), max_size=6), st.booleans())
def test_every_row_is_an_item_a_reject_or_no_item(
    understood: Any, settings_: ReadingHints, rows: list[list[CellValue]], typed: bool
) -> None:
    found = outcomes(rows, understood, settings_, typed=typed)
    assert len(found) == len(rows)
    for number, row in enumerate(found, start=1):
        if isinstance(row, ItemRow):
            assert row.row_number == number
            keeps(row)
        elif isinstance(row, RowReject):
            assert (row.row, row.code in codes(), bool(row.message)) == (number, True, True)
            assert isinstance(json.loads(row.row_data), dict)
            "".join((row.raw, row.message, row.row_data, row.supplier_sku or "")).encode("utf-8")
        else:
            assert isinstance(row, NotAnItem)


def keeps(row: ItemRow) -> None:
    """The contract, and what the database cannot store."""
    values = row._asdict()
    del values["row_number"], values["price_column"]
    SupplierItem.model_validate(values)
    kept = json.loads(row.characteristics)
    assert list(kept) == sorted(kept)
    stored = "".join(str(value) for value in row)
    stored.encode("utf-8")
    assert "\x00" not in stored
    assert "\\u0000" not in row.characteristics


item_values = st.fixed_dictionaries(
    {
        "supplier_sku": st.text(max_size=300).map(lambda t: clean_code(t) or ""),
        "name": st.text(max_size=1100).map(clean),
        "price": st.decimals(min_value=0, max_value=999_999_999_999, places=4),
        "currency": st.sampled_from([None, "EUR", "XXX", "EURO"]),
        "stock": st.one_of(st.none(), st.integers(0, 10**12)),
        **{
            field: st.one_of(st.none(), st.text(max_size=1100))
            for field in ("barcode", "brand", "category", "unit", "url_image")
        },
        "description": st.none() | st.sampled_from(["x", "x" * 32_768]),
        "characteristics": st.sampled_from(["{}", "x" * 262_145]),
    }
)


@settings(max_examples=150, deadline=None)
@given(item_values)
def test_the_quick_look_agrees_with_the_contract(values: dict[str, Any]) -> None:
    assert keeps_contract(values) == (problems_of(values) == [])


def test_the_contract_names_the_code_of_every_field_it_refuses() -> None:
    bad = {
        "supplier_sku": "", "name": "x" * 1001, "price": -1, "currency": "ABC", "stock": -1, "brand": "x" * 1001,
        "characteristics": "x" * 262_145,
    }  # fmt: skip
    found = dict(problems_of(bad | {"price": Decimal(-1)}))
    assert found == {
        "supplier_sku": "key_missing",
        "name": "name_too_long",
        "price": "price_negative",
        "currency": "currency_unknown",
        "stock": "stock_out_of_bounds",
        "brand": "text_too_long",
        "characteristics": "characteristics_too_large",
    }
    assert set(found.values()) <= codes()


@given(st.text())
def test_cleaning_is_final_and_storable(text: str) -> None:
    for cleaned in (clean(text), clean_lines(text), clean_code(text) or "", key_of_name(clean(text))):
        cleaned.encode("utf-8")
        assert "\x00" not in cleaned
    assert clean(clean(text)) == clean(text)
    assert clean_lines(clean_lines(text)) == clean_lines(text)
    code = clean_code(text)
    assert code is None or clean_code(code) == code
    if is_plain(text):
        assert clean_code(text) == text.strip()
