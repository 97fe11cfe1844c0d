"""For how many pieces a printed price is, as one text says it: `12.40 / 100 St`, `per 1000`, `12.40/C`.

One text at a time; which column of a list says it is found in `core/pricing/meaning.py`. Words:
`data/words/price_basis.json`.
"""

import re
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

from ingestion_dagster.core.sheets import CellValue
from ingestion_dagster.core.values.digits import plain
from ingestion_dagster.core.values.price_words import words
from ingestion_dagster.core.words.normalise import normalise, word_lists

MAX_BASIS: Final = 1_000_000
LETTERS: Final = {"C": 100, "M": 1000}
"""Price codes of North American trade: per hundred, per thousand. `M` is also a metre."""
_EACH: Final = frozenset({"E", "EA"})
_COUNT: Final = r"1(?:[ .,'\u00a0]?000){2}|[1-9]0{0,2}[ .,'\u00a0]?000|[1-9][0-9]{0,5}"
_UNIT: Final = r"[^\W\d_][^\d/()\[\]]{0,14}?"
_LONGEST: Final = 60
_LONGEST_HEADER: Final = 400
_SIGNS: Final = {"%": 100, "‰": 1000}

Said = Literal["words", "slash", "letter"]


class Basis(NamedTuple):
    """A number of pieces and how it was said: in words, as a bare number after a slash, or as a letter code.

    `rest` is the text without it (the price alone, or the unit alone).
    """

    pieces: int
    said: Said
    rest: str


class HeaderBasis(NamedTuple):
    """`Price per 100 g`: how many, and whether that is pieces. `doubtful` where it may mean something else."""

    pieces: int
    doubtful: bool
    rest: str = ""
    """The header without it."""


def is_power_of_ten(count: int) -> bool:
    """1, 10, 100 …: what a basis nearly always is, and a pack size seldom."""
    return str(count).strip("0") == "1"


def is_piece(word: str) -> bool:
    """`St`, `pcs`, `шт.`: a unit that counts pieces."""
    return normalise(word) in _group("pieces")


def is_measure(word: str) -> bool:
    """A known unit that does not count pieces: `kg`, `m`, `Karton`."""
    return not is_piece(word) and word.strip().casefold().rstrip(".") in words("units")


@cache
def _group(name: str) -> frozenset[str]:
    return frozenset(word_lists("price_basis")[name]) - {""}


@cache
def _per(*groups: str) -> str:
    """The words of `groups` as they may be typed, the longest first."""
    listed = sorted({phrase for group in groups for phrase in _group(group)}, key=len, reverse=True)
    return "|".join(re.escape(phrase) for phrase in listed)


@cache
def _in_cell() -> re.Pattern[str]:
    per, loose = _per("per"), _per("per", "per before a unit")
    return re.compile(
        rf"(?P<rest>.*[0-9].*?)(?:\s*(?P<slash>/)\s*(?:(?:{per})\.?\s+)?|(?:\s|(?<=[^\w]))\s*(?P<per>{loose})\.?\s+)"
        rf"(?:(?P<count>{_COUNT})\s*(?P<unit>{_UNIT})?|(?P<word>[^\W\d_]+)\.?\s*(?P<after>{_UNIT})?)\s*\.?",
        re.IGNORECASE | re.DOTALL,
    )


@lru_cache(maxsize=8192)
def basis_in_price(text: str) -> Basis | None:
    """What the text of a price cell says after its number; None where it says nothing of a number of pieces."""
    if len(text) > _LONGEST or not any(c.isdigit() for c in text):
        return None
    found = _in_cell().fullmatch(plain(text).strip())
    if found is None:
        return None
    rest, slash, per = found["rest"].strip(), bool(found["slash"]), normalise(found["per"] or "")
    if found["count"]:
        return _counted(rest, int(re.sub(r"\D", "", found["count"])), found["unit"] or "", slash, per)
    return _worded(rest, found["word"], found["after"] or "", slash, per)


def _counted(rest: str, count: int, unit: str, slash: bool, per: str) -> Basis | None:
    if count > MAX_BASIS or (unit and not is_piece(unit)):
        return None
    if not unit and slash:
        return Basis(count, "slash", rest) if count >= 100 and is_power_of_ten(count) else None
    if not unit and per not in _group("per"):
        return None
    return Basis(count, "words", rest)


def _worded(rest: str, word: str, after: str, slash: bool, per: str) -> Basis | None:
    if after and not is_piece(after):
        return None
    if not slash and per not in _group("per"):
        return None
    if word in LETTERS and not after:
        return Basis(LETTERS[word], "letter", rest)
    count = _number_word(word)
    return Basis(count, "words", rest) if count else None


def _number_word(word: str) -> int | None:
    said = normalise(word)
    if said in _group("hundred"):
        return 100
    return 1000 if said in _group("thousand") else None


@cache
def _in_header() -> re.Pattern[str]:
    per = _per("per", "per in a header")
    return re.compile(
        rf"(?:(?<![^\W\d_])(?:{per})\.?(?:\s+|(?=\d))|(?<!\d)/\s*(?:(?:{per})\s+)?)"
        rf"(?:(?P<count>{_COUNT})(?![\d.,])\s*(?P<unit>[^\W\d_]+)?|(?P<sign>[%‰])"
        rf"|(?P<word>[^\W\d_]+)\.?\s*(?P<after>[^\W\d_]+)?)",
        re.IGNORECASE,
    )


@lru_cache(maxsize=4096)
def basis_in_header(header: str) -> HeaderBasis | None:
    """The number of pieces that a price's header, or a sentence about prices, names; 1 is not told."""
    text = plain(header)[:_LONGEST_HEADER]
    for found in _in_header().finditer(text):
        said = _said_by(found)
        if said is not None:
            return HeaderBasis(*said, f"{text[: found.start()]} {text[found.end() :]}".strip())
    return None


def _said_by(found: re.Match[str]) -> tuple[int, bool] | None:
    if found["sign"]:
        return _SIGNS[found["sign"]], False
    if found["count"]:
        count, unit = int(re.sub(r"\D", "", found["count"])), found["unit"] or ""
        counts = 1 < count <= MAX_BASIS and (is_power_of_ten(count) or is_piece(unit))
        return (count, is_measure(unit)) if counts else None
    if found["word"] in LETTERS:
        return LETTERS[found["word"]], True
    count_said = _number_word(found["word"])
    return (count_said, is_measure(found["after"] or "")) if count_said else None


def basis_of(value: CellValue) -> int | None:
    """The number of pieces in a cell of a basis column; None for a blank, 0 for what is no number of pieces."""
    if value is None or isinstance(value, str):
        return _basis_of_text(value or "")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if value == value and 0 < value <= MAX_BASIS and value == int(value) else 0


@cache
def _alone() -> re.Pattern[str]:
    per = _per("per", "per before a unit")
    return re.compile(
        rf"(?:(?P<per>{per})\s*|/\s*)?(?P<count>{_COUNT})(?:[.,]0+)?\s*(?P<unit>{_UNIT})?\.?", re.IGNORECASE
    )


@lru_cache(maxsize=4096)
def _basis_of_text(text: str) -> int | None:
    said = plain(text).strip()
    if not said:
        return None
    if found := _alone().fullmatch(said):
        count = int(re.sub(r"\D", "", found["count"]))
        return count if count <= MAX_BASIS else 0
    code = said.lstrip("/ ")
    if code in LETTERS or code in _EACH or code in _SIGNS:
        return LETTERS.get(code) or _SIGNS.get(code) or 1
    bare = normalise(re.sub(rf"^(?:{_per('per')})\s+", "", said, flags=re.IGNORECASE))
    if is_piece(bare):
        return 1
    first, _, after = bare.partition(" ")
    return (_number_word(first) or 0) if not after or is_piece(after) else 0


@lru_cache(maxsize=4096)
def basis_in_unit(text: str) -> Basis | None:
    """`100 pcs`, `per 1000 Stk`: the pieces that a unit counts, `rest` the unit alone; None for `pcs`, `kg`, `250 g`,
    `12 pcs` (a pack of twelve is a unit of its own)."""
    found = _alone().fullmatch(plain(text).strip()) if len(text) <= _LONGEST else None
    if found is None and len(text) <= _LONGEST and (count := _SIGNS.get(text.strip()) or _number_word(text)):
        return Basis(count, "words", "")
    if found is None or not found["unit"] or not is_piece(found["unit"]):
        return None
    count = int(re.sub(r"\D", "", found["count"]))
    if count == 1 or count > MAX_BASIS or not is_power_of_ten(count):
        return None
    return Basis(count, "words", found["unit"].strip())


def letter_in_unit(text: str) -> int | None:
    """`C` or `M` as a unit: 100 or 1000, if the column's other values make it one."""
    return LETTERS.get(text.strip())


def are_letter_codes(codes: set[str]) -> bool:
    """Whether codes of one column are those of North American price lists: `C` beside `M` or `E`."""
    return "C" in codes and bool(codes & ({"M"} | _EACH))


def names_column(header: str) -> Literal["", "clear", "short", "perhaps"]:
    """Whether a header says that its column holds the basis: clearly, as an abbreviation that values must prove, or
    in words that may as well mean a pack."""
    for text in (header, re.sub(r"[(\[].*?[)\]]", " ", header)):
        said = normalise(text)
        if said in _group("column"):
            return "clear"
        if said in _group("short"):
            return "short"
        if said in _group("perhaps"):
            return "perhaps"
        kept = " ".join(word for word in said.split() if word not in _group("pieces"))
        if kept != said and kept in _group("column"):
            return "clear"
    return ""


def names_pack_size(header: str) -> bool:
    """Whether a header says that its column counts the pieces of a pack."""
    return any(normalise(text) in _group("pack size") for text in (header, re.sub(r"[(\[].*?[)\]]", " ", header)))
