"""Names under which credentials are kept: whatever comes from outside must not have a field of such a name. Pure."""

import unicodedata
from typing import Final

SECRET_WORDS: Final = (
    "credential", "serviceaccount", "privatekey", "password", "passwd", "passphrase", "secret", "token", "apikey",
)  # fmt: skip


def is_secret(name: str) -> bool:
    """Whether a field of this name may hold a secret."""
    folded = "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())
    return any(word in folded for word in SECRET_WORDS)
