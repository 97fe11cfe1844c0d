"""One tab as the readers of all containers give it, before anything is sent."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ingestion_dagster.core.sheets import Row


@dataclass
class Tab:
    """One tab as a reader found it; positions are 0-based. `rows` start at the sheet's first row and column."""

    name: str
    rows: Iterator[Row]
    width: int
    typed: bool = True
    hidden: bool = False
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    formats: dict[str, object] | None = None
    formats_until: int | None = None
    """First row whose formats are not known yet; None where all are."""
    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    """row -> column -> code, put over what `rows` gives there."""
    notes: list[str] = field(default_factory=list)
    name_may_change: bool = False
    """Nothing looks the tab up in the file by its name again."""
