"""Text from outside where it is shown: laws of each medium's one function."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion_dagster.core.shown_text import LONGEST_LINE, one_line

ANY = st.text(
    st.characters() | st.sampled_from("\x00\x1b\x7f\x85\x9b\n\r\t\u2028\u202e\u2066\u200b\u200d\ud800\U000e0041")
)


@given(ANY)
@example("batch 17 held\nbatch 17 approved by boss")
@example("\x9b2Jgone")
def test_a_line_stays_one_line_and_nothing_in_it_acts_or_hides(text: str) -> None:
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= LONGEST_LINE
    hidden = [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")]
    assert set(hidden) <= {"\u200c", "\u200d"}
    shown.encode()


@given(ANY)
@example("é\u200d\u202eé")
def test_a_line_that_was_made_visible_is_not_changed_again(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)


@given(ANY, st.integers(1, 30))
def test_a_line_is_as_long_as_is_allowed(text: str, longest: int) -> None:
    assert len(one_line(text, longest)) <= longest


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Оптовая цена, с НДС [x] \\[/red] :smile:", "Оптовая цена, с НДС [x] \\[/red] :smile:"),
        ("two\nlines\r\n\tof it", "two\\nlines\\r\\n\\tof it"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("1\xa0234,50", "1 234,50"),
        ("gnp.\u202eexe", "gnp.\\u202eexe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("a\u200db", "a\\u200db"),
        ("é\u200d\u200dé", "é\\u200d\\u200dé"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("می\u200cخواهم 👨\u200d👩\u200d👧", "می\u200cخواهم 👨\u200d👩\u200d👧"),
    ],
)
def test_what_would_act_is_written_as_its_code(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_what_is_too_long_is_cut() -> None:
    assert one_line("x" * 2000) == "x" * (LONGEST_LINE - 1) + "…"
