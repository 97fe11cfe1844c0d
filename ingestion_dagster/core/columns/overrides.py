"""What a person or a message says about columns, turned into column positions and checked against the sheet."""

from collections.abc import Sequence

from ingestion_dagster.core.errors import SheetError
from ingestion_dagster.core.fields import ALIASES, FIELDS
from ingestion_dagster.core.sheets import column_index, column_letter
from ingestion_dagster.core.words.normalise import normalise


def field_named(name: str) -> str:
    """The field that `name` means, aliases included. Raises SheetError naming the fields there are."""
    folded = name.strip().casefold()
    if folded in FIELDS:
        return folded
    if folded in ALIASES:
        return ALIASES[folded]
    raise SheetError(f"{name!r} is not a field; the fields are: {', '.join(FIELDS)}")


def resolve_columns(wanted: dict[str, str | int], headers: Sequence[str], width: int) -> dict[str, int]:
    """field -> 0-based column for every entry of a column mapping. Raises SheetError for what the sheet lacks."""
    found: dict[str, int] = {}
    for name, reference in wanted.items():
        field = field_named(name)
        column = resolve_column(reference, headers, width)
        taken = next((other for other, c in found.items() if c == column and other != field), None)
        if taken:
            raise SheetError(f"column {column_letter(column)} is given for both {taken} and {field}")
        found[field] = column
    return found


def resolve_column(reference: str | int, headers: Sequence[str], width: int) -> int:
    """One column by header text, letter (`C`) or 1-based index. A header text wins over a letter.

    Raises SheetError naming what exists and what is near.
    """
    if isinstance(reference, int):
        return _by_index(reference, width)
    text = reference.strip()
    for compare in (str.strip, str.casefold, normalise, _squeezed):
        wanted = compare(text)
        matches = [i for i, header in enumerate(headers) if header and compare(header.strip()) == wanted]
        if len(matches) > 1:
            letters = ", ".join(column_letter(i) for i in matches)
            raise SheetError(f"the header {text!r} stands over columns {letters}; name the letter instead")
        if matches and wanted:
            return matches[0]
    if text.isdigit():
        return _by_index(int(text), width)
    if text.isascii() and text.isalpha() and len(text) <= 3:
        column = column_index(text)
        if column < width:
            return column
        if len(text) < 3 and text.isupper():
            raise SheetError(f"there is no column {text}; the sheet ends with {column_letter(max(width - 1, 0))}")
    raise SheetError(_unknown(text, headers))


def _squeezed(text: str) -> str:
    return normalise(text).replace(" ", "")


def _by_index(number: int, width: int) -> int:
    if 1 <= number <= width:
        return number - 1
    raise SheetError(f"there is no column number {number}; the sheet has columns 1 to {width}")


def _unknown(text: str, headers: Sequence[str]) -> str:
    from rapidfuzz import fuzz, process

    existing = {normalise(header): header for header in headers if header}
    near = process.extract(normalise(text), list(existing), scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    meant = ", ".join(repr(existing[match]) for match, _, _ in near)
    shown = ", ".join(repr(header) for header in list(existing.values())[:20]) or "none, the sheet has no header"
    hint = f"; did you mean {meant}?" if meant else "."
    return f"the sheet has no column {text!r}{hint} Its headers are: {shown}"
