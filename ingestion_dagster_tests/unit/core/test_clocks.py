"""What is believed when clocks disagree."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.clocks import SLACK, Clocks, moment_of, stepped, warnings

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
YEAR, HOUR, TICK = timedelta(days=400), timedelta(hours=1), timedelta(microseconds=1)
MADE = NOW - timedelta(days=30)


@pytest.mark.parametrize(
    ("database", "ours", "newest", "at", "said"),
    [
        (NOW, NOW, NOW - HOUR, NOW, None),
        (NOW, NOW, None, NOW, None),
        (NOW, NOW + SLACK / 2, NOW - HOUR, NOW, None),
        (NOW, NOW, NOW + SLACK / 2, NOW + SLACK / 2 + TICK, None),
        (NOW + YEAR, NOW, NOW - HOUR, NOW, NOW + YEAR),
        (NOW + YEAR, NOW, None, NOW, NOW + YEAR),
        (NOW, NOW + YEAR, NOW - HOUR, NOW, None),
        (NOW - YEAR, NOW, NOW - HOUR, NOW, NOW - YEAR),
        (NOW, NOW - YEAR, NOW - HOUR, NOW, None),
        (NOW, NOW, NOW + YEAR, NOW + YEAR + TICK, NOW),
        (NOW - YEAR, NOW - 2 * YEAR, NOW, NOW + TICK, NOW - YEAR),
    ],
)
def test_of_two_clocks_the_earlier_is_believed_that_is_not_before_the_newest_record(
    database: datetime, ours: datetime, newest: datetime | None, at: datetime, said: datetime | None
) -> None:
    assert moment_of(Clocks(database, ours, newest)) == (at, said)


moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(moments, moments, st.none() | moments)
def test_a_moment_is_later_than_what_it_follows_and_flagged_where_it_is_not_what_the_clock_said(
    database: datetime, ours: datetime, newest: datetime | None
) -> None:
    at, said = moment_of(Clocks(database, ours, newest))
    assert newest is None or at > newest
    assert said == (database if abs(at - database) > SLACK else None)
    assert at <= max(database, ours, *([newest + TICK] if newest else []))


@given(moments, st.integers(0, 60))
def test_one_wrong_clock_of_two_never_puts_a_price_into_the_future(wrong: datetime, minutes: int) -> None:
    newest = NOW - timedelta(minutes=minutes)
    for clocks in (Clocks(wrong, NOW, newest), Clocks(NOW, wrong, newest)):
        assert moment_of(clocks).at <= NOW + SLACK


@pytest.mark.parametrize(
    ("clocks", "told"),
    [
        (Clocks(NOW, NOW, NOW - HOUR), None),
        (Clocks(NOW, NOW, NOW + SLACK / 2), None),
        (Clocks(NOW + YEAR, NOW, NOW - HOUR), "one of them is wrong"),
        (Clocks(NOW, NOW, NOW + YEAR), "the newest record is of 2027-12-31"),
        (Clocks(NOW - YEAR, NOW - YEAR, NOW), "installed on 2026-10-27"),
    ],
)
def test_what_is_wrong_with_the_clocks_is_said_in_one_sentence(clocks: Clocks, told: str | None) -> None:
    said = list(warnings(clocks, MADE))
    assert len(said) == (0 if told is None else 1)
    assert told is None or told in said[0]


def test_a_step_of_the_clock_is_told_with_its_size_and_direction() -> None:
    minute = timedelta(minutes=1)
    assert stepped(NOW, NOW + minute, minute) is None
    assert stepped(NOW, NOW + SLACK, timedelta(0)) is None
    assert "forward by 400 days" in str(stepped(NOW, NOW + YEAR + minute, minute))
    assert "back by 1:00:00" in str(stepped(NOW, NOW - HOUR + minute, minute))
