"""All source types there are: the built-in ones, and those of installed packages, which are looked for only when a name
is none of the built-in ones. Pure: who finds the others is said by whoever makes the table.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.suppliers.built_in_sources import BUILT_IN, GOOGLE_SHEETS
from ingestion_dagster.core.suppliers.source_types import SourceType


class Installed(NamedTuple):
    """What packages bring."""

    types: Mapping[str, SourceType] = {}
    broken: Mapping[str, str] = {}
    """By name: why a source that a package announces cannot be used, and which package it is."""


class SourceTable:
    """Source types by name, word, address and file ending."""

    def __init__(self, installed: Callable[[], Installed] = Installed) -> None:
        self._installed = installed

    def names(self) -> tuple[str, ...]:
        """Of all that can be used, built-in ones first."""
        return (*BUILT_IN, *sorted(self._installed().types))

    def find(self, name: str) -> SourceType | None:
        """The type of that name."""
        return BUILT_IN.get(name) or self._installed().types.get(name)

    def get(self, name: str) -> SourceType:
        """The type of that name. Raises SourceRejected with those there are, or with what is wrong with its package."""
        kind = self.find(name)
        if kind is None:
            raise SourceRejected(self.why_not(name))
        return kind

    def broken(self, name: str) -> str | None:
        """What is wrong with the package that announces this name, where there is one."""
        return self._installed().broken.get(name)

    def why_not(self, name: str) -> str:
        """Why a name cannot be used."""
        return self.broken(name) or (
            f"there is no source type {name!r} here; there are: {', '.join(self.names())}."
            " Another one comes with the package that has it, installed beside this one"
        )

    def of_word(self, word: str) -> SourceType | None:
        """The type that a registry sheet's `format` means."""
        for kind in BUILT_IN.values():
            if word == kind.name or word in kind.words:
                return kind
        return next((kind for kind in self._installed().types.values() if word in (kind.name, *kind.words)), None)

    def of_ending(self, ending: str) -> SourceType | None:
        """The type of an inbox file whose name ends so (no dot, small letters)."""
        return next((kind for kind in BUILT_IN.values() if kind.is_file and ending in (kind.name, *kind.words)), None)

    def of_link(self, link: str) -> SourceType:
        """The type of an address: the one that claims its scheme, else Google's, which says what is wrong with it.

        Raises SourceRejected where several claim it, or where a package that may claim it cannot be used.
        """
        scheme = link.partition("://")[0].casefold() if "://" in link else "https"
        if scheme in ("https", "http"):
            return GOOGLE_SHEETS
        installed = self._installed()
        claims = [kind for kind in installed.types.values() if scheme in kind.schemes]
        if len(claims) > 1:
            raise SourceRejected(
                f"{scheme}:// may be {' or '.join(sorted(kind.name for kind in claims))}; say which with --type"
            )
        if not claims and scheme in installed.broken:
            raise SourceRejected(installed.broken[scheme])
        return claims[0] if claims else GOOGLE_SHEETS

    def address_in(self, source: Mapping[str, Any]) -> str:
        """Where a list is, as people know it; empty where no type here knows the source."""
        for kind in BUILT_IN.values():
            if source.get(kind.address):
                return str(source[kind.address])
        found = (source[kind.address] for kind in self._installed().types.values() if source.get(kind.address))
        return str(next(found, ""))


BUILT_IN_TABLE: Final = SourceTable()
"""Without any package's; for what needs no others."""
