"""When a thing that is needed is started again and when it is given up, by an invented clock."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.restart_policy import RestartPolicy, Restarts

PATIENCE = RestartPolicy(unanswered=60, starting=90, steady=60, trouble=300, first_pause=1, longest_pause=30)


@pytest.fixture
def restarts() -> Restarts:
    return Restarts(PATIENCE)


def test_what_answers_is_left_alone(restarts: Restarts) -> None:
    assert [restarts.look(now, ended=False, answers=True) for now in (0, 5, 1000)] == ["well"] * 3


def test_what_ended_is_started_again_at_once(restarts: Restarts) -> None:
    assert restarts.look(0, ended=True, answers=False) == "revive"


def test_something_else_that_answers_in_the_place_of_what_ended_does_not_count(restarts: Restarts) -> None:
    assert restarts.look(0, ended=True, answers=True) == "revive"


def test_an_answer_that_is_missed_is_waited_for(restarts: Restarts) -> None:
    assert restarts.look(0, ended=False, answers=False) == "wait"
    assert restarts.look(59, ended=False, answers=False) == "wait"
    assert restarts.look(60, ended=False, answers=True) == "well"
    assert restarts.look(100, ended=False, answers=False) == "wait"


def test_what_hangs_is_started_again_when_its_time_is_over(restarts: Restarts) -> None:
    restarts.look(0, ended=False, answers=False)
    assert restarts.look(60, ended=False, answers=False) == "revive"


def test_what_was_started_may_take_its_time_and_is_said_to_be_back_once(restarts: Restarts) -> None:
    restarts.look(0, ended=True, answers=False)
    restarts.started(0)
    assert restarts.look(89, ended=False, answers=False) == "wait"
    assert [restarts.look(now, ended=False, answers=True) for now in (89.5, 95, 200)] == ["back", "well", "well"]
    assert restarts.troubled_since is None


def test_pauses_between_starts_grow_up_to_the_longest(restarts: Restarts) -> None:
    now, pauses = 0.0, []
    for _ in range(8):
        assert restarts.look(now, ended=True, answers=False) == "revive"
        pauses.append(restarts.failed(now))
        assert restarts.look(now + pauses[-1] - 0.01, ended=True, answers=False) == "wait"
        now += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_what_does_not_come_back_is_given_up(restarts: Restarts) -> None:
    restarts.look(0, ended=True, answers=False)
    restarts.failed(0)
    assert restarts.look(299, ended=True, answers=False) == "revive"
    assert restarts.look(300, ended=True, answers=False) == "give up"


def test_what_comes_back_only_to_end_again_is_given_up_too(restarts: Restarts) -> None:
    """A process that is killed for its memory every half minute is no process."""
    steps = []
    for now in range(0, 400, 30):
        steps.append(restarts.look(now, ended=True, answers=False))
        restarts.started(now)
        restarts.look(now + 5, ended=False, answers=True)
    assert "give up" not in steps[:10]
    assert steps[10] == "give up"


def test_what_worked_for_long_enough_has_a_clean_slate(restarts: Restarts) -> None:
    restarts.look(0, ended=True, answers=False)
    restarts.started(0)
    restarts.look(5, ended=False, answers=True)
    restarts.look(65, ended=False, answers=True)
    assert restarts.look(1000, ended=True, answers=False) == "revive"
    assert restarts.failed(1000) == 1


def test_while_what_it_stands_on_is_away_no_time_counts(restarts: Restarts) -> None:
    restarts.look(0, ended=False, answers=False)
    restarts.pause(100)
    assert restarts.look(101, ended=False, answers=False) == "wait"
    restarts.look(170, ended=False, answers=False)
    restarts.started(170)
    restarts.pause(600)
    assert restarts.look(680, ended=False, answers=False) == "wait"
    assert restarts.look(690, ended=False, answers=False) == "revive"


def test_what_was_said_to_be_back_is_not_said_again_after_a_pause(restarts: Restarts) -> None:
    restarts.look(0, ended=True, answers=False)
    restarts.started(0)
    assert restarts.look(5, ended=False, answers=True) == "back"
    restarts.pause(10)
    assert restarts.look(15, ended=False, answers=True) == "well"


def test_a_server_elsewhere_is_waited_for_without_end() -> None:
    restarts = Restarts(RestartPolicy(unanswered=30, starting=0, trouble=math.inf, first_pause=900, longest_pause=900))
    said = []
    for now in range(0, 4000, 5):
        if restarts.look(now, ended=False, answers=False) == "revive":
            said.append(now)
            restarts.failed(now)
    assert said == [30, 930, 1830, 2730, 3630]
    assert restarts.look(4000, ended=False, answers=True) == "back"


@given(st.lists(st.tuples(st.floats(0.1, 50), st.booleans(), st.booleans(), st.booleans()), max_size=80))
def test_nothing_is_started_more_often_than_its_pauses_allow(history: list[tuple[float, bool, bool, bool]]) -> None:
    restarts, now, last = Restarts(PATIENCE), 0.0, -math.inf
    for passed, ended, answers, works in history:
        now += passed
        step = restarts.look(now, ended=ended, answers=answers)
        if answers and not ended:
            assert step in ("well", "back")
        if step == "revive":
            assert now - last >= PATIENCE.first_pause
            last = now
            _ = restarts.started(now) if works else restarts.failed(now)
