"""Price cells that say for how many pieces their price is (`12.40 / 100 St`), and the price of one piece of a row.

The number itself is read by `core/values/prices.py`, the text by `core/words/price_basis.py`, the arithmetic is in
`core/price_terms.py`.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from ingestion_dagster.core.price_terms import PiecePrice, PriceTerms, agreed, piece_price
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.values.prices import Amount, NotAPrice, PricePolicy, PriceReader
from ingestion_dagster.core.words.price_basis import basis_in_price, basis_in_unit, basis_of, letter_in_unit

PieceReader = Callable[[Decimal, int | None, CellValue, str], PiecePrice | str]
"""(printed price, basis that its cell states, basis cell, unit) -> price of one piece, or the reject code."""


def with_basis(read: PriceReader, terms: PriceTerms) -> PriceReader:
    """`read`, which also takes `12.40 / 100 St`: the amount then has its `basis`."""
    allowed = {"words"} | ({"slash"} if terms.slashes else set()) | ({"letter"} if terms.letters else set())

    @lru_cache(maxsize=8192)
    def read_text(text: str) -> Amount | NotAPrice | None:
        basis = basis_in_price(text)
        if basis is None or basis.said not in allowed:
            return None
        amount = read(basis.rest)
        return amount._replace(basis=basis.pieces) if isinstance(amount, Amount) else NotAPrice(amount.code, text)

    def read_cell(value: CellValue) -> Amount | NotAPrice:
        return (read_text(value) if isinstance(value, str) else None) or read(value)

    return read_cell


def piece_reader(terms: PriceTerms, policy: PricePolicy) -> PieceReader:
    """The price of one piece for every row of a list with these terms."""
    has_column, blank_is_one = terms.basis_column is not None, terms.blank_basis == "one"

    def read(printed: Decimal, stated: int | None, basis_cell: CellValue, unit: str) -> PiecePrice | str:
        of_column = basis_of(basis_cell) if has_column else None
        of_unit = counted_unit(unit, terms)[0] if terms.in_units else None
        if has_column and of_column is None and stated is None and of_unit is None and not blank_is_one:
            return "price_basis_unclear"
        basis = agreed((stated, of_column, of_unit), terms.basis)
        return basis if isinstance(basis, str) else piece_price(printed, terms.scale, basis, policy.excess)

    return read


def counted_unit(unit: str, terms: PriceTerms) -> tuple[int | None, str]:
    """(pieces that a unit counts, the unit of one piece): `100 pcs` is (100, `pcs`), `C` is (100, nothing)."""
    if terms.letters and (count := letter_in_unit(unit)):
        return count, ""
    if basis := basis_in_unit(unit):
        return basis.pieces, basis.rest
    count = basis_of(unit) if terms.basis_column is not None else None
    return (count, "") if count and count > 1 else (None, unit)
