"""The catalogue's fields, one entry each: what rows, staging, merge, comparison and views are derived from.

Which column is which field is found in `core/columns`, how a cell becomes a value is in `core/rows`.
"""

from decimal import Decimal
from math import inf
from typing import Annotated, Final, Literal, NamedTuple, get_type_hints

Kind = Literal["text", "lines", "integer", "amount", "price"]
"""`text` is one line, `integer` a whole number from 0 on, `amount` may have decimals, `price` is for one piece."""


class Field(NamedTuple):
    """What is known of a field beside its name and its type."""

    kind: Kind
    needs: float | None = None
    """An optional field is mapped without a word in its header only where the values alone prove it this much, in
    log-odds; None for the fields that every list has."""
    worth: float = 1.0
    """Below 1 where a field that a list can do without yields to one that it cannot."""


OptionalText = Annotated[str | None, Field("text", needs=inf, worth=0.6)]
"""A further field of one line. Only words make a column this field."""
OptionalInteger = Annotated[int | None, Field("integer", needs=inf, worth=0.6)]
"""A further field that is a whole number; what a cell says instead is kept as the characteristic `<field>_text`."""


class ItemRow(NamedTuple):
    """One good row, in the order in which it is copied into the staging table; and the table of the fields.

    Whatever is annotated with a `Field` can be a column of a list. A further one stands after `url_image`: no code
    has to name it.
    """

    row_number: int
    supplier_sku: Annotated[str, Field("text")]
    name: Annotated[str, Field("text")]
    price: Annotated[Decimal, Field("price")]
    """For one piece, with six decimals at most."""
    currency: Annotated[str | None, Field("text", needs=3.5)]
    stock: Annotated[Decimal | int | None, Field("amount", needs=2.2)]
    barcode: Annotated[str | None, Field("text", needs=3.5)]
    brand: Annotated[str | None, Field("text", needs=2.5, worth=0.6)]
    category: Annotated[str | None, Field("text", needs=2.5, worth=0.5)]
    unit: Annotated[str | None, Field("text", needs=2.8, worth=0.7)]
    description: Annotated[str | None, Field("lines", needs=2.5, worth=0.3)]
    url_image: Annotated[str | None, Field("text", needs=3.5, worth=0.7)]
    characteristics: str
    """The text of a JSON object with sorted keys: every column that is no field."""
    price_column: int
    printed_price: Decimal | None = None
    """What the cell says where that is not the price of one piece; then `price_basis` is set too."""
    price_basis: int | None = None
    """For how many pieces the printed price is."""
    from_quantity: int | None = None
    """The least quantity of this row's price, where a row is one step of an item."""
    price_steps: str | None = None
    """The text of a JSON list of all steps of the item (`core/rows/steps.py` `step_text`), where columns are steps."""


def _table() -> dict[str, Field]:
    hints = get_type_hints(ItemRow, include_extras=True)
    known = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return {name: found for name, (found, *_) in ((n, k) for n, k in known.items() if k) if isinstance(found, Field)}


TABLE: Final = _table()
"""field -> what is known of it, in the order people read them."""
FIELDS: Final = tuple(TABLE)
"""Every field a column can be mapped to. Other columns become characteristics."""
FURTHER: Final = FIELDS[FIELDS.index("url_image") + 1 :]
"""Those that no code names: read by their kind alone, by `core/rows/further.py`."""
OPTIONAL: Final = tuple(name for name, field in TABLE.items() if field.needs is not None)
"""Those that an item may lack."""
COMPARED: Final = ("name", *OPTIONAL, "characteristics")
"""What decides, beside the price, whether an item changed."""

ALIASES: Final[dict[str, str]] = {
    "sku": "supplier_sku",
    "article": "supplier_sku",
    "code": "supplier_sku",
    "title": "name",
    "cost": "price",
    "current_price": "price",
    "quantity": "stock",
    "ean": "barcode",
    "gtin": "barcode",
    "image": "url_image",
    "image_url": "url_image",
}
"""Other names that producers use for a field in a message's `column_mapping`."""
