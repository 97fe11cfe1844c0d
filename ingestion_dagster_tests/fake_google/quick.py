"""Clients of the fake for tests: patience that runs out in seconds rather than minutes."""

from typing import Any

from ingestion_dagster.sources.google_sheets import GoogleClient
from ingestion_dagster.sources.google_turn import Patience
from ingestion_dagster_tests.fake_google.server import FakeGoogle

QUICK = Patience(
    attempts=3,
    deadline=5.0,
    connect=1.0,
    silence=0.3,
    request=0.45,
    first_pause=0.01,
    first_busy_pause=0.02,
    longest_pause=0.05,
    sleep=lambda seconds: None,
)


def quick_client(google: FakeGoogle, **more: Any) -> GoogleClient:
    """The product's client on the fake."""
    return GoogleClient.from_settings(str(google.key_file), google.url, google.url, patience=QUICK, **more)
