"""Which messages wait because what they need is locked or slow, and until when. Pure bookkeeping: the caller knows the
time. All messages of one supplier wait together, so that they are recorded in the order in which they came."""

from collections.abc import Iterable
from dataclasses import dataclass, field

FORGOTTEN_AFTER = 3600.0
"""Seconds after its time has come until a supplier of which nothing more was heard begins anew."""


@dataclass
class _Deferral:
    """One supplier's. `until` in the caller's seconds."""

    tries: int = 0
    until: float = 0.0
    ids: dict[str, None] = field(default_factory=dict)


@dataclass
class Deferrals:
    """What a process remembers of messages that wait. Losing it costs nothing but time: they are tried at once."""

    _by_supplier: dict[str, _Deferral] = field(default_factory=dict)

    def __len__(self) -> int:
        """Messages that wait."""
        return sum(len(known.ids) for known in self._by_supplier.values())

    def passed_over(self, now: float) -> list[str]:
        """Delivery ids of suppliers whose time has not come."""
        return [one for known in self._by_supplier.values() if known.until > now for one in known.ids]

    def blocked(self, now: float) -> frozenset[str]:
        """Suppliers whose time has not come."""
        return frozenset(key for key, known in self._by_supplier.items() if known.until > now)

    def tries_of(self, supplier: str) -> int:
        """How often in a row its messages were tried in vain."""
        known = self._by_supplier.get(supplier)
        return known.tries if known else 0

    def failed(self, supplier: str, now: float, wait: float) -> None:
        """Its oldest message was tried in vain: all that it has wait `wait` seconds."""
        for key in [key for key, known in self._by_supplier.items() if known.until + FORGOTTEN_AFTER < now]:
            del self._by_supplier[key]
        known = self._by_supplier.setdefault(supplier, _Deferral())
        known.tries, known.until = known.tries + 1, now + wait

    def add(self, supplier: str, delivery_id: str) -> None:
        """This message waits with the others of its supplier."""
        self._by_supplier[supplier].ids[delivery_id] = None

    def recorded(self, delivery_ids: Iterable[str]) -> None:
        """What a supplier's message needed is free again: none of its others waits any longer."""
        done = set(delivery_ids)
        for key in [key for key, known in self._by_supplier.items() if not done.isdisjoint(known.ids)]:
            del self._by_supplier[key]
