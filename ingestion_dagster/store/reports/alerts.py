"""Which events a person must hear of, and which were told already. Telling them is `alerts.py` of the package."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

MOST_TRIES = 8


class Event(NamedTuple):
    """One thing that happened: a request that is dead or held, a batch that is held or failed without a request."""

    kind: str
    subject_id: int
    version: int
    """A replayed request that dies again is another event."""
    supplier: str | None
    task_id: str | None
    reason: str | None
    at: datetime


async def untold(connection: AsyncConnection, limit: int) -> list[Event]:
    """Events of the last two days that were not told, oldest first; those that failed wait for their turn."""
    return [Event(*row) for row in await connection.execute(text(UNTOLD), {"limit": limit, "tries": MOST_TRIES})]


async def told(connection: AsyncConnection, events: Sequence[Event], trouble: str | None) -> None:
    """They were told; or could not be, for the reason given, and come again later, ever more seldom."""
    for event in events:
        await connection.execute(
            text(TOLD),
            {"kind": event.kind, "id": event.subject_id, "version": event.version, "trouble": trouble},
        )


UNTOLD = """
WITH event AS (
    SELECT 'request_' || request.state AS kind, request.id AS subject_id, request.replays AS version,
           supplier.key AS supplier, request.task_id, request.finished_at AS at,
           coalesce(request.last_error, batch.reason) AS reason
    FROM ingestion_requests request
    LEFT JOIN suppliers supplier ON supplier.id = request.supplier_id
    LEFT JOIN ingestion_batches batch ON batch.id = request.batch_id
    WHERE request.state IN ('dead', 'held') AND request.finished_at > now() - interval '2 days'
  UNION ALL
    SELECT 'batch_' || batch.state, batch.id, 0, supplier.key, batch.task_id,
           coalesce(batch.decided_at, batch.created_at), batch.reason
    FROM ingestion_batches batch JOIN suppliers supplier ON supplier.id = batch.supplier_id
    WHERE batch.state IN ('held', 'failed') AND batch.created_at > now() - interval '2 days'
      AND NOT EXISTS (SELECT FROM ingestion_requests request WHERE request.task_id = batch.task_id)
)
SELECT event.kind, event.subject_id, event.version, event.supplier, event.task_id, event.reason, event.at
FROM event LEFT JOIN ingestion_alerts alert
  ON alert.kind = event.kind AND alert.subject_id = event.subject_id AND alert.version = event.version
WHERE alert.kind IS NULL OR (alert.told_at IS NULL AND alert.tries < :tries
    AND (alert.not_before <= now() OR alert.not_before > now() + interval '1 day'))
ORDER BY event.at LIMIT :limit
"""
"""None waits a day: a time further away was set while the clock was ahead."""

TOLD = """
INSERT INTO ingestion_alerts AS alert (kind, subject_id, version, tries, trouble, told_at, not_before)
VALUES (:kind, :id, :version, 1, :trouble, CASE WHEN CAST(:trouble AS text) IS NULL THEN now() END,
        now() + interval '1 minute')
ON CONFLICT (kind, subject_id, version) DO UPDATE
SET tries = alert.tries + 1, trouble = excluded.trouble, told_at = excluded.told_at,
    not_before = now() + interval '1 minute' * 2 ^ least(alert.tries, 8)
"""
