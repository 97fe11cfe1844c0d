"""What the words of one header say: which fields, which kind of price, net or gross, which currency.

The words are in `synonyms.py`; values are looked at in `core/columns/column_evidence.py`.
"""

from functools import cache, lru_cache
from typing import Final, NamedTuple

from ingestion_dagster.core.values.currencies import Sign, find_signs
from ingestion_dagster.core.words.cost_purpose import Purpose, purpose_of
from ingestion_dagster.core.words.header_phrases import (
    exact_phrase,
    known_parts,
    spelled_out,
    spellings,
    weigh_parts,
    weigh_segments,
)
from ingestion_dagster.core.words.normalise import normalise, word_lists
from ingestion_dagster.core.words.price_basis import basis_in_header
from ingestion_dagster.core.words.quantity_steps import QuantityStep, quantity_step
from ingestion_dagster.core.words.synonyms import qualifier_of

TIERS: Final = ("purchase", "wholesale", "retail", "promo")
"""Kinds of price besides the plain one; every one of them is a price."""
_LONGEST_QUICK: Final = 70
_SHORT_STEM: Final = 3
"""Stems of so few letters are whole words: `мин`, not `Минск`."""
_EXTRA: Final = 0.95
_BARE_EXTRA: Final = 0.5
_SAID_WITH: Final = 0.75


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
    step = quantity_step(_without_signs(text, signs))
    if step is not None and (stepped := _step_words(step, currencies)):
        return stepped
    if basis := basis_in_header(text):
        said = read_header(basis.rest)
        if "stock" in said.scores:
            return said._replace(scores={"other": said.scores["stock"]})
        return said._replace(qualifiers=said.qualifiers | {"per": str(basis.pieces)})
    qualifiers, rest = _take_qualifiers(_without_signs(text, signs))
    best: dict[str, float] = {}
    phrase, languages = "", frozenset[str]()
    for candidate, factor in spellings(text, _without_signs(text, signs), plain, rest):
        found = exact_phrase(candidate)
        if found:
            phrase, languages = candidate, found.languages
            best = {group: weight * factor for group, weight in found.groups.items()}
            break
    if not best and not rest and (currencies or "tax" in qualifiers):
        best = {"price": 0.75}
    if not best:
        best, phrase, languages = weigh_segments(spelled_out(rest or plain) or rest or plain)
    if phrase != plain and (purpose := purpose_of(text)):
        best = _with_purpose(best, purpose)
        qualifiers = _purpose_qualifiers(qualifiers, best, purpose, plain)
    return _finished(best, plain, qualifiers, currencies, phrase, languages)


def _with_purpose(groups: dict[str, float], purpose: Purpose) -> dict[str, float]:
    """What is left of a price once the header says what the money is for: an extra, unless the price includes it."""
    field = max((g for g in groups if g != "other"), key=lambda g: groups[g], default="")
    is_price = field == "price" or field in TIERS
    if purpose.included:
        return {g: max(s, _SAID_WITH) for g, s in groups.items() if g == field} if is_price else groups
    is_value = purpose.role == "stock" and field == "stock" and purpose.is_money
    if (is_value or (purpose.is_money and (is_price or not field))) and groups.get("other", 0.0) < 1.0:
        return {"other": _EXTRA}
    return groups or {"other": _BARE_EXTRA}


def _purpose_qualifiers(
    qualifiers: dict[str, str], groups: dict[str, float], purpose: Purpose, plain: str
) -> dict[str, str]:
    """`incl. delivery` says nothing about tax."""
    if purpose.included:
        tax = _take_qualifiers(plain.replace(purpose.included, " "))[0].get("tax")
        return {name: value for name, value in qualifiers.items() if name != "tax" or value == tax}
    return qualifiers | {"for": purpose.role} if groups.keys() <= {"other"} else qualifiers


def _step_words(step: QuantityStep, currencies: tuple[str, ...]) -> HeaderWords | None:
    """`100+`, `Preis ab 10 Stk`, `Retail 1-9`: the price from that quantity on. None where only the columns beside it
    can tell (`36-38`, `10`)."""
    qualifiers, rest = _take_qualifiers(step.rest)
    if not rest and step.strength == "open":
        said = NOTHING_SAID._replace(scores={"price": 0.75}, qualifiers=qualifiers, currencies=currencies)
    elif rest and step.strength != "number":
        said = read_header(step.rest)
        price = said.scores.get("price", 0.0)
        if price < 0.5 or price < said.known:
            return None
    else:
        return None
    bounds = {"from": str(step.lower)} | ({"to": str(step.upper)} if step.upper else {})
    return said._replace(qualifiers=said.qualifiers | bounds, currencies=currencies or said.currencies)


@lru_cache(maxsize=8192)
def known_as_header(text: str) -> tuple[str, float]:
    """Quickly, for finding headers: the group that `text` most likely says, and how clearly. Not for data."""
    if not text or len(text) > _LONGEST_QUICK or (len(text) == 1 and text.isascii() and text.isalnum()):
        return "", 0.0
    for candidate in (normalise(text), _take_qualifiers(text)[1]):
        found = exact_phrase(candidate) if candidate else None
        if found:
            return _strongest(found.groups)
    _, rest = _take_qualifiers(text)
    if not rest:
        return ("price", 0.7) if any(c.isalpha() for c in text) else ("", 0.0)
    groups, _, _ = weigh_parts(rest, known_parts(rest))
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


def _is_no_stock(plain: str, said: float) -> bool:
    """`min stock`, `qty per pallet`: a number of pieces, but not of those on the shelf."""
    if said >= 1.0:
        return False
    stems = word_lists("not_stock")["stems"]
    long = tuple(stem for stem in stems if len(stem) > _SHORT_STEM)
    return any(token in stems or token.startswith(long) for token in plain.split())


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
