"""The one pure function from an opened workbook to what its price list means: `understand`.

It puts together layout, mapping, currency and number style, and decides: accept, ask or refuse. Rows are read in
`core/rows/read.py`; what a person is asked is in `core/questions/ask.py`.
"""

import math
from typing import Final, NamedTuple

from ingestion_dagster.core.columns.assign_columns import Mapping, map_columns
from ingestion_dagster.core.columns.drift import DriftReport, RememberedMapping, compare_headers, value_changes
from ingestion_dagster.core.columns.hidden_columns import hidden_note
from ingestion_dagster.core.columns.money_evidence import find_currency, find_styles
from ingestion_dagster.core.columns.overrides import resolve_columns
from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.layout.find_table import Table, find_table
from ingestion_dagster.core.layout.sampling import take_sample
from ingestion_dagster.core.mapped_sheet import Decision, MappedSheet, Question, ReadingHints
from ingestion_dagster.core.mapping.name_groups import find_name_groups, name_questions
from ingestion_dagster.core.mapping.parts import (
    characteristics,
    field_columns,
    language_of,
    profile_prices,
    qualifiers,
    signature_of,
)
from ingestion_dagster.core.mapping.sections import find_sections, section_questions
from ingestion_dagster.core.price_terms import PriceSteps
from ingestion_dagster.core.pricing.decimals import decimals_questions
from ingestion_dagster.core.pricing.discount import discount_questions
from ingestion_dagster.core.pricing.meaning import find_meaning
from ingestion_dagster.core.pricing.step_rows import StepRows, find_step_rows, one_row_per_item
from ingestion_dagster.core.questions.ask import (
    ACCEPT_FROM,
    choose_key,
    confidence_of,
    drift_questions,
    money_questions,
    price_questions,
    table_questions,
    weakest_question,
)
from ingestion_dagster.core.sheets import Row, Sheet, Workbook
from ingestion_dagster.core.words.lexicon import NOTHING_SAID

_TABS_LOOKED_AT: Final = 30
_ALWAYS_OPEN: Final = frozenset({"decimal", "drift", "second_header"})
"""Questions that an earlier confirmation does not answer for new values."""


class _Known(NamedTuple):
    """Columns that a person gave or confirmed, columns known to be no field, and how the header drifted."""

    columns: dict[str, int]
    given: frozenset[str]
    closed: frozenset[int]
    drift: DriftReport | None


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
    rivals = tuple(m.sheet for w, m in understood if m is not best and m.is_pricelist and w > 0.6 * worth)
    best = best.model_copy(update={"other_sheets": tuple(sheet.name for sheet in sheets if sheet.name != best.sheet)})
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


def _understand_tab(sheet: Sheet, hints: ReadingHints, remembered: RememberedMapping | None) -> MappedSheet:
    mapped = _understand_part(sheet, hints, remembered)
    if not mapped.is_pricelist:
        return mapped
    sections, asked = find_sections(sheet, mapped, hints, _part_of_list)
    settled = remembered.settled if remembered else ()
    asked += tuple(section_questions(sections, settled, mapped.fields["price"].header))
    decision: Decision = "ask" if asked else mapped.decision
    return mapped.model_copy(
        update={"sections": sections, "questions": (*mapped.questions, *asked), "decision": decision}
    )


def _part_of_list(sheet: Sheet, hints: ReadingHints) -> MappedSheet | None:
    """A section's header and the rows below it as a list of their own; None where its columns cannot be found."""
    try:
        return _understand_part(sheet, hints, None)
    except SheetError:
        return None


def _understand_part(sheet: Sheet, hints: ReadingHints, remembered: RememberedMapping | None) -> MappedSheet:
    sample = take_sample(sheet)
    _check_rows(hints, len(sample.top) + len(sample.spread))
    table = find_table(sheet, sample, hints)
    known = _known_columns(table, hints, remembered)
    mapping = map_columns(table, known.columns, known.closed)
    steps = find_step_rows(table, mapping)
    if steps is not None:
        table = one_row_per_item(table, steps)
        mapping = map_columns(table, known.columns, known.closed | {steps.quantity_column})
    why_not = _why_no_list(table, mapping, bool(known.columns))
    if not known.columns and not table.header_rows and _has_record_types(sample.top):
        why_not = "its rows are records of several types (as in DATANORM), not a table"
    if why_not:
        return _refused(sheet, table, why_not)
    return _price_list(sheet, table, mapping, hints, known, remembered, steps)


def _price_list(
    sheet: Sheet,
    table: Table,
    mapping: Mapping,
    hints: ReadingHints,
    known: _Known,
    remembered: RememberedMapping | None,
    steps: StepRows | None,
) -> MappedSheet:
    price = mapping.columns["price"]
    words = mapping.all_columns[price].words if price in mapping.all_columns else NOTHING_SAID
    meaning = find_meaning(table, mapping, hints)
    currency = find_currency(sheet, table, price, mapping.columns.get("currency"), words, hints, meaning.currency)
    styles = find_styles(table, mapping.columns, hints)
    key, questions = choose_key(mapping)
    profile = profile_prices(table, mapping, mapping.columns.get(key), currency.code)
    drift = known.drift
    if drift is not None and remembered is not None:
        drift = drift.model_copy(update={"value_changes": value_changes(remembered.price_profile, profile)})
        questions += drift_questions(drift, known.given)
    groups = find_name_groups(table, mapping)
    questions += [
        *price_questions(table, mapping),
        *discount_questions(table, mapping, hints),
        *meaning.questions,
        *name_questions(table, mapping, groups),
        *table_questions(table),
    ]
    questions += money_questions(styles.get("price"), currency, price)
    questions += decimals_questions(table, price, styles.get("price"), hints)
    still_open = _unsettled(questions, remembered, drift)
    confidence = confidence_of(table, mapping, bool(known.columns))
    decision: Decision = "accept" if confidence >= ACCEPT_FROM and not still_open else "ask"
    if decision == "ask" and not still_open:
        still_open = (weakest_question(table, mapping),)
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
        fields=field_columns(table, mapping),
        characteristics=characteristics(table, mapping, hints),
        key=key,
        currency=currency.code,
        currency_evidence=currency.evidence,
        currency_over_formats=currency.over_formats,
        number_styles=styles,
        qualifiers=qualifiers(table, mapping, meaning.terms),
        price_terms=meaning.terms,
        steps=PriceSteps(
            columns=tuple((step.column, step.from_quantity) for step in mapping.steps),
            quantity_column=steps.quantity_column if steps is not None else None,
        ),
        confidence=round(confidence, 3),
        decision=decision,
        alternatives=mapping.alternatives,
        questions=still_open,
        language=language_of(mapping),
        signature=signature_of(table.headers),
        notes=(
            *sheet.notes,
            *meaning.terms.evidence,
            *table.others,
            *hidden_note(mapping, table.headers, table.hidden),
            *(drift.sentences() if drift else ()),
        ),
        price_profile=profile,
        name_groups=groups,
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
        return _Known(given, frozenset(given), frozenset(), None)
    if any(remembered.headers):
        found, drift = compare_headers(remembered, table.headers)
        new = {column for column in table.columns if table.headers[column] in drift.added}
    else:
        same = signature_of(table.headers) == remembered.signature
        found, drift = (remembered.fields, DriftReport()) if same else ({}, DriftReport(lost_fields=("price",)))
        new = set() if same else set(table.columns)
    if "price" not in found and "price" not in given:
        new = set(table.columns)
    kept = {f: c for f, c in found.items() if f not in given and c not in given.values()}
    columns = {**kept, **given}
    return _Known(columns, frozenset(given), frozenset(table.columns) - new - set(columns.values()), drift)


def _unsettled(
    questions: list[Question], remembered: RememberedMapping | None, drift: DriftReport | None
) -> tuple[Question, ...]:
    """Questions that no person has answered for these very headers."""
    if remembered is None or drift is None or drift.touches_fields:
        return tuple(questions)
    return tuple(q for q in questions if q.code in _ALWAYS_OPEN or q.code not in remembered.settled)


def _why_no_list(table: Table, mapping: Mapping, known: bool) -> str:
    """Why the tab is no price list; empty where it is one."""
    if not table.body:
        return "the tab has no rows that could be items"
    if "price" not in mapping.columns:
        return "no column looks like a price"
    if not ({"name", "supplier_sku", "barcode"} & mapping.columns.keys()):
        return "no column names the items"
    said = mapping.price.chosen.said if mapping.price else 1.0
    if known or said >= 0.5:
        return ""
    if "name" not in mapping.columns:
        return "nothing says price and no column holds names"
    if not table.header_rows and len(table.body) < 3:
        return "too few rows without a header"
    return ""


def _has_record_types(rows: list[Row]) -> bool:
    """A first column of a few single letters, in nearly every row."""
    firsts = [str(row[0]).strip() for row in rows if row and row[0]]
    letters = [text for text in firsts if len(text) == 1 and text.isalpha()]
    return len(letters) >= max(4, 0.8 * len(rows)) and 2 <= len(set(letters)) <= 8


def _refused(sheet: Sheet, table: Table, why: str) -> MappedSheet:
    return MappedSheet(
        sheet=sheet.name,
        is_pricelist=False,
        header_row_index=table.header_rows[0] if table.header_rows else -1,
        header_rows=table.header_rows,
        first_data_row=table.first_data_row,
        headers=table.headers,
        signature=signature_of(table.headers),
        notes=(f"not a price list: {why}", *sheet.notes),
    )
