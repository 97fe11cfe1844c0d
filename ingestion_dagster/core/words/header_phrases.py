"""Known phrases inside a header: whole, in part, in a compound, nearly. What they add up to is in `lexicon.py`."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from ingestion_dagster.core.words.normalise import normalise, word_lists
from ingestion_dagster.core.words.synonyms import (
    LONGEST,
    Phrase,
    phrase_of,
    phrases_about_as_long,
    qualifier_of,
    tail_of,
)

_HEAD_LAST: Final = frozenset(
    {"en", "de", "nl", "sv", "da", "no", "fi", "hu", "tr", "et", "lv", "lt", "zh", "ja", "ko", "th"}
)
"""Languages in which the last word names the thing; in the others it is the first."""
_PREPOSITIONS: Final = frozenset(["of", "per", "for", "in", "by", "from"])
_BRACKETS = re.compile(r"[(\[（【][^)\]）】]*[)\]）】]")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def spellings(text: str, unsigned: str, plain: str, rest: str) -> Iterator[tuple[str, float]]:
    """Spellings of a header under which it may be known as a whole, the surest first, with how sure each is."""
    yield plain, 1.0
    without_brackets = normalise(_BRACKETS.sub(" ", text))
    if without_brackets and without_brackets != plain:
        yield without_brackets, 0.97
    words = [word for word in plain.split() if not word.isdigit()]
    if words:
        yield " ".join(words), 0.97
    if rest:
        yield rest, 0.95
    spelled = spelled_out(rest or plain)
    if spelled:
        yield spelled, 0.95
    left, slash, right = unsigned.partition("/")
    if slash and left.strip() and _is_measure(normalise(right)):
        yield normalise(left), 0.93
    if plain.endswith(" #") or plain.startswith("# "):
        yield plain.strip("# "), 0.95


@cache
def _abbreviations() -> dict[str, str]:
    pairs = (pair.split(" ", 1) for listed in word_lists("abbreviations").values() for pair in listed)
    return dict(pairs)


def spelled_out(text: str) -> str:
    """`std chg amt` -> `standard charge amount`; empty where nothing is abbreviated."""
    words = text.split()
    spelled = [_abbreviations().get(word, word) for word in words]
    return " ".join(spelled) if spelled != words else ""


def _is_measure(text: str) -> bool:
    """What may stand after the slash of `Preis/Einh.`: a unit, a pack."""
    first = " ".join(word for word in text.split() if word not in _PREPOSITIONS)
    known = phrase_of(first)
    return qualifier_of(first) is not None or (known is not None and "unit" in known.groups) or len(first) <= 2


def exact_phrase(text: str) -> Phrase | None:
    """The phrase that a header is, also when it is written as one word."""
    return phrase_of(text) or phrase_of(text.replace(" ", ""))


def weigh_segments(text: str) -> tuple[dict[str, float], str, frozenset[str]]:
    """Known phrases inside an unknown header: the part that names the thing (its head) counts most."""
    found = known_parts(text)
    return weigh_parts(text, found) if found else _nearly(text)


def weigh_parts(text: str, found: list[tuple[str, Phrase]]) -> tuple[dict[str, float], str, frozenset[str]]:
    """group -> score of the known parts, the strongest part and its languages."""
    if not found:
        return {}, "", frozenset()
    total = sum(len(word) for word in text.split()) or 1
    best: dict[str, float] = {}
    phrase, languages = "", frozenset[str]()
    head = _head_of(text, found)
    top = 0.0
    shares: dict[str, float] = {}
    for part, known in found:
        for group in known.groups:
            shares[group] = shares.get(group, 0.0) + len(part.replace(" ", "")) / total
    for at, (part, known) in enumerate(found):
        for group, weight in known.groups.items():
            score = weight * (0.55 + 0.4 * min(shares[group], 1.0)) * (1.0 if at == head else 0.8)
            if score > best.get(group, 0.0):
                best[group] = score
            if score > top:
                top, phrase, languages = score, part, known.languages
    return best, phrase, languages


def _head_of(text: str, found: list[tuple[str, Phrase]]) -> int:
    """Position in `found` of the part that says what the column is: the last one in English or German
    (`Charge Description`), the first one in Russian or French (`Цена поставщика`)."""
    first_languages = found[0][1].languages
    if not first_languages & _HEAD_LAST:
        return 0
    before, at = [], 0
    for word in text.split():
        if word in _PREPOSITIONS:
            break
        before.append(word)
    cut = " ".join(before)
    for position, (part, _) in enumerate(found):
        if part in cut:
            at = position
    return at


def known_parts(text: str) -> list[tuple[str, Phrase]]:
    """The known phrases in a normalised header, left to right, the longest first."""
    tokens = text.split()
    found: list[tuple[str, Phrase]] = []
    at = 0
    while at < len(tokens):
        for length in range(min(LONGEST, len(tokens) - at), 0, -1):
            part = " ".join(tokens[at : at + length])
            known = phrase_of(part)
            if known and (len(part) > 1 or _NO_SPACES.match(part)):
                found.append((part, known))
                at += length
                break
        else:
            found.extend(_within_word(tokens[at]))
            at += 1
    return found


def _within_word(word: str) -> list[tuple[str, Phrase]]:
    """Known words inside one: Chinese or Japanese runs on, German and its kin compound (`Sonderverkaufspreis`)."""
    if _NO_SPACES.search(word):
        return _within_run(word)
    tail = tail_of(word)
    return [tail] if tail else []


def _within_run(word: str) -> list[tuple[str, Phrase]]:
    found: list[tuple[str, Phrase]] = []
    at = 0
    while at < len(word):
        for length in range(min(12, len(word) - at), 0, -1):
            known = phrase_of(word[at : at + length])
            if known and (length > 1 or len(word) <= 3):
                found.append((word[at : at + length], known))
                at += length
                break
        else:
            at += 1
    return found


def _nearly(text: str) -> tuple[dict[str, float], str, frozenset[str]]:
    """The known phrase that `text` nearly is: a typing error or another ending."""
    if len(text) < 5 or any(c.isdigit() for c in text):
        return {}, "", frozenset()
    from rapidfuzz import fuzz, process

    near = phrases_about_as_long(text)
    found = process.extractOne(text, near, scorer=fuzz.ratio, score_cutoff=85)
    if found is None:
        return {}, "", frozenset()
    phrase, ratio, _ = found
    known = phrase_of(phrase)
    assert known is not None
    return {group: weight * ratio / 110 for group, weight in known.groups.items()}, phrase, known.languages
