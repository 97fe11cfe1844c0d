"""Which cell of a row becomes what, worked out once per sheet. No row is read here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ingestion_dagster.core.fields import FIELDS, FURTHER, TABLE
from ingestion_dagster.core.mapped_sheet import KeyField, MappedSheet, ReadingHints
from ingestion_dagster.core.price_terms import PriceTerms
from ingestion_dagster.core.rows.further import FurtherReader, further_reader
from ingestion_dagster.core.rows.price_cells import PieceReader, piece_reader, with_basis
from ingestion_dagster.core.rows.steps import StepReader, step_field, step_reader
from ingestion_dagster.core.sheets import Sheet
from ingestion_dagster.core.values.cell_text import clean
from ingestion_dagster.core.values.currencies import currency_of_format, currency_of_place
from ingestion_dagster.core.values.prices import PricePolicy, PriceReader, bare_number, price_reader
from ingestion_dagster.core.values.stock import StockReader, stock_reader

OWN_TEXTS = ("brand", "category", "unit", "description", "url_image")
OPTIONAL_TEXTS = (*OWN_TEXTS, *(field for field in FURTHER if TABLE[field].kind == "text"))


@dataclass(frozen=True, slots=True)
class RowPlan:
    """How the rows of one mapped sheet are read. Columns are 0-based; a field without a column points at `width`,
    where rows are padded with a blank cell."""

    width: int
    columns: dict[str, int]
    characteristics: tuple[tuple[str, int], ...]
    """(header, column), sorted by header."""
    key: KeyField
    read_price: PriceReader
    bare_price: Callable[[str], object]
    """Matches what is certainly a bare number; `price_comma` says that its decimal mark is a comma."""
    price_comma: bool
    terms: PriceTerms
    read_piece: PieceReader
    """What a printed price is for one piece; needed where `terms` are not plain or a cell states a basis."""
    read_steps: StepReader | None
    """Reads the prices by quantity of a row; None where no columns are steps."""
    read_stock: StockReader
    read_further: FurtherReader | None
    """Reads the fields that no code names; None where none has a column."""
    currency: str | None
    """Of a row that says nothing itself."""
    currency_hint: str | None
    format_currency: Callable[[str | None], str | None]
    """The currency that the number format of a price cell names."""
    policy: PricePolicy
    first_row: int
    last_row: int | None
    headers: tuple[str, ...]
    language: str

    def has(self, field: str) -> bool:
        """Whether `field` has a column."""
        return self.columns[field] < self.width


def _nothing(code: str | None) -> None:
    """A setting decided against the number formats."""


def plan_rows(sheet: Sheet, mapped: MappedSheet, hints: ReadingHints) -> RowPlan:
    """The plan for `mapped`'s rows. KeyError where it maps no price: such a sheet must not get this far."""
    if mapped.column("price") is None:
        raise KeyError(f"tab {mapped.sheet!r} has no price column")
    used = [found.column for found in mapped.fields.values()]
    used += [column for column, _ in mapped.steps.columns]
    if mapped.steps.quantity_column is not None:
        used.append(mapped.steps.quantity_column)
    if mapped.price_terms.basis_column is not None:
        used.append(mapped.price_terms.basis_column)
    characteristics = {
        clean(header): column for header, column in mapped.characteristics.items() if _within(column, mapped)
    }
    if mapped.key != "supplier_sku" and "supplier_sku" in mapped.fields:
        found = mapped.fields["supplier_sku"]
        characteristics.setdefault(clean(found.header) or "supplier_sku", found.column)
    width = 1 + max([*used, *characteristics.values(), len(mapped.headers) - 1])
    columns = {field: width if (c := mapped.column(field)) is None else c for field in FIELDS}
    terms = mapped.price_terms
    quantities = mapped.steps.quantity_column
    columns["from_quantity"] = width if quantities is None else quantities
    columns |= {step_field(quantity): column for column, quantity in mapped.steps.columns}
    columns["price_basis"] = width if terms.basis_column is None else terms.basis_column
    currency = mapped.currency or hints.currency
    currency_hint = currency or currency_of_place(sheet.locale)
    policy = PricePolicy(hints.price_scale, hints.price_scale_policy, hints.zero_price)
    style = mapped.number_styles.get("price")
    read_price, read_piece = with_basis(price_reader(style, policy, currency_hint), terms), piece_reader(terms, policy)
    return RowPlan(
        width=width,
        columns=columns,
        characteristics=tuple(sorted(characteristics.items())),
        key=mapped.key,
        read_price=read_price,
        bare_price=bare_number(style, policy),
        price_comma=style is not None and style.decimal == ",",
        terms=terms,
        read_piece=read_piece,
        read_steps=step_reader(mapped.steps, read_price, read_piece),
        read_stock=stock_reader(mapped.number_styles.get("stock")),
        read_further=further_reader(columns, width),
        currency=currency,
        currency_hint=currency_hint,
        format_currency=_nothing if mapped.currency_over_formats else partial(currency_of_format, hint=currency_hint),
        policy=policy,
        first_row=mapped.first_data_row,
        last_row=mapped.last_data_row,
        headers=mapped.headers,
        language=hints.message_language,
    )


def _within(column: int, mapped: MappedSheet) -> bool:
    return mapped.first_column <= column and (mapped.last_column is None or column <= mapped.last_column)
