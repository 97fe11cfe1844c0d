"""Telling a person what must not go unnoticed: dead requests, held and failed batches. What those are is the record's
to know (`store/reports/alerts.py`): a Dagster sensor on run status would lose events when its own code fails.

Each event is told at least once, in one message for all that are new; a message that cannot be sent is tried again.
"""

import asyncio
import smtplib
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from ingestion_dagster.core.shown_text import in_chat, one_line
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.logs import logger
from ingestion_dagster.services.mail import deliver
from ingestion_dagster.settings import Settings
from ingestion_dagster.store.database import Database
from ingestion_dagster.store.reports import alerts
from ingestion_dagster.store.reports.alerts import Event

Sink = Callable[[Sequence[Event]], None]
"""Tells the events or raises."""
MOST_AT_ONCE = 50
LONGEST = 1000
"""Characters of one event in a message."""
SECONDS = 5.0


async def send_alerts(deployment: Deployment, database: Database) -> int:
    """Tell what is new through every sink that the settings name; the number of events told."""
    async with database.transaction() as connection:
        events = await alerts.untold(connection, MOST_AT_ONCE)
    if not events:
        return 0
    trouble = await asyncio.to_thread(_tell, sinks(deployment.settings), events)
    log = logger(deployment.settings.log_format)
    for event in events:
        log.warning("alert", **as_json(event))
    if trouble:
        log.error("alerts could not be sent", reason=trouble, events=len(events))
    async with database.transaction() as connection:
        await alerts.told(connection, events, trouble)
    return 0 if trouble else len(events)


def sinks(settings: Settings) -> list[Sink]:
    """Those that are set up; every event is in the log besides."""
    return [sink for set_up in SINKS if (sink := set_up(settings)) is not None]


def _webhook(settings: Settings) -> Sink | None:
    if settings.alert_webhook_url is None:
        return None
    url, hosts = settings.alert_webhook_url.get_secret_value(), settings.alert_webhook_hosts
    return lambda events: post(url, hosts, events)


def _mail(settings: Settings) -> Sink | None:
    smtp, sender, receivers = settings.alert_smtp_url, settings.alert_email_from, settings.alert_email_to
    if smtp is None or not receivers:
        return None
    return lambda events: mail(smtp.get_secret_value(), sender, receivers, events)


SINKS: Final = (_webhook, _mail)
"""Each makes its sink of the settings; None where they do not set it up."""


def _tell(chosen: Sequence[Sink], events: Sequence[Event]) -> str | None:
    """What went wrong, if anything; one sink's trouble keeps no other from telling."""
    troubles = []
    for sink in chosen:
        try:
            sink(events)
        except (OSError, HTTPException, smtplib.SMTPException, ValueError) as error:
            troubles.append(f"{type(error).__name__}: {error}")
    return "; ".join(troubles) or None


def as_json(event: Event) -> dict[str, Any]:
    """The event as a webhook receives it."""
    return {
        "kind": event.kind,
        "id": event.subject_id,
        "supplier": event.supplier,
        "task_id": event.task_id,
        "reason": event.reason,
        "at": event.at.isoformat(),
        "next": advice(event),
    }


def advice(event: Event) -> str:
    """What the person can do about it."""
    if event.kind == "request_dead":
        return f"ingestion queue dead; then ingestion queue replay {event.subject_id}"
    return f"ingestion batch list; the runs of {event.supplier} show why"


def post(url: str, hosts: Sequence[str], events: Sequence[Event]) -> None:
    """POST `{"text": …, "events": […]}`. Raises ValueError where the address is not allowed, OSError on a bad answer.

    Redirects are not followed: they could lead off the list.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if not (parts.scheme == "https" and host in hosts) and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError(
            f"alerts go by https to a host of INGESTION_ALERT_WEBHOOK_HOSTS, or by http to this machine; not {host!r}"
        )
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(host, parts.port, timeout=SECONDS)
    try:
        body = orjson.dumps(
            {
                "text": "\n".join(in_chat(line, LONGEST) for line in in_words(events)),
                "events": [as_json(event) for event in events],
            }
        )
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {"Content-Type": "application/json"})
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise OSError(f"the webhook answered {status}")


def mail(smtp_url: str, sender: str, receivers: Sequence[str], events: Sequence[Event]) -> None:
    """One mail with a line per event."""
    message = EmailMessage()
    message["From"], message["To"] = sender, ", ".join(receivers)
    message["Subject"] = one_line(in_words(events[:1])[0], 150) if len(events) == 1 else f"{len(events)} alerts"
    message.set_content("\n".join(one_line(line, LONGEST) for line in in_words(events)))
    deliver(smtp_url, message)


def in_words(events: Sequence[Event]) -> list[str]:
    """A sentence per event, as it is; each medium shows it in its own way."""
    return [
        f"{event.kind.replace('_', ' ')} {event.subject_id}, {event.supplier or 'unknown supplier'}"
        f" ({event.task_id}): {event.reason or 'see the run'} -> {advice(event)}"
        for event in events
    ]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
