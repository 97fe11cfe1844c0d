"""Errors of a spreadsheet that arrived as text: `#REF!`, `#BEZUG!`, `Err:502`, `Loading...`, in any language.

Error cells that are known as such are `sheets.CellError`.
"""

import re
from typing import Final

from ingestion_dagster.core.words.normalise import all_words, normalise

_SPELLED: Final = re.compile(r"#[¡¿]?[^\W\d_][^\s!?#]{0,19}[!?]")
"""Every language has its own words, all of them between `#` and `!` or `?`."""
_OTHERS: Final = frozenset(
    {"#N/A", "#NA", "#N/V", "#NV", "#N/D", "#ND", "#Н/Д", "#N/B", "#YOK", "#I/T", "#SAKNAS", "#PUUTTUU", "#HIÁNYZIK",
     "#NEDOSTUPNÝ", "#N/DISP", "#GETTING_DATA", "#ERROR", "#####"}
)  # fmt: skip
_LIBRE_OFFICE: Final = re.compile(r"Err:[0-9]{3}")
_LONGEST: Final = 40


def is_error_text(text: str) -> bool:
    """Whether a whole cell is such an error."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return False
    if text[0] == "#":
        return text in _OTHERS or not text.strip("#") or (text.isupper() and _SPELLED.fullmatch(text) is not None)
    return text[0] == "E" and _LIBRE_OFFICE.fullmatch(text) is not None


def is_loading_text(text: str) -> bool:
    """Whether a cell says that its value was still being fetched."""
    text = text.strip()
    if len(text) > _LONGEST or not (text.endswith(("...", "…")) or text.startswith(("...", "…"))):
        return False
    return normalise(text) in all_words("loading")


def may_hold_error(text: str) -> bool:
    """A quick look that says no only where no cell of a row, joined to `text`, is such an error."""
    return "#" in text or "..." in text or "…" in text or "Err:" in text
