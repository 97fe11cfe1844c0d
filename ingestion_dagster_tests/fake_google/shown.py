"""How Sheets would show a value: number formats and locales as far as the fake's documents use them.

A format that is not known here is an error, so that a test never rests on a wrong guess: give the text as `shown`.
"""

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

SEPARATORS: Final = {
    "en_US": (".", ","),
    "en_GB": (".", ","),
    "de_DE": (",", "."),
    "ru_RU": (",", "\u00a0"),
    "be_BY": (",", "\u00a0"),
    "fr_FR": (",", "\u202f"),
    "tr_TR": (",", "."),
    "ja_JP": (".", ","),
}
_EPOCH: Final = datetime(1899, 12, 30)
_LITERAL: Final = r'(?:"[^"]*"|\[\$[^\]]*\]|\\.|[€$₽ ])*'
_NUMBER: Final = re.compile(rf"({_LITERAL})(#,##)?(0+)(\.0+)?(%?)({_LITERAL})")


def serial(moment: date) -> float:
    """Days since 1899-12-30, as Sheets counts them."""
    whole = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)
    return (whole - _EPOCH).total_seconds() / 86400


def format_type(pattern: str) -> str:
    """The NumberFormat type of a pattern."""
    if pattern == "@":
        return "TEXT"
    if re.search(r"[ymd]", re.sub(r'"[^"]*"|\[[^\]]*\]', "", pattern)):
        return "DATE_TIME" if "h" in pattern else "DATE"
    if "%" in pattern:
        return "PERCENT"
    return "CURRENCY" if re.search(r"[€$₽]", pattern) else "NUMBER"


def shown(value: float, pattern: str, locale: str) -> str:
    """The text of a number under a pattern; '' is the automatic format. ValueError where the fake does not know it."""
    decimal, thousands = SEPARATORS[locale]
    if pattern in ("", "@"):
        return _automatic(value).replace(".", decimal)
    if format_type(pattern).startswith("DATE"):
        return _moment(value, pattern)
    found = _NUMBER.fullmatch(pattern)
    if not found:
        raise ValueError(f"the fake does not know the number format {pattern!r}: give the cell's text as `shown`")
    before, grouped, whole, places, percent, after = found.groups()
    scaled = Decimal(repr(value)) * (100 if percent else 1)
    step = Decimal(1).scaleb(-(len(places) - 1 if places else 0))
    digits, _, fraction = str(abs(scaled).quantize(step, ROUND_HALF_UP)).partition(".")
    digits = digits.zfill(len(whole))
    if grouped:
        digits = f"{int(digits):,}".replace(",", thousands)
    text = digits + (decimal + fraction if fraction else "") + percent
    return ("-" if scaled < 0 else "") + _plain(before) + text + _plain(after)


def _automatic(value: float) -> str:
    text = f"{value:.10g}"
    return text if "e" not in text else text.replace("e", "E")


def _plain(literal: str) -> str:
    literal = re.sub(r"\[\$([^\]-]*)(?:-[^\]]*)?\]", r"\1", literal)
    return re.sub(r"\\(.)", r"\1", literal.replace('"', ""))


def _moment(value: float, pattern: str) -> str:
    from datetime import timedelta

    moment = _EPOCH + timedelta(days=value)
    parts = {"yyyy": "%Y", "mm": "%m", "dd": "%d", "hh": "%H", "MM": "%M", "ss": "%S"}
    text = re.sub("yyyy|mm|dd|hh|MM|ss", lambda found: moment.strftime(parts[found.group()]), pattern)
    if re.search("[ymdhs]", text):
        raise ValueError(f"the fake does not know the date format {pattern!r}")
    return text
