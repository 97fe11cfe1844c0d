"""Which sources there are: this project's own, and those that installed packages announce. Each is loaded when it is
first asked for, and a broken one harms no other. What a source does stands in its own module.
"""

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final, NamedTuple

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.suppliers.built_in_sources import BUILT_IN
from ingestion_dagster.core.suppliers.source_table import Installed, SourceTable
from ingestion_dagster.core.suppliers.source_types import NAME
from ingestion_dagster.sources.source import Source

GROUP: Final = "ingestion_dagster.sources"
OWN: Final = (
    EntryPoint("google_sheets", "ingestion_dagster.pipeline.google_source:GOOGLE_SHEETS", GROUP),
    EntryPoint("csv", "ingestion_dagster.sources.inbox:CSV_FILES", GROUP),
    EntryPoint("excel", "ingestion_dagster.sources.inbox:EXCEL_FILES", GROUP),
)
"""Entry points as a package declares them. They stand here, so that a run finds them without looking into every
installed package, and no package can take their place."""


class _Found(NamedTuple):
    sources: dict[str, Source]
    broken: dict[str, str]


@lru_cache(maxsize=1)
def source_types() -> SourceTable:
    """All types. Packages are looked into only where a name is none of this project's own."""
    return SourceTable(_installed_types)


def _installed_types() -> Installed:
    found = _installed()
    return Installed({name: one.type for name, one in found.sources.items()}, found.broken)


def source(name: str) -> Source:
    """The source of that name. Raises SourceRejected with those there are, or with what is wrong with its package."""
    own = next((entry for entry in OWN if entry.name == name), None)
    if own is not None:
        return _loaded(own)
    found = _installed().sources.get(name)
    if found is None:
        raise SourceRejected(source_types().why_not(name))
    return found


@lru_cache(maxsize=1)
def _installed() -> _Found:
    found = _Found({}, {})
    announced: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        announced.setdefault(entry.name, []).append(entry)
    for name, entries in sorted(announced.items()):
        try:
            found.sources[name] = _only(name, entries)
        except SourceRejected as error:
            found.broken[name] = str(error)
    return found


def _only(name: str, entries: list[EntryPoint]) -> Source:
    """The source of that name. Raises SourceRejected with the package's name and what to do."""
    packages = " and ".join(sorted(_package(entry) for entry in entries))
    whose = f"the source {name!r} of {packages}"
    if name in BUILT_IN:
        raise SourceRejected(f"{whose} has the name of one that is built in; uninstall it")
    if NAME.fullmatch(name) is None:
        raise SourceRejected(f"{whose} has no name of a-z, 0-9 and _, at most 32 of them; its authors have to mend it")
    if len(entries) > 1:
        raise SourceRejected(f"{whose}: several packages have that name, and none is used; uninstall all but one")
    try:
        made = _loaded(entries[0])
    # A stranger's code: no other source suffers, whatever it raises.
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise SourceRejected(f"{whose} cannot be loaded: {reason}; install the package again, or its update") from None
    if not isinstance(made, Source) or made.type.name != name:
        raise SourceRejected(f"{whose} is no Source of that name; its authors have to mend it")
    return made


def _loaded(entry: EntryPoint) -> Source:
    made: Source = entry.load()
    return made


def _package(entry: EntryPoint) -> str:
    return f"package {entry.dist.name} {entry.dist.version}" if entry.dist is not None else "a package"
