"""The short way through a row without surprises: most rows of most lists, in a few microseconds.

It takes only what certainly is an item and must agree with `full_path.py` on every row it takes.
"""

from collections.abc import Callable
from decimal import Decimal
from operator import itemgetter
from typing import Any
from unicodedata import is_normalized

import orjson

from ingestion_dagster.core.price_terms import PiecePrice
from ingestion_dagster.core.pricing.step_rows import quantity_of
from ingestion_dagster.core.rows.contract import MAX_NAME, MAX_SKU, MAX_TEXT
from ingestion_dagster.core.rows.full_path import NO_CODE, WEB_ADDRESS, barcode_text, code_of, key_of_name
from ingestion_dagster.core.rows.further import NONE
from ingestion_dagster.core.rows.plan import OPTIONAL_TEXTS, OWN_TEXTS, RowPlan
from ingestion_dagster.core.rows.price_cells import counted_unit
from ingestion_dagster.core.rows.steps import BadStep
from ingestion_dagster.core.rows.types import ItemRow
from ingestion_dagster.core.sheets import Row, Sheet
from ingestion_dagster.core.values.barcodes import barcode_of
from ingestion_dagster.core.values.cell_text import json_value
from ingestion_dagster.core.values.currencies import Sign, currency_of
from ingestion_dagster.core.values.lost_digits import LOST_DIGITS, SHORTENED_NUMBER, is_shortened
from ingestion_dagster.core.values.prices import Amount
from ingestion_dagster.core.words.error_texts import may_hold_error

ShortWay = Callable[[int, Row, str | None], ItemRow | None]
"""(row number, row, section title) -> item, or None: then the long way decides."""

_OWN = ItemRow._fields.index("characteristics") - len(NONE)
"""Fields before the further ones."""
_NUMBER_TYPES = frozenset({int, float})
_PLAIN_TYPES = frozenset({str, int, float, type(None)})


def plain_row_reader(plan: RowPlan) -> ShortWay:
    """The short way for rows that hold nothing but text."""
    complete, width = _completer(plan), plan.width
    blanks: Row = [None] * (width + 1)

    def read(number: int, cells: Row, section: str | None) -> ItemRow | None:
        row: Any = cells
        try:
            joined = "|".join(row)
        except TypeError:
            if not all(cell is None or type(cell) is str for cell in row):
                return None
            joined = "|".join([cell or "" for cell in row])
        if not joined.isprintable() or "  " in joined or len(joined) > MAX_TEXT or may_hold_error(joined):
            return None
        if not (joined.isascii() or is_normalized("NFC", joined)):
            return None
        if "| " in joined or " |" in joined or joined[:1] == " " or joined[-1:] == " ":
            row = [cell and cell.strip() for cell in row]
        length = len(row)
        row = row + blanks[length:] if length <= width else [*row[:width], None]
        return complete(number, row, section, None)

    return read


def mixed_row_reader(plan: RowPlan, sheet: Sheet) -> ShortWay:
    """The short way for rows of text and numbers, as workbooks have them."""
    complete, width, at = _completer(plan), plan.width, plan.columns
    blanks: Row = [None] * (width + 1)
    code, price, barcode = at["supplier_sku"], at["price"], at["barcode"]
    kept = [column for _, column in plan.characteristics]
    only_text = [at[field] for field in ("name", "currency", *OPTIONAL_TEXTS) if plan.has(field)]
    number_format, named_by, keyed_by_code = sheet.number_format, plan.format_currency, plan.key == "supplier_sku"

    def read(number: int, cells: Row, section: str | None) -> ItemRow | None:
        row: Any = cells[:width] + blanks[len(cells) :] if len(cells) <= width else [*cells[:width], None]
        if not _PLAIN_TYPES.issuperset(map(type, row)):
            return None
        joined = "|".join([cell for cell in row if type(cell) is str])
        if not joined.isprintable() or "  " in joined or len(joined) > MAX_TEXT or may_hold_error(joined):
            return None
        if not (joined.isascii() or is_normalized("NFC", joined)):
            return None
        if "| " in joined or " |" in joined or joined[:1] == " " or joined[-1:] == " ":
            row = [cell.strip() if type(cell) is str else cell for cell in row]
        if _NUMBER_TYPES & {type(row[column]) for column in only_text}:
            return None
        format_currency = None
        if type(row[price]) in _NUMBER_TYPES:
            shown = number_format(number, price)
            if shown is not None:
                if "%" in shown:
                    return None
                format_currency = named_by(shown)
        for column in kept:
            if type(row[column]) in _NUMBER_TYPES:
                row[column] = json_value(row[column])
        if keyed_by_code and type(row[code]) in _NUMBER_TYPES:
            row[code], wrong = code_of(row[code], number_format(number, code))
            if wrong:
                return None
        if type(row[barcode]) in _NUMBER_TYPES:
            row[barcode] = barcode_text(row[barcode], number_format(number, barcode))
        return complete(number, row, section, format_currency)

    return read


def _completer(plan: RowPlan) -> Callable[[int, Any, str | None, str | None], ItemRow | None]:
    """(row number, cells padded to the plan's width, section title, currency of the price's number format) -> item.
    Texts are plain and stripped; only price, stock and characteristics may be numbers."""
    fields = ("supplier_sku", "name", "price", "stock", "barcode", "currency", *OWN_TEXTS)
    pick: Any = itemgetter(*(plan.columns[field] for field in fields))
    headers = [header for header, _ in plan.characteristics]
    # The spare column stands twice: of a single column itemgetter would give the cell, not a tuple.
    pick_rest: Any = itemgetter(*[c for _, c in plan.characteristics], plan.width, plan.width)
    key_of = _key_reader(plan)
    read_price, bare_price, comma = plan.read_price, plan.bare_price, plan.price_comma
    read_stock, hint = plan.read_stock, plan.currency_hint
    price_column, sheet_currency, has_stock = plan.columns["price"], plan.currency, plan.has("stock")
    has_category, dumps, make = plan.has("category"), orjson.dumps, tuple.__new__
    plain_terms, in_units, read_piece = plan.terms.plain, plan.terms.in_units, plan.read_piece
    basis_column, quantities, read_steps = plan.columns["price_basis"], plan.columns["from_quantity"], plan.read_steps
    has_quantities, read_further, no_more = plan.has("from_quantity"), plan.read_further, NONE
    no_signs: tuple[Sign, ...] = ()

    def complete(number: int, row: Any, section: str | None, format_currency: str | None) -> ItemRow | None:
        sku, name, price, stock, barcode, own_currency, brand, category, unit, description, image = pick(row)
        if type(price) is str and bare_price(price) and (value := Decimal(price.replace(",", ".") if comma else price)):
            currency, signs, basis = None, no_signs, None
        else:
            amount = read_price(price)
            if type(amount) is not Amount or amount.rounded:
                return None
            value, currency, basis = amount.value, amount.currency, amount.basis
            signs = amount.affix.signs if amount.affix is not None else ()
        printed = None
        if not plain_terms or basis is not None:
            if in_units and unit and counted_unit(unit, plan.terms)[1] != unit:
                return None
            piece = read_piece(value, basis, row[basis_column], unit or "")
            if type(piece) is not PiecePrice or piece.rounded:
                return None
            value, printed, basis, _ = piece
        if own_currency:
            stated = currency_of(own_currency, hint)
            if stated is None or (signs and stated != currency):
                return None
            currency = stated
        elif format_currency is not None and currency is None:
            currency = format_currency
        if barcode and (barcode.endswith(LOST_DIGITS) or not (barcode.isascii() and barcode.isalnum())):
            if is_shortened(barcode):
                return None
            barcode = barcode_of(barcode)
        key, name = key_of(sku, name, barcode, description)
        if not key or not name or len(key) > MAX_SKU or len(name) > MAX_NAME:
            return None
        if image and not image.startswith(WEB_ADDRESS):
            return None
        rest = {header: cell for header, cell in zip(headers, pick_rest(row), strict=False) if cell or cell == 0}
        in_stock = None
        if has_stock:
            in_stock, stock_text = read_stock(stock)
            if stock_text is not None:
                rest["stock_text"] = stock_text
                rest = dict(sorted(rest.items()))
        more: tuple[str | int | None, ...] = no_more
        if read_further is not None:
            more, unread = read_further(row)
            if unread:
                rest = dict(sorted((rest | unread).items()))
        quantity = steps = None
        if has_quantities:
            quantity = quantity_of(row[quantities]) if row[quantities] else 1
            if not quantity:
                return None
        if read_steps is not None:
            found = read_steps(number, row, currency or sheet_currency, row[basis_column], unit or "")
            if type(found) is BadStep:
                return None
            steps = found
        made: tuple[Any, ...] = (
            number, key, name, value, currency or sheet_currency, in_stock, barcode or None, brand or None,
            (category if has_category else section) or None, unit or None, description or None, image or None,
            dumps(rest).decode(), price_column, printed, basis, quantity, steps,
        )  # fmt: skip
        return make(ItemRow, (*made[:_OWN], *more, *made[_OWN:]) if more else made)

    return complete


def _key_reader(plan: RowPlan) -> Callable[[str, str, str, str], tuple[str, str]]:
    """(sku, name, barcode, description) -> (key, name); an empty key where the long way must look."""
    has_name = plan.has("name")

    def by_code(sku: str, name: str, barcode: str, description: str) -> tuple[str, str]:
        if not sku or sku in NO_CODE or (("E" in sku or "e" in sku) and SHORTENED_NUMBER.fullmatch(sku)):
            return "", name
        return sku, name if has_name else description or sku

    def by_barcode(sku: str, name: str, barcode: str, description: str) -> tuple[str, str]:
        usable = barcode and "+" not in barcode and barcode not in NO_CODE
        return (barcode if usable else ""), name

    def by_name(sku: str, name: str, barcode: str, description: str) -> tuple[str, str]:
        return key_of_name(name) if name else "", name

    return {"supplier_sku": by_code, "barcode": by_barcode, "name": by_name}[plan.key]
