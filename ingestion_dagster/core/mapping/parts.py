"""The parts of a `MappedSheet` that follow from its layout and mapping. Nothing is decided here."""

import hashlib
from typing import Final

from ingestion_dagster.core.columns.assign_columns import Mapping
from ingestion_dagster.core.columns.money_evidence import price_statements
from ingestion_dagster.core.columns.overrides import resolve_column
from ingestion_dagster.core.layout.cell_kinds import rough_number
from ingestion_dagster.core.layout.find_table import Table
from ingestion_dagster.core.mapped_sheet import FieldColumn, PriceProfile, ReadingHints
from ingestion_dagster.core.price_terms import PriceTerms
from ingestion_dagster.core.sheets import column_letter
from ingestion_dagster.core.words.correction_words import our_headers
from ingestion_dagster.core.words.lexicon import read_header
from ingestion_dagster.core.words.normalise import undated

_SAMPLES_KEPT: Final = 40


def field_columns(table: Table, mapping: Mapping) -> dict[str, FieldColumn]:
    """Each field's column with its reasons."""
    return {
        field: FieldColumn(
            column=column,
            header=table.headers[column] if column < len(table.headers) else "",
            confidence=mapping.confidence.get(field, 1.0),
            evidence=mapping.evidence.get(field, ()),
        )
        for field, column in mapping.columns.items()
    }


def characteristics(table: Table, mapping: Mapping, hints: ReadingHints) -> dict[str, int]:
    """Header -> column of what is kept beside the fields. Our own notes in a list that comes back are not."""
    taken = set(mapping.columns.values())
    if hints.characteristic_columns is not None:
        width = max(len(table.headers), max((len(row) for _, row in table.body), default=0))
        chosen = [resolve_column(c, table.headers, width) for c in hints.characteristic_columns]
    else:
        taken |= {c for c, header in enumerate(table.headers) if header.strip() in our_headers()}
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


def qualifiers(table: Table, mapping: Mapping, terms: PriceTerms) -> dict[str, str]:
    """What the price is: net or gross, whose price, per unit or pack. One that is divided is the unit's."""
    column = mapping.all_columns.get(mapping.columns["price"])
    if column is None:
        return {}
    found = dict(column.words.qualifiers)
    if terms.basis > 1 or terms.basis_column is not None:
        found["per"] = "unit"
    if column.words.tier:
        found["tier"] = column.words.tier
    if "tax" not in found:
        said = {
            tax for text in price_statements(table.around) if (tax := read_header(text[:200]).qualifiers.get("tax"))
        }
        found |= {"tax": said.pop()} if len(said) == 1 else {}
    return found


def profile_prices(table: Table, mapping: Mapping, key: int | None, currency: str | None) -> PriceProfile:
    """The sampled prices by key, and how other price columns stand to them."""
    price = mapping.columns["price"]
    prices = {}
    ratios: dict[str, list[float]] = {}
    others = [
        c for c in mapping.all_columns.values() if c.position != price and c.words.scores.get("price", 0.0) >= 0.5
    ]
    for _, row in table.body:
        amount = rough_number(row[price]) if price < len(row) else None
        if not amount or amount < 0:
            continue
        if key is not None and key < len(row) and row[key] is not None:
            prices[str(row[key]).strip()[:80]] = amount
        for other in others:
            beside = rough_number(row[other.position]) if other.position < len(row) else None
            if beside:
                ratios.setdefault(other.header, []).append(beside / amount)
    values = sorted(prices.values())
    step = max(1, len(prices) // _SAMPLES_KEPT)
    return PriceProfile(
        count=len(values),
        median=values[len(values) // 2] if values else None,
        currency=currency,
        samples=dict(sorted(prices.items())[::step][:_SAMPLES_KEPT]),
        beside={header: round(sorted(found)[len(found) // 2], 4) for header, found in ratios.items()},
    )


def language_of(mapping: Mapping) -> str | None:
    """The language in which most headers are said."""
    votes: dict[str, float] = {}
    for column in mapping.all_columns.values():
        for language in column.words.languages:
            votes[language] = votes.get(language, 0.0) + column.words.known / len(column.words.languages)
    return max(votes, key=lambda code: votes[code], default=None)


def signature_of(headers: tuple[str, ...]) -> str:
    """Stable name of a header: the normalised texts in order, without dates, trailing blanks left out."""
    texts = [undated(header) for header in headers]
    while texts and not texts[-1]:
        texts.pop()
    return hashlib.sha256("\x1f".join(texts).encode(errors="surrogatepass")).hexdigest()[:32]
