"""The quantity step that one header names: `1-9`, `100 +`, `<10`, `ab 50 Stk`, `от 10 шт`. One text only; what the
columns of a table say together is in `core/columns/price_steps.py`.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

from ingestion_dagster.core.values.digits import plain
from ingestion_dagster.core.words.normalise import normalise, word_lists

Strength = Literal["open", "range", "number"]
LARGEST: Final = 1_000_000
_LONGEST: Final = 60
_TOKEN = re.compile(
    r"(?P<decimal>\d+[.,]\d{1,2}(?!\d)|\d+[/:]\d+)|(?P<number>\d{1,3}(?:[.,' ]\d{3})+(?!\d)|\d+)(?P<kilo>k\b)?"
    r"|(?P<sign>[<>]=?|[≤≥+~～〜…]|-|–|—|\.\.+)|(?P<word>[^\W\d_]+(?:[.-](?=[^\W\d_]{1,3}\b)[^\W\d_]{1,3})?)",
    re.I,
)
_SIGNS: Final = {
    "<": "below", "<=": "up_to", "≤": "up_to", ">": "over", ">=": "from", "≥": "from", "+": "more",
    "-": "to", "–": "to", "—": "to", "~": "to", "～": "to", "〜": "to", "…": "to",
}  # fmt: skip
_LONGEST_PHRASE: Final = 4
_YEARS: Final = range(2010, 2041)
"""`Prices from 2026` names a year."""
_NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DROPPED: Final = frozenset({"pieces", "quantity", "step", "from", "more", "to"})


class QuantityStep(NamedTuple):
    """`lower` pieces and more, up to `upper` where the header says so. `strength`: `open` (`10+`, `ab 10`) is a step
    by itself, a `range` (`10-49`) may be a size, a bare `number` may be anything: both need columns like them.
    `rest` is what else the header says, normalised."""

    lower: int
    upper: int | None
    strength: Strength
    rest: str


class _Token(NamedTuple):
    text: str
    roles: frozenset[str]
    number: int = 0


@lru_cache(maxsize=8192)
def quantity_step(text: str) -> QuantityStep | None:
    """The step that a header names, or None. A price for so many pieces (`per 100`) is none."""
    if len(text) > _LONGEST or not any(c.isdigit() for c in text):
        return None
    tokens = _tokens(text)
    numbers = [at for at, token in enumerate(tokens) if token.number]
    if not numbers or any("decimal" in token.roles for token in tokens):
        return None
    found = _between(tokens, numbers) or _single(tokens, numbers[-1])
    if found is None:
        return None
    lower, upper, strength, used = found
    left = [token for at, token in enumerate(tokens) if at not in used]
    if any(token.number > 9 for token in left):
        return None
    rest = " ".join(token.text for token in left if not token.roles & _DROPPED and not token.number)
    return QuantityStep(max(lower, 1), upper, strength, rest)


_Found = tuple[int, int | None, Strength, set[int]]


def _between(tokens: list[_Token], numbers: list[int]) -> _Found | None:
    """`1-9`, `10 bis 49`, `от 50 до 99 шт`."""
    if len(numbers) < 2:
        return None
    first, last = numbers[-2:]
    inner = tokens[first + 1 : last]
    if not inner or not all(token.roles & {"to", "up_to", "pieces"} for token in inner):
        return None
    if not any(token.roles & {"to", "up_to"} for token in inner) or tokens[first].number >= tokens[last].number:
        return None
    return tokens[first].number, tokens[last].number, "range", set(range(first, last + 1))


def _single(tokens: list[_Token], at: int) -> _Found | None:
    number = tokens[at].number
    before = tokens[at - 1].roles if at else frozenset[str]()
    end = at + 1
    while end < len(tokens) and "pieces" in tokens[end].roles:
        end += 1
    if end < len(tokens) and tokens[end].text == "-":  # `10 db-tól`
        end += 1
    after = tokens[end].roles if end < len(tokens) else frozenset[str]()
    if number in _YEARS and at + 1 == end and "more" not in after:
        return None
    if "more" in after:
        return number, None, "open", {at, end}
    if "from" in before:
        return number, None, "open", {at - 1, at}
    for role, lower, upper in (("below", 1, number - 1), ("up_to", 1, number), ("over", number + 1, None)):
        if role in before:
            return lower, upper, "open", {at - 1, at}
        if role in after and "to" not in after:
            return lower, upper, "open", {at, end}
    if "basis" in before:
        return None
    pieces = at + 1 < len(tokens) and "pieces" in tokens[at + 1].roles
    return number, None, "open" if pieces and len(tokens) == end else "number", {at}


def _tokens(text: str) -> list[_Token]:
    return _joined([token for part in _TOKEN.finditer(plain(text).casefold()) for token in _read(part)])


def _read(part: re.Match[str]) -> Iterator[_Token]:
    if part["decimal"]:
        yield _Token(part.group(), frozenset({"decimal"}))
    elif part["number"]:
        number = int(re.sub(r"\D", "", part["number"])) * (1000 if part["kilo"] else 1)
        yield _Token(part.group(), frozenset(), number) if 0 < number < LARGEST else _zero(number)
    elif part["sign"]:
        yield _Token(part.group(), frozenset({_SIGNS.get(part.group(), "to")}))
    else:
        yield from (_Token(word, _roles().get(word, frozenset())) for word in _split(normalise(part.group())))


def _zero(number: int) -> _Token:
    """`0-9` begins with the first piece; a number too large is no quantity."""
    return _Token("0", frozenset(), 1) if number == 0 else _Token(str(number), frozenset({"decimal"}))


def _split(word: str) -> Iterator[str]:
    """Words of a script without blanks, cut into those that are known."""
    if not _NO_SPACES.search(word):
        yield from word.split()
        return
    at = 0
    while at < len(word):
        known = next((word[at : at + n] for n in range(6, 0, -1) if word[at : at + n] in _roles()), "")
        end = at + len(known) if known else len(word)
        yield word[at:end]
        at = end


def _joined(tokens: list[_Token]) -> list[_Token]:
    """Phrases of several words (`und mehr`, `a partir de`) as one token each."""
    joined: list[_Token] = []
    at = 0
    while at < len(tokens):
        for length in range(min(_LONGEST_PHRASE, len(tokens) - at), 1, -1):
            phrase = " ".join(token.text for token in tokens[at : at + length])
            if phrase in _roles():
                joined.append(_Token(phrase, _roles()[phrase]))
                at += length
                break
        else:
            joined.append(tokens[at])
            at += 1
    return joined


@cache
def _roles() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for role, phrases in word_lists("step_words").items():
        for phrase in phrases:
            found.setdefault(phrase, set()).add(role)
    return {phrase: frozenset(roles) for phrase, roles in found.items()}
