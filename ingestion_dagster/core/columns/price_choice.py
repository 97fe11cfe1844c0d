"""Which of several price columns is the one to load: what we pay (purchase, wholesale, net) before what others pay.

The wrong price is the worst error there is, so a choice between equals is left to a person.
"""

from typing import Final, NamedTuple

from ingestion_dagster.core.columns.column_profile import ColumnProfile
from ingestion_dagster.core.words.lexicon import HeaderWords

_TIER_RANK: Final = {"purchase": 3, "wholesale": 2, None: 1, "retail": 0, "promo": -1}
_DEFAULT_WORDS: Final = frozenset({"default", "standard", "regular", "normal", "base", "основная", "основна"})
_CLOSE: Final = 0.15
_PAIRS: Final = 3
"""Rows with both prices needed before two columns are compared."""


class PriceColumn(NamedTuple):
    """A column that may be the price. `numbers` is aligned to the sampled rows, None where it has none."""

    column: int
    header: str
    words: HeaderWords
    profile: ColumnProfile
    score: float
    numbers: tuple[float | None, ...]

    @property
    def said(self) -> float:
        """How clearly the header says price."""
        return self.words.scores.get("price", 0.0)

    @property
    def usable(self) -> bool:
        """Filled in at least half of the rows, and not with zeros."""
        return self.profile.fill >= 0.5 and self.profile.zeros <= 0.5


class PriceChoice(NamedTuple):
    """The chosen column, how sure (0 to 1), why, and the columns it was chosen over."""

    chosen: PriceColumn
    confidence: float
    evidence: tuple[str, ...]
    alternatives: tuple[int, ...]
    contested: tuple[int, ...]
    """Columns as good as the chosen one: a person should say which."""


def choose_price(candidates: list[PriceColumn]) -> PriceChoice | None:
    """The column to load, or None without candidates."""
    if not candidates:
        return None
    best_said = max(c.said for c in candidates)
    serious = [c for c in candidates if c.said >= 0.5] if best_said >= 0.5 else candidates
    usable = [c for c in serious if c.usable] or serious
    ranked = sorted(usable, key=_rank, reverse=True)
    chosen = ranked[0]
    contested = tuple(c.column for c in ranked[1:] if _as_good(c, chosen))
    evidence = [_why(chosen, serious)]
    confidence = _base_confidence(chosen)
    if contested:
        confidence = min(confidence, 0.6)
        evidence.append("other price columns are as likely")
    confidence, compared = _compared(chosen, serious, confidence)
    evidence += compared
    alternatives = tuple(c.column for c in serious if c.column != chosen.column)
    return PriceChoice(chosen, confidence, tuple(evidence), alternatives, contested)


def _rank(c: PriceColumn) -> tuple[float, ...]:
    tier = _TIER_RANK[c.words.tier]
    if c.said < 0.5:
        return (tier, 0.0, round(c.score, 1), c.profile.fill, -c.column)
    pack = min(_per_unit(c), 0)  # however clearly it says price, a pack's is not the item's
    wordy = -len(c.header.split())  # `Opt` before `small opt` and `opt 3`
    plain = (_is_default(c), _net(c), _per_unit(c), c.profile.fill > 0.9, wordy, -c.column)
    return (tier, pack, round(c.said, 1), -_from(c), *plain)


def _from(c: PriceColumn) -> int:
    """The quantity from which the price holds."""
    return int(c.words.qualifiers.get("from", "0"))


def _is_default(c: PriceColumn) -> bool:
    return bool(_DEFAULT_WORDS & set(c.header.casefold().replace("/", " ").split()))


def _net(c: PriceColumn) -> int:
    return {"net": 1, "gross": -1}.get(c.words.qualifiers.get("tax", ""), 0)


def _per_unit(c: PriceColumn) -> int:
    return {"unit": 1, "pack": -1}.get(c.words.qualifiers.get("per", ""), 0)


def _as_good(other: PriceColumn, chosen: PriceColumn) -> bool:
    """Nothing but the position speaks for the chosen one, or the other, a pack's, says price so much more clearly."""
    if other.words.tier == chosen.words.tier and other.said > chosen.said + 2 * _CLOSE:
        return other.numbers != chosen.numbers
    if {other.words.tier, chosen.words.tier} == {"retail", "promo"} and other.profile.fill > 0.9:
        return other.numbers != chosen.numbers
    if other.words.tier != chosen.words.tier or other.said < chosen.said - _CLOSE or _from(other) != _from(chosen):
        return False
    if (
        _is_default(other) != _is_default(chosen)
        or _net(other) != _net(chosen)
        or _per_unit(other) != _per_unit(chosen)
    ):
        return False
    return other.numbers != chosen.numbers


def _why(chosen: PriceColumn, serious: list[PriceColumn]) -> str:
    tier = chosen.words.tier
    if chosen.said < 0.5:
        return "no header says price; its values look most like prices"
    if len(serious) == 1:
        return "the only column whose header says price"
    if tier in ("purchase", "wholesale"):
        return f"a {tier} price filled in {chosen.profile.fill:.0%} of the rows goes before other prices"
    if tier is None:
        return "the plain price; no purchase or wholesale price is filled in half of the rows"
    return f"a {tier} price; no other price is filled in half of the rows"


def _base_confidence(c: PriceColumn) -> float:
    if c.said >= 0.93:
        confidence = 0.98
    elif c.said >= 0.75:
        confidence = 0.94
    elif c.said >= 0.5:
        confidence = 0.85
    else:
        confidence = 0.62
    if c.profile.numeric < 0.7:
        confidence -= 0.15
    if c.profile.fill < 0.3:
        confidence -= 0.1
    if c.score < 0:
        confidence -= 0.2
    return max(confidence, 0.05)


def _compared(chosen: PriceColumn, serious: list[PriceColumn], confidence: float) -> tuple[float, list[str]]:
    """Check a purchase price against the other columns: it should not be the dearer one."""
    if chosen.words.tier not in ("purchase", "wholesale"):
        return confidence, []
    for other in serious:
        if other.words.tier not in ("retail", None) or other.column == chosen.column:
            continue
        pairs = [(a, b) for a, b in zip(chosen.numbers, other.numbers, strict=True) if a and b]
        if len(pairs) < _PAIRS:
            continue
        dearer = sum(1 for a, b in pairs if a > b * 1.0001) / len(pairs)
        if dearer > 0.9 and other.words.tier == "retail":
            return min(confidence, 0.5), [f"but it is dearer than “{other.header}” in {dearer:.0%} of the rows"]
        if dearer < 0.1:
            return confidence, [f"not dearer than “{other.header}” in {1 - dearer:.0%} of the rows"]
    return confidence, []
