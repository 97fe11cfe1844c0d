"""Signatures below a table: who signs, the line to sign on, names, dates and telephones. What other rows are is in
`core/layout/row_kind.py`.

A row that may be an item is never taken for a signature: an overlooked item would be a silent loss.
"""

import re
from collections.abc import Iterator
from datetime import date
from enum import Enum
from typing import Final

from ingestion_dagster.core.mapped_sheet import MappedSheet
from ingestion_dagster.core.rows.types import NotAnItem, RowReject
from ingestion_dagster.core.sheets import CellValue, Row
from ingestion_dagster.core.values.cell_text import cell_text
from ingestion_dagster.core.words.normalise import all_words, begins_with, normalise

MOST_WAITING: Final = 40
"""Rows; what stands below a table is shorter."""

_LINE = re.compile(r"_{3,}|\.{6,}|…{2,}|-{8,}")
_PERSON = re.compile(
    r"(?:[^\W\d_]\.\s*){1,2}[^\W\d_]{2,}(?:-[^\W\d_]+)?|[^\W\d_]{2,}(?:-[^\W\d_]+)?\s+(?:[^\W\d_]\.\s*)?[^\W\d_]\.?"
)
"""`Иванов И. И.`, `J. Smith`."""
_MAIL = re.compile(r"\S+@\S+\.\w+")
_PHONE = re.compile(r"(?:\D{0,12}:?\s*)?(?:\+\d[\d\s().-]{7,18}\d|(?:\d[\s-]?)?\(\d{2,5}\)[\d\s-]{5,12}\d)")
"""With a plus or an area code in brackets: a range of prices has neither."""
_DATE = re.compile(
    r"[«\"“]?(?:\d{1,2}|_{2,})[»\"”]?\s*(?:[-/.]\s*\d{1,2}\s*[-/.]|\s\w{3,12}\s|_{3,})\s*(?:\d{2,4}|20_{1,2})"
    r"\s*(?:г\.?|р\.?)?|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T][\d:.]+)?"
)
_AS_WRITTEN = frozenset({"price_on_request", "price_zero", "price_decimals", "price_negative", "price_ambiguous"})
"""A price cell that says something about a price belongs to an item."""


class Sign(Enum):
    """How much a row looks like a signature."""

    SURE = "sure"
    """Who signs, and where or when or who that is: no item anywhere."""
    LIKELY = "likely"
    """A signature if it stands below the table."""
    BESIDE = "beside"
    """A name, a date, a telephone: part of a signature above it."""


class _Seen(Enum):
    ROLE = "role"
    SIGNED_LINE = "role with a line, a name or a date"
    LINE = "line"
    NAMED_LINE = "line with words"
    PERSON = "person"
    CONTACT = "contact"
    DATE = "date"
    WORDS = "words"
    OTHER = "other"


def sign_of(row: Row, mapped: MappedSheet, codes: frozenset[str]) -> Sign | None:
    """What `row`, which is no good item for the reasons `codes`, has of a signature; None where it may be an item."""
    if codes & _AS_WRITTEN or _has_code(row, mapped):
        return None
    last = len(row) if mapped.last_column is None else min(len(row), mapped.last_column + 1)
    seen = [_seen(value) for value in row[mapped.first_column : last] if not _blank(value)]
    kinds = set(seen)
    if _Seen.OTHER in kinds:
        return None
    if _Seen.SIGNED_LINE in kinds or (_Seen.ROLE in kinds and kinds & _WHO_OR_WHEN):
        return Sign.SURE
    if kinds & {_Seen.ROLE, _Seen.CONTACT, _Seen.NAMED_LINE} or (
        _Seen.PERSON in kinds and kinds & {_Seen.DATE, _Seen.LINE}
    ):
        return Sign.LIKELY
    return Sign.BESIDE if kinds & _WHO_OR_WHEN or codes & {"key_missing", "name_missing"} else None


_WHO_OR_WHEN = frozenset({_Seen.LINE, _Seen.NAMED_LINE, _Seen.PERSON, _Seen.CONTACT, _Seen.DATE})


def _blank(value: CellValue) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _seen(value: CellValue) -> _Seen:
    if isinstance(value, date):
        return _Seen.DATE
    if not isinstance(value, str):
        return _Seen.OTHER
    text = value.strip()
    rest = _LINE.sub(" ", text).strip(" /|:;,.()")
    if _DATE.fullmatch(text):
        return _Seen.DATE
    if not any(c.isalnum() for c in rest):
        return _Seen.LINE if rest != text.strip(" /|:;,.()") else _Seen.OTHER
    if _is_contact(text):
        return _Seen.CONTACT
    role = begins_with(normalise(rest), all_words("signatures"))
    if role:
        return _of_role(text, normalise(rest)[len(role) :].strip(), rest)
    if _PERSON.fullmatch(rest):
        return _Seen.PERSON
    if any(c.isdigit() for c in text):
        return _Seen.OTHER
    return _Seen.NAMED_LINE if "___" in text else _Seen.WORDS


def _of_role(text: str, after: str, rest: str) -> _Seen:
    """A role alone, or with what is written beside it in the same cell."""
    written = rest.partition(":")[2].strip() or " ".join(rest.split()[-len(after.split()) :] if after else ())
    if _LINE.search(text) or (written and (_PERSON.fullmatch(written) or _DATE.fullmatch(written))):
        return _Seen.SIGNED_LINE
    if not after or ":" in text:
        return _Seen.ROLE
    return _Seen.OTHER if any(c.isdigit() for c in after) else _Seen.WORDS


def _is_contact(text: str) -> bool:
    return bool(_MAIL.search(text) or _PHONE.fullmatch(text))


def _has_code(row: Row, mapped: MappedSheet) -> bool:
    """A code where codes stand: a text with digits that is no date, telephone or line to sign on."""
    for name in ("supplier_sku", "barcode"):
        column = mapped.column(name)
        text = cell_text(row[column]) if column is not None and column < len(row) else ""
        if any(c.isdigit() for c in text) and not (_LINE.search(text) or _is_contact(text) or _DATE.fullmatch(text)):
            return not begins_with(normalise(text), all_words("signatures"))
    return False


class Below:
    """Rows that may be a signature wait until it is known whether an item follows them. Keeps the order of rows."""

    def __init__(self) -> None:
        self.stirred = False
        """Something else than items came since the last item."""
        self.gap = False
        """A row that is no item stands between the last item and here."""
        self._signed = False
        """A signature does."""
        self._waiting: list[tuple[RowReject | NotAnItem, Sign | None]] = []

    def item_follows(self) -> Iterator[RowReject | NotAnItem]:
        """What waits, as it is: the table goes on."""
        self.gap = self._signed = self.stirred = False
        if self._waiting:
            yield from [row for row, _ in self._waiting]
            self._waiting.clear()

    def no_item(self, row: NotAnItem) -> Iterator[RowReject | NotAnItem]:
        """A blank row, a title, a total, a signature that is sure."""
        self.gap = self.stirred = True
        self._signed = self._signed or row.kind == "footer"
        if not self._waiting:
            yield row
        else:
            yield from self._wait(row, None)

    def doubtful(self, reject: RowReject, sign: Sign) -> Iterator[RowReject | NotAnItem]:
        """A reject that is a signature if no item follows and it stands below the table."""
        yield from self._wait(reject, sign if self.gap and (self._signed or sign is not Sign.BESIDE) else None)
        self._signed = self._signed or (self.gap and sign is Sign.LIKELY)

    def _wait(self, row: RowReject | NotAnItem, sign: Sign | None) -> Iterator[RowReject | NotAnItem]:
        self.stirred = True
        self._waiting.append((row, sign))
        if len(self._waiting) > MOST_WAITING:
            yield from [waiting for waiting, _ in self._waiting]
            self._waiting.clear()

    def end(self) -> Iterator[RowReject | NotAnItem]:
        """What waits, once the list is over."""
        for row, sign in self._waiting:
            yield row if sign is None or isinstance(row, NotAnItem) else NotAnItem(row.row, "footer")
