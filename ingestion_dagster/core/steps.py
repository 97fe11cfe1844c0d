"""What one step of a load hands to the next: small references and counts, never rows. They travel as JSON."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingestion_dagster.core.mapped_sheet import MappedSheet

Timings = dict[str, float]
"""Seconds by step: fetch, map, validate, merge."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a load, and on whose behalf: a request from the queue (with its fence), or a person."""

    task_id: str
    run_id: str | None = None
    request_id: int | None = None
    fence: int | None = None
    number: int = 1


class QuotaUse(BaseModel):
    """What a fetch took of Google's read quota, and what is left of it for everybody."""

    model_config = ConfigDict(frozen=True)

    reads: int
    waited: float
    """Seconds."""
    left_user: int
    """Reads that the service account has left within the present minute."""
    left_project: int


class SheetSnapshot(BaseModel):
    """The bytes as received, kept in the snapshot store."""

    model_config = ConfigDict(frozen=True)

    id: int
    supplier_key: str
    sha256: str
    size_bytes: int
    filename: str
    quota: QuotaUse | None = None
    """Of a Google Sheet read through a service account."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was fetched."""
    timings: Timings = Field(default_factory=dict)


class MappedSnapshot(BaseModel):
    """A snapshot and what was understood of it."""

    model_config = ConfigDict(frozen=True)

    snapshot: SheetSnapshot
    fingerprint: str
    """Of the bytes and of everything that decides how they are read: equal fingerprints load equal rows."""
    mapped: MappedSheet | None
    """None where the fingerprint is that of the list in force, or of a held one: nothing had to be read."""
    mapping_id: int | None = None
    stopped_batch_id: int | None = None
    """The batch of this very list that waits for a person, or that a person rejected."""
    timings: Timings = Field(default_factory=dict)


class StagedBatch(BaseModel):
    """Good rows in `staged_items`, bad rows in `parsing_logs`."""

    model_config = ConfigDict(frozen=True)

    batch_id: int
    supplier_key: str
    state: Literal["staged", "unchanged", "stopped"]
    total_rows: int = 0
    accepted_rows: int = 0
    rejected_rows: int = 0
    timings: Timings = Field(default_factory=dict)


class ErrorCount(BaseModel):
    """One kind of reject in a result."""

    error_type: str
    count: int
    sample_message: str


class LoadSummary(BaseModel):
    """What became of a batch."""

    model_config = ConfigDict(frozen=True)

    supplier_key: str
    batch_id: int
    status: Literal["success", "partial_success", "unchanged", "held", "failure"]
    total_rows: int = 0
    accepted_rows: int = 0
    rejected_rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    missing: int = 0
    price_changes: int = 0
    median_price_change: float | None = None
    """Percent, over the prices that changed within their currency; of a held list, what it would change."""
    currencies: tuple[str, ...] = ()
    """`EUR to USD`, each once, where items changed their currency."""
    rekeyed: int = 0
    """Items that are known by another key now, with the history they had."""
    reasons: tuple[str, ...] = ()
    errors: tuple[ErrorCount, ...] = ()
    timings: Timings = Field(default_factory=dict)


def result_object(
    summary: LoadSummary,
    *,
    task_id: str,
    supplier_id: str,
    run_id: str | None,
    retry_count: int,
    processed_at: str,
) -> dict[str, Any]:
    """The result as the outside sees it (queue section of the documentation)."""
    result: dict[str, Any] = {
        "task_id": task_id,
        "status": summary.status,
        "supplier": summary.supplier_key,
        "supplier_id": supplier_id,
        "run_id": run_id,
        "batch_id": str(summary.batch_id) if summary.batch_id else None,
        "statistics": {
            "total_rows": summary.total_rows,
            "successful_rows": summary.accepted_rows,
            "failed_rows": summary.rejected_rows,
            "inserted": summary.inserted,
            "updated": summary.updated,
            "unchanged": summary.unchanged,
            "missing": summary.missing,
            "processing_time_seconds": round(sum(summary.timings.values()), 3),
        },
        "errors": [error.model_dump() for error in summary.errors],
        "retry_count": retry_count,
        "processed_at": processed_at,
    }
    if summary.reasons:
        result["reasons"] = list(summary.reasons)
    return result


def failure_object(
    *,
    task_id: str,
    supplier: str | None,
    supplier_id: str | None,
    run_id: str | None,
    error_type: str,
    message: str,
    retry_count: int,
    processed_at: str,
) -> dict[str, Any]:
    """The result of a request that ended without a batch."""
    zero = dict.fromkeys(
        ("total_rows", "successful_rows", "failed_rows", "inserted", "updated", "unchanged", "missing"), 0
    )
    return {
        "task_id": task_id,
        "status": "failure",
        "supplier": supplier,
        "supplier_id": supplier_id,
        "run_id": run_id,
        "batch_id": None,
        "statistics": {**zero, "processing_time_seconds": 0.0},
        "errors": [{"error_type": error_type, "count": 1, "sample_message": message}],
        "retry_count": retry_count,
        "processed_at": processed_at,
    }
