"""In which currency a list's prices are and how its number texts are written: from cells, formats, headers, titles.

Reading single prices is done in `prices.py`, proving a number style in `number_styles.py`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingestion_dagster.core.cell_kinds import kind_of
from ingestion_dagster.core.currencies import currency_of, currency_of_format, find_signs
from ingestion_dagster.core.layout import Table
from ingestion_dagster.core.lexicon import HeaderWords
from ingestion_dagster.core.mapped import NumberStyle, ReadingHints
from ingestion_dagster.core.number_styles import prove_style
from ingestion_dagster.core.price_basis import basis_in_price
from ingestion_dagster.core.sheets import CellValue, Sheet
from ingestion_dagster.core.words import all_words, normalise

_FORMATS_LOOKED_AT = 40
_STATEMENT = 400
"""Characters of a text above the table that are looked at."""


class CurrencyFound(NamedTuple):
    """ISO 4217 code and where it was said; `several` where the sheet names more than one."""

    code: str | None
    evidence: str
    several: tuple[str, ...] = ()


def find_currency(
    sheet: Sheet,
    table: Table,
    price: int,
    own_column: int | None,
    words: HeaderWords,
    hints: ReadingHints,
    coin: str | None = None,
) -> CurrencyFound:
    """The currency of the price column: cell, number format, header, sheet text, supplier setting; in that order.
    `coin` is the currency that the header's word for a part of it implies (`pence`)."""
    hint = hints.currency or sheet.locale
    if own_column is not None:
        said = _counted(currency_of(str(v), hint) for v in _values(table, own_column) if v is not None)
        if said:
            return _one(said, "the currency column says so")
    cells = (v for v in _values(table, price) if isinstance(v, str) and kind_of(v) == "money")
    said = _counted(currency_of(v, hint) for v in cells)
    if said:
        return _one(said, "the price cells say so")
    rows = [number for number, _ in table.body[:_FORMATS_LOOKED_AT]]
    said = _counted(currency_of_format(sheet.number_format(row, price), hint) for row in rows)
    if said:
        return _one(said, "the number format of the price cells says so")
    if words.currencies:
        code = currency_of(table.headers[price], hint) or (words.currencies[0] if len(words.currencies) == 1 else None)
        if code:
            return CurrencyFound(code, f"the header “{table.headers[price]}” says so")
    if coin:
        return CurrencyFound(coin, f"the header “{table.headers[price]}” names a coin of it")
    text = _stated(table.around, hint)
    if text:
        return text
    if hints.currency:
        return CurrencyFound(hints.currency, "the supplier's setting")
    return CurrencyFound(None, "")


def _values(table: Table, column: int) -> Iterable[CellValue]:
    return (row[column] for _, row in table.body if column < len(row))


def _counted(codes: Iterable[str | None]) -> Counter[str]:
    return Counter(code for code in codes if code)


def _one(said: Counter[str], evidence: str) -> CurrencyFound:
    code, count = said.most_common(1)[0]
    if count < 0.9 * said.total():
        return CurrencyFound(None, "", tuple(said))
    return CurrencyFound(code, evidence)


def price_statements(texts: Sequence[str]) -> list[str]:
    """Those of `texts` that speak about prices or currency."""
    stems = tuple(all_words("price_statements"))
    return [text for text in texts if any(word.startswith(stems) for word in normalise(text[:_STATEMENT]).split())]


def _stated(texts: Sequence[str], hint: str | None) -> CurrencyFound | None:
    """A sentence about prices above the header: `Цены указаны в гривне с НДС`, `All prices in USD`."""
    for text in price_statements(texts):
        signs = find_signs(text[:_STATEMENT], beside_number=False)
        codes = {sign.code(hint) for sign in signs} - {None}
        if len(codes) == 1:
            (code,) = codes
            return CurrencyFound(code, f"the text “{text[:80]}” says so")
    return None


def find_styles(table: Table, columns: dict[str, int], hints: ReadingHints) -> dict[str, NumberStyle]:
    """How the text numbers of the price and stock columns are written, as far as the sampled values prove it."""
    styles: dict[str, NumberStyle] = {}
    for field in ("price", "stock"):
        if field not in columns:
            continue
        texts = [v for v in _values(table, columns[field]) if isinstance(v, str) and any(c.isdigit() for c in v)]
        if texts and field == "price":
            texts = [basis.rest if (basis := basis_in_price(text)) else text for text in texts]
        if texts:
            styles[field] = prove_style(texts, hints.decimal)
    price, stock = styles.get("price"), styles.get("stock")
    if stock is not None and stock.ambiguous and price is not None and price.decimal:
        styles["stock"] = prove_style(
            [v for v in _values(table, columns["stock"]) if isinstance(v, str)], price.decimal
        )
    return styles
