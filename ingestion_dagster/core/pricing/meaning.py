"""What the prices of a list mean: for how many pieces they are and in which part of the currency. Finds the terms and
what must be asked; the arithmetic is in `core/price_terms.py`.

Where two readings would load different prices, prices are taken as printed and the question shows both.
"""

from decimal import Decimal
from typing import Final, NamedTuple

from ingestion_dagster.core.columns.assign_columns import Mapping
from ingestion_dagster.core.columns.basis_columns import pack_size_columns, values_of
from ingestion_dagster.core.columns.money_evidence import price_statements
from ingestion_dagster.core.columns.overrides import resolve_column
from ingestion_dagster.core.layout.cell_kinds import kind_of
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import Question, ReadingHints
from ingestion_dagster.core.price_terms import NOTHING_DONE, PriceTerms, piece_price
from ingestion_dagster.core.pricing.readings import Prices, basis_question, listed, printed_number, scale_question
from ingestion_dagster.core.questions.ask import column_title
from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.words.price_basis import (
    LETTERS,
    HeaderBasis,
    are_letter_codes,
    basis_in_header,
    basis_in_price,
    basis_in_unit,
    basis_of,
)
from ingestion_dagster.core.words.price_scale import Scale, scale_in_header, scale_in_statement

_SHORT_STATEMENT: Final = 8
"""Words of a sentence above the table that speaks of nothing but the prices' basis."""
_BLANKS_MEAN_ONE: Final = 0.1
_FRACTIONS: Final = 0.3
_SAID: Final = 0.5


class Meaning(NamedTuple):
    """The terms of a list's prices, the questions they leave, and the currency that a scale's word implies."""

    terms: PriceTerms
    questions: tuple[Question, ...] = ()
    currency: str | None = None


def find_meaning(table: Table, mapping: Mapping, hints: ReadingHints) -> Meaning:
    """What the prices of the mapped price column mean. Raises SheetError where a setting names a column that the sheet
    does not have."""
    column = mapping.columns["price"]
    header = table.headers[column] if column < len(table.headers) else ""
    prices = Prices(table, mapping, column, header, values_of(table, column))
    scaled = _scaled(prices, hints)
    based = _based(prices, hints)
    own_unit = based.terms.basis_column is not None and based.terms.basis_column == mapping.columns.get("unit")
    terms = based.terms.model_copy(
        update={
            "scale": scaled.terms.scale,
            "above": (*scaled.terms.above, *based.terms.above),
            "in_units": based.terms.in_units or own_unit,
            "evidence": (*scaled.terms.evidence, *based.terms.evidence),
        }
    )
    return Meaning(terms, (*scaled.questions, *based.questions), scaled.currency)


def _scaled(prices: Prices, hints: ReadingHints) -> Meaning:
    if hints.price_factor is not None:
        told = (f"the supplier's setting: printed prices times {hints.price_factor}",)
        return Meaning(PriceTerms(scale=hints.price_factor, evidence=told if hints.price_factor != 1 else ()))
    said, where, above = scale_in_header(prices.header), f"the header “{prices.header}”", False
    if said is None:
        texts = price_statements(prices.table.around)
        said, text = next(((scale, text) for text in texts if (scale := scale_in_statement(text))), (None, ""))
        where, above = f"the text “{text[:80]}”", True
    if said is None:
        return _scaled_by_currency(prices)
    if said.doubtful or _contradicts(said, prices.values):
        return Meaning(NOTHING_DONE, (scale_question(prices, said, where),))
    evidence = f"{where} says “{said.word}”: printed prices times {said.factor:f}"
    terms = PriceTerms(scale=said.factor, evidence=(evidence,), above=("scale",) if above else ())
    return Meaning(terms, currency=said.currency)


def _scaled_by_currency(prices: Prices) -> Meaning:
    """A currency column that names a coin (`GBX`, `GBp`): every price is in it, or a person is asked."""
    for column in prices.mapping.all_columns.values():
        if column.words.scores.get("currency", 0.0) < _SAID:
            continue
        texts = [
            value for value in values_of(prices.table, column.position) if isinstance(value, str) and value.strip()
        ]
        scales = [scale_in_header(text) for text in texts]
        said = next((scale for scale in scales if scale is not None), None)
        if said is None:
            continue
        where = column_title(prices.table, column.position)
        if said.doubtful or any(scale != said for scale in scales) or _contradicts(said, prices.values):
            return Meaning(NOTHING_DONE, (scale_question(prices, said, where),))
        evidence = f"{where} says “{said.word}”: printed prices times {said.factor:f}"
        return Meaning(PriceTerms(scale=said.factor, evidence=(evidence,)), currency=said.currency)
    return Meaning(NOTHING_DONE)


def _contradicts(said: Scale, values: list[CellValue]) -> bool:
    """Cells with their own currency sign are amounts of it; cents with decimals are hardly cents."""
    kinds = [kind for kind in map(kind_of, values) if kind in ("int", "decimal", "money")]
    signs, fractions = kinds.count("money"), kinds.count("decimal")
    return signs > 0 or (said.factor < 1 and fractions > _FRACTIONS * len(kinds))


def _based(prices: Prices, hints: ReadingHints) -> Meaning:
    if isinstance(hints.price_basis, int):
        told = f"the supplier's setting: printed prices are for {hints.price_basis}"
        return Meaning(PriceTerms(basis=hints.price_basis, evidence=(told,) if hints.price_basis > 1 else ()))
    if hints.price_basis is not None:
        width = max(len(prices.table.headers), max((len(row) for _, row in prices.table.body), default=0))
        column = resolve_column(hints.price_basis, prices.table.headers, width)
        return Meaning(_column_terms(prices, column, "the supplier's setting"))
    for find in (_from_column, _from_pack, _from_words):
        found = find(prices)
        if found is not None:
            return _with_cells(prices, found)
    return _with_cells(prices, Meaning(NOTHING_DONE))


def _from_column(prices: Prices) -> Meaning | None:
    basis = prices.mapping.basis
    if basis is None:
        return None
    title = column_title(prices.table, basis.column)
    counts = [count for count in map(basis_of, values_of(prices.table, basis.column)) if count]
    header = basis_in_header(prices.header)
    contradicted = header is not None and set(counts) - {header.pieces}
    if not basis.sure or contradicted:
        count = next((count for count in counts if count > 1), 0)
        if not count:
            return None
        other = f"; {prices.header!r} says {header.pieces}" if header and contradicted else ""
        return Meaning(
            NOTHING_DONE,
            (
                basis_question(
                    prices, f"{title} holds {listed(counts)}{other}", count, prices.table.headers[basis.column]
                ),
            ),
        )
    return Meaning(_column_terms(prices, basis.column, f"{title} says for how many pieces a price is"))


def _column_terms(prices: Prices, column: int, evidence: str) -> PriceTerms:
    counts = list(map(basis_of, values_of(prices.table, column)))
    blanks = sum(1 for count in counts if count is None)
    known = {count for count in counts if count is not None}
    clear = known <= {1} or (1 not in known and blanks >= max(2, _BLANKS_MEAN_ONE * len(counts)))
    codes = {v.strip() for v in values_of(prices.table, column) if isinstance(v, str)}
    return PriceTerms(
        basis_column=column,
        blank_basis="one" if clear else "reject",
        letters=bool(codes & LETTERS.keys()),
        evidence=(f"{evidence}: {listed([count for count in counts if count])}",),
    )


def _from_pack(prices: Prices) -> Meaning | None:
    """A price that its words say is a pack's, beside a column that counts the pieces of a pack."""
    column = prices.mapping.all_columns.get(prices.column)
    if column is None or column.words.qualifiers.get("per") != "pack":
        return None
    sizes = [c for c in pack_size_columns(prices.table, prices.mapping.all_columns) if c != prices.column]
    if not sizes:
        return None
    titles = " and ".join(column_title(prices.table, size) for size in sizes)
    counts = [(p, b) for p, b in zip(prices.values, values_of(prices.table, sizes[0]), strict=True)]
    pairs = [(Decimal(str(p)), b) for value, size in counts if (p := printed_number(value)) and (b := basis_of(size))]
    if all(basis == 1 for _, basis in pairs):
        return None
    if len(sizes) > 1 or any(isinstance(piece_price(p, Decimal(1), b, "reject"), str) for p, b in pairs):
        count = next(basis for _, basis in pairs if basis > 1)
        question = basis_question(
            prices, f"{prices.header!r} is a pack's price, {titles} its content", count, prices.table.headers[sizes[0]]
        )
        return Meaning(NOTHING_DONE, (question,))
    terms = _column_terms(prices, sizes[0], f"“{prices.header}” is a pack's price, {titles} its content")
    return Meaning(terms.model_copy(update={"pack": True, "blank_basis": "reject"}))


def _from_words(prices: Prices) -> Meaning | None:
    """The price's header, or a sentence above the table."""
    said, where, above = basis_in_header(prices.header), f"the header “{prices.header}”", False
    if said is None:
        for text in price_statements(prices.table.around):
            if found := basis_in_header(text):
                doubtful = found.doubtful or len(text.split()) > _SHORT_STATEMENT
                said, where, above = HeaderBasis(found.pieces, doubtful), f"the text “{text[:80]}”", True
                break
    if said is None:
        return None
    if said.doubtful:
        return Meaning(NOTHING_DONE, (basis_question(prices, f"{where} may say per {said.pieces}", said.pieces),))
    evidence = (f"{where} says per {said.pieces}",)
    return Meaning(PriceTerms(basis=said.pieces, evidence=evidence, above=("basis",) if above else ()))


def _with_cells(prices: Prices, found: Meaning) -> Meaning:
    """What single price cells and units say, beside what was found for the whole list."""
    terms, questions = found.terms, list(found.questions)
    for look in (_letters_in_prices, _slashes_in_prices, _counts_in_units):
        update, question = look(prices)
        evidence = (*terms.evidence, *update.pop("evidence", ()))  # type: ignore[misc]
        terms = terms.model_copy(update={**update, "evidence": evidence})
        questions += [question] if question and not questions else []
    return Meaning(terms, tuple(questions))


_Look = tuple[dict[str, object], Question | None]


def _letters_in_prices(prices: Prices) -> _Look:
    texts = [value for value in prices.values if isinstance(value, str)]
    said = [basis for text in texts if (basis := basis_in_price(text)) and basis.said == "letter"]
    if not said:
        return {}, None
    codes = {letter for letter, count in LETTERS.items() if any(basis.pieces == count for basis in said)}
    codes |= {"E"} if any(text.rstrip().upper().endswith(("/E", "/EA", "/ EA")) for text in texts) else set()
    if are_letter_codes(codes):
        return {"letters": True, "evidence": ("“/C” is per hundred, “/M” per thousand",)}, None
    letter = "C" if "C" in codes else "M"
    meaning = "case" if letter == "C" else "metre"
    return {}, basis_question(prices, f"prices end in “/{letter}”, which may be a {meaning}", LETTERS[letter])


def _slashes_in_prices(prices: Prices) -> _Look:
    """`12.40 / 100`, where every bare number after a slash is a basis: two prices in a cell would differ more."""
    slashed = [value for value in prices.values if isinstance(value, str) and "/" in value]
    said = [basis for text in slashed if (basis := basis_in_price(text)) and basis.said == "slash"]
    others = [text for text in slashed if basis_in_price(text) is None and text.split("/")[-1].strip()[:1].isdigit()]
    if len(said) < 2 or others:
        return {}, None
    return {"slashes": True, "evidence": (f"the price cells say per {listed([b.pieces for b in said])}",)}, None


def _counts_in_units(prices: Prices) -> _Look:
    column = prices.mapping.columns.get("unit")
    if column is None:
        return {}, None
    texts = [value for value in values_of(prices.table, column) if isinstance(value, str)]
    title, codes = column_title(prices.table, column), {text.strip() for text in texts}
    if are_letter_codes(codes):
        return {"in_units": True, "letters": True, "evidence": (f"{title}: C is per hundred, M per thousand",)}, None
    if "C" in codes and texts.count("C") >= 0.5 * len(texts):
        return {}, basis_question(prices, f"{title} says “C”, which may be a case", LETTERS["C"])
    said = [basis.pieces for text in texts if (basis := basis_in_unit(text))]
    return ({"in_units": True, "evidence": (f"{title} counts the pieces: {listed(said)}",)} if said else {}), None
