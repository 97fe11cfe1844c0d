"""What the pages say can be typed, followed and found: commands, targets, links, variables, JSON."""

import ast
import json
import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from ingestion_dagster.core.requests.message import parse_message
from ingestion_dagster.settings import CHECKOUT
from ingestion_dagster_tests.docs_pages import (
    blocks,
    command_lines,
    name_of,
    pages,
    prose,
    root_command,
    spans,
)

PAGES = pytest.mark.parametrize("page", pages(), ids=name_of)
OPERATORS = {"&&", "||", "|", ";", ">", ">>", "<", "#", "&"}
NOT_IN_THE_EXAMPLE = {"DAGSTER_EVENT_BATCH_SIZE"}


def words_after(program: str, line: str) -> list[list[str]]:
    """The words of every call of `program` in a line, up to the next shell operator."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        words = line.split()
    calls = []
    for i, word in enumerate(words):
        starts = i == 0 or words[i - 1] in OPERATORS or "=" in words[i - 1] or words[max(0, i - 2)] in ("exec", "run")
        if Path(word).name == program and starts:
            rest = words[i + 1 :]
            end = next((n for n, other in enumerate(rest) if other in OPERATORS), len(rest))
            calls.append(rest[:end])
    return calls


def complaint_about(call: list[str]) -> str | None:
    """What is wrong with the words after `ingestion`; None for a command that exists with these options."""
    command: click.Command = root_command()
    rest = list(call)
    while isinstance(command, click.Group) and rest and not rest[0].startswith(("-", "…", "...")):
        found = command.commands.get(rest[0])
        if found is None:
            return f"there is no {rest[0]!r}; there are {', '.join(command.commands)}"
        command, rest = found, rest[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h"}
    for word in rest:
        option = word.strip("[]").partition("=")[0]
        if option.startswith("--") and option not in known:
            return f"it has no {option}"
    return None


def anchor_of(heading: str) -> str:
    """As the usual renderers make it: lower case, punctuation gone, blanks as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {anchor_of(heading) for heading in re.findall(r"^#{1,6} +(.+)$", prose(page), re.MULTILINE)}


@PAGES
def test_every_command_named_on_a_page_exists(page: Path) -> None:
    calls = [call for line in command_lines(page) for call in words_after("ingestion", line.removeprefix("$ "))]
    wrong = {" ".join(call): complaint for call in calls if (complaint := complaint_about(call))}
    assert not wrong


@PAGES
def test_every_make_target_named_on_a_page_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    calls = [call for line in command_lines(page) for call in words_after("make", line.removeprefix("$ "))]
    named = {word for call in calls for word in call if "=" not in word and not word.startswith("-")}
    assert named <= targets


@PAGES
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = prose(page)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text)
    broken = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@PAGES
def test_every_environment_variable_named_on_a_page_is_in_the_example(page: Path) -> None:
    known = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE))
    known |= set(re.findall(r"TEST_\w+", (CHECKOUT / "ingestion_dagster_tests/conftest.py").read_text()))
    shape = (
        r"\b(?:(?:INGESTION|DAGSTER|GOOGLE|TEST)_[A-Z0-9_]*[A-Z0-9]|[A-Z_]+_(?:URL|PASSWORD|CREDENTIALS))(?![A-Z0-9_*])"
    )
    assert set(re.findall(shape, page.read_text(encoding="utf-8"))) <= known | NOT_IN_THE_EXAMPLE


@PAGES
def test_every_message_on_a_page_would_be_taken_from_the_queue(page: Path) -> None:
    for block in blocks(page):
        if block.language == "json":
            value = json.loads(block.text)
            if isinstance(value, dict) and {"supplier", "supplier_name"} & set(value) and "statistics" not in value:
                assert parse_message(block.text.encode()).unknown_fields() == ()
        for message in re.findall(r"LPUSH\s+ingestion:queue\S*\s+'([^']*)'", block.text):
            if "KEY" not in message:
                assert parse_message(message.encode()).unknown_fields() == ()


@PAGES
def test_every_python_example_on_a_page_is_python(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            ast.parse(block.text)


@PAGES
def test_every_file_of_ours_that_is_named_on_a_page_exists(page: Path) -> None:
    """`core/rows/read.py` is below the package, `unit/test_x.py` below the tests; `*` stands for any name."""
    folders = [CHECKOUT, CHECKOUT / "ingestion_dagster", CHECKOUT / "ingestion_dagster_tests"]
    named = {span for span in spans(page) if re.fullmatch(r"[\w./*-]+\.(?:py|sh|lock|toml|yaml|yml)", span)}
    missing = {name for name in named if not any(any(folder.glob(name)) for folder in folders)}
    assert not missing
