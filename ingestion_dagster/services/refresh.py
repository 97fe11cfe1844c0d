"""A refresh of all suppliers: each source is asked once which lists were edited; only lists that may differ are loaded.

Its word (Google Drive's, say) is a hint: a list it calls edited is read, and its content decides. The loads themselves
are asked of the queue, as any producer asks. Knows no Dagster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from ingestion_dagster.core.errors import SourceError
from ingestion_dagster.core.steps import Attempt, SheetSnapshot
from ingestion_dagster.core.suppliers.built_in_sources import BUILT_IN
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.fetch import order_of
from ingestion_dagster.pipeline.map import fingerprint_of
from ingestion_dagster.pipeline.validate import note_unchanged
from ingestion_dagster.sources.installed import source
from ingestion_dagster.sources.source import Looked, Order, Source
from ingestion_dagster.store.batches import judgements, mappings, merge, snapshots
from ingestion_dagster.store.catalogue import drive_states, suppliers
from ingestion_dagster.store.catalogue.drive_states import State
from ingestion_dagster.store.database import Connection, Database, connected


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of each active supplier, by key."""

    asked: tuple[str, ...] = ()
    """A request is on the queue."""
    unchanged: tuple[str, ...] = ()
    """Its source says that nobody edited the list in force."""
    waiting: tuple[str, ...] = ()
    """Nobody edited it either, but it was held or rejected: a person, or the supplier, is next."""
    trouble: str | None = None
    """Why Google could not be asked; then every list is read."""
    other_troubles: tuple[str, ...] = ()
    """Why sources of other packages could not be asked; then every list of theirs is read."""


async def refresh(
    deployment: Deployment, moment: str, run_id: str | None = None, *, everything: bool = False
) -> Refreshed:
    """Ask for the load of every active supplier's list, except those that nobody edited; `everything` excepts none.

    `moment` names the refresh: asked twice with the same one, no list is loaded twice.
    """
    async with connected(deployment.database_url, deployment.limits) as database:
        async with database.transaction() as connection:
            active = await suppliers.every(connection, active_only=True)
            before = await drive_states.every(connection)
        listed, troubles = _listing(deployment, active)
        if listed:
            async with database.transaction() as connection:
                await drive_states.note_listing(connection, listed.items())
        same = {} if everything else _unedited(active, before, listed)
        outcomes = {key: await _look(database, supplier, moment, run_id) for key, supplier in same.items()}
    asked = tuple(supplier.key for supplier in active if outcomes.get(supplier.key, "ask") == "ask")
    send(deployment, f"refresh-{moment}", asked)
    return Refreshed(
        asked,
        tuple(key for key, outcome in outcomes.items() if outcome == "unchanged"),
        tuple(key for key, outcome in outcomes.items() if outcome == "waiting"),
        next((told for name, told in troubles.items() if name in BUILT_IN), None),
        tuple(told for name, told in troubles.items() if name not in BUILT_IN),
    )


def task_of(moment: str, key: str) -> str:
    """The task_id under which a refresh asks for a supplier's list."""
    return f"refresh-{moment}-{key}"


def send(deployment: Deployment, attempt: str, keys: Sequence[str]) -> None:
    """A message per supplier, `errand`-`key`, as any producer's. A request that is on record already has no effect."""
    with deployment.mailbox() as mailbox:
        for key in keys:
            mailbox.send(orjson.dumps({"task_id": f"{attempt}-{key}", "supplier": key}))


def _listing(deployment: Deployment, active: Sequence[Supplier]) -> tuple[dict[UUID, State | None], dict[str, str]]:
    """What the sources say of their lists without reading them, None for what they do not know; and their troubles."""
    listed: dict[UUID, State | None] = {}
    troubles = {}
    for name in dict.fromkeys(supplier.source_type for supplier in active):
        theirs = [supplier for supplier in active if supplier.source_type == name]
        looked = _asked(name, [order_of(deployment, supplier) for supplier in theirs])
        listed |= {supplier.id: looked.states[supplier.key] for supplier in theirs if supplier.key in looked.states}
        if looked.trouble:
            troubles[name] = looked.trouble
    return listed, troubles


def _asked(name: str, orders: Sequence[Order]) -> Looked:
    """One source's word on its lists. Whatever goes wrong with a stranger's, the lists are read."""
    try:
        asked = source(name)
        if name not in BUILT_IN:
            orders = [order for order in orders if _may_be_read(asked, order)]
        return asked.look(orders) if asked.look is not None and orders else Looked()
    except SourceError as error:
        return Looked(trouble=f"{error} So every {name} list is read.")
    except Exception as error:
        if name in BUILT_IN:
            raise
        return Looked(trouble=f"the source {name!r} failed with {type(error).__name__}, so its lists are read")


def _may_be_read(asked: Source, order: Order) -> bool:
    """Whether a stranger's source may be asked there today; the load says why not."""
    try:
        asked.type.checked(order.supplier.source, order.allowed)
    except SourceError:
        return False
    return True


def _unedited(
    active: Sequence[Supplier], before: Mapping[UUID, drive_states.Seen], listed: Mapping[UUID, State | None]
) -> dict[str, Supplier]:
    """Those of whom their source says the same as before their list was last read."""
    found = {}
    for supplier in active:
        state, known = listed.get(supplier.id), before.get(supplier.id)
        if state is not None and known is not None and known.read == state:
            found[supplier.key] = supplier
    return found


async def _look(database: Database, supplier: Supplier, moment: str, run_id: str | None) -> str:
    """What to do about a list that nobody edited: `unchanged` (noted), `waiting`, or `ask` where it is not in force."""
    attempt = Attempt(task_of(moment, supplier.key), run_id)
    async with database.transaction() as connection:
        await merge.lock_supplier(connection, supplier.id)
        found = await _same_list(connection, supplier)
        if found is None:
            return "ask"
        snapshot, fingerprint, state = found
        if state != "applied":
            return "waiting"
        await note_unchanged(connection, supplier, snapshot, fingerprint, attempt)
        await merge.mark_seen(connection, supplier.id, None)
        return "unchanged"


async def _same_list(connection: Connection, supplier: Supplier) -> tuple[SheetSnapshot, str, str] | None:
    """The list read last, if it is in force (or stopped) as it would be read today; settings may have changed since."""
    try:
        snapshot = await snapshots.newest(connection, supplier.key)
    except SourceError:
        return None
    remembered = await mappings.confirmed(connection, supplier.id)
    fingerprint = fingerprint_of(snapshot, supplier, remembered.version if remembered else 0)
    known = await judgements.of_same_list(connection, supplier.id, fingerprint)
    return (snapshot, fingerprint, known.state) if known else None
