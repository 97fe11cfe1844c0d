"""What is known of a kind of source without asking it: its name, what says where a list is, what may be said, by whom.

Pure. How a list is fetched belongs to `sources/`; the table of all types is `source_table.py`.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from ingestion_dagster.core.errors import DataIngestionError, SourceRejected
from ingestion_dagster.core.problems import place_of, reason_of
from ingestion_dagster.core.secret_names import is_secret

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
READING_NAMES: Final = frozenset(
    {
        "sheet_name", "encoding", "delimiter", "column_mapping", "characteristic_columns", "header_row",
        "data_start_row",
    }
)  # fmt: skip
"""What a message may say of any list, wherever it comes from: how it is read."""
_PASSWORD: Final = re.compile(r"//[^/@\s]*:[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator allows suppliers to read."""

    inbox: str = ""
    hosts: Collection[str] = ()


def _any_address(address: str, allowed: Allowed) -> None:
    """Nothing to refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceType:
    """One kind of source. What is not said is forbidden: by default a message may name nothing of it."""

    name: str
    """`[a-z][a-z0-9_]{0,31}`: `parser_type` of messages, `format` of the registry sheet, `suppliers.source_type`."""
    address: str
    """The setting that says where the list is; `supplier add --source` and the registry sheet's `url` fill it."""
    check: Callable[[str, Allowed], None] = _any_address
    """Raises SourceRejected, with what to do, for an address that no supplier may read. Asks nobody and is quick."""
    options: type[BaseModel] | None = None
    """Its further settings (`supplier add --option`), as a model that refuses what it does not know."""
    schemes: tuple[str, ...] = ()
    """Of addresses that are this type's without `--type`: `("sftp",)` for `sftp://…`."""
    words: tuple[str, ...] = ()
    """What a registry sheet may call it, beside its name, in its column `format`; in small letters."""
    message_names: frozenset[str] = frozenset()
    """Which of its own settings a message may give. Without the address none can register a supplier."""

    replaced_by: frozenset[str] = frozenset()
    """Settings of which one in a message replaces the whole source; its address, where none is named."""
    own_names: frozenset[str] = frozenset()
    """Settings that stay where a message says only how to read; address and options, where none is named."""
    takes_unknown: bool = False
    """Messages may hold settings that nobody knows; they are kept."""
    is_file: bool = False
    """Its words are endings of file names too."""
    picks_tab: bool = False
    """Brings the wanted tab only; it may be named by a pattern."""
    from_sheet: Callable[[str, bool, Allowed], dict[str, Any]] | None = None
    """The source that a registry sheet's `url` means; the second argument says whether the row names a tab."""

    def own(self) -> frozenset[str]:
        """The settings that say where its list is."""
        return self.own_names or frozenset({self.address, *(self.options.model_fields if self.options else ())})

    def checked(self, source: Mapping[str, Any], allowed: Allowed) -> None:
        """Refuses (SourceRejected) what no supplier may read; the fetch checks again what it finds there."""
        address = source.get(self.address)
        if not address:
            raise SourceRejected(f"a {self.name} source needs `{self.address}`")
        if self.takes_unknown:
            self.check(str(address), allowed)
        else:
            self._check_as_a_stranger(source, str(address), allowed)

    def _check_as_a_stranger(self, source: Mapping[str, Any], address: str, allowed: Allowed) -> None:
        """Another package's code must not stop what else is checked in the same go, such as the queue's messages."""
        _refuse_password(self.name, address)
        try:
            self._check_options({k: v for k, v in source.items() if k != self.address and k not in READING_NAMES})
            self.check(address, allowed)
        except DataIngestionError:
            raise
        except Exception as error:
            raise SourceRejected(
                f"the source {self.name!r} failed with {type(error).__name__} while it looked at an address, which its"
                " authors did not expect; tell them"
            ) from None

    def _check_options(self, options: dict[str, Any]) -> None:
        for name in options:
            if is_secret(name):
                raise SourceRejected(f"`{name}` is kept with the supplier: credentials come from the environment only")
            if self.options is None or name not in self.options.model_fields:
                known = ", ".join(self.options.model_fields) if self.options else "none"
                raise SourceRejected(f"a {self.name} source has no setting {name!r}; beside `{self.address}`: {known}")
        try:
            if self.options is not None:
                self.options.model_validate(options)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise SourceRejected(f"a {self.name} source: {place_of(first)}: {reason_of(first)}") from None

    def check_message(self, config: Mapping[str, Any], *, where: bool) -> None:
        """Refuses what a message may not say. `where`: it registers the supplier, or moves it to this source."""
        if self.takes_unknown:
            return
        refused = sorted(name for name in config if name not in READING_NAMES | self.message_names)
        if where and self.address not in self.message_names:
            refused = refused or [self.address]
        if refused:
            raise SourceRejected(
                f"a message may not say where a {self.name} source reads ({', '.join(refused)}): register the supplier"
                " with `ingestion supplier add KEY --name NAME --source ADDRESS`, then name it in messages by its key"
            )

    def said_in_sheet(self, url: str, has_tab: bool, allowed: Allowed) -> dict[str, Any]:
        """The source that a registry sheet's `url` means. Raises SourceRejected."""
        if self.from_sheet is not None:
            return self.from_sheet(url, has_tab, allowed)
        self.checked({self.address: url}, allowed)
        return {self.address: url}


def _refuse_password(name: str, address: str) -> None:
    if _PASSWORD.search(address):
        raise SourceRejected(f"the address of a {name} source carries a password: it belongs in the environment")
