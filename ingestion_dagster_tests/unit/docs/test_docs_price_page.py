"""The page about what a price means: every line of its table has examples, which are read as it says, or names tests of
what needs more than a text file."""

import re
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from ingestion_dagster.core.mapped_sheet import ReadingHints
from ingestion_dagster.core.mapping.understand import understand
from ingestion_dagster.core.price_terms import money_text
from ingestion_dagster.core.rows.read import ItemRow, RowReject, read_rows
from ingestion_dagster.sources.open_file import open_workbook

PAGE = (Path(__file__).parents[3] / "docs" / "what-a-price-means.md").read_text(encoding="utf-8")

TESTS = Path(__file__).parents[2]


class Example(NamedTuple):
    """A heading, the list below it, and what the page says is read."""

    heading: str
    csv: str
    says: str


def examples() -> list[Example]:
    found = re.findall(r"^### ([^\n]+)\n\n```csv\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    return [Example(*example) for example in found]


def told(item: ItemRow) -> str:
    """An item as the page writes it."""
    shown = f"{item.supplier_sku} {money_text(item.price)}{f' {item.currency}' if item.currency else ''}"
    if item.printed_price is not None:
        shown += f", printed {money_text(item.printed_price)} for {item.price_basis}"
    if item.from_quantity is not None:
        shown += f", from {item.from_quantity}"
    if item.stock is not None:
        shown += f", {item.stock} in stock"
    steps = orjson.loads(item.price_steps or "[]")
    return shown + "".join(f", from {step[0]}: {money_text(Decimal(str(step[1])))}" for step in steps)


def read(csv: str) -> str:
    book = open_workbook(csv.removesuffix("\n").encode(), "list.csv", ReadingHints())
    mapped = understand(book, ReadingHints())
    lines = []
    for row in read_rows(book.sheet(mapped.sheet), mapped, ReadingHints()):
        if isinstance(row, ItemRow):
            lines.append(told(row))
        elif isinstance(row, RowReject):
            lines.append(f"row {row.row + 1}: {row.code}")
    lines += [f"{question.code}: {question.message}" for question in mapped.questions]
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.heading)
def test_an_example_is_read_as_the_page_says(example: Example) -> None:
    assert read(example.csv) == example.says


def test_every_line_of_the_table_has_an_example_and_every_example_a_line() -> None:
    table = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]
    linked = [set(re.findall(r"\(#([\w-]+)\)", line)) for line in table]
    held = [re.findall(r"`([\w/]+/test_\w+\.py)`", line) for line in table]
    assert all(examples or tests for examples, tests in zip(linked, held, strict=True))
    assert not [test for tests in held for test in tests if not (TESTS / test).is_file()]
    headings = {re.sub(r"[^\w -]", "", example.heading.lower()).replace(" ", "-") for example in examples()}
    assert len(headings) == PAGE.count("```csv")
    assert set().union(*linked) == headings
