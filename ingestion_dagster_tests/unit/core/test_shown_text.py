"""Text from outside where it is shown: laws of each medium's one function."""

import json
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ingestion_dagster.core.shown_text import LONGEST_LINE, in_chat, in_json, in_markdown, one_line

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


@given(ANY)
@example("\x9b2J\u202e\U000e0041\x7f")
def test_a_json_document_stays_the_same_to_a_program_and_shows_all_it_holds(text: str) -> None:
    document = json.dumps({"name": text}, ensure_ascii=False)
    shown = in_json(document)
    assert shown.isprintable()
    assert json.loads(shown) == {"name": text}


MARKUP = st.lists(
    st.sampled_from(
        [*"\\`*_[]()<>!&|~#+-=:.;@ \n\t1ax\"'$", "  ", "---", "```", "~~~", "![x](/graphql?query=mutation{a})",
         "[x]: /y", "<img src=x>", "&lt;", "&#60;", "http://evil.example/", "www.evil.example", "a@evil.example",
         "| a | b |\n|---|---|", "1. ", "* ", "# ", "> ", "[^1]", "[ ] ", "<!--", "$$"]
    ),
    max_size=14,
).map("".join)  # fmt: skip
RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
AUTOLINK = re.compile(r"(https?://|www\.)[-.\w]|[-.\w+]@[-\w]+\.[-\w]", re.IGNORECASE)
"""What GitHub's Markdown makes a link of wherever it stands in text (GFM, section 6.9)."""


def shown_by(rendered: str) -> str:
    """What a reader sees of the one paragraph that `rendered` is; fails where it is anything else."""
    blocks = RENDERER.parse(rendered)
    assert [block.type for block in blocks] in ([], ["paragraph_open", "inline", "paragraph_close"]), blocks
    pieces = [piece for block in blocks if block.type == "inline" for piece in block.children or []]
    assert {piece.type for piece in pieces} <= {"text", "text_special", "code_inline"}, pieces
    assert not any(AUTOLINK.search(piece.content) for piece in pieces if piece.type != "code_inline"), pieces
    return "".join(piece.content for piece in pieces)


@given(ANY | MARKUP)
@example("![x](/graphql?query=mutation{launchRun}) a")
@example("[x](javascript:alert(1))")
@example("see https://evil.example/`x` or a\\@evil.example")
@example("-__a_b__ snake_case")
def test_markdown_shows_the_text_and_makes_nothing_of_it(text: str) -> None:
    assert shown_by(in_markdown(text)) == one_line(text).strip(" ")


@given(st.lists(ANY | MARKUP, min_size=1, max_size=4))
def test_a_list_of_texts_stays_a_list_of_as_many_items(texts: list[str]) -> None:
    blocks = RENDERER.parse("\n".join(f"* {in_markdown(text)}" for text in texts))
    kinds = [block.type for block in blocks]
    assert kinds.count("list_item_open") == len(texts)
    assert set(kinds) <= {"bullet_list_open", "list_item_open", "paragraph_open", "inline", "paragraph_close",
                          "list_item_close", "bullet_list_close"}  # fmt: skip


@given(ANY | MARKUP)
@example("<http://evil.example|click> <!channel> @all ![x](https://evil.example/x.png) WWW.evil.example")
def test_a_chat_makes_no_link_no_image_and_no_mention_of_a_text(text: str) -> None:
    shown = in_chat(text)
    assert len(shown.splitlines()) <= 1
    assert not set(shown) & set("<[`@")
    assert not AUTOLINK.search(shown)
    pieces = [piece.type for block in RENDERER.parse(shown) for piece in block.children or []]
    assert not {"link_open", "image", "html_inline", "code_inline"} & set(pieces)


def test_what_is_plain_in_markdown_stays_as_it_is() -> None:
    told = "Row 12: 'supplier_sku' costs 12.50 EUR, not 1,250.00 (100 times as much)! A & B > C - D #1"
    assert in_markdown(told) == told
    assert in_markdown("Preis * [EUR]") == r"Preis \* \[EUR]"
    assert in_markdown("[Preis](x) ![y](http://evil.example)") == r"\[Preis]\(x) !\[y]\(`http://evil.example)`"
    assert in_markdown("from https://acme.example/list.xlsx today") == "from `https://acme.example/list.xlsx` today"
