"""What the values of one column say about which field it is. Header words are in `core/words/lexicon.py`.

All scores are log-odds, made by hand from what the fields are: 0 says nothing, +3 nearly proves, -6 nearly excludes.
"""

from typing import Final

from ingestion_dagster.core.columns.column_profile import ColumnProfile
from ingestion_dagster.core.fields import FURTHER

NEVER: Final = -8.0


def value_scores(p: ColumnProfile) -> dict[str, float]:
    """field -> log-odds from the values alone. An empty column says nothing and is worth little."""
    if not p.filled:
        return dict.fromkeys(_SCORERS, -2.0)
    return {field: scorer(p) for field, scorer in _SCORERS.items()}


def _price(p: ColumnProfile) -> float:
    prices = p.numeric
    if prices < 0.5:
        return NEVER if prices < 0.15 else -2.5
    if p.counts_rows or p.gtins > 0.5 * p.filled or p.share("percent", "date") > 0.3:
        return NEVER
    score = 0.5 - 2.0 * max(0.0, 0.9 - prices)
    score += 2.0 * (p.share("money") > 0.3) + 1.2 * (p.share("decimal") > 0.2)
    if p.long_digits > 0.5 * p.filled:
        score -= 4.0
    if p.filled > 3 and set(p.numbers) <= {0.0, 1.0}:
        score -= 5.0
    elif p.constant:
        score -= 1.5
    if p.zeros > 0.5:
        score -= 2.0
    if p.fill < 0.5:
        score -= 1.0
    if p.share("int") > 0.95 and p.numbers:
        score -= _like_codes(p)
    if p.like_codes > 0.9 * p.filled and p.is_series:
        score -= 5.0
    return score


def _like_codes(p: ColumnProfile) -> float:
    """Integers that look like codes, years or pieces rather than amounts; round ones look like amounts."""
    lengths = {len(f"{abs(n):.0f}") for n in p.numbers}
    if p.numbers and all(1900 <= n <= 2100 for n in p.numbers):
        return 3.0
    small = sum(1 for n in p.numbers if n <= 31) / len(p.numbers)
    round_ones = sum(1 for n in p.numbers if n >= 50 and n % 10 == 0) / len(p.numbers)
    unique = p.variety > 0.97 and p.filled >= 8
    return 2.0 * (unique and len(lengths) == 1 and min(lengths) >= 5) + 1.2 * small - 0.7 * (round_ones > 0.5)


def _stock(p: ColumnProfile) -> float:
    counts = p.share("int", "stock", "bool")
    if p.share("money") > 0.2 or p.counts_rows:
        return -6.0
    if p.share("text", "long", "url", "image", "date") > 0.5:
        return -5.0 if p.variety > 0.3 else -2.0
    score = 0.3 if counts > 0.8 else -0.5 - 2.0 * p.share("decimal")
    score += 1.5 * (p.share("stock") > 0.2)
    if p.long_digits > 0.3 * p.filled:
        score -= 4.0
    return score


def _supplier_sku(p: ColumnProfile) -> float:
    if p.counts_rows:
        return -4.5
    if p.money + p.share("url", "image", "date", "percent") > 0.3 or (p.constant and p.rows > 3):
        return NEVER
    score = _uniqueness(p)
    score += 1.0 * p.share("code") + (p.like_codes / p.filled if p.is_series else 0.0)
    score -= 2.5 * p.share("decimal") + 6.0 * p.share("long", "bool", "unit", "currency")
    if p.words > 2.5 and p.share("text") > 0.5:
        score -= 3.0
    if p.share("int") > 0.8 and p.numbers:
        lengths = [len(f"{abs(n):.0f}") for n in p.numbers]
        score += 0.7 if sum(lengths) / len(lengths) >= 4 else -0.5
    if p.gtins > 0.8 * p.filled:
        score -= 0.8
    if p.characters > 40:
        score -= 2.0
    if p.fill < 0.3:
        score -= 1.5
    return score


def _uniqueness(p: ColumnProfile) -> float:
    """A key repeats rarely: variants, sizes and double rows do happen."""
    if p.filled < 4:
        return 0.3
    for least, score in ((0.95, 1.5), (0.8, 0.6), (0.5, -1.0), (0.25, -3.0)):
        if p.variety >= least:
            return score
    return -5.0


def _name(p: ColumnProfile) -> float:
    wordy = p.share("text", "word", "long")
    coded = p.like_codes / p.filled
    if p.money + p.share("url", "image", "date") > 0.3 or p.numeric - coded > 0.6:
        return NEVER
    if p.constant and p.rows > 3:
        return NEVER
    score = 1.2 if wordy > 0.6 else -0.5 if p.share("code") > 0.5 and wordy > 0.2 else -3.0 + 3.0 * wordy
    score += 1.0 * (p.characters > 12 and p.words > 1.3) - 1.5 * (p.characters > 150) - 1.5 * (p.share("long") > 0.4)
    if p.filled >= 4:
        score += 0.8 if p.variety > 0.6 else -0.5 if p.variety > 0.4 else -1.8 if p.variety > 0.2 else -2.8
    if p.share("unit", "bool", "currency") > 0.5:
        score -= 4.0
    if p.fill < 0.5:
        score -= 1.0
    return score


def _barcode(p: ColumnProfile) -> float:
    gtins = p.gtins / p.filled
    if gtins > 0.8:
        return 4.0 if p.filled > 3 else 2.5
    if gtins > 0.3:
        return 1.0
    if p.share("int", "code") > 0.8 and p.long_digits > 0.5 * p.filled:
        return 0.0
    return -3.0 if p.share("int", "code") > 0.5 else -6.0


def _currency(p: ColumnProfile) -> float:
    return 4.0 if p.share("currency") > 0.9 else -6.0


def _unit(p: ColumnProfile) -> float:
    units = p.share("unit")
    if units > 0.5:
        return 3.0 if units > 0.8 else 1.5
    if p.characters > 20 or p.share("money", "url", "image", "date", "long") > 0.3:
        return -6.0
    if p.share("int") > 0.9:
        return -1.0
    return 0.0 if p.variety < 0.5 or p.filled < 5 else -1.0


def _brand(p: ColumnProfile) -> float:
    if p.numeric > 0.6 or p.share("url", "image", "date", "bool", "unit", "currency", "long") > 0.4:
        return -4.0
    if p.characters > 60:
        return -2.0
    return 0.6 if p.variety < 0.7 or p.filled < 5 else -0.8


def _category(p: ColumnProfile) -> float:
    if p.counts_rows:
        return -5.0
    if p.numeric > 0.6 or p.share("url", "image", "date", "bool", "unit", "currency", "money") > 0.4:
        return -3.0
    return 0.6 if p.variety < 0.6 or p.filled < 5 else -1.5


def _description(p: ColumnProfile) -> float:
    if p.share("int", "decimal", "money", "url", "image", "date", "currency", "unit", "bool") > 0.6:
        return -4.0
    score = 1.0 if p.share("long") > 0.3 else 0.3 if p.characters > 40 else -0.3
    return score - 1.0 * (p.filled > 5 and p.variety < 0.15)


def _url_image(p: ColumnProfile) -> float:
    if p.share("image") > 0.4:
        return 4.0
    return 1.5 if p.share("url") > 0.5 else -4.0


def _further(p: ColumnProfile) -> float:
    """Of a field that only words can prove: whatever fits into one line."""
    return -4.0 if p.share("url", "image", "long") > 0.4 else 0.3


_SCORERS: Final = {
    "supplier_sku": _supplier_sku,
    "name": _name,
    "price": _price,
    "currency": _currency,
    "stock": _stock,
    "barcode": _barcode,
    "brand": _brand,
    "category": _category,
    "unit": _unit,
    "description": _description,
    "url_image": _url_image,
    **dict.fromkeys(FURTHER, _further),
}
