"""What the queries about batches give: a batch, a line about it, its history, its list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ingestion_dagster.core.json_object import JsonObject
from ingestion_dagster.store.states import BatchState


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch with whose it is."""

    id: int
    supplier_id: UUID
    snapshot_id: int
    base_batch_id: int | None
    """The batch in force when this one was staged."""
    task_id: str | None
    run_id: str | None
    state: BatchState
    fingerprint: str
    """Of the bytes and of everything that decides how they are read."""
    content_hash: str | None
    """Of the staged rows as they were judged; None where they never were."""
    mapping: JsonObject | None
    """A `MappedSheet`; None where nothing had to be read."""
    mapping_id: int | None
    total_rows: int
    accepted_rows: int
    rejected_rows: int
    inserted: int
    updated: int
    unchanged: int
    missing: int
    guards: Sequence[JsonObject]
    """A `GuardResult` each."""
    questions: Sequence[JsonObject]
    report: JsonObject
    reason: str | None
    created_at: datetime
    decided_at: datetime | None
    decision_token: UUID
    supplier_key: str
    supplier_name: str
    last_batch_id: int | None
    """The batch that is in force now."""


@dataclass(frozen=True, slots=True)
class BatchInForce:
    """The batch whose rows are the supplier's catalogue now."""

    id: int
    mapping: JsonObject | None
    accepted_rows: int
    rejected_rows: int


@dataclass(frozen=True, slots=True)
class MappedBatch:
    """A batch as its columns were understood."""

    id: int
    state: BatchState
    mapping: JsonObject
    questions: Sequence[JsonObject]
    snapshot_id: int


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch as a list of batches tells of it."""

    id: int
    supplier: str
    state: BatchState
    created_at: datetime
    total_rows: int
    accepted_rows: int
    rejected_rows: int
    inserted: int
    updated: int
    missing: int
    reason: str | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a batch's way: when, who, why."""

    at: datetime
    from_state: BatchState | None
    to_state: BatchState
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class RejectCount:
    """Rejects of one kind."""

    error_type: str
    code: str | None
    count: int
    sample_message: str


@dataclass(frozen=True, slots=True)
class ReadList:
    """A batch with the list that it read."""

    id: int
    state: BatchState
    mapping: JsonObject
    """A `MappedSheet`."""
    mapping_id: int | None
    questions: Sequence[JsonObject]
    total_rows: int
    run_id: str | None
    decided_at: datetime | None
    snapshot_id: int
    sha256: str
    size_bytes: int
    filename: str
    source: JsonObject
    """Where the list came from."""
    fetched_at: datetime
    deleted_at: datetime | None
    """When its bytes were removed; None where they are kept."""


READ_LIST = """
batch.id, batch.state, batch.mapping, batch.mapping_id, batch.questions, batch.total_rows, batch.run_id,
batch.decided_at, snapshot.id AS snapshot_id, snapshot.sha256, snapshot.size_bytes, snapshot.filename, snapshot.source,
snapshot.fetched_at, snapshot.deleted_at
"""
"""The columns of a `ReadList`, of `ingestion_batches batch` and `sheet_snapshots snapshot`."""


class SameList(NamedTuple):
    """The batch that has a list already."""

    batch_id: int
    state: BatchState
