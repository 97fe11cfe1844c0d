"""Which encoding a text file is in, proved by its bytes. Repairing text that was encoded twice is in `mojibake.py`.

UTF-8 and UTF-16 prove themselves. Everything else is judged by likelihood: under the right encoding the bytes
beyond ASCII are letters that a language uses often, in the case their neighbours are in.
"""

import codecs
import math
import re
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from ingestion_dagster.sources.text.letter_frequencies import ENCODINGS, LETTERS, OTHER_SCRIPTS, SYMBOLS

_SAMPLE = 3_000
_UNSURE = 4.0
_WINDOW, _NEAR = 1 << 20, 1 << 12
_HOPELESS = 200
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MULTIBYTE = {"cp932", "gb18030", "big5", "euc-jp", "euc-kr"}
_FOREIGN, _RARE, _STRANGE, _CONTROL = math.log(1e-3), math.log(1e-5), math.log(1e-6), math.log(1e-9)
_ODD = 6.0
_WORD = re.compile(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*")
_INSIDE = re.compile(r"(?<=[^\W\d_])(?:[^\w\x00-\x7f’ʼ·]|[µªº])(?=[^\W\d_])")
"""A sign between two letters."""
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[^\W\d_\x00-\x7f](?=\d)")
"""A letter between two digits: `10х20` in Cyrillic, a misread dash elsewhere."""

_BESIDE_NUMBER = re.compile(rb"[0-9] ?[\x80-\xff](?![A-Za-z0-9])|(?<![A-Za-z0-9])[\x80-\xff] ?[0-9]")
_MONEY_SIGNS = (("cp1252", "€£¥"), ("iso-8859-15", "€"), ("mac-roman", "€"), ("cp850", "£"))
"""Where a currency sign may be the only character beyond ASCII; there are no letters then to tell by."""


class Encoding(NamedTuple):
    """An encoding Python knows, the codec error handler to use, and what a person should know about the choice."""

    name: str
    errors: str = "strict"
    notes: tuple[str, ...] = ()


def detect_encoding(data: bytes) -> Encoding:
    """The encoding of a whole text file. Always answers; doubt is in the notes."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return Encoding(name, "replace" if name.startswith("utf-") else "strict")
    if (wide := _wide_encoding(data)) is not None:
        return Encoding(wide, "replace", (f"read as {wide} although it has no byte order mark",))
    if data.isascii():
        return Encoding("iso2022_jp") if _is_iso2022(data) else Encoding("utf-8")
    broken = _broken_utf8(data)
    if broken == 0:
        return Encoding("utf-8")
    sample = high_byte_sample(data)
    if (money := _only_money(sample)) is not None:
        return Encoding(money, "replace", (f"read as {money}",))
    ranked = rank_encodings(sample)
    if broken * 20 <= _utf8_sequences(data):
        return Encoding("utf-8", "replace", (f"{broken} damaged characters in UTF-8 text are shown as \ufffd",))
    if not ranked:
        return Encoding("latin-1", "strict", ("the encoding is unknown; read as latin-1",))
    return _chosen(ranked, sample)


def _only_money(sample: bytes) -> str | None:
    """The encoding in which the one byte beyond ASCII is a currency sign, where it only stands beside numbers."""
    high = {byte for byte in sample if byte > 0x7F}
    if len(high) != 1:
        return None
    sign = bytes(high)
    if len(_BESIDE_NUMBER.findall(sample)) * 10 < sample.count(sign) * 9:
        return None
    return next((name for name, signs in _MONEY_SIGNS if sign.decode(name, "replace") in signs), None)


def _chosen(ranked: list[tuple[float, str]], sample: bytes) -> Encoding:
    best_score, best = ranked[0]
    notes = [f"read as {best}"]
    for score, other in ranked[1:]:
        if best_score - score > _UNSURE:
            break
        if sample.decode(other, "replace") != sample.decode(best, "replace"):
            notes.append(f"the encoding is uncertain: {best} and {other} both fit; set `encoding` to be sure")
            break
    return Encoding(best, "replace", tuple(notes))


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a mark: every line end carries a zero byte, always on the same side."""
    head = data[:20_000]
    head = head[: len(head) // 2 * 2]
    if len(head) < 4 or 0 not in head:
        return None
    even, odd = head[::2], head[1::2]
    for name, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if high.count(0) > len(high) * 0.1 and low.count(0) == 0:
            try:
                text = head.decode(name)
            except UnicodeDecodeError:
                continue
            if sum(char.isprintable() or char in "\r\n\t" for char in text) > len(text) * 0.95:
                return name
    return None


def _is_iso2022(data: bytes) -> bool:
    return b"\x1b$B" in data or b"\x1b$@" in data


def _broken_utf8(data: bytes) -> int:
    """How many places are not UTF-8; stops counting where it is hopeless."""
    broken, start, size, view = 0, 0, _WINDOW, memoryview(data)
    while start < len(data) and broken < _HOPELESS:
        try:
            _, used = codecs.utf_8_decode(view[start : start + size], "strict", start + size >= len(data))
            start += used
        except UnicodeDecodeError as error:
            # The decoder reserves memory for its whole window, which is dear where errors come close together.
            broken, start, size = broken + 1, start + error.end, _NEAR
    return broken


def _utf8_sequences(data: bytes) -> int:
    """Whole multi-byte sequences of UTF-8 in the first part of the file."""
    text = data[:1_000_000].decode("utf-8", "replace")
    return _foreign(text) - text.count("\ufffd")


def _foreign(text: str) -> int:
    """Number of characters beyond ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def high_byte_sample(data: bytes) -> bytes:
    """Lines with bytes beyond ASCII, enough of them to judge, from all over the file."""
    lines = [line for line in data[:2_000_000].splitlines() if not line.isascii()]
    step = max(1, len(lines) // 400)
    return b"\n".join(line[:400] for line in lines[::step])[: _SAMPLE * 10]


def rank_encodings(sample: bytes) -> list[tuple[float, str]]:
    """(log likelihood of the non-ASCII part, encoding), best first. Encodings that cannot decode it are out."""
    ranked = []
    for name, prior, languages in ENCODINGS:
        text = _decoded(sample, name)
        if text is not None:
            ranked.append((prior + _best_language(text, languages), name))
    return sorted(ranked, key=lambda found: -found[0])


def _decoded(sample: bytes, name: str) -> str | None:
    """The sample's text; a cut last character does not speak against a multi-byte encoding, nor one stray byte."""
    text = sample.decode(name, "replace")
    if text.count("\ufffd") > max(1 if name in _MULTIBYTE else 0, _foreign(text) // 200):
        return None
    return text


def _best_language(text: str, languages: tuple[str, ...]) -> float:
    """Log likelihood of the characters beyond ASCII under the language that fits best."""
    foreign = Counter(char for char in text if char > "\x7f")
    if languages[0] in ("zh", "ja", "ko"):
        return sum(count * _east_asian_score(char, ord(char), languages[0]) for char, count in foreign.items())
    words = _WORD.findall(text)
    mixed = sum(map(_script_changes, words))
    between = len(_BETWEEN_DIGITS.findall(text))
    likelihood = max(
        sum(count * _letter_score(char, language, languages) for char, count in foreign.items())
        - _ODD * (mixed if language in OTHER_SCRIPTS else between)
        for language in languages
    )
    return likelihood - _ODD * (sum(map(_case_faults, words)) + len(_INSIDE.findall(text)))


def _script_changes(word: str) -> int:
    """How often ASCII letters and others meet in one word."""
    return sum(left.isascii() != right.isascii() for left, right in pairwise(word))


def _case_faults(word: str) -> int:
    """Case changes that no writer makes: a capital behind a small letter, a small one between capitals."""
    if word.islower() or word.isupper() or word[1:].islower():
        return 0
    return sum(
        (left > "\x7f" or right > "\x7f") and left.islower() and right.isupper() for left, right in pairwise(word)
    ) + sum(word[i] > "\x7f" and word[i].islower() and word[i - 1].isupper() for i in range(2, len(word)))


def _letter_score(char: str, language: str, languages: tuple[str, ...]) -> float:
    score = _letter_table(language).get(char)
    if score is not None:
        return score
    if ord(char) < 0xA0 or char == "\ufffd":
        return _CONTROL
    if not char.isalpha():
        return _STRANGE
    return _FOREIGN if any(char in _letter_table(other) for other in languages) else _RARE


def _east_asian_score(char: str, point: int, language: str) -> float:
    """Two bytes make one character here, so likelihoods per character compare with two letters elsewhere."""
    if 0x3040 <= point <= 0x30FF:
        return math.log(1 / 120) if language == "ja" else math.log(1e-4)
    if char in LETTERS[language]:
        return math.log(1 / 250)
    if 0x4E00 <= point <= 0x9FFF:
        return math.log(1 / 2_500) if language != "ko" and _is_common(char, language) else math.log(1e-8)
    if 0xAC00 <= point <= 0xD7A3:
        return math.log(1 / 1_000) if language == "ko" else math.log(1e-8)
    if 0xFF01 <= point <= 0xFF5E or 0x3000 <= point <= 0x303F:
        return math.log(1 / 300)
    if 0xFF61 <= point <= 0xFF9F:
        return math.log(1 / 300)
    return math.log(1e-7)


@cache
def _is_common(char: str, language: str) -> bool:
    """In the first level of the national standard, where the everyday characters are."""
    try:
        if language == "ja":
            return char.encode("shift_jis")[0] <= 0x98
        try:
            return char.encode("gb2312")[0] <= 0xD7
        except UnicodeEncodeError:
            return char.encode("big5")[0] <= 0xC6
    except UnicodeEncodeError:
        return False


@cache
def _letter_table(language: str) -> dict[str, float]:
    """Character -> log probability among the non-ASCII characters of that language, in either case."""
    letters = LETTERS[language]
    table = {sign: math.log(0.008 * 0.9**rank) for rank, sign in enumerate(SYMBOLS)}
    weights = [0.9**rank for rank in range(len(letters))]
    total = sum(weights)
    for char, weight in zip(letters, weights, strict=True):
        upper = char.upper()
        if len(upper) == 1 and upper != char:
            table[upper] = math.log(0.45 * weight / total)
        table[char] = math.log(0.5 * weight / total)
    return table
