"""A list price beside our discount: what we pay is printed nowhere, so a person is asked. Which column is the price is
decided in `core/columns/price_choice.py`.
"""

from decimal import Decimal
from typing import Final

from ingestion_dagster.core.columns.assign_columns import Mapping
from ingestion_dagster.core.columns.column_scores import Column
from ingestion_dagster.core.columns.price_choice import PriceColumn
from ingestion_dagster.core.layout.cell_kinds import rough_number
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import Question, ReadingHints
from ingestion_dagster.core.questions.ask import column_title, which_price
from ingestion_dagster.core.questions.examples import item_name
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.values.cell_text import cell_text
from ingestion_dagster.core.words.cost_purpose import names_discount

_MOST: Final = 0.5
_SAID: Final = 0.5
_NEARLY_ALL: Final = 0.9
_SAME: Final = Decimal("0.005")
_CENT: Final = Decimal("0.01")
_EXAMPLES: Final = 2


def discount_questions(table: Table, mapping: Mapping, hints: ReadingHints) -> list[Question]:
    """Whether a plain or list price is to be loaded as printed, where a column says the discount from it and no other
    one holds the price after it. The setting `price_factor` answers."""
    choice = mapping.price
    if hints.price_factor is not None or choice is None or not _before_discount(choice.chosen):
        return []
    price = choice.chosen.column
    for column in mapping.all_columns.values():
        if column.position == price or not _says_discount(column):
            continue
        pairs = _pairs(table, price, column.position)
        if len(pairs) < _MOST * len(table.body):
            continue
        net = _net_column(table, mapping, price, pairs)
        if net is None:
            return [_question(table, mapping, price, column.position, pairs)]
        if net.words.scores.get("price", 0.0) < _SAID:
            return [which_price(table, mapping, (price, net.position))]
    return []


def _before_discount(price: PriceColumn) -> bool:
    """A list price, or one of which nothing is said; `net` is after it."""
    return price.words.tier == "retail" or (price.words.tier is None and price.words.qualifiers.get("tax") != "net")


def _says_discount(column: Column) -> bool:
    said = column.words.scores
    return said.get("price", 0.0) < said.get("other", 0.0) and names_discount(column.header)


def _pairs(table: Table, price: int, discount: int) -> list[tuple[int, Decimal, Decimal]]:
    """(place in the body, printed price, share of the discount) where both are there and there is a discount."""
    shares = [_share(row[discount] if discount < len(row) else None) for _, row in table.body]
    if any(share is not None and share > 100 for share in shares):
        return []  # an amount of money, or a code
    largest = max((share for share in shares if share is not None), default=Decimal(0))
    divisor = 1 if largest < 1 else 100
    found = []
    for place, ((_, row), share) in enumerate(zip(table.body, shares, strict=True)):
        printed = rough_number(row[price]) if price < len(row) else None
        if printed and share:
            found.append((place, Decimal(str(printed)), share / divisor))
    return found


def _share(value: CellValue) -> Decimal | None:
    text = cell_text(value).strip().rstrip("%").strip().lstrip("-") if value is not None else ""
    number = rough_number(text) if isinstance(value, str) else rough_number(value)
    return None if number is None else abs(Decimal(str(number)))


def _net_column(table: Table, mapping: Mapping, price: int, pairs: list[tuple[int, Decimal, Decimal]]) -> Column | None:
    """The column that is the price less the discount."""
    for column in mapping.all_columns.values():
        if column.position == price or column.profile.numeric < _MOST:
            continue
        others = [(rough_number(_cell(table, place, column.position)), p * (1 - share)) for place, p, share in pairs]
        same = sum(other is not None and abs(Decimal(str(other)) - net) <= _CENT + _SAME * net for other, net in others)
        if same >= _NEARLY_ALL * len(pairs):
            return column
    return None


def _cell(table: Table, place: int, column: int) -> CellValue:
    row = table.body[place][1]
    return row[column] if column < len(row) else None


def _question(
    table: Table, mapping: Mapping, price: int, discount: int, pairs: list[tuple[int, Decimal, Decimal]]
) -> Question:
    shares = {share for _, _, share in pairs}
    shown = [
        f"{item_name(table, mapping, place)}: {_plain(p)} as printed,"
        f" or {p * (1 - share):.2f} less {_plain(share * 100)}%"
        for place, p, share in pairs[:_EXAMPLES]
    ]
    if len(shares) == 1:
        answer = f"set price_factor={_plain(1 - shares.pop())} for the second, price_factor=1 for the first"
    else:
        answer = "the discount differs from row to row: price_factor=1 loads what is printed"
    beside = f"{column_title(table, price)} stands beside {column_title(table, discount)}"
    return Question(
        code="price_discount",
        message=f"{beside}, and no column is the price after it. {'; '.join(shown)}? ({answer})",
        field="price",
        columns=(price, discount),
        options=("as printed", "less the discount"),
    )


def _plain(number: Decimal) -> str:
    return f"{round(number, 4).normalize():f}"
