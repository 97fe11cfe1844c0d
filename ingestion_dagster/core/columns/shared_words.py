"""Header words that cannot all be meant: one word for two fields, or one header over several columns.

What a single header says is in `core/words/lexicon.py`; which column gets which field is decided in
`assign_columns.py`.
"""

from typing import Final

from ingestion_dagster.core.columns.column_scores import Column, weigh
from ingestion_dagster.core.words.lexicon import NOTHING_SAID

_CLEAR: Final = 0.9


def settle_words(columns: dict[int, Column]) -> dict[int, Column]:
    """The columns with words taken away where another column has the better claim to them."""
    return _one_meaning(_one_owner(columns))


def _one_owner(columns: dict[int, Column]) -> dict[int, Column]:
    """`Goods` merged over a column of codes and one of names speaks for the names: the codes have no header then."""
    settled = dict(columns)
    for index, column in columns.items():
        right = columns.get(index + 1)
        if right is None or not column.header or right.header != column.header:
            continue
        if column.words.scores.get("name", 0.0) < _CLEAR:
            continue
        for code, name in ((column, right), (right, column)):
            if code.values["supplier_sku"] > code.values["name"] and name.values["name"] > name.values["supplier_sku"]:
                settled[code.position] = code._replace(
                    words=NOTHING_SAID, header="", scores=weigh(NOTHING_SAID, code.values, code.profile, "")
                )
    return settled


def _one_meaning(columns: dict[int, Column]) -> dict[int, Column]:
    """`Артикул` is the number in one language and the name in another: beside a column that is clearly the name it is
    the number. The other way round proves nothing, since lists have several numbers."""
    if not any(_says_name_only(column) for column in columns.values()):
        return columns
    settled = dict(columns)
    for index, column in columns.items():
        said = column.words.scores
        if said.get("name", 0.0) >= _CLEAR and said.get("supplier_sku", 0.0) >= _CLEAR:
            words = column.words._replace(scores={field: score for field, score in said.items() if field != "name"})
            scores = weigh(words, column.values, column.profile, column.header)
            settled[index] = column._replace(words=words, scores=scores)
    return settled


def _says_name_only(column: Column) -> bool:
    said = column.words.scores
    return said.get("name", 0.0) >= _CLEAR and said.get("supplier_sku", 0.0) < 0.5 and column.profile.filled > 0
