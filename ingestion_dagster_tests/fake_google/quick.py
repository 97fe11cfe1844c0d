"""Clients of the fake for tests: no pauses, and a deadline that a busy machine does not exhaust by itself."""

from dataclasses import replace
from typing import Any, Final

from ingestion_dagster.sources.google.retry import RetryPolicy
from ingestion_dagster.sources.google.sheets import GoogleClient
from ingestion_dagster_tests.fake_google.faults import Fault
from ingestion_dagster_tests.fake_google.server import FakeGoogle

QUICK: Final = RetryPolicy(
    attempts=3,
    deadline=60.0,
    connect=10.0,
    silence=15.0,
    request=20.0,
    first_pause=0.01,
    first_busy_pause=0.02,
    longest_pause=0.05,
    sleep=lambda seconds: None,
)
IMPATIENT: Final = replace(QUICK, attempts=2, deadline=6.0, silence=0.4, request=0.5)
"""For faults that only end by the client's own limits."""


def retry_policy_for(fault: Fault) -> RetryPolicy:
    """Short limits only where the fault is that nothing comes."""
    return IMPATIENT if fault in (Fault.SILENCE, Fault.DRIP) else QUICK


def quick_client(google: FakeGoogle, policy: RetryPolicy = QUICK, **more: Any) -> GoogleClient:
    """The product's client on the fake."""
    return GoogleClient.from_settings(str(google.key_file), google.url, google.url, policy=policy, **more)
