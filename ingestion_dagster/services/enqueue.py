"""Loads asked of the queue, as any producer asks for them. Waiting for what comes of them is `waiting.py`'s."""

from collections.abc import Sequence
from uuid import uuid4

import orjson

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services.records import suppliers


def enqueue(deployment: Deployment, keys: Sequence[str], *, high: bool) -> list[tuple[str, str]]:
    """A message per supplier; task id and key of each.

    Everyone or nobody: a message for a paused supplier would only become a dead letter.
    """
    paused = [supplier.key for supplier in suppliers.by_keys(deployment, keys) if not supplier.active]
    if paused:
        wake = "; ".join(f"ingestion supplier resume {key}" for key in dict.fromkeys(paused))
        raise SourceRejected(f"paused: {', '.join(dict.fromkeys(paused))}; nothing was put on the queue. First: {wake}")
    sent = [(f"cli-{uuid4().hex[:12]}", key) for key in dict.fromkeys(keys)]
    with deployment.mailbox() as mailbox:
        for task_id, key in sent:
            mailbox.send(orjson.dumps({"task_id": task_id, "supplier": key}), high=high)
    return sent
