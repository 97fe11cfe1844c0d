"""The catalogue's fields: their names, and which of them a row cannot do without. No recognition logic."""

from typing import Final

FIELDS: Final[tuple[str, ...]] = (
    "supplier_sku",
    "name",
    "price",
    "currency",
    "stock",
    "barcode",
    "brand",
    "category",
    "unit",
    "description",
    "url_image",
)
"""Every field a column can be mapped to, in the order people read them. Other columns become characteristics."""

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
