"""What a registry sheet changes among the suppliers there are: add, update, pause. Pure, and never deletes.

A supplier is paused only when no row mentions it any more, and never when so many are gone at once that the sheet
itself must be in doubt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ingestion_dagster.core.suppliers.registry import Registry, RowProblem, SupplierSpec, source_identity

MOST_PAUSED: Final = 0.5
"""Share of the suppliers from the registry that one reading may pause …"""
FEW: Final = 3
"""… unless they are no more than this."""


@dataclass(frozen=True)
class CurrentSupplier:
    """A supplier as it is now."""

    key: str
    name: str
    source_type: str
    source: dict[str, Any]
    settings: dict[str, Any]
    active: bool
    contact_email: str | None = None
    managed: bool = True
    """Came from the registry sheet. Others, added by command or message, are left alone."""


@dataclass(frozen=True)
class RegistryPlan:
    """What to do. `update` holds specs under the key that the supplier already has."""

    add: tuple[SupplierSpec, ...]
    update: tuple[SupplierSpec, ...]
    pause: tuple[str, ...]
    problems: tuple[RowProblem, ...]
    unchanged: int = 0


def plan_registry(current: Sequence[CurrentSupplier], registry: Registry) -> RegistryPlan:
    """The difference between suppliers and registry.

    A row whose key is new but whose source is one supplier's is that supplier under another name. An inactive row
    pauses. What the registry does not say (settings set by command) stays as it is.
    """
    by_key = {supplier.key: supplier for supplier in current}
    claimed = {spec.key for spec in registry.specs}
    by_source = {source_identity(s.source): s for s in current if s.managed and s.key not in claimed}
    add: list[SupplierSpec] = []
    update: list[SupplierSpec] = []
    kept: set[str] = set()
    for spec in registry.specs:
        known = by_key.get(spec.key) or by_source.get(source_identity(spec.source))
        if known is None:
            add.append(spec)
            continue
        kept.add(known.key)
        if _differs(known, spec):
            update.append(_renamed(spec, known.key))
    gone = [s for s in current if s.managed and s.active and s.key not in kept and not _mentioned(s, registry)]
    managed = sum(supplier.managed and supplier.active for supplier in current)
    problems = list(registry.problems)
    if len(gone) > FEW and len(gone) > managed * MOST_PAUSED:
        problems.append(_in_doubt(len(gone), managed))
        gone = []
    unchanged = len(kept) - len(update)
    return RegistryPlan(tuple(add), tuple(update), tuple(s.key for s in gone), tuple(problems), unchanged)


def _differs(known: CurrentSupplier, spec: SupplierSpec) -> bool:
    return (
        (known.name, known.source_type, known.source, known.active)
        != (spec.name, spec.source_type, spec.source, spec.active)
        or (spec.contact_email is not None and known.contact_email != spec.contact_email)
        or any(known.settings.get(name) != value for name, value in spec.settings.items())
    )


def _renamed(spec: SupplierSpec, key: str) -> SupplierSpec:
    from dataclasses import replace

    return spec if spec.key == key else replace(spec, key=key)


def _mentioned(supplier: CurrentSupplier, registry: Registry) -> bool:
    """By a row that could not be used: the supplier is still wanted, only its row needs care."""
    mark = source_identity(supplier.source)
    return bool({supplier.key, mark, mark.partition("#")[0]} & registry.mentioned)


def _in_doubt(gone: int, managed: int) -> RowProblem:
    return RowProblem(
        -1,
        "",
        f"{gone} of {managed} suppliers are missing in the registry sheet at once, so nobody was paused: "
        "if it is meant, set `active` to no in their rows, or pause them by command",
    )
