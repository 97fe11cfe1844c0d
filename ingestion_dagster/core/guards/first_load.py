"""What can be counted of a list that no list came before: the facts behind the guards of a first load.

Counted in `store/batches/first_load.py`; what is said of them is in `first_load_rules.py`.
"""

from pydantic import BaseModel, ConfigDict

from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.words.lexicon import read_header
from ingestion_dagster.core.words.price_scale import scale_in_header


class FirstLoad(BaseModel):
    """Counts over the staged rows of a supplier without items."""

    model_config = ConfigDict(frozen=True)

    expected_currency: str | None = None
    """ISO 4217, from the supplier's `currency` or `country` setting; None where neither is set."""
    other_currency: int = 0
    """Rows in another one."""
    currencies: tuple[str, ...] = ()
    """Which ones."""
    basis_prices: int = 0
    """Prices that are 1, 10, 100, 1,000 or 10,000: for how many pieces a price is, rather than a price."""
    code_prices: int = 0
    """Prices that are the digits of the item's own key or barcode."""
    stock_prices: int = 0
    """Prices that are the item's own stock."""
    multiplied: int = 0
    """Prices that are 100 or 1,000 times what another column says."""
    multiplied_by: int = 0
    multiplied_header: str = ""
    whole_prices: int = 0
    """Prices without a fraction, as they are printed."""
    smallest: float = 0.0
    """Of the printed prices above zero."""
    largest: float = 0.0
    unit_said: str = ""
    """A header that names cents or thousands, where the prices were taken as they stand."""
    scale: float = 1.0
    """By what printed prices were multiplied; 0.01 for cents."""
    counted_keys: bool = False
    """The keys are 1, 2, 3 …: positions in the list."""
    alike_keys: int = 0
    """Keys that equal another key of the list but for zeros, case, blanks and dashes."""
    short_keys: int = 0
    """Keys of a single character."""


def unit_said(mapped: MappedSheet) -> str:
    """The header of another money column that names cents or thousands while the prices are taken as they stand; empty
    where there is none."""
    if mapped.price_terms.scale != 1:
        return ""
    price = mapped.column("price")
    for column, header in enumerate(mapped.headers):
        if column != price and scale_in_header(header) and read_header(header).scores.get("price", 0.0) >= 0.5:
            return header
    return ""
