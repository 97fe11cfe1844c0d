"""What a printed price means in money for one piece: the terms found for a list, and the exact arithmetic of one row.

price per piece = printed price x scale / basis. Finding the terms is in `core/pricing/meaning.py`, reading words in
`core/words/price_basis.py` and `core/words/price_scale.py`.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

PRICE_DECIMALS: Final = 6
"""Decimals that are stored of a price for one piece; printed prices keep to the supplier's `price_scale`."""
MAX_PIECE_PRICE: Final = Decimal("99999999999999.999999")
"""What NUMERIC(20,6) holds."""
_SMALLEST: Final = Decimal(1).scaleb(-PRICE_DECIMALS)


class PriceTerms(BaseModel):
    """How printed prices become prices for one piece. The default changes nothing."""

    model_config = ConfigDict(frozen=True)

    scale: Decimal = Decimal(1)
    """0.01 where cents are printed, 1000 for thousands."""
    basis: int = Field(default=1, ge=1)
    """Pieces that the price of a row is for that says nothing itself."""
    basis_column: int | None = None
    """0-based column that says for how many pieces each price is."""
    blank_basis: Literal["one", "reject"] = "one"
    """What a blank in that column means."""
    pack: bool = False
    """The basis is the content of a pack whose price is printed."""
    in_units: bool = False
    """The unit column counts pieces: `100 pcs`."""
    letters: bool = False
    """`C` and `M` after a price, or as a unit, are a hundred and a thousand."""
    slashes: bool = False
    """A bare number after a price and a slash is a number of pieces."""
    evidence: tuple[str, ...] = ()
    above: tuple[Literal["scale", "basis"], ...] = ()
    """What a text above the table says: it holds below further headers that say nothing else."""

    @property
    def plain(self) -> bool:
        """Whether every price is taken as it is printed, but for what its own cell says."""
        return self.scale == 1 and self.basis == 1 and self.basis_column is None and not self.in_units


NOTHING_DONE: Final = PriceTerms()


def with_what_is_said_above(own: PriceTerms, above: PriceTerms) -> PriceTerms:
    """The terms below a further header of a list whose texts at the top say `above`."""
    update: dict[str, object] = {}
    if "scale" in above.above and own.scale == 1:
        update["scale"] = above.scale
    if "basis" in above.above and own.basis == 1 and own.basis_column is None:
        update["basis"] = above.basis
    return own.model_copy(update=update | {"evidence": (*own.evidence, *above.evidence)}) if update else own


class PriceSteps(BaseModel):
    """Where a list says its prices by quantity: in columns, or in rows of their own. The default has none."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[tuple[int, int], ...] = ()
    """(0-based column, least quantity), the smallest quantity first; the loaded price's own column is one of them."""
    quantity_column: int | None = None
    """0-based column with the least quantity of each row, where a row is one step of an item."""


NO_STEPS: Final = PriceSteps()


class PiecePrice(NamedTuple):
    """A price for one piece; `printed` and `basis` are None where it is the printed one."""

    price: Decimal
    printed: Decimal | None = None
    basis: int | None = None
    rounded: bool = False


def money_text(amount: Decimal) -> str:
    """Two decimals, and more only where they say something: `12.40`, `0.00115`."""
    exponent = amount.normalize().as_tuple().exponent
    return f"{amount:.{max(2, -exponent)}f}" if isinstance(exponent, int) else str(amount)


def agreed(stated: tuple[int | None, ...], default: int) -> int | str:
    """The one basis that a row states, `default` where it states none; or the reject code."""
    said = {count for count in stated if count is not None}
    if not said:
        return default
    if len(said) > 1:
        return "price_basis_conflict"
    (count,) = said
    return count or "price_basis_unclear"


def piece_price(printed: Decimal, scale: Decimal, basis: int, excess: str) -> PiecePrice | str:
    """Exactly `printed` x `scale` / `basis`, or the reject code. `excess` is the supplier's `price_scale_policy`: more
    than six decimals are rounded where it says `round`."""
    if basis == 1 and scale == 1:
        return PiecePrice(printed)
    amount = printed * scale
    price = amount / basis
    if price > MAX_PIECE_PRICE:
        return "price_out_of_bounds"
    rounded = not _is_exact(price, amount, basis)
    if rounded:
        if excess != "round":
            return "price_per_piece_decimals"
        price = price.quantize(_SMALLEST, ROUND_HALF_UP)
    if not price and printed:
        return "price_per_piece_decimals"
    return PiecePrice(price, printed, basis, rounded)


def _is_exact(price: Decimal, amount: Decimal, basis: int) -> bool:
    exponent = price.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -PRICE_DECIMALS and price * basis == amount
