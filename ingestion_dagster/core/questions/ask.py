"""What only a person can settle about a sheet, and how sure the rest is. Nothing is decided by asking here: whether to
accept is `core/mapping/understand.py`'s."""

from typing import Final

from ingestion_dagster.core.columns.assign_columns import Mapping
from ingestion_dagster.core.columns.drift import DriftReport
from ingestion_dagster.core.columns.money_evidence import CurrencyFound
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import KeyField, NumberStyle, Question
from ingestion_dagster.core.questions.examples import price_examples
from ingestion_dagster.core.sheets import column_letter

ACCEPT_FROM: Final = 0.8
"""Least confidence at which a sheet is loaded without a person."""
_CORE: Final = ("price", "name", "supplier_sku")
_NAMELESS: Final = 0.75
"""A list of codes and prices does exist, but more often the name was not recognised."""


def choose_key(mapping: Mapping) -> tuple[KeyField, list[Question]]:
    """What identifies an item: its SKU, else its barcode, else its name; with a question where none is unique."""
    if mapping.confidence.get("supplier_sku") == 1.0 or _identifies(mapping, "supplier_sku", 0.4, 0.3):
        return "supplier_sku", []
    if _identifies(mapping, "barcode", 0.8, 0.9):
        return "barcode", []
    if _identifies(mapping, "name", 0.5, 0.75):
        return "name", []
    fallback: KeyField = "supplier_sku" if "supplier_sku" in mapping.columns else "name"
    return fallback, [
        Question(
            code="key",
            message="there is no article number or barcode, and the names repeat. Which column identifies an item?",
            field="supplier_sku",
        )
    ]


def _identifies(mapping: Mapping, field: str, fill: float, variety: float) -> bool:
    column = mapping.all_columns.get(mapping.columns.get(field, -1))
    if column is not None and column.lost and field == "supplier_sku":
        return True
    return column is not None and column.profile.fill >= fill and column.profile.variety >= variety


def price_questions(table: Table, mapping: Mapping) -> list[Question]:
    """Which of several columns is the price, or whether the one is."""
    choice = mapping.price
    if choice is None or (not choice.contested and choice.confidence >= ACCEPT_FROM):
        return []
    chosen = choice.chosen.column
    if choice.contested:
        return [which_price(table, mapping, (chosen, *choice.contested))]
    columns = (chosen, *choice.alternatives)
    asked = f"is {column_title(table, chosen)} the price? {choice.evidence[-1]}"
    return [_price_question(table, mapping, columns, asked)]


def which_price(table: Table, mapping: Mapping, columns: tuple[int, ...]) -> Question:
    """Which of these columns is the price; the first is what would be loaded."""
    asked = f"which of {', '.join(column_title(table, c) for c in columns)} is the price to load?"
    return _price_question(table, mapping, columns, asked)


def _price_question(table: Table, mapping: Mapping, columns: tuple[int, ...], asked: str) -> Question:
    shown = price_examples(table, mapping, columns)
    options = tuple(column_title(table, column) for column in columns)
    message = f"{asked}{'.' if shown and asked[-1] not in '?.' else ''}{shown}"
    return Question(code="price_column", message=message, field="price", columns=columns, options=options)


def table_questions(table: Table) -> list[Question]:
    """Other tables on the tab would be missed."""
    return [
        Question(code="second_table", message=f"{other}. Only the main table is read; is that right?")
        for other in table.others
    ]


def money_questions(style: NumberStyle | None, currency: CurrencyFound, price: int) -> list[Question]:
    """A number style that the values do not prove; several currencies in one column."""
    questions = []
    if style is not None and style.ambiguous:
        letter = column_letter(price)
        questions.append(
            Question(
                code="decimal",
                message=f"is “.” or “,” the decimal mark in column {letter}? {style.evidence}",
                field="price",
                columns=(price,),
                options=(".", ","),
            )
        )
    if len(currency.several) > 1:
        questions.append(
            Question(
                code="currency",
                message=_several(currency),
                field="currency",
                options=currency.several,
            )
        )
    return questions


def _several(currency: CurrencyFound) -> str:
    """What is said where, what would be loaded, and the setting that answers."""
    loaded = "row by row, as each says" if currency.code is None else f"in {currency.code}"
    other = next((code for code in currency.several if code != currency.code), "")
    answer = f", or is currency={other} to be set" if currency.settable else ""
    said = f"the prices are in several currencies: {', '.join(currency.several)} ({currency.evidence})"
    return f"{said}. They would be loaded {loaded}; is that right{answer}?"


def drift_questions(drift: DriftReport, given: frozenset[str]) -> list[Question]:
    """Only what changed since the last list, and only where it touches a field."""
    told = [f"“{m.header_before}” ({m.field}) is now called “{m.header_now}”" for m in drift.renamed if m.field]
    told += [f"the column of {field} is gone" for field in drift.lost_fields if field not in given]
    told += drift.value_changes
    return [Question(code="drift", message=f"since the last list: {text}. Is that right?") for text in told]


def weakest_question(table: Table, mapping: Mapping) -> Question:
    """Where nothing in particular is open and the whole is not sure enough: its weakest part."""
    sure = {field: c for field, c in mapping.confidence.items() if field in _CORE}
    field = min(sure, key=lambda f: sure[f])
    if not table.header_rows:
        return Question(
            code="header",
            message="the sheet has no header row; are the columns right as they were recognised by their values?",
            columns=tuple(mapping.columns.values()),
        )
    if "name" not in mapping.columns and sure[field] >= ACCEPT_FROM:
        return Question(
            code="name_column",
            message="no column was recognised as the name of the items; is there none?",
            field="name",
        )
    columns = (mapping.columns[field], *mapping.alternatives.get(field, ()))
    return Question(
        code=f"{field}_column",
        message=f"is {column_title(table, columns[0])} the {field}?",
        field=field,
        columns=columns,
        options=tuple(column_title(table, column) for column in columns),
    )


def confidence_of(table: Table, mapping: Mapping, known: bool) -> float:
    """As sure as the least sure of header, price, name and key. `known`: a person gave or confirmed columns."""
    parts = [mapping.confidence.get(field, 1.0) for field in _CORE if field in mapping.columns]
    if not known:
        if not table.header_rows:
            parts.append(_without_header(mapping))
        elif table.header_score < 3.5:
            parts.append(0.6 + 0.1 * max(0.0, table.header_score - 2.2))
        if "name" not in mapping.columns:
            parts.append(min(_NAMELESS, mapping.confidence.get("supplier_sku", 0.5) - 0.05))
    return min(parts, default=0.0)


def _without_header(mapping: Mapping) -> float:
    """Values alone are trusted only where there is one way to read them."""
    choice = mapping.price
    if choice is None:
        return 1.0
    money = choice.chosen.profile.share("money", "decimal") > 0.3
    return 0.85 if money and not choice.alternatives else 0.65


def column_title(table: Table, column: int) -> str:
    """`“Price” (C)`, `“Cost” (D, hidden)`, or `column C` without a header."""
    header = table.headers[column] if column < len(table.headers) else ""
    letter = column_letter(column) + (", hidden" if column in table.hidden else "")
    return f"“{header}” ({letter})" if header else f"column {letter}"
