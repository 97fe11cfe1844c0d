"""Parts of one table that are read by a header or a title of their own: where they begin and what changes there.

A further header in the list is read as one: what stands below is read by it. Where it changes what the prices are, or a
title between the rows does, a person is asked. The rows themselves are read in `core/rows/read.py`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from itertools import islice
from typing import Final

from ingestion_dagster.core.columns.money_evidence import price_statements
from ingestion_dagster.core.layout.cell_kinds import rough_number
from ingestion_dagster.core.layout.further_headers import further_header
from ingestion_dagster.core.mapped_sheet import MappedSheet, Question, ReadingHints, Section
from ingestion_dagster.core.price_terms import PriceTerms, with_what_is_said_above
from ingestion_dagster.core.sheets import Range, Row, Sheet
from ingestion_dagster.core.values.currencies import currency_of_format, find_signs
from ingestion_dagster.core.words.lexicon import read_header
from ingestion_dagster.core.words.normalise import normalise
from ingestion_dagster.core.words.price_basis import basis_in_header
from ingestion_dagster.core.words.price_scale import scale_in_statement

ReadPart = Callable[[Sheet, ReadingHints], MappedSheet | None]
"""Understands the sheet that begins with a section's header; None where it is no list."""

MOST: Final = 200
"""Changes within one list that are followed; more of them are no list that anybody checks."""
_BLOCK: Final = 2000
_ITEMS_FOLLOW: Final = 10
_DIGIT: Final = re.compile("[0-9]")
_TITLE_CELLS: Final = 2
_LONGEST_TITLE: Final = 400
_ABOUT: Final = {
    "header_row_index", "header_rows", "first_data_row", "headers", "signature", "fields", "currency_evidence",
    "confidence", "decision", "alternatives", "questions", "language", "notes", "other_sheets", "price_profile",
    "sections",
}  # fmt: skip
"""Parts of a reading that tell where it was found and how sure it is, not how rows are read."""
_WHOSE: Final = {"tier": "whose price it is", "tax": "net or gross"}
"""Qualifiers of the price that no header changes without a question."""


@dataclass(slots=True)
class _Finder:
    """Walks over a sheet's rows; `now` is the reading in force."""

    sheet: Sheet
    main: MappedSheet
    hints: ReadingHints
    read_part: ReadPart
    now: MappedSheet
    found: list[Section] = field(default_factory=list)
    known: dict[tuple[str, ...], tuple[MappedSheet | None, str]] = field(default_factory=dict)
    """Texts of a header -> what it says, so that each is read once."""

    def look(self, number: int, row: Row, following: list[Row]) -> None:
        first, last = self.now.first_column, self.now.last_column
        columns = range(first, len(row) if last is None else min(len(row), last + 1))
        if not self._has_code(row):
            kind = further_header(row, self.now.headers, columns)
            if kind == "other" and any(rough_number(value) is not None for below in following for value in below):
                self._header(number, row)
            if kind != "no":
                return
        if said := _statement(row, columns):
            self._title(number, said, following)

    def _has_code(self, row: Row) -> bool:
        """Whether the column of the key holds a number or a text with digits: no header does."""
        key = self.now.column(self.now.key)
        value = row[key] if key is not None and key < len(row) else None
        return bool(_DIGIT.search(value)) if isinstance(value, str) else value is not None

    def _header(self, number: int, row: Row) -> None:
        texts = tuple(normalise(value) if isinstance(value, str) else "" for value in row)
        if texts not in self.known:
            self.known[texts] = self._read(number)
        reading, doubt = self.known[texts]
        if reading is None:
            self.found.append(Section(first_row=number, reading=None, doubt=doubt or "the columns are not clear"))
            return
        shift = number - reading.header_row_index
        reading = reading.model_copy(
            update={
                "header_row_index": number,
                "header_rows": tuple(r + shift for r in reading.header_rows),
                "first_data_row": reading.first_data_row + shift,
            }
        )
        if _reads_alike(reading, self.now):
            return
        self.now = reading
        self.found.append(Section(first_row=number, reading=reading, doubt=doubt))

    def _read(self, number: int) -> tuple[MappedSheet | None, str]:
        """The reading below the header in row `number` (positions in the whole sheet), and what is doubtful of it."""
        part = part_of(self.sheet, number)
        given = _given(self.main, part, self.hints)
        hints = self.hints.model_copy(
            update={"header_row": 1, "data_start_row": None, "column_mapping": given, "sheet_name": None}
        )
        reading = self.read_part(part, hints)
        if reading is None or not reading.is_pricelist:
            return None, ""
        reading = reading.model_copy(
            update={
                "header_row_index": number,
                "header_rows": tuple(row + number for row in reading.header_rows),
                "first_data_row": reading.first_data_row + number,
                "last_data_row": self.main.last_data_row,
                "first_column": self.main.first_column,
                "last_column": self.main.last_column,
                "price_terms": with_what_is_said_above(reading.price_terms, self.main.price_terms),
                "key": self.main.key if reading.column(self.main.key) is not None else reading.key,
                "sections": (),
            }
        )
        return reading, _doubt(reading, self.main, "price" in given)

    def _title(self, number: int, said: tuple[str, str | None, str | None], following: list[Row]) -> None:
        text, currency, tax = said
        changed = {}
        if currency and currency != self.now.currency and not self._tell_currency(number, following):
            changed["currency"] = currency
        own_tax = self.now.qualifiers.get("tax")
        if tax and tax != own_tax and (own_tax or not changed):
            changed["tax"] = tax
        terms = _terms_of_title(text, self.now.price_terms)
        if terms.basis != self.now.price_terms.basis:
            changed["basis"] = f"per {terms.basis}"
        if terms.scale != self.now.price_terms.scale:
            changed["scale"] = f"times {terms.scale:f}"
        if not changed or not self._prices(following):
            return
        update: dict[str, object] = {"price_terms": terms}
        if "tax" in changed:
            update["qualifiers"] = {**self.now.qualifiers, "tax": changed["tax"]}
        if "currency" in changed:
            evidence = f"the title “{text[:80]}” in row {number + 1} says so"
            update |= {"currency": changed["currency"], "currency_evidence": evidence}
        self.now = self.now.model_copy(update=update)
        told = ", ".join(changed.values())
        self.found.append(Section(first_row=number, reading=self.now, doubt=f"“{text[:80]}” says {told}"))

    def _prices(self, following: list[Row]) -> bool:
        price = self.now.column("price")
        return any(rough_number(row[price]) is not None for row in following if price is not None and price < len(row))

    def _tell_currency(self, number: int, following: list[Row]) -> bool:
        """Whether the rows below say their currency themselves."""
        price, own = self.now.column("price"), self.now.column("currency")
        for offset, row in enumerate(following, start=1):
            if own is not None and own < len(row) and row[own]:
                return True
            value = row[price] if price is not None and price < len(row) else None
            if isinstance(value, str) and find_signs(value, beside_number=True):
                return True
            if price is not None and value is not None:
                shown = self.sheet.number_format(number + offset, price)
                if currency_of_format(shown, self.now.currency):
                    return True
        return False


def find_sections(
    sheet: Sheet, main: MappedSheet, hints: ReadingHints, read_part: ReadPart
) -> tuple[tuple[Section, ...], tuple[Question, ...]]:
    """The sections of `main`'s table in order, and what a person must say about them. Reads the whole sheet once."""
    finder = _Finder(sheet, main, hints, read_part, main)
    for first, block in _blocks(sheet, main):
        price = finder.now.fields["price"].column
        for place, row in enumerate(block[:_BLOCK]):
            cell = row[price] if price < len(row) else None
            if isinstance(cell, int | float) or (isinstance(cell, str) and cell[:1].isdigit()):
                continue
            finder.look(first + place, row, block[place + 1 : place + 1 + _ITEMS_FOLLOW])
            price = finder.now.fields["price"].column
        if len(finder.found) > MOST:
            message = f"the columns or the currency change more than {MOST} times within the list; is it one list?"
            return (), (Question(code="second_header", message=message),)
    return tuple(finder.found), ()


def section_questions(sections: tuple[Section, ...], settled: tuple[str, ...], price_header: str) -> list[Question]:
    """One question for all sections that change what the prices are and that nobody has answered yet."""
    open_ = [s for s in sections if s.doubt and s.signature not in settled]
    if not open_:
        return []
    told = "; ".join(f"from row {section.first_row + 1} on {section.doubt}" for section in open_[:3])
    more = f" (and {len(open_) - 3} more)" if len(open_) > 3 else ""
    return [
        Question(
            code="second_header",
            message=f"another header or title stands within the list: {told}{more}. Are the rows below it to be loaded "
            f"by what it says? Above it the price is “{price_header}”.",
            field="price",
            options=("as it says", "as above"),
        )
    ]


def part_of(sheet: Sheet, first_row: int) -> Sheet:
    """The sheet from `first_row` on as a sheet of its own."""
    return replaced(
        sheet,
        open_rows=lambda: islice(sheet.open_rows(), first_row, None),
        merges=tuple(
            Range(m.first_row - first_row, m.first_column, m.last_row - first_row, m.last_column)
            for m in sheet.merges
            if m.first_row >= first_row
        ),
        hidden_rows=frozenset(row - first_row for row in sheet.hidden_rows if row >= first_row),
        number_format=lambda row, column: sheet.number_format(row + first_row, column),
        notes=(),
    )


def _blocks(sheet: Sheet, main: MappedSheet) -> Iterator[tuple[int, list[Row]]]:
    """(number of its first row, rows): the table in blocks, each with the first rows of the next one behind it."""
    number, last = main.first_data_row, main.last_data_row
    rows = islice(sheet.rows(), number, None if last is None else last + 1)
    block = list(islice(rows, _BLOCK))
    while block:
        after = list(islice(rows, _BLOCK))
        yield number, block + after[:_ITEMS_FOLLOW]
        number += len(block)
        block = after


def _given(main: MappedSheet, part: Sheet, hints: ReadingHints) -> dict[str, str | int]:
    """field -> column (1-based) where the section's header repeats the text of the field's header."""
    own = next(iter(part.rows()), [])
    texts = [normalise(value) if isinstance(value, str) else "" for value in own]
    given: dict[str, str | int] = {}
    for name, found in main.fields.items():
        text = normalise(found.header)
        if text and texts.count(text) == 1:
            given[name] = texts.index(text) + 1
    return given


def _reads_alike(one: MappedSheet, other: MappedSheet) -> bool:
    """Whether rows are read the same way by both."""
    return one.mapping() == other.mapping() and one.model_dump(exclude=_ABOUT) == other.model_dump(exclude=_ABOUT)


def _doubt(reading: MappedSheet, main: MappedSheet, same_price: bool) -> str:
    """What a person should look at before rows are read by `reading`; empty where it is clear."""
    if reading.decision != "accept":
        return " ".join(question.message for question in reading.questions) or "the columns are not clear"
    if reading.column(main.key) is None:
        return "the column that identifies an item is missing"
    if same_price:
        return ""
    header = reading.fields["price"].header
    for name, meaning in _WHOSE.items():
        here, there = reading.qualifiers.get(name), main.qualifiers.get(name)
        if here != there:
            return f"the price is “{header}” ({meaning}: {here or 'not said'}, above {there or 'not said'})"
    if reading.currency is None and main.currency is not None:
        return f"the price is “{header}” without a currency"
    return ""


def _terms_of_title(text: str, now: PriceTerms) -> PriceTerms:
    """What a title between the rows says of basis and scale, over what held above it."""
    basis, scale = basis_in_header(text), scale_in_statement(text)
    update: dict[str, object] = {}
    if basis is not None and not basis.doubtful and now.basis_column is None:
        update["basis"] = basis.pieces
    if scale is not None and not scale.doubtful:
        update["scale"] = scale.factor
    return now.model_copy(update=update)


def _statement(row: Row, columns: range) -> tuple[str, str | None, str | None] | None:
    """(text, currency, net or gross) of a title between the rows that speaks about prices."""
    texts = [row[c] for c in columns if row[c] not in (None, "")]
    if not 1 <= len(texts) <= _TITLE_CELLS:
        return None
    for text in texts:
        if not isinstance(text, str) or len(text) > _LONGEST_TITLE or not price_statements([text]):
            continue
        codes = {sign.code(None) for sign in find_signs(text, beside_number=False)} - {None}
        tax = read_header(text[:200]).qualifiers.get("tax")
        terms = basis_in_header(text) or scale_in_statement(text)
        if len(codes) == 1 or ((tax or terms) and not codes):
            return text, codes.pop() if codes else None, tax
    return None
