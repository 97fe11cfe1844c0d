"""What becomes of a lease, given what Dagster says of its run."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion_dagster.core.requests.leases import TIME_TO_BEGIN, RunState, Verdict, verdict

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AHEAD, SHORT, OVER = TIME_TO_BEGIN + timedelta(minutes=1), timedelta(seconds=30), timedelta(seconds=-1)


@pytest.mark.parametrize(
    ("run", "left", "begun", "expected"),
    [
        ("absent", AHEAD, False, "start"),
        ("absent", OVER, False, "extend"),
        ("absent", AHEAD, True, "keep"),
        ("absent", OVER, True, "crashed"),
        ("waiting", AHEAD, False, "keep"),
        ("waiting", SHORT, False, "extend"),
        ("running", SHORT, True, "keep"),
        ("running", OVER, True, "crashed"),
        ("failed", AHEAD, True, "crashed"),
        ("succeeded", AHEAD, True, "crashed"),
        ("cancelled", AHEAD, False, "cancelled"),
    ],
)
def test_a_lease_is_kept_renewed_or_taken_back(run: RunState, left: timedelta, begun: bool, expected: Verdict) -> None:
    assert verdict(run, NOW + left, NOW, begun=begun) == expected
