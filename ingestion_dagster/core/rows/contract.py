"""The contract of one item: which values each field may hold, and the reject code of what it may not.

How cells become these values is in `read.py`; what a supplier is told is in `reject_messages.py`.
"""

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from ingestion_dagster.core.fields import FURTHER
from ingestion_dagster.core.price_terms import MAX_PIECE_PRICE, PRICE_DECIMALS
from ingestion_dagster.core.values.currencies import is_currency
from ingestion_dagster.core.values.stock import MAX_STOCK

MAX_SKU: Final = 255
MAX_NAME: Final = 1000
MAX_TEXT: Final = 1000
MAX_DESCRIPTION: Final = 32_767
MAX_CHARACTERISTICS: Final = 262_144
"""Characters of the JSON text of all characteristics of one row."""


def _problem(code: str) -> PydanticCustomError:
    return PydanticCustomError("reject", "{code}", {"code": code})


def _sku(text: str) -> str:
    if not text:
        raise _problem("key_missing")
    if len(text) > MAX_SKU:
        raise _problem("sku_too_long")
    if _is_unclean(text, invisible=("Cc", "Cf", "Cs", "Zl", "Zp")):
        raise _problem("sku_invalid")
    return text


def _name(text: str) -> str:
    if not text:
        raise _problem("name_missing")
    if len(text) > MAX_NAME:
        raise _problem("name_too_long")
    if _is_unclean(text, invisible=("Cc", "Cs", "Zl", "Zp")):
        raise _problem("text_invalid")
    return text


def _text(text: str | None) -> str | None:
    if text is not None and len(text) > MAX_TEXT:
        raise _problem("text_too_long")
    return text


def _description(text: str | None) -> str | None:
    if text is not None and len(text) > MAX_DESCRIPTION:
        raise _problem("text_too_long")
    return text


def _is_unclean(text: str, invisible: tuple[str, ...]) -> bool:
    """Outer blanks, another Unicode form than NFC, or characters of categories that cannot be seen."""
    if text != text.strip() or not unicodedata.is_normalized("NFC", text):
        return True
    return not text.isprintable() and any(unicodedata.category(c) in invisible for c in text)


def _price(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise _problem("price_not_finite")
    if value < 0:
        raise _problem("price_negative")
    if value > MAX_PIECE_PRICE:
        raise _problem("price_out_of_bounds")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -PRICE_DECIMALS:
        raise _problem("price_decimals")
    return value


def _currency(code: str | None) -> str | None:
    if code is not None and not is_currency(code):
        raise _problem("currency_unknown")
    return code


def _stock(value: Decimal | int | None) -> Decimal | int | None:
    if value is not None and not 0 <= value <= MAX_STOCK:
        raise _problem("stock_out_of_bounds")
    return value


def _characteristics(text: str) -> str:
    if len(text) > MAX_CHARACTERISTICS:
        raise _problem("characteristics_too_large")
    return text


OptionalText = Annotated[str | None, AfterValidator(_text)]


class SupplierItem(BaseModel):
    """One item as the catalogue takes it. `price` zero is allowed here; a supplier's policy may refuse it."""

    model_config = ConfigDict(frozen=True, strict=True)

    supplier_sku: Annotated[str, AfterValidator(_sku)]
    name: Annotated[str, AfterValidator(_name)]
    price: Annotated[Decimal, AfterValidator(_price)]
    printed_price: Annotated[Decimal, AfterValidator(_price)] | None = None
    price_basis: Annotated[int, Field(ge=1)] | None = None
    currency: Annotated[str | None, AfterValidator(_currency)] = None
    stock: Annotated[Decimal | int | None, AfterValidator(_stock)] = None
    barcode: OptionalText = None
    brand: OptionalText = None
    category: OptionalText = None
    unit: OptionalText = None
    description: Annotated[str | None, AfterValidator(_description)] = None
    url_image: OptionalText = None
    characteristics: Annotated[str, AfterValidator(_characteristics)] = "{}"


def problems_of(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(field, reject code) for everything that the contract refuses in `values`; empty where it is an item."""
    found: list[tuple[str, str]] = []
    try:
        SupplierItem.model_validate(dict(values))
    except ValidationError as error:
        found = [
            (str(wrong["loc"][0]), wrong.get("ctx", {}).get("code", "value_invalid"))
            for wrong in error.errors(include_url=False, include_input=False)
        ]
    further = [(field, values[field]) for field in FURTHER if field in values]
    return found + [
        (field, "text_too_long") for field, text in further if isinstance(text, str) and len(text) > MAX_TEXT
    ]


LIMITS: Final[dict[str, int]] = {
    "supplier_sku": MAX_SKU,
    "name": MAX_NAME,
    "description": MAX_DESCRIPTION,
    "characteristics": MAX_CHARACTERISTICS,
}
"""Longest text of a field in characters; others: MAX_TEXT."""
