"""A supplier's key from its name: what Dagster's partition keys and our URLs and file names can hold.

Only spelling is decided here; whether a key is taken is decided where suppliers are registered.
"""

import re
import unicodedata
from hashlib import sha256
from typing import Final

from anyascii import anyascii

MAX_LENGTH: Final = 64
SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""What a key may look like: a comma in a partition key breaks backfills in Dagster's UI."""

NUMBERED: Final = 99
"""Suppliers of one key that are told apart by a number."""

_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_BREAKS: Final = re.compile(r"[^a-z0-9]+")


def slug(name: str) -> str:
    """The key of `name`: `Müller & Söhne` -> `mueller-soehne`, `Прайс Восток` -> `prays-vostok`.

    Deterministic and never empty. A name without a letter or digit, or one that is cut at 64 characters, carries
    a hash of the whole name, so that two long names with the same beginning stay apart.
    """
    folded = unicodedata.normalize("NFKC", name).casefold().strip()
    spelled = anyascii(unicodedata.normalize("NFC", folded).translate(_UMLAUTS)).lower()
    words = _BREAKS.sub("-", spelled).strip("-")
    if words and len(words) <= MAX_LENGTH:
        return words
    mark = sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    head = words[: MAX_LENGTH - 9].rstrip("-") or "supplier"
    return f"{head}-{mark}"


def keys_for(name: str) -> list[str]:
    """The keys that a new supplier called `name` may get, in order of liking: `acme`, `acme-2` … `acme-99`, and then
    two that carry a hash of the name itself, which no other name leads to."""
    wanted = slug(name)
    numbered = [f"{wanted[: MAX_LENGTH - 1 - len(str(number))]}-{number}" for number in range(2, NUMBERED + 1)]
    mark = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    hashed = [f"{wanted[: MAX_LENGTH - 1 - length]}-{mark[:length]}" for length in (8, 32)]
    return [wanted, *numbered, *hashed]


def is_slug(key: str) -> bool:
    """Whether `key` can be a supplier's key as it stands."""
    return SLUG.fullmatch(key) is not None
