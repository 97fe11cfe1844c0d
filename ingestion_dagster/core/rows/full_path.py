"""One row's cells as the values of an item, or what is wrong with them: the long way, for any cell.

The short way for plain text is in `fast_path.py` and must agree; which rows are items at all is in `read.py`.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from ingestion_dagster.core.fields import FURTHER
from ingestion_dagster.core.rows.contract import (
    MAX_CHARACTERISTICS,
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_SKU,
    MAX_TEXT,
    problems_of,
)
from ingestion_dagster.core.rows.further import NONE
from ingestion_dagster.core.rows.plan import OPTIONAL_TEXTS, RowPlan
from ingestion_dagster.core.rows.price_cells import counted_unit
from ingestion_dagster.core.rows.prices import price_of_one, steps_of
from ingestion_dagster.core.rows.types import ItemRow, Problem
from ingestion_dagster.core.sheets import CUT_OFF, SHIFTED, CellError, CellValue, Row, Sheet
from ingestion_dagster.core.values.barcodes import barcode_of
from ingestion_dagster.core.values.cell_text import (
    MAX_EXACT,
    cell_text,
    clean_code,
    clean_lines,
    json_value,
    number_text,
    raw_text,
)
from ingestion_dagster.core.values.currencies import currency_of, is_currency
from ingestion_dagster.core.values.lost_digits import SHORTENED_NUMBER, is_shortened
from ingestion_dagster.core.values.prices import Amount, NotAPrice
from ingestion_dagster.core.words.error_texts import is_error_text, is_loading_text

NO_CODE: Final = frozenset({"-", "--", "---", "–", "—", "n/a", "N/A", "#N/A", "нет", "?"})
WEB_ADDRESS: Final = ("http://", "https://")
_SHORT_TEXTS: Final = ("barcode", *(field for field in OPTIONAL_TEXTS if field != "description"))
_HASH_LENGTH: Final = 16
_BROKEN_ROWS: Final = {SHIFTED: "row_shifted", CUT_OFF: "row_cut_off"}


class Examined(NamedTuple):
    """A row seen the long way: an item, or problems with the key where it could be read."""

    item: ItemRow | None
    problems: tuple[Problem, ...]
    key: str


def key_of_name(name: str) -> str:
    """The key of an item that has nothing but its name: case and blanks do not make another item. A long one is
    cut and ends in a hash of the whole."""
    key = " ".join(name.casefold().split())
    if len(key) <= MAX_SKU:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{key[: MAX_SKU - _HASH_LENGTH - 1].rstrip()}-{digest}"


def code_of(value: CellValue, number_format: str | None) -> tuple[str, str]:
    """(the code in a cell, reject code): one of them is empty, both for a blank cell."""
    if value is None:
        return "", ""
    if isinstance(value, str):
        code = clean_code(value)
        if code is None:
            return "", "sku_invalid"
        if SHORTENED_NUMBER.fullmatch(code):
            return "", "sku_digits_lost"
        return ("", "") if code in NO_CODE else (code, "")
    if isinstance(value, bool):
        return "", "sku_boolean"
    if isinstance(value, int | float):
        if not -MAX_EXACT < value < MAX_EXACT:  # also nan and inf
            return "", "sku_digits_lost"
        return number_text(value, number_format), ""
    return "", "sku_error_cell" if isinstance(value, CellError) else "sku_date"


def row_examiner(plan: RowPlan, sheet: Sheet) -> Callable[[int, Row, str | None], Examined]:
    """A function (row number, row, section title) -> what the row holds."""
    blanks: Row = [None] * (plan.width + 1)
    at = plan.columns

    def formatted(number: int, column: int, value: CellValue) -> str | None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return sheet.number_format(number, column)
        return None

    def examine(number: int, row: Row, section: str | None) -> Examined:
        problems: list[Problem] = []
        if row and (broken := _BROKEN_ROWS.get(row[-1]) if isinstance(row[-1], CellError) else None):
            problems.append(Problem("row", broken))
        cells = [
            _error_known(cell, column == at["price"]) if isinstance(cell, str) else cell
            for column, cell in enumerate(row[: plan.width])
        ]
        cells += blanks[min(len(row), plan.width) :]
        kept: dict[str, Any] = {header: json_value(cells[column]) for header, column in plan.characteristics}
        name = cell_text(cells[at["name"]])
        barcode = barcode_text(cells[at["barcode"]], formatted(number, at["barcode"], cells[at["barcode"]]))
        description = _lines(cells[at["description"]])
        sku, wrong = code_of(
            cells[at["supplier_sku"]], formatted(number, at["supplier_sku"], cells[at["supplier_sku"]])
        )
        if plan.key != "barcode" and is_shortened(barcode):
            kept["barcode_text"], barcode = barcode, ""
        if isinstance(cells[at["name"]], CellError):
            problems.append(Problem("name", "name_error_cell"))
        key, name = _key(plan, sku, wrong, barcode, name, description, problems)
        price_cell = cells[at["price"]]
        amount = _amount(plan, price_cell, formatted(number, at["price"], price_cell))
        values: dict[str, Any] = {"supplier_sku": key, "name": name}
        if isinstance(amount, NotAPrice):
            problems.append(Problem("price", amount.code))
        else:
            price_of_one(plan, amount, cells, values, kept, problems)
            number_format = formatted(number, at["price"], price_cell)
            currency = values["currency"] = _currency(plan, amount, cells[at["currency"]], number_format, problems)
            steps_of(plan, number, cells, currency, values, problems)
        values["stock"], stock_text = plan.read_stock(cells[at["stock"]])
        if stock_text is not None:
            kept["stock_text"] = stock_text
        further, unread = (NONE, {}) if plan.read_further is None else plan.read_further(cells)
        kept |= unread
        values |= _texts(plan, cells, section, kept) | dict(zip(FURTHER, further, strict=True))
        values |= {"barcode": barcode or None, "description": description or None}
        values["characteristics"] = characteristics_json(kept)
        problems += _refused(values, {problem.field for problem in problems})
        if problems:
            return Examined(None, tuple(problems), key)
        return Examined(_item(number, values, at["price"]), (), key)

    return examine


def _error_known(text: str, is_price: bool) -> CellValue:
    """A text cell, as an error cell where it says that it is one. What still loads is a text that is no price."""
    return CellError(text.strip()) if is_error_text(text) or (not is_price and is_loading_text(text)) else text


def _texts(plan: RowPlan, cells: Row, section: str | None, kept: dict[str, Any]) -> dict[str, str | None]:
    """The fields that are simply text. An image that is no web address is kept as a characteristic."""
    at = plan.columns
    image = cell_text(cells[at["url_image"]])
    unit = printed_unit = cell_text(cells[at["unit"]])
    if plan.terms.in_units:
        unit = counted_unit(printed_unit, plan.terms)[1]
        kept["unit_text"] = printed_unit if unit != printed_unit else None
    if image and not image.lower().startswith((*WEB_ADDRESS, "//")):
        kept["url_image_text"], image = image, ""
    return {
        "brand": cell_text(cells[at["brand"]]) or None,
        "category": (cell_text(cells[at["category"]]) if plan.has("category") else section) or None,
        "unit": unit or None,
        "url_image": image or None,
    }


def characteristics_json(kept: dict[str, Any]) -> str:
    """The text of a JSON object, blanks left out, keys sorted."""
    filled = {header: value for header, value in kept.items() if value is not None and value != ""}
    return orjson.dumps(filled, option=orjson.OPT_SORT_KEYS).decode()


def barcode_text(value: CellValue, number_format: str | None) -> str:
    """A barcode cell as clean text; a number under `0000000000000` keeps its leading zeros."""
    if isinstance(value, float) and value != value:
        return ""
    if number_format and isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value, number_format if set(number_format) == {"0"} else None)
    if isinstance(value, str):
        value = clean_code(value) or ""
    return barcode_of(value) or ""


def _lines(value: CellValue) -> str:
    return clean_lines(value) if isinstance(value, str) else cell_text(value)


def _key(
    plan: RowPlan, sku: str, wrong: str, barcode: str, name: str, description: str, problems: list[Problem]
) -> tuple[str, str]:
    """(key, name) of the item; adds what is wrong with the key."""
    if plan.key == "supplier_sku":
        key = sku
        if not plan.has("name"):
            name = description or sku
    elif plan.key == "barcode":
        key, wrong = (
            ("", "sku_digits_lost") if is_shortened(barcode) else (barcode if barcode not in NO_CODE else "", "")
        )
    else:
        key, wrong = key_of_name(name), ""
    if not key and not (plan.key == "name" and problems and problems[-1].field == "name"):
        problems.append(Problem(plan.key, wrong or ("name_missing" if plan.key == "name" else "key_missing")))
    return key, name


def _amount(plan: RowPlan, value: CellValue, number_format: str | None) -> Amount | NotAPrice:
    if number_format is not None and "%" in number_format:
        return NotAPrice("price_percent", raw_text(value))
    return plan.read_price(value)


def _currency(
    plan: RowPlan, amount: Amount, cell: CellValue, number_format: str | None, problems: list[Problem]
) -> str | None:
    """Cell, currency column, number format, then what holds for the whole sheet."""
    stated = cell_text(cell)
    if stated:
        own = currency_of(stated, plan.currency_hint)
        if own is None:
            problems.append(Problem("currency", "currency_unknown"))
        elif amount.affix is not None and any(own not in sign.codes for sign in amount.affix.signs):
            problems.append(Problem("currency", "currency_conflict"))
        return own
    return amount.currency or plan.format_currency(number_format) or plan.currency


def _refused(values: dict[str, Any], known: set[str]) -> list[Problem]:
    """What the contract refuses beyond the fields that are known to be wrong."""
    if "price" in values and keeps_contract(values):
        return []
    return [
        Problem(field, code)
        for field, code in problems_of(values)
        if field not in known and not (field == "supplier_sku" and known & {"barcode", "name"}) and field in values
    ]


def keeps_contract(values: dict[str, Any]) -> bool:
    """A quick look that says yes only where `SupplierItem` does; the values come cleaned."""
    longest = max(len(values.get(field) or "") for field in _SHORT_TEXTS)
    currency = values["currency"]
    return (
        0 < len(values["supplier_sku"]) <= MAX_SKU
        and 0 < len(values["name"]) <= MAX_NAME
        and longest <= MAX_TEXT
        and len(values["description"] or "") <= MAX_DESCRIPTION
        and len(values["characteristics"]) <= MAX_CHARACTERISTICS
        and (currency is None or is_currency(currency))
    )


def _item(number: int, values: dict[str, Any], price_column: int) -> ItemRow:
    return ItemRow(row_number=number, price_column=price_column, **values)
