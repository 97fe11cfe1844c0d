"""In which currency a list's prices are and how its number texts are written: from cells, formats, headers, titles.

Reading single prices is done in `core/values/prices.py`, proving a number style in `core/values/number_styles.py`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingestion_dagster.core.layout.cell_kinds import kind_of
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import NumberStyle, ReadingHints
from ingestion_dagster.core.sheets import CellValue, Sheet
from ingestion_dagster.core.values.currencies import currency_of, currency_of_format, find_signs
from ingestion_dagster.core.values.number_styles import prove_style
from ingestion_dagster.core.words.lexicon import HeaderWords
from ingestion_dagster.core.words.normalise import all_words, normalise
from ingestion_dagster.core.words.price_basis import basis_in_price

_FORMATS_LOOKED_AT = 200
_STRAY = 0.1
"""Share of cells with a currency of their own that is no question: they are read as they say."""
_CELLS = "the price cells"
_FORMAT = "the number format of the price cells"
_STATEMENT = 400
"""Characters of a text above the table that are looked at."""


class CurrencyFound(NamedTuple):
    """ISO 4217 code and where it was said; `several` where the sheet names more than one, with `evidence` saying which
    is said where. `over_formats`: the supplier's setting decided against the cells' number formats."""

    code: str | None
    evidence: str
    several: tuple[str, ...] = ()
    over_formats: bool = False
    settable: bool = False
    """Whether the supplier's setting can answer: rows that name their currency themselves keep it."""


class _Claim(NamedTuple):
    """What one place of the sheet says: the codes found, the likeliest first, and the place in words."""

    codes: tuple[str, ...]
    place: str

    @property
    def text(self) -> str:
        """`the price cells say EUR and USD`."""
        return f"{self.place} {_verb(self.place)} {' and '.join(self.codes)}"


def find_currency(
    sheet: Sheet,
    table: Table,
    price: int,
    own_column: int | None,
    words: HeaderWords,
    hints: ReadingHints,
    coin: str | None = None,
) -> CurrencyFound:
    """The currency of the price column: its own column, cell, number format, header, sheet text, supplier setting; in
    that order. The first four must agree: else `several` holds what they say, or the setting decides. `coin` is the
    currency that the header's word for a part of it implies (`pence`)."""
    header = table.headers[price] if price < len(table.headers) else ""
    in_header = _in_header(header, words, hints.currency or sheet.locale)
    claims = _claims(sheet, table, price, own_column, in_header or hints.currency or sheet.locale)
    if in_header:
        claims.append(_Claim((in_header,), f"the header “{header}”"))
    if claims:
        return _settled(claims, hints.currency)
    if coin:
        return CurrencyFound(coin, f"the header “{header}” names a coin of it")
    text = _stated(table.around, hints.currency or sheet.locale)
    if text:
        return text
    if hints.currency:
        return CurrencyFound(hints.currency, "the supplier's setting")
    return CurrencyFound(None, "")


def _in_header(header: str, words: HeaderWords, hint: str | None) -> str | None:
    if not words.currencies:
        return None
    return currency_of(header, hint) or (words.currencies[0] if len(words.currencies) == 1 else None)


def _claims(sheet: Sheet, table: Table, price: int, own_column: int | None, hint: str | None) -> list[_Claim]:
    """What the currency column, the price cells and their number formats say, where they say something."""
    own = [] if own_column is None else [v for v in _values(table, own_column) if v is not None]
    cells = (v for v in _values(table, price) if isinstance(v, str) and kind_of(v) == "money")
    rows = [number for number, row in table.body[:_FORMATS_LOOKED_AT] if price < len(row) and row[price] is not None]
    found = [
        (_counted(currency_of(str(v), hint) for v in own), "the currency column"),
        (_counted(currency_of(v, hint) for v in cells), _CELLS),
        (_counted(currency_of_format(sheet.number_format(row, price), hint) for row in rows), _FORMAT),
    ]
    return [_Claim(_codes(said, 0.0 if place == _FORMAT else _STRAY), place) for said, place in found if said]


def _codes(said: Counter[str], stray: float) -> tuple[str, ...]:
    """The currencies said, the most frequent first, without those in a share of `stray` or less."""
    first, *others = said.most_common()
    return (first[0], *(code for code, count in others if count > stray * said.total()))


def _settled(claims: list[_Claim], setting: str | None) -> CurrencyFound:
    """One currency where no place contradicts another, or where the setting is one of those said. Rows with their own
    currency keep it."""
    first, said = claims[0], tuple(dict.fromkeys(code for claim in claims for code in claim.codes))
    if len(said) == 1:
        return CurrencyFound(said[0], f"{first.place} {_verb(first.place)} so")
    told = "; ".join(claim.text for claim in claims)
    settable = first.place == _FORMAT
    if setting in said and settable:
        return CurrencyFound(setting, f"the supplier's setting, where {told}", over_formats=True)
    one = first.codes[0] if len(first.codes) == 1 else None
    return CurrencyFound(one, told, said, settable=settable)


def _verb(place: str) -> str:
    return "say" if place == _CELLS else "says"


def _values(table: Table, column: int) -> Iterable[CellValue]:
    return (row[column] for _, row in table.body if column < len(row))


def _counted(codes: Iterable[str | None]) -> Counter[str]:
    return Counter(code for code in codes if code)


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
