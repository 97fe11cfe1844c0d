"""The short way through a row of plain text: most rows of most text files, in a few microseconds.

It takes only what certainly is an item and must agree with `row_values.py` on every row it takes.
"""

from collections.abc import Callable
from decimal import Decimal
from operator import itemgetter
from typing import Any
from unicodedata import is_normalized

import orjson

from ingestion_dagster.core.barcodes import barcode_of
from ingestion_dagster.core.currencies import Sign, currency_of
from ingestion_dagster.core.prices import Amount
from ingestion_dagster.core.row_model import MAX_NAME, MAX_SKU, MAX_TEXT
from ingestion_dagster.core.row_plan import OPTIONAL_TEXTS, RowPlan
from ingestion_dagster.core.row_types import ItemRow
from ingestion_dagster.core.row_values import NO_CODE, SHORTENED_NUMBER, WEB_ADDRESS, key_of_name
from ingestion_dagster.core.sheets import Row


def plain_row_reader(plan: RowPlan) -> Callable[[int, Row, str | None], ItemRow | None]:
    """A function (row number, row, section title) -> item, or None: then the long way decides."""
    fields = ("supplier_sku", "name", "price", "stock", "barcode", "currency", *OPTIONAL_TEXTS)
    pick: Any = itemgetter(*(plan.columns[field] for field in fields))
    headers = [header for header, _ in plan.characteristics]
    # The spare column stands twice: of a single column itemgetter would give the cell, not a tuple.
    pick_rest: Any = itemgetter(*[c for _, c in plan.characteristics], plan.width, plan.width)
    key_of = _key_reader(plan)
    read_price, bare_price, comma = plan.read_price, plan.bare_price, plan.price_comma
    read_stock, hint = plan.read_stock, plan.currency_hint
    price_column, sheet_currency, has_stock = plan.columns["price"], plan.currency, plan.has("stock")
    has_category, width, widest = plan.has("category"), plan.width, plan.widest
    blanks, dumps, make = [None] * (width + 1), orjson.dumps, tuple.__new__

    no_signs: tuple[Sign, ...] = ()

    def read(number: int, cells: Row, section: str | None) -> ItemRow | None:
        row: Any = cells
        joined = _joined(row)
        if joined is None or not joined.isprintable() or "  " in joined or len(joined) > MAX_TEXT:
            return None
        if not (joined.isascii() or is_normalized("NFC", joined)):
            return None
        if "| " in joined or " |" in joined or joined[:1] == " " or joined[-1:] == " ":
            row = [cell and cell.strip() for cell in row]
        length = len(row)
        if length <= width:
            row = row + blanks[length:]
        elif widest is not None and any(row[width:]):
            return None
        else:
            row = [*row[:width], None]
        sku, name, price, stock, barcode, own_currency, brand, category, unit, description, image = pick(row)
        if price and bare_price(price) and (value := Decimal(price.replace(",", ".") if comma else price)):
            currency, signs = None, no_signs
        else:
            amount = read_price(price)
            if type(amount) is not Amount or amount.rounded:
                return None
            value, currency = amount.value, amount.currency
            signs = amount.affix.signs if amount.affix is not None else ()
        if own_currency:
            stated = currency_of(own_currency, hint)
            if stated is None or (signs and stated != currency):
                return None
            currency = stated
        if barcode and not (barcode.isascii() and barcode.isalnum()):
            barcode = barcode_of(barcode)
        key, name = key_of(sku, name, barcode, description)
        if not key or not name or len(key) > MAX_SKU or len(name) > MAX_NAME:
            return None
        if image and not image.startswith(WEB_ADDRESS):
            return None
        rest = {header: cell for header, cell in zip(headers, pick_rest(row), strict=False) if cell}
        in_stock = None
        if has_stock:
            in_stock, stock_text = read_stock(stock)
            if stock_text is not None:
                rest["stock_text"] = stock_text
                rest = dict(sorted(rest.items()))
        return make(
            ItemRow,
            (
                number, key, name, value, currency or sheet_currency, in_stock, barcode or None, brand or None,
                (category if has_category else section) or None, unit or None, description or None, image or None,
                dumps(rest).decode(), price_column,
            ),
        )  # fmt: skip

    return read


def _joined(row: Any) -> str | None:
    """The texts of a row in one string, to look at all of them at once; None where a cell is no text."""
    try:
        return "|".join(row)
    except TypeError:
        pass
    try:
        return "|".join([cell or "" for cell in row])
    except TypeError:
        return None


def _key_reader(plan: RowPlan) -> Callable[[str, str, str, str], tuple[str, str]]:
    """(sku, name, barcode, description) -> (key, name); an empty key where the long way must look."""
    has_name = plan.has("name")

    def by_code(sku: str, name: str, barcode: str, description: str) -> tuple[str, str]:
        if not sku or sku in NO_CODE or ("+" in sku and SHORTENED_NUMBER.fullmatch(sku)):
            return "", name
        return sku, name if has_name else description or sku

    def by_barcode(sku: str, name: str, barcode: str, description: str) -> tuple[str, str]:
        usable = barcode and "+" not in barcode and barcode not in NO_CODE
        return (barcode if usable else ""), name

    def by_name(sku: str, name: str, barcode: str, description: str) -> tuple[str, str]:
        return key_of_name(name) if name else "", name

    return {"supplier_sku": by_code, "barcode": by_barcode, "name": by_name}[plan.key]
