"""Where a supplier's list is after a message: as it was, as the message says, or refused. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ingestion_dagster.core.suppliers.source_table import SourceTable
from ingestion_dagster.core.suppliers.source_types import Allowed


class Where(NamedTuple):
    """Source type and source of a supplier."""

    source_type: str
    source: Mapping[str, Any]


def new_source(said: Where, types: SourceTable, allowed: Allowed) -> Where:
    """Of a supplier that the message registers. Raises SourceRejected for what no message may say."""
    kind = types.get(said.source_type)
    kind.check_message(said.source, where=True)
    kind.checked(said.source, allowed)
    return said


def changed_source(
    known: Where, parser_type: str | None, config: Mapping[str, Any], types: SourceTable, allowed: Allowed
) -> Where:
    """Of a known supplier: `known` where the message says nothing else. Raises SourceRejected.

    A message that says only how to read leaves the place as it is; one that says where replaces the whole source.
    """
    if not config and parser_type is None:
        return known
    kind = types.get(parser_type or known.source_type)
    same = kind.name == known.source_type
    kind.check_message(config, where=not same)
    source: Mapping[str, Any] = config
    if not (kind.replaced_by or {kind.address}) & set(config):
        place = {name: value for name, value in known.source.items() if name in kind.own()}
        source = {**place, **config} if same or config else known.source
    kind.checked(source, allowed)
    if source and (source != known.source or not same):
        return Where(kind.name, dict(source))
    return known
