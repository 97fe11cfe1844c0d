"""Which messages wait for a lock, and until when."""

from hypothesis import given
from hypothesis import strategies as st

from ingestion_dagster.core.requests.deferrals import FORGOTTEN_AFTER, Deferrals


def waiting(*ids: str, until: float = 10.0) -> Deferrals:
    known = Deferrals()
    known.failed("acme", 0.0, until)
    for one in ids:
        known.add("acme", one)
    return known


def test_all_messages_of_a_supplier_wait_together_and_come_back_together() -> None:
    known = waiting("a", "b")
    assert (known.passed_over(9.0), known.blocked(9.0)) == (["a", "b"], {"acme"})
    assert (known.passed_over(10.0), known.blocked(10.0), len(known)) == ([], frozenset(), 2)


def test_one_recorded_message_frees_all_others_of_its_supplier() -> None:
    known = waiting("a", "b")
    known.recorded(["a"])
    assert (known.passed_over(1.0), known.tries_of("acme"), len(known)) == ([], 0, 0)


def test_a_second_vain_try_is_counted_and_forgets_nobody() -> None:
    known = waiting("a", "b")
    known.failed("acme", 10.0, 5.0)
    known.add("acme", "a")
    assert (known.tries_of("acme"), known.passed_over(12.0)) == (2, ["a", "b"])


def test_a_supplier_of_which_nothing_more_was_heard_is_forgotten() -> None:
    known = waiting("a")
    known.failed("other", 11.0 + FORGOTTEN_AFTER, 1.0)
    assert (known.tries_of("acme"), len(known)) == (0, 0)


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 30), st.booleans()), max_size=40))
def test_no_message_waits_longer_than_its_supplier_and_none_twice(events: list[tuple[str, int, bool]]) -> None:
    known, latest = Deferrals(), 0.0
    for number, (supplier, wait, works) in enumerate(events):
        if works:
            known.recorded([one for one in known.passed_over(-1.0) if one.startswith(supplier)])
            assert known.tries_of(supplier) == 0 or not known.blocked(-1.0)
            continue
        known.failed(supplier, number, wait)
        known.add(supplier, f"{supplier}{number}")
        latest = max(latest, float(number + wait))
    assert known.passed_over(latest) == []
    everything = known.passed_over(-1.0)
    assert len(set(everything)) == len(everything) == len(known)
