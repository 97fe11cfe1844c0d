"""Handing a mail to the SMTP server that the settings name. What it says belongs to whoever writes it."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

SECONDS = 5.0


def deliver(smtp_url: str, message: EmailMessage, seconds: float = SECONDS) -> None:
    """`smtps` is encrypted from the start; `smtp` with a password uses STARTTLS.

    Raises ValueError for an address that is none, OSError or smtplib.SMTPException where the server does not take it.
    """
    parts = urlsplit(smtp_url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("INGESTION_ALERT_SMTP_URL must look like smtp://user:password@host:587 or smtps://…")
    secure = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(parts.hostname, parts.port or 465, timeout=seconds, context=secure)
    else:
        server = smtplib.SMTP(parts.hostname, parts.port or 25, timeout=seconds)
    with server:
        if parts.username:
            if parts.scheme == "smtp":
                server.starttls(context=secure)
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
