"""A refresh of all suppliers: Google is asked once which sheets were edited, and only lists that may differ are loaded.

Drive's word is a hint: a sheet it calls edited is read, and its content decides. The loads themselves are asked of the
queue, as any producer asks. Knows no Dagster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from ingestion_dagster.core.errors import DataIngestionError, SourceError
from ingestion_dagster.core.steps import Attempt, SheetSnapshot
from ingestion_dagster.core.suppliers.supplier import Supplier
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.pipeline.google_access import google_access, source_of
from ingestion_dagster.pipeline.map import fingerprint_of
from ingestion_dagster.pipeline.validate import note_unchanged
from ingestion_dagster.store.batches import judgements, mappings, merge, snapshots
from ingestion_dagster.store.catalogue import drive_states, suppliers
from ingestion_dagster.store.catalogue.drive_states import State
from ingestion_dagster.store.database import Connection, Database, connected

if TYPE_CHECKING:
    from ingestion_dagster.sources.google.drive import DriveState


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of each active supplier, by key."""

    asked: tuple[str, ...] = ()
    """A request is on the queue."""
    unchanged: tuple[str, ...] = ()
    """Google says that nobody edited the list in force."""
    waiting: tuple[str, ...] = ()
    """Nobody edited it either, but it was held or rejected: a person, or the supplier, is next."""
    trouble: str | None = None
    """Why Google could not be asked; then every list is read."""


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
        listed, trouble = _listing(deployment, active)
        if listed is not None:
            async with database.transaction() as connection:
                await drive_states.note_listing(connection, listed.items())
        same = {} if everything else _unedited(active, before, listed or {})
        outcomes = {key: await _look(database, supplier, moment, run_id) for key, supplier in same.items()}
    asked = tuple(supplier.key for supplier in active if outcomes.get(supplier.key, "ask") == "ask")
    send(deployment, f"refresh-{moment}", asked)
    return Refreshed(
        asked,
        tuple(key for key, outcome in outcomes.items() if outcome == "unchanged"),
        tuple(key for key, outcome in outcomes.items() if outcome == "waiting"),
        trouble,
    )


def task_of(moment: str, key: str) -> str:
    """The task_id under which a refresh asks for a supplier's list."""
    return f"refresh-{moment}-{key}"


def send(deployment: Deployment, attempt: str, keys: Sequence[str]) -> None:
    """A message per supplier, `errand`-`key`, as any producer's. A request that is on record already has no effect."""
    with deployment.mailbox() as mailbox:
        for key in keys:
            mailbox.send(orjson.dumps({"task_id": f"{attempt}-{key}", "supplier": key}))


def _listing(deployment: Deployment, active: Sequence[Supplier]) -> tuple[dict[UUID, State | None] | None, str | None]:
    """Drive's word on each Google Sheet that a robot reads, None for what it does not know; or why there is none."""
    from ingestion_dagster.sources.google.drive import list_documents

    robots = [s for s in active if s.source_type == "google_sheets" and not s.source.get("public")]
    if not robots:
        return None, None
    if deployment.settings.google_credentials is None:
        return None, "no service account is configured (GOOGLE_APPLICATION_CREDENTIALS), so every list is read"
    try:
        with google_access(deployment) as access:
            documents = list_documents(access.client)
    except SourceError as error:
        return None, f"{error} So every list is read."
    return {supplier.id: _state(deployment, supplier, documents) for supplier in robots}, None


def _state(deployment: Deployment, supplier: Supplier, documents: "Mapping[str, DriveState]") -> State | None:
    """Document, tab, and what Drive says of the document; None where it says nothing, or the source is unfit."""
    try:
        source = source_of(supplier)
        link = source.link(deployment.settings.allowed_hosts)
    except DataIngestionError:
        return None
    known = documents.get(link.key)
    if known is None:
        return None
    tab = link.gid if link.gid is not None else source.sheet_name
    return {"document": link.key, "tab": tab, "modified_time": known.modified_time, "version": known.version}


def _unedited(
    active: Sequence[Supplier], before: Mapping[UUID, drive_states.Seen], listed: Mapping[UUID, State | None]
) -> dict[str, Supplier]:
    """Those of whom Drive says the same as before their list was last read."""
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
