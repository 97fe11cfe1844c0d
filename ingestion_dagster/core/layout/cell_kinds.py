"""What one cell looks like, without knowing its column: a number, money, a code, a sentence, a link …

Deliberately rough and fast, for recognising columns and headers only; prices are read in `core/values/prices.py`.
"""

import json
import math
import re
from datetime import date, datetime, time
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from ingestion_dagster.core.sheets import CellError, CellValue
from ingestion_dagster.core.values.currencies import currency_of, find_signs, is_currency
from ingestion_dagster.core.values.digits import plain
from ingestion_dagster.core.values.price_words import words
from ingestion_dagster.core.words.error_texts import is_error_text, is_loading_text
from ingestion_dagster.core.words.normalise import normalise
from ingestion_dagster.core.words.price_basis import basis_in_price

BLANK: Final = "blank"
NUMERIC: Final = frozenset({"int", "decimal", "money"})

_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,' ][0-9]+)*")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[ '][0-9]{3})+")
_AROUND = re.compile(r"([^0-9]{0,12}?)\s*([-+]?[0-9]+(?:[.,' ][0-9]+)*)\s*([^0-9]{0,12})")
_LETTERS_AT_END = re.compile(r"(?<![^\W\d_])[A-Za-z]{1,2}$")
"""`E001`, `AB12`: one or two letters right before digits are a code, also where they could be a currency."""
_DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{2,4}(?:[ T][0-9:.]+Z?)?")
_URL = re.compile(r"(?:https?://|www\.|ftp://)\S+", re.IGNORECASE)
_IMAGE = re.compile(r"\.(?:jpe?g|png|gif|webp|bmp|svg|tiff?)(?:[?#]\S*)?(?:[\s,;|].*)?$", re.IGNORECASE)
_MARKUP = re.compile(r"<(?:p|div|br|ul|li|span|b|strong|h[1-6]|table)\b", re.IGNORECASE)
_STOCK = re.compile(r"[<>≥≤~]\s?[0-9]+|[0-9]+\s?\+|([1-9][0-9]{0,3})\s?[-–]\s?([1-9][0-9]{0,3})|[+\-*]{1,4}")
_DASHED_CODE = re.compile(r"[^\W\d_]{1,5}-[0-9]+(?:[-/.][^\W_]+)*|[0-9]+-[^\W\d_]{1,5}")
"""`RS-100`, `KR-10`, `TS-1-R`: a dash between letters and digits makes a code, a currency's letters too."""
_LETTERED = re.compile(r"[^\d\s]{1,5} ?[0-9]{1,8}|[0-9]{1,8} ?[^\d\s]{1,5}")
_PERCENT = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?\s?%")
_BOOL = frozenset({"true", "false", "yes", "no", "ja", "nein", "oui", "non", "да", "нет", "y", "n"})
_LONG = 160


def kind_of(value: CellValue) -> str:
    """One word for the cell: blank int decimal money percent date bool error url image currency unit stock long
    text word code. `word` is one word without digits, `code` has digits and no blanks."""
    if value is None:
        return BLANK
    if isinstance(value, str):
        return _kind_of_text(value) if len(value) <= _LONG else _kind_of_long(value)
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "error"
        return "int" if value.is_integer() else "decimal"
    if isinstance(value, CellError):
        return "error"
    assert isinstance(value, datetime | date | time)
    return "date"


def _kind_of_long(text: str) -> str:
    if _URL.match(text):
        return "image" if _IMAGE.search(text) else "url"
    return "long"


@lru_cache(maxsize=16384)
def _kind_of_text(text: str) -> str:
    text = plain(text).strip()
    if not text:
        return BLANK
    if text[0].isdigit() or text[-1].isdigit():
        return _kind_with_digits(text)
    if (text[0] == "#" or text[-1] in ".…") and (is_error_text(text) or is_loading_text(text)):
        return "error"
    if not any(c.isalnum() for c in text) and currency_of(text) is None:
        return "stock" if _STOCK.fullmatch(text) else BLANK
    if any(c.isdigit() for c in text):
        return _kind_with_digits(text)
    return _kind_of_words(text)


def _kind_with_digits(text: str) -> str:
    if _NUMBER.fullmatch(text):
        return _kind_of_number(text)
    if _URL.match(text) or _IMAGE.search(text):
        return "image" if _IMAGE.search(text) else "url"
    if priced := _without_basis(text):
        return priced
    if _DATE.fullmatch(text):
        return "date"
    if _PERCENT.fullmatch(text):
        return "percent"
    if _DASHED_CODE.fullmatch(text):
        return "code"
    around = _AROUND.fullmatch(text) if len(text) < 32 else None
    if around:
        if around[2].isdigit() and _LETTERS_AT_END.search(text[: around.start(2)]):
            return "code"
        found = _beside_number(around[1].strip(), around[3].strip())
        if found == "number":
            return _kind_of_number(around[2].strip("+-"))
        if found:
            return found
    if _is_stock(text):
        return "stock"
    if " " not in text and "\n" not in text and len(text) <= 40:
        return "code"
    return "long" if _MARKUP.search(text) else "text"


def _is_stock(text: str) -> bool:
    """`>10`, `10+`, `5-10`; `12345-0001` or `10-5` is no range."""
    found = _STOCK.fullmatch(text)
    return found is not None and (found[1] is None or int(found[1]) < int(found[2]))


def may_be_code(value: CellValue) -> bool:
    """A whole number with a few letters, money by its cell alone (`CHF100`, `R 10`, `L 200`): an article number too
    may be written so."""
    return isinstance(value, str) and len(value) < 16 and _LETTERED.fullmatch(value.strip()) is not None


def _without_basis(text: str) -> str:
    """`12.40 / 100` is what `12.40` is; empty where no number of pieces is named."""
    basis = basis_in_price(text)
    kind = _kind_of_text(basis.rest) if basis is not None else ""
    return kind if kind in ("decimal", "money") or (kind == "int" and basis and basis.said == "words") else ""


@lru_cache(maxsize=4096)
def _beside_number(before: str, after: str) -> str:
    """What a number with these words around it is; empty for something else."""
    if before in ("", "(", "-") and after in ("", ")", "-", ".-", ",-", "*"):
        return "number"
    if before and before[-1].isalnum() and len(before) > 4:
        return ""
    text = f"{before} {after}".strip()
    if find_signs(f"{before} 1 {after}", beside_number=True):
        return "money"
    if not before and normalise(text) in _units():
        return "stock"
    return ""


def _kind_of_number(text: str) -> str:
    digits = text.lstrip("+-")
    if digits.isdigit():
        return "code" if digits[0] == "0" and len(digits) > 1 else "int"
    return "int" if _GROUPED.fullmatch(digits) else "decimal"


def _kind_of_words(text: str) -> str:
    if _URL.match(text) or _IMAGE.search(text):
        return "image" if _IMAGE.search(text) else "url"
    folded = normalise(text)
    if folded in _BOOL:
        return "bool"
    if folded in _units():
        return "unit"
    if len(text) <= 10 and (is_currency(text) or currency_of(text)):
        return "currency"
    if folded in _stock_words():
        return "stock"
    if _MARKUP.search(text):
        return "long"
    return "text" if " " in text or len(text) > 24 else "word"


@cache
def _units() -> frozenset[str]:
    return frozenset(normalise(unit) for unit in words("units")) - {""}


@cache
def _stock_words() -> frozenset[str]:
    raw = json.loads((files("ingestion_dagster.core") / "data" / "stock_words.json").read_text(encoding="utf-8"))
    listed = [phrases for group in ("none", "some") for phrases in raw[group].values()]
    return frozenset(normalise(phrase) for phrases in listed for phrase in phrases) - {""}


def rough_number(value: CellValue) -> float | None:
    """The amount of a numeric cell, good enough to compare two columns; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    if not isinstance(value, str) or len(value) > 32:
        return None
    return _rough_text(value)


@lru_cache(maxsize=16384)
def _rough_text(text: str) -> float | None:
    found = _AROUND.fullmatch(plain(text).strip())
    if not found:
        basis = basis_in_price(text)
        return _rough_text(basis.rest) if basis else None
    core = found[2].replace(" ", "").replace("'", "")
    mark = max(core.rfind("."), core.rfind(","))
    if mark >= 0 and len(core) - mark - 1 != 3:
        core = core[:mark].replace(".", "").replace(",", "") + "." + core[mark + 1 :]
    else:
        core = core.replace(".", "").replace(",", "")
    return float(core) if len(core) < 20 else None
