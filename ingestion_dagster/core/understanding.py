"""The one pure function from an opened workbook to what its price list means: `understand`.

It puts together layout, mapping, currency and number style, and decides: accept, ask or refuse. Rows are read in
`rows.py`.
"""

import hashlib
import math
from typing import Final, NamedTuple

from ingestion_dagster.core.drift import DriftReport, RememberedMapping, compare_headers
from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.layout import Table, find_table
from ingestion_dagster.core.lexicon import NOTHING_SAID
from ingestion_dagster.core.mapped import (
    Decision,
    FieldColumn,
    KeyField,
    MappedSheet,
    NumberStyle,
    Question,
    ReadingHints,
)
from ingestion_dagster.core.mapping import Mapping, map_columns
from ingestion_dagster.core.money_evidence import CurrencyFound, find_currency, find_styles
from ingestion_dagster.core.overrides import resolve_column, resolve_columns
from ingestion_dagster.core.sampling import take_sample
from ingestion_dagster.core.sheets import Sheet, Workbook, cell_address, column_letter
from ingestion_dagster.core.words import normalise

ACCEPT_FROM: Final = 0.8
"""Least confidence at which a sheet is loaded without a person."""
_TABS_LOOKED_AT: Final = 30


def understand(workbook: Workbook, hints: ReadingHints, remembered: RememberedMapping | None = None) -> MappedSheet:
    """What the workbook's price list is and how sure that is. Only a sample of the rows is looked at.

    `remembered` is used first where its headers are found again. Raises SheetError where a hint names a tab, row or
    column that is not there; a workbook without a price list is a result with `decision` "refuse".
    """
    wanted = hints.sheet_name or (remembered.sheet if remembered else None)
    if wanted:
        try:
            return _understand_tab(workbook.sheet(wanted), hints, remembered)
        except KeyError as error:
            if hints.sheet_name:
                raise SheetError(str(error.args[0])) from None
    visible = [sheet for sheet in workbook.sheets if not sheet.hidden] or list(workbook.sheets)
    if len(visible) == 1:
        return _understand_tab(visible[0], hints, remembered)
    return _best_tab(visible, hints, remembered)


def _best_tab(sheets: list[Sheet], hints: ReadingHints, remembered: RememberedMapping | None) -> MappedSheet:
    understood: list[tuple[float, MappedSheet]] = []
    problems: list[SheetError] = []
    for sheet in sheets[:_TABS_LOOKED_AT]:
        try:
            mapped = _understand_tab(sheet, hints, remembered)
        except SheetError as error:
            problems.append(error)
            continue
        understood.append((_tab_worth(sheet, mapped), mapped))
    if not understood:
        raise problems[0]
    worth, best = max(understood, key=lambda pair: pair[0])
    others = tuple(mapped.sheet for _, mapped in understood if mapped is not best)
    rivals = tuple(m.sheet for w, m in understood if m is not best and m.is_pricelist and w > 0.6 * worth)
    best = best.model_copy(update={"other_sheets": others})
    if not best.is_pricelist or not rivals:
        return best
    question = Question(
        code="tab",
        message=f"tab “{best.sheet}” was taken; {', '.join(f'“{name}”' for name in rivals)} "
        "look like price lists too. Which one is to be loaded?",
        options=(best.sheet, *rivals),
    )
    decision: Decision = "ask" if best.decision == "accept" else best.decision
    return best.model_copy(update={"questions": (*best.questions, question), "decision": decision})


def _tab_worth(sheet: Sheet, mapped: MappedSheet) -> float:
    if not mapped.is_pricelist:
        return -1.0 + mapped.confidence
    rows = len(sheet.head(200))
    return mapped.confidence * (1.0 + 0.25 * math.log10(max(rows, 1))) + 0.1 * len(mapped.fields)


class _Known(NamedTuple):
    """Columns that a person gave or confirmed, and how the sheet drifted from it."""

    columns: dict[str, int]
    given: frozenset[str]
    drift: DriftReport | None


def _understand_tab(sheet: Sheet, hints: ReadingHints, remembered: RememberedMapping | None) -> MappedSheet:
    sample = take_sample(sheet)
    _check_rows(hints, len(sample.top) + len(sample.spread))
    table = find_table(sheet, sample, hints)
    known = _known_columns(table, hints, remembered)
    mapping = map_columns(table, known.columns)
    absent = _not_a_list(table, mapping, known)
    if absent:
        return _refused(sheet, table, mapping, absent)
    price = mapping.columns["price"]
    words = mapping.all_columns[price].words if price in mapping.all_columns else NOTHING_SAID
    currency = find_currency(sheet, table, price, mapping.columns.get("currency"), words, hints)
    styles = find_styles(table, mapping.columns, hints)
    key, key_question = _key(mapping)
    questions = [q for q in (key_question, *_price_questions(table, mapping), *_table_questions(table)) if q]
    questions += _money_questions(styles.get("price"), currency, price)
    questions += _drift_questions(known)
    settled = set(remembered.settled) if remembered and known.drift and not known.drift.touches_fields else set()
    open_questions = tuple(q for q in questions if q.code not in settled or q.code in ("decimal", "currency"))
    confidence = _confidence(table, mapping, known)
    decision: Decision = "accept" if confidence >= ACCEPT_FROM and not open_questions else "ask"
    if decision == "ask" and not open_questions:
        open_questions = (_weakest(table, mapping),)
    return MappedSheet(
        sheet=sheet.name,
        is_pricelist=True,
        header_row_index=table.header_rows[0] if table.header_rows else -1,
        header_rows=table.header_rows,
        first_data_row=table.first_data_row,
        last_data_row=table.last_data_row,
        first_column=table.first_column,
        last_column=table.last_column,
        headers=table.headers,
        fields=_fields(table, mapping),
        characteristics=_characteristics(table, mapping, hints),
        key=key,
        currency=currency.code,
        currency_evidence=currency.evidence,
        number_styles=styles,
        qualifiers=_qualifiers(table, mapping),
        confidence=round(confidence, 3),
        decision=decision,
        alternatives=mapping.alternatives,
        questions=open_questions,
        language=_language(mapping),
        signature=signature_of(table.headers),
        notes=(*sheet.notes, *table.others, *(known.drift.sentences() if known.drift else ())),
    )


def _check_rows(hints: ReadingHints, rows: int) -> None:
    for name, row in (("header", hints.header_row), ("first data", hints.data_start_row)):
        if row and row > rows:
            raise SheetError(f"row {row} was given as the {name} row, but the sheet has {rows} rows")
    if hints.header_row and hints.data_start_row and hints.data_start_row <= hints.header_row:
        raise SheetError(f"the data cannot start in row {hints.data_start_row} above the header {hints.header_row}")


def _known_columns(table: Table, hints: ReadingHints, remembered: RememberedMapping | None) -> _Known:
    width = max(len(table.headers), max((len(row) for _, row in table.body), default=0))
    given = resolve_columns(hints.column_mapping, table.headers, width)
    if remembered is None:
        return _Known(given, frozenset(given), None)
    if not any(remembered.headers):
        same = signature_of(table.headers) == remembered.signature
        fields, drift = (remembered.fields, DriftReport()) if same else ({}, DriftReport(lost_fields=("price",)))
    else:
        fields, drift = compare_headers(remembered, table.headers)
    kept = {f: c for f, c in fields.items() if f not in given and c not in given.values()}
    return _Known({**kept, **given}, frozenset(given), drift)


def _not_a_list(table: Table, mapping: Mapping, known: _Known) -> str:
    """Why the tab is no price list; empty where it is one."""
    if not table.body:
        return "the tab has no rows that could be items"
    if not table.header_rows and _has_record_types(table):
        return "its rows are records of several types (as in DATANORM), not a table"
    if "price" not in mapping.columns:
        return "no column looks like a price"
    if not ({"name", "supplier_sku", "barcode"} & mapping.columns.keys()):
        return "no column names the items"
    if known.columns:
        return ""
    choice = mapping.price
    said = choice.chosen.said if choice else 1.0
    if said < 0.5 and "name" not in mapping.columns:
        return "nothing says price and no column holds names"
    if said < 0.5 and not table.header_rows and len(table.body) < 3:
        return "too few rows without a header"
    return ""


def _has_record_types(table: Table) -> bool:
    """A first column of single letters, each with its own filling of the other columns."""
    letters = [str(row[0]).strip() for _, row in table.body if row and row[0]]
    if len(letters) < 0.9 * len(table.body) or not 2 <= len(set(letters)) <= 8:
        return False
    return all(len(letter) == 1 and letter.isalpha() for letter in letters)


def _refused(sheet: Sheet, table: Table, mapping: Mapping, why: str) -> MappedSheet:
    return MappedSheet(
        sheet=sheet.name,
        is_pricelist=False,
        header_row_index=table.header_rows[0] if table.header_rows else -1,
        header_rows=table.header_rows,
        first_data_row=table.first_data_row,
        headers=table.headers,
        confidence=0.0,
        decision="refuse",
        signature=signature_of(table.headers),
        notes=(f"not a price list: {why}", *sheet.notes),
    )


def _fields(table: Table, mapping: Mapping) -> dict[str, FieldColumn]:
    return {
        field: FieldColumn(
            column=column,
            header=table.headers[column] if column < len(table.headers) else "",
            confidence=mapping.confidence.get(field, 1.0),
            evidence=mapping.evidence.get(field, ()),
        )
        for field, column in mapping.columns.items()
    }


def _key(mapping: Mapping) -> tuple[KeyField, Question | None]:
    """What identifies an item: its SKU, else its barcode, else its name; with a question where none is unique."""

    def good(field: str, fill: float, variety: float) -> bool:
        column = mapping.all_columns.get(mapping.columns.get(field, -1))
        return column is not None and column.profile.fill >= fill and column.profile.variety >= variety

    if mapping.confidence.get("supplier_sku") == 1.0 or good("supplier_sku", 0.4, 0.3):
        return "supplier_sku", None
    if good("barcode", 0.8, 0.9):
        return "barcode", None
    if good("name", 0.5, 0.75):
        return "name", None
    fallback: KeyField = "supplier_sku" if "supplier_sku" in mapping.columns else "name"
    return fallback, Question(
        code="key",
        message="there is no article number or barcode, and the names repeat. Which column identifies an item?",
        field="supplier_sku",
    )


def _price_questions(table: Table, mapping: Mapping) -> list[Question]:
    choice = mapping.price
    if choice is None:
        return []
    columns = (choice.chosen.column, *choice.contested)
    names = tuple(_title(table, column) for column in columns)
    if choice.contested:
        return [
            Question(
                code="price_column",
                message=f"which of {', '.join(names)} is the price to load?",
                field="price",
                columns=columns,
                options=names,
            )
        ]
    if choice.confidence < ACCEPT_FROM:
        return [
            Question(
                code="price_column",
                message=f"is {names[0]} the price? {choice.evidence[-1]}",
                field="price",
                columns=(*columns, *choice.alternatives),
                options=(*names, *(_title(table, column) for column in choice.alternatives)),
            )
        ]
    return []


def _table_questions(table: Table) -> list[Question]:
    return [
        Question(code="second_table", message=f"{other}. Only the main table is read; is that right?")
        for other in table.others
    ]


def _money_questions(style: NumberStyle | None, currency: CurrencyFound, price: int) -> list[Question]:
    questions = []
    if style is not None and style.ambiguous:
        questions.append(
            Question(
                code="decimal",
                message=f"is “.” or “,” the decimal mark in column {column_letter(price)}? {style.evidence}",
                field="price",
                columns=(price,),
                options=(".", ","),
            )
        )
    if len(currency.several) > 1:
        questions.append(
            Question(
                code="currency",
                message=f"the prices are in several currencies: {', '.join(currency.several)}. Is that right?",
                field="currency",
                options=currency.several,
            )
        )
    return questions


def _drift_questions(known: _Known) -> list[Question]:
    drift = known.drift
    if drift is None or not drift.touches_fields:
        return []
    lost = [field for field in drift.lost_fields if field not in known.given]
    told = [f"“{m.header_before}” ({m.field}) is now called “{m.header_now}”" for m in drift.renamed if m.field]
    told += [f"the column of {field} is gone" for field in lost]
    told += drift.value_changes
    return [Question(code="drift", message=f"since the last list: {text}. Is that right?") for text in told]


def _confidence(table: Table, mapping: Mapping, known: _Known) -> float:
    """As sure as the least sure of header, price, name and key."""
    parts = [
        mapping.confidence.get(field, 1.0) for field in ("price", "name", "supplier_sku") if field in mapping.columns
    ]
    if not table.header_rows and not known.columns:
        parts.append(_without_header(mapping))
    if table.header_rows and table.header_score < 3.5 and not known.columns:
        parts.append(0.6 + 0.1 * max(0.0, table.header_score - 2.2))
    if "name" not in mapping.columns and "supplier_sku" not in known.columns:
        parts.append(mapping.confidence.get("supplier_sku", 0.5) - 0.05)
    return min(parts, default=0.0)


def _without_header(mapping: Mapping) -> float:
    """Values alone are trusted only where there is one way to read them."""
    choice = mapping.price
    if choice is None:
        return 1.0
    only = not choice.alternatives
    money = choice.chosen.profile.share("money", "decimal") > 0.3
    return 0.85 if only and money else 0.65


def _weakest(table: Table, mapping: Mapping) -> Question:
    sure = {f: c for f, c in mapping.confidence.items() if f in ("price", "name", "supplier_sku")}
    field = min(sure, key=lambda f: sure[f])
    if not table.header_rows:
        return Question(
            code="header",
            message="the sheet has no header row; are the columns right as they were recognised by their values?",
            columns=tuple(mapping.columns.values()),
        )
    column = mapping.columns[field]
    return Question(
        code=f"{field}_column",
        message=f"is {_title(table, column)} the {field}?",
        field=field,
        columns=(column, *mapping.alternatives.get(field, ())),
        options=tuple(_title(table, c) for c in (column, *mapping.alternatives.get(field, ()))),
    )


def _title(table: Table, column: int) -> str:
    header = table.headers[column] if column < len(table.headers) else ""
    return f"“{header}” ({column_letter(column)})" if header else f"column {column_letter(column)}"


def _characteristics(table: Table, mapping: Mapping, hints: ReadingHints) -> dict[str, int]:
    """Header -> column of what is kept beside the fields."""
    taken = set(mapping.columns.values())
    if hints.characteristic_columns is not None:
        width = max(len(table.headers), max((len(row) for _, row in table.body), default=0))
        chosen = [resolve_column(c, table.headers, width) for c in hints.characteristic_columns]
    else:
        chosen = [c for c in table.columns if c not in taken and table.headers[c] and c in mapping.all_columns]
    named: dict[str, int] = {}
    for column in chosen:
        header = table.headers[column] if column < len(table.headers) else ""
        name = header or f"column {column_letter(column)}"
        number = 2
        while name in named:
            name = f"{header} ({number})"
            number += 1
        named[name] = column
    return named


def _qualifiers(table: Table, mapping: Mapping) -> dict[str, str]:
    column = mapping.all_columns.get(mapping.columns["price"])
    if column is None:
        return {}
    found = dict(column.words.qualifiers)
    if column.words.tier:
        found["tier"] = column.words.tier
    return found


def _language(mapping: Mapping) -> str | None:
    """The language in which most headers are said."""
    votes: dict[str, float] = {}
    for column in mapping.all_columns.values():
        for language in column.words.languages:
            votes[language] = votes.get(language, 0.0) + column.words.known / len(column.words.languages)
    return max(votes, key=lambda code: votes[code], default=None)


def signature_of(headers: tuple[str, ...]) -> str:
    """Stable name of a header: the normalised texts in order, trailing blanks left out."""
    texts = [normalise(header) for header in headers]
    while texts and not texts[-1]:
        texts.pop()
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:32]


def header_address(mapped: MappedSheet) -> str:
    """Where the header stands, for people: `A7`."""
    return cell_address(max(mapped.header_row_index, 0), mapped.first_column)
