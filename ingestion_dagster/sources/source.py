"""What a source is to the rest: a type, a way to fetch one list, and, where it can be had cheaply, word of changes.

This is what a package with a source of its own implements (docs/how-to/add-a-source.md). No source stands here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ingestion_dagster.core.steps import QuotaUse
from ingestion_dagster.core.suppliers.source_types import Allowed, SourceType
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.sources.limits import Limits


class Fetched(NamedTuple):
    """A list as it is at its source now."""

    data: bytes
    filename: str
    quota: QuotaUse | None = None
    changes_unedited: bool = True
    """Whether its content may change although `look` says the same as before; then it is read every time."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """Whose list is wanted, and within which bounds."""

    supplier: Supplier
    allowed: Allowed
    limits: Limits
    seconds: float
    """How long a fetch may take, its own repetitions included; the run that waits for it ends not much later."""
    deployment: Any = field(default=None, repr=False)
    """Where this runs. For this project's own sources: other packages are promised nothing of it."""


State = dict[str, Any]
"""What tells one version of a list from the next, as JSON: equal states mean that nobody edited it."""


class Looked(NamedTuple):
    """What a source says of several lists without reading them."""

    states: Mapping[str, State | None] = {}
    """By supplier key; None for a list of which it knows nothing, which is read then. Not all have to be there."""
    trouble: str | None = None
    """Why it could not be asked, as a sentence; then every list is read."""


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of source. Heavy libraries are imported inside its functions: every run is a new process."""

    type: SourceType
    fetch: Callable[[Order], Fetched]
    """Raises SourceRejected for what trying again cannot help, SourceUnavailable for what it can; both with words for
    a person, and without credentials."""
    look: Callable[[Sequence[Order]], Looked] | None = None
    """Asked once for all its suppliers, when everything is refreshed. None: every list is read every time."""
