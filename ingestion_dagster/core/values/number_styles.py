"""How a column writes its numbers: proved by the values that allow one reading only. No prices, no currencies.

A core is the number alone in plain spelling (`digits.plain`): digits with `.`, `,`, `'`, `٫` or single spaces.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Final, Literal, NamedTuple

from ingestion_dagster.core.mapped_sheet import NumberStyle
from ingestion_dagster.core.values.currencies import has_no_decimals
from ingestion_dagster.core.values.digits import ARABIC_DECIMAL, plain
from ingestion_dagster.core.values.price_words import read_affixes

Mark = Literal[".", ","]

LONGEST_CELL: Final = 200
"""Characters; a longer text is a story and no number."""

ONE_NUMBER = re.compile(rf"([^0-9]*)([0-9]+(?:[.,' {ARABIC_DECIMAL}][0-9]+)*)([^0-9]*)")
"""before, core, after; a text with two numbers does not match."""
_DASH_DECIMALS = re.compile(r"(?<=[0-9])([.,:;])\s?-{1,2}(?![0-9])")
_MARK_CURRENCY = re.compile(r"(?<=[0-9])([€$£])(?=[0-9]{2}(?![0-9]))")
_VAT_RATE = re.compile(r"[0-9]{1,2}(?:[.,][0-9])? ?% ?(?=[^\W\d_])|(?<=[^\W\d_]) [0-9]{1,2}(?:[.,][0-9])? ?%")
_ENOUGH_GROUPED = 4
_TWO_OR_ONE = re.compile(r"[1-9][0-9]{1,2} [0-9]{3}")
_RANGE_ENDS = re.compile(r"[0-9][0-9.,' ]*[0-9]|[0-9]")


class SplitNumber(NamedTuple):
    """A cell with one number in it."""

    before: str
    core: str
    after: str


def split_number(text: str) -> SplitNumber | None:
    """The one number of `text` (plain spelling) and what stands around it; None for none or several."""
    match = ONE_NUMBER.fullmatch(text) or ONE_NUMBER.fullmatch(_tidied(text))
    if match is None:
        return None
    before, core, after = match.groups()
    if after[:1] in (".", ",", ":", ";", "-") and "-" in after[:4]:
        match = ONE_NUMBER.fullmatch(_tidied(text))
        assert match is not None
        before, core, after = match.groups()
    if before[-1:] in (".", ",", ARABIC_DECIMAL) and _starts_a_number(before[-2:-1]):
        before, core = before[:-1], before[-1] + core
    return SplitNumber(before, core, after)


def _starts_a_number(character: str) -> bool:
    """What may stand before `.75`: nothing, a blank, a sign (`$.75`). In `Rs.75` the point ends the word."""
    return character in ("", " ", "(", "-", "+") or unicodedata.category(character) == "Sc"


def _tidied(text: str) -> str:
    """`12,-` as `12,00`, `35€99` as `35.99 €`, `12 € inkl. 19 % MwSt` without the rate."""
    text = _DASH_DECIMALS.sub(lambda m: f"{m[1]}00" if m[1] in ".," else " ", text)
    text = _MARK_CURRENCY.sub(lambda m: f"{m[1]} .", text) if len(text) < 16 else text
    found = re.fullmatch(r"([0-9 ]+)([€$£]) \.([0-9]{2})(.*)", text)
    if found:
        return f"{found[1].strip()}{ARABIC_DECIMAL}{found[3]}{found[2]}{found[4]}"
    return _VAT_RATE.sub(" ", text)


@cache
def _readings(decimal: Mark) -> tuple[re.Pattern[str], dict[int, str | None]]:
    other = "," if decimal == "." else "."
    d, o = f"[{decimal}{ARABIC_DECIMAL}]", re.escape(other)
    grouped = rf"[1-9][0-9]{{0,2}}(?P<mark>[{o}' ])[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*(?:{d}[0-9]+)?"
    indian = rf"[1-9][0-9]?(?:{o}[0-9]{{2}})+{o}[0-9]{{3}}(?:{d}[0-9]+)?"
    pattern = re.compile(rf"[0-9]+(?:{d}[0-9]+)?|{d}[0-9]+|{grouped}|{indian}")
    return pattern, {ord(other): None, ord("'"): None, ord(" "): None, ord(decimal): ".", ord(ARABIC_DECIMAL): "."}


def as_written(core: str, decimal: Mark) -> str | None:
    """`core` as ASCII digits with at most one point, read with `decimal` as the decimal mark; None if it
    cannot be read so (`1.23` with a decimal comma: nobody groups by two)."""
    if core.isdigit():
        return core
    pattern, table = _readings(decimal)
    return core.translate(table) if pattern.fullmatch(core) else None


class Reading(NamedTuple):
    """What a core can mean under either decimal mark."""

    point: str | None
    comma: str | None

    @property
    def proves(self) -> Mark | None:
        """The decimal mark that alone makes sense of it."""
        if self.point is not None and self.comma is None:
            return "."
        return "," if self.comma is not None and self.point is None else None

    @property
    def ambiguous(self) -> bool:
        """Two readings with different values."""
        return self.point is not None and self.comma is not None and self.point != self.comma


def readings(core: str) -> Reading:
    """Both readings of a core."""
    return Reading(as_written(core, "."), as_written(core, ","))


def prove_style(texts: Iterable[str], told: Mark | None = None) -> NumberStyle:
    """The one style in which the numbers of a column can all be read.

    `told` is what a person or the supplier's settings say; it stands unless values contradict it. Values that
    contradict each other leave `decimal` open: then only values with one reading can be read, and `ambiguous`
    says whether there are others. Bounds, ranges and zeros are no prices: they may contradict, never prove.
    """
    proofs: dict[Mark, list[str]] = {".": [], ",": []}
    weak: dict[Mark, list[str]] = {".": [], ",": []}
    unsettled: list[str] = []
    integral_only = True
    marks: Counter[str] = Counter()
    cores: list[str] = []
    for core, currency, is_price in _cores(texts):
        reading = readings(core)
        if reading.proves:
            (proofs if is_price and core.strip("0.,") else weak)[reading.proves].append(core)
        elif reading.ambiguous:
            unsettled.append(core)
            integral_only = integral_only and has_no_decimals(currency)
        marks.update({"'"} & set(core))
        if is_price:
            cores.append(core)
    marks[" "] = _space_groups(cores)
    decimal, evidence = _decided(_contradicted(proofs, weak), unsettled, told)
    if unsettled and told is None and not any((*proofs.values(), *weak.values())):
        settled = _without_fractions(unsettled) if integral_only else _beside_whole_numbers(unsettled, cores)
        decimal, evidence = settled or (decimal, evidence)
    return NumberStyle(
        decimal=decimal,
        thousands=_thousands(decimal, [*proofs["."], *proofs[","], *unsettled], marks),
        evidence=evidence,
        ambiguous=bool(unsettled) and decimal is None,
    )


def _contradicted(proofs: dict[Mark, list[str]], weak: dict[Mark, list[str]]) -> dict[Mark, list[str]]:
    """`proofs` with the weak ones beside them where both stand against each other."""
    proved: set[Mark] = {mark for mark, cores in proofs.items() if cores}
    if len(proved) != 1 or not weak["," if "." in proved else "."]:
        return proofs
    return {".": proofs["."] or weak["."], ",": proofs[","] or weak[","]}


def _cores(texts: Iterable[str]) -> Iterable[tuple[str, str | None, bool]]:
    """Cores of the cells that are plainly numbers or ranges: each with its currency, and whether it is a price."""
    for text in texts:
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_CELL:
            continue
        cleaned = plain(text).strip()
        split = split_number(cleaned)
        if split is not None:
            affix = read_affixes(split.before, split.after)
            if affix.problem in ("", "price_from", "price_negative") or (not split.before and len(split.after) < 8):
                yield split.core, affix.currency(None), not affix.problem
        elif re.fullmatch(r"[0-9][0-9.,' ]*-[ ]?[0-9][0-9.,' ]*", cleaned):
            for end in _RANGE_ENDS.findall(cleaned):
                yield end, None, False


def _decided(proofs: dict[Mark, list[str]], unsettled: list[str], told: Mark | None) -> tuple[Mark | None, str]:
    point, comma = proofs["."], proofs[","]
    if told is not None:
        against = proofs["," if told == "." else "."]
        if against:
            return None, f"“{told}” was given as the decimal mark, but “{against[0]}” cannot be read with it"
        return told, f"“{told}” was given as the decimal mark"
    if point and comma:
        return None, f"the values contradict each other: “{point[0]}” and “{comma[0]}”"
    if point or comma:
        decimal: Mark = "." if point else ","
        values = point or comma
        others = f" and {len(values) - 1} more" if len(values) > 1 else ""
        return decimal, f"“{values[0]}”{others} can only have “{decimal}” as the decimal mark"
    if unsettled:
        return None, f"“{unsettled[0]}” may be read in two ways and nothing in the column settles it"
    return None, ""


def _without_fractions(unsettled: list[str]) -> tuple[Mark, str] | None:
    """Money without smaller coins has no decimals, so the one mark that occurs groups thousands."""
    mark = _only_mark(unsettled)
    if mark is None:
        return None
    return ("," if mark == "." else "."), f"the currency has no decimals, so “{mark}” groups thousands"


def _beside_whole_numbers(unsettled: list[str], cores: list[str]) -> tuple[Mark, str] | None:
    """`81`, `112`, `1,230`, `45,580`: as fractions they would be `81.000` with fixed decimals or `1.23` without
    trailing zeros, so the mark groups thousands. Two of each kind are wanted, and no `1500` without a mark."""
    mark = _only_mark(unsettled)
    whole = [core for core in cores if core.isdigit()]
    ends_in_zero = [core for core in unsettled if core.endswith("0")]
    if mark is None or len(whole) < 2 or len(ends_in_zero) < 2 or len(unsettled) < _ENOUGH_GROUPED:
        return None
    if any(len(core) > 3 for core in whole):
        return None
    evidence = f"“{whole[0]}” has no decimals and “{ends_in_zero[0]}” keeps its zeros, so “{mark}” groups thousands"
    return ("," if mark == "." else "."), evidence


def _only_mark(cores: list[str]) -> str | None:
    marks = {c for core in cores for c in core if c in ".,"}
    return marks.pop() if len(marks) == 1 else None


def _space_groups(cores: list[str]) -> int:
    """How many cores have spaces for thousands, 0 unless some of them cannot be two numbers side by side.

    `12 500` alone may be two prices; `1 234,50`, `1 234 567` and `1 200` are not.
    """
    spaced = [core for core in cores if " " in core and (as_written(core, ".") or as_written(core, ","))]
    sure = [core for core in spaced if not may_be_two(core)]
    unspaced = any(re.match(r"[0-9]{5}", core) for core in cores)
    return len(spaced) if sure or (len(set(spaced)) > 1 and not unspaced) else 0


def may_be_two(core: str) -> bool:
    """Two numbers side by side look like this one with a space for thousands: `100 200`, `12 500`."""
    return _TWO_OR_ONE.fullmatch(core) is not None


def _thousands(decimal: Mark | None, cores: list[str], marks: Counter[str]) -> str | None:
    if decimal is not None:
        other = "," if decimal == "." else "."
        marks[other] = sum(other in core for core in cores)
    found = marks.most_common(1)
    return found[0][0] if found and found[0][1] else None
