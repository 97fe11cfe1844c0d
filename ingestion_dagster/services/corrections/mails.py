"""The marked list as a mail to the supplier: to the address on record, in the supplier's language.

The file itself is made in `files.py`; how a mail is handed over is in `services/mail.py`.
"""

import mimetypes
import smtplib
from email.message import EmailMessage
from pathlib import Path

from ingestion_dagster.core.corrections.compare import counted
from ingestion_dagster.core.errors import SourceRejected, SourceUnavailable
from ingestion_dagster.core.shown_text import one_line
from ingestion_dagster.core.suppliers.given_settings import is_email
from ingestion_dagster.core.words.correction_words import words
from ingestion_dagster.services.corrections.mistakes import Mistakes
from ingestion_dagster.services.mail import deliver
from ingestion_dagster.settings import Settings

PATIENCE = 30.0
"""Seconds that the mail server may take: the file can have megabytes."""
REASONS = 20


def receiver_of(found: Mistakes, settings: Settings) -> str:
    """The address on record. Raises SourceRejected where there is none, or no server to send by, with what to do."""
    key, address = found.supplier.key, found.supplier.contact_email
    if not address:
        raise SourceRejected(f"no mail address of {key!r} is known: ingestion supplier edit {key} --email ADDRESS")
    if not is_email(address):
        raise SourceRejected(f"{address!r} is no mail address: ingestion supplier edit {key} --email ADDRESS")
    if settings.alert_smtp_url is None:
        raise SourceRejected("no mail server is set: INGESTION_ALERT_SMTP_URL, and INGESTION_ALERT_EMAIL_FROM")
    return address


def mail_of(found: Mistakes, marked: Path, sender: str, receiver: str) -> EmailMessage:
    """What the supplier gets: how many rows, the reasons, and the marked list."""
    told, batch = words(found.language), found.batch
    facts = {"file": one_line(batch.filename, 120), "count": len(found.wrong), "rows": batch.total_rows}
    facts["date"] = f"{batch.fetched_at:%Y-%m-%d}"
    message = EmailMessage()
    message["From"], message["To"] = sender, receiver
    message["Subject"] = told["mail_subject"].format(**facts)
    reasons = counted(found.wrong)
    lines = [f"  {count} x {one_line(reason)}" for _, count, reason in reasons[:REASONS]]
    if len(reasons) > REASONS:
        lines.append("  " + told["more"].format(count=len(reasons) - REASONS))
    message.set_content("\n".join((told["mail"].format(**facts), "", *lines, "", told["mail_how"], "")))
    kind, _, part = (mimetypes.guess_type(marked.name)[0] or "application/octet-stream").partition("/")
    message.add_attachment(marked.read_bytes(), maintype=kind, subtype=part, filename=marked.name)
    return message


def send(found: Mistakes, marked: Path, settings: Settings) -> str:
    """Send the marked list; the address it went to. Raises SourceRejected or SourceUnavailable with the reason."""
    receiver = receiver_of(found, settings)
    assert settings.alert_smtp_url is not None
    message = mail_of(found, marked, settings.alert_email_from, receiver)
    try:
        deliver(settings.alert_smtp_url.get_secret_value(), message, PATIENCE)
    except smtplib.SMTPRecipientsRefused:
        raise SourceRejected(f"the mail server does not take mail for {receiver}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise SourceUnavailable(f"the mail could not be sent: {type(error).__name__}: {error}") from None
    except ValueError as error:
        raise SourceRejected(str(error)) from None
    return receiver
