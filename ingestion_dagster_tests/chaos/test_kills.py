"""Messages while sensor, runs, Redis and PostgreSQL are killed: none is lost, none has its effect twice."""

import pytest

from ingestion_dagster_tests.chaos.battle import Battle, Plan
from ingestion_dagster_tests.chaos.crashes import POINTS
from ingestion_dagster_tests.chaos.field import fresh
from ingestion_dagster_tests.chaos.forms import Form, form, report
from ingestion_dagster_tests.chaos.servers import Servers


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, form().seeds + 1))
def test_no_message_is_lost_or_doubled_when_everything_is_killed(killable: Servers, chosen: Form, seed: int) -> None:
    plan = Plan(chosen.messages, seed, chosen.hits, server_kills=chosen.server_kills, random_kills=chosen.hits * 2,
                patience=600 + chosen.hits * 30)  # fmt: skip
    with fresh(killable) as field:
        done = Battle(killable, field, plan).fight()
    report(f"seed {seed}: {done}")
    report(f"  aimed crashes: {', '.join(f'{point} {done.hits[point]}' for point in POINTS)}")
    assert (done.lost, done.doubled, done.given_up, done.unfinished) == (0, 0, 0, 0), str(done)
    assert all(done.hits[point] >= chosen.hits for point in POINTS), done.hits


@pytest.mark.timeout(600)
def test_two_sensors_at_once_do_no_harm(killable: Servers) -> None:
    with fresh(killable) as field:
        done = Battle(killable, field, Plan(300, 99, sensors=2, random_kills=10)).fight()
    report(f"two sensors at once: {done}")
    assert (done.lost, done.doubled, done.given_up, done.unfinished) == (0, 0, 0, 0), str(done)
