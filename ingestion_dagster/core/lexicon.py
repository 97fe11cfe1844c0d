"""What the words of one header say: which fields, which kind of price, net or gross, which currency.

The words are in `synonyms.py`; values are looked at in `column_evidence.py`.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

from ingestion_dagster.core.currencies import Sign, find_signs
from ingestion_dagster.core.synonyms import LONGEST, Phrase, phrase_of, phrases_about_as_long, qualifier_of, tail_of
from ingestion_dagster.core.words import normalise, word_lists

TIERS: Final = ("purchase", "wholesale", "retail", "promo")
"""Kinds of price besides the plain one; every one of them is a price."""
NO_FIELD: Final = ("other", "row_number")
_HEAD_LAST: Final = frozenset(
    {"en", "de", "nl", "sv", "da", "no", "fi", "hu", "tr", "et", "lv", "lt", "zh", "ja", "ko", "th"}
)
"""Languages in which the last word names the thing; in the others it is the first."""
_PREPOSITIONS: Final = frozenset(["of", "per", "for", "in", "by", "from"])
_QUANTITY_STEP = re.compile(
    r"(?:(?:from|ab|von|от|від|od|à partir de|desde|da)\s+)?([0-9]{1,6})\s*(?:\+|(?:pcs|шт|st|ks|szt)\.?\s*\+?)", re.I
)
"""`10+`, `ab 100 St`: a price from that quantity on."""
_PER_HUNDRED = re.compile(r"(?:per|pro|je|za|за|par|por|na|a|/) ?(100|1000)(?!\d)")
_LONGEST_QUICK: Final = 70
_BRACKETS = re.compile(r"[(\[（【][^)\]）】]*[)\]）】]")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class HeaderWords(NamedTuple):
    """What one header text says. `scores` holds fields and `other`, 0 to 1; missing means not said."""

    scores: dict[str, float]
    tier: str | None
    qualifiers: dict[str, str]
    currencies: tuple[str, ...]
    phrase: str
    languages: frozenset[str]

    @property
    def known(self) -> float:
        """How sure it is that this is a header at all."""
        return max(self.scores.values(), default=0.0)


NOTHING_SAID: Final = HeaderWords({}, None, {}, (), "", frozenset())


@lru_cache(maxsize=8192)
def read_header(text: str) -> HeaderWords:
    """What the header `text` says: which fields it may mean, which kind of price, net or gross, which currency."""
    if not text or len(text) > 200:
        return NOTHING_SAID
    signs = find_signs(text, beside_number=False)
    currencies = tuple(dict.fromkeys(sign.codes[0] for sign in signs))
    plain = normalise(text)
    if step := _QUANTITY_STEP.fullmatch(text.strip()):
        return NOTHING_SAID._replace(scores={"price": 0.75}, qualifiers={"from": step[1]}, currencies=currencies)
    qualifiers, rest = _take_qualifiers(_without_signs(text, signs))
    if hundred := _PER_HUNDRED.search(plain):
        qualifiers["per"] = hundred[1]
    best: dict[str, float] = {}
    phrase, languages = "", frozenset[str]()
    for candidate, factor in _variants(text, _without_signs(text, signs), plain, rest):
        found = _exact(candidate)
        if found:
            phrase, languages = candidate, found.languages
            best = {group: weight * factor for group, weight in found.groups.items()}
            break
    if not best and not rest and (currencies or "tax" in qualifiers):
        best = {"price": 0.75}
    if not best:
        best, phrase, languages = _segments(_spelled_out(rest or plain) or rest or plain)
    return _finished(best, plain, qualifiers, currencies, phrase, languages)


@lru_cache(maxsize=8192)
def known_as_header(text: str) -> tuple[str, float]:
    """Quickly, for finding headers: the group that `text` most likely says, and how clearly. Not for data."""
    if not text or len(text) > _LONGEST_QUICK or (len(text) == 1 and text.isascii() and text.isalnum()):
        return "", 0.0
    for candidate in (normalise(text), _take_qualifiers(text)[1]):
        found = _exact(candidate) if candidate else None
        if found:
            return _strongest(found.groups)
    _, rest = _take_qualifiers(text)
    if not rest:
        return ("price", 0.7) if any(c.isalpha() for c in text) else ("", 0.0)
    groups, _, _ = _weigh_parts(rest, _known_parts(rest))
    return _strongest(groups) if groups else ("", 0.0)


def _strongest(groups: dict[str, float]) -> tuple[str, float]:
    group = max(groups, key=lambda g: groups[g])
    return ("price" if group in TIERS else group), groups[group]


def _finished(
    groups: dict[str, float],
    plain: str,
    qualifiers: dict[str, str],
    currencies: tuple[str, ...],
    phrase: str,
    languages: frozenset[str],
) -> HeaderWords:
    if groups.get("stock") and (qualifiers.get("per") == "pack" or _is_no_stock(plain, groups["stock"])):
        groups["other"] = max(groups.get("other", 0.0), groups.pop("stock"))
    tiers: dict[str, float] = {tier: groups.pop(tier) for tier in TIERS if tier in groups}
    plain_price = groups.get("price", 0.0)
    tier: str | None = max(tiers, key=lambda t: tiers[t], default=None)
    if tier is not None and plain_price > tiers[tier]:
        tier = None
    if tiers:
        groups["price"] = max(plain_price, *tiers.values())
    if tier is None and groups.get("price"):
        tier = _tier_by_stem(plain)
    elif not groups and (tier := _tier_by_stem(plain)):
        groups["price"] = 0.55
    return HeaderWords(groups, tier if groups.get("price") else None, qualifiers, currencies, phrase, languages)


def _without_signs(text: str, signs: list[Sign]) -> str:
    for sign in reversed(signs):
        text = text[: sign.start] + " " + text[sign.end :]
    return text


def _take_qualifiers(text: str) -> tuple[dict[str, str], str]:
    """Qualifier phrases of a header and the words that remain without them, digits taken out."""
    tokens = normalise(text).split()
    found: dict[str, str] = {}
    kept: list[str] = []
    at = 0
    while at < len(tokens):
        for length in range(min(4, len(tokens) - at), 0, -1):
            meaning = qualifier_of(" ".join(tokens[at : at + length]))
            if meaning:
                found.setdefault("tax" if meaning in ("net", "gross") else "per", meaning.removeprefix("per_"))
                at += length
                break
        else:
            if (not tokens[at].isdigit() and tokens[at] not in ("#", "%")) or tokens[at] == "%":
                kept.append(tokens[at])
            at += 1
    return found, " ".join(kept)


def _variants(text: str, unsigned: str, plain: str, rest: str) -> Iterator[tuple[str, float]]:
    yield plain, 1.0
    without_brackets = normalise(_BRACKETS.sub(" ", text))
    if without_brackets and without_brackets != plain:
        yield without_brackets, 0.97
    words = [word for word in plain.split() if not word.isdigit()]
    if words:
        yield " ".join(words), 0.97
    if rest:
        yield rest, 0.95
    spelled = _spelled_out(rest or plain)
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


def _spelled_out(text: str) -> str:
    """`std chg amt` -> `standard charge amount`; empty where nothing is abbreviated."""
    words = text.split()
    spelled = [_abbreviations().get(word, word) for word in words]
    return " ".join(spelled) if spelled != words else ""


def _is_measure(text: str) -> bool:
    """What may stand after the slash of `Preis/Einh.`: a unit, a pack."""
    first = " ".join(word for word in text.split() if word not in _PREPOSITIONS)
    known = phrase_of(first)
    return qualifier_of(first) is not None or (known is not None and "unit" in known.groups) or len(first) <= 2


def _exact(text: str) -> Phrase | None:
    return phrase_of(text) or phrase_of(text.replace(" ", ""))


def _segments(text: str) -> tuple[dict[str, float], str, frozenset[str]]:
    """Known phrases inside an unknown header: the part that names the thing (its head) counts most."""
    found = _known_parts(text)
    return _weigh_parts(text, found) if found else _nearly(text)


def _weigh_parts(text: str, found: list[tuple[str, Phrase]]) -> tuple[dict[str, float], str, frozenset[str]]:
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


def _known_parts(text: str) -> list[tuple[str, Phrase]]:
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


def _is_no_stock(plain: str, said: float) -> bool:
    """`min stock`, `qty per pallet`: a number of pieces, but not of those on the shelf."""
    if said >= 1.0:
        return False
    stems = word_lists("not_stock")["stems"]
    return any(token.startswith(stems) for token in plain.split())


@cache
def _stems() -> dict[str, tuple[str, ...]]:
    return word_lists("tier_stems")


def _tier_by_stem(plain: str) -> str | None:
    """The kind of price that a word's beginning tells: `для дилеров`, `оптовикам`."""
    tokens = plain.split()
    for tier in TIERS:
        stems = _stems()[tier]
        if any(token.startswith(stems) for token in tokens):
            return tier
    return None
