"""Which columns that speak of pieces are the stock: a count of what is there, not yes or no, an order or a pack.

What one header says is in `core/words/lexicon.py`; how a stock cell is read is in `core/values/stock.py`.
"""

from typing import Final

from ingestion_dagster.core.columns.column_scores import Column, weigh
from ingestion_dagster.core.words.normalise import normalise, word_lists
from ingestion_dagster.core.words.quantity_steps import quantity_step

_SAYS: Final = 0.5
_OTHER: Final = 0.75
_LEAST_FILLED: Final = 0.3
_PACKS: Final = frozenset({1, 2, 5, 6, 10, 12, 20, 24, 25, 48, 50, 100, 144, 200, 250, 500, 1000})
_ENOUGH: Final = 8


def settle_stock(columns: dict[int, Column]) -> dict[int, Column]:
    """The columns with the word stock taken from those that are none, which are kept as characteristics."""
    counts = [c for c in columns.values() if _says_stock(c) and not _is_flag(c) and not _asks(c) and _counts(c)]
    settled = dict(columns)
    for index, column in columns.items():
        if _says_stock(column) and _is_none(column, counts):
            words = column.words
            scores = {field: score for field, score in words.scores.items() if field != "stock"}
            words = words._replace(scores=scores | {"other": max(_OTHER, scores.get("other", 0.0))})
            scored = weigh(words, column.values, column.profile, column.header)
            settled[index] = column._replace(words=words, scores=scored)
    return settled


def _says_stock(column: Column) -> bool:
    said = column.words.scores
    return said.get("stock", 0.0) >= _SAYS and said["stock"] >= max(said.values())


def _is_none(column: Column, counts: list[Column]) -> bool:
    beside = [c for c in counts if c.position != column.position]
    if _is_flag(column):
        return True
    if beside and (_asks(column) or not _counts(column)):
        return True
    if not _is_plain_quantity(column):
        return False
    stated = any(not _is_plain_quantity(c) for c in beside)
    return stated or _is_numbered(column.header) or _is_ordered(column) or _is_pack(column)


def _counts(column: Column) -> bool:
    """Whole numbers, at least here and there."""
    return column.profile.share("int", "stock") > 0.5 and column.profile.fill >= _LEAST_FILLED


def _is_flag(column: Column) -> bool:
    """Yes or no as 1 and 0 under a header that asks for it: one piece is not what 1 says."""
    p = column.profile
    if not p.filled or not set(p.numbers) <= {0.0, 1.0}:
        return False
    if p.share("bool") > 0.5 and not p.numbers:
        return False  # `yes` is kept as the stock's text
    return _asks(column) or normalise(column.header) in word_lists("availability")["phrases"]


def _asks(column: Column) -> bool:
    """`In stock?`, `Lagernd (ja/nein)`."""
    plain = normalise(column.header)
    asked = any(plain.endswith(f" {question}") for question in word_lists("availability")["questions"])
    return asked or column.header.rstrip().endswith(("?", "？", "?)"))


def _is_plain_quantity(column: Column) -> bool:
    """`Qty`, `Menge`, `Кол-во`: a number of pieces, of which nothing is said."""
    said = " ".join(word for word in normalise(column.header).split() if not word.isdigit())
    return said in word_lists("step_words")["quantity"]


def _is_numbered(header: str) -> bool:
    """`Qty 2` belongs to the second price or step."""
    step = quantity_step(header)
    return step is not None and step.strength == "number" and not step.rest


def _is_ordered(column: Column) -> bool:
    """Blank or zero, to be filled in by whoever orders."""
    return column.profile.fill < _LEAST_FILLED or column.profile.zeros > 0.95


def _is_pack(column: Column) -> bool:
    """The same one everywhere, or only numbers in which goods are packed."""
    p = column.profile
    if p.filled >= 4 and set(p.numbers) == {1.0}:
        return True
    few = p.filled >= _ENOUGH and p.variety <= 0.5 and p.distinct > 1
    return few and p.share("int") == 1.0 and {int(n) for n in p.numbers} <= _PACKS and max(p.numbers) >= 6
