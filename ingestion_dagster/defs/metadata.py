"""What Dagster shows of a load beside its numbers: the only place where metadata that can carry text from outside, and
descriptions of results, are made. Dagster's UI takes descriptions and Markdown metadata for Markdown.
"""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from ingestion_dagster.core.shown_text import in_markdown, one_line

LONGEST_DESCRIPTION = 2000
Cell = str | int | float


def description(text: str) -> str:
    """What is said of a check or an asset event: read as it stands."""
    return in_markdown(text, LONGEST_DESCRIPTION)


def log_line(text: str) -> str:
    """What is said in a run's or a tick's log, and of its failure: Dagster shows it as plain text."""
    return one_line(text, LONGEST_DESCRIPTION)


def plain(text: str) -> dg.MetadataValue:
    """One text from outside."""
    return dg.MetadataValue.text(one_line(text))


def bullets(texts: Iterable[str]) -> dg.MetadataValue:
    """Sentences, each with a bullet."""
    return dg.MetadataValue.md("\n".join(f"* {in_markdown(text)}" for text in texts))


def as_json(value: Mapping[str, str] | Mapping[str, Sequence[str]]) -> dg.MetadataValue:
    """Names and what belongs to them; Dagster shows them as JSON, in which nothing acts."""
    return dg.MetadataValue.json(
        {name: one_line(told) if isinstance(told, str) else [one_line(t) for t in told] for name, told in value.items()}
    )


def table(columns: Mapping[str, str], rows: Iterable[Sequence[Cell]]) -> dg.MetadataValue:
    """`columns`: name -> Dagster's type (`string`, `int`). Cells are plain text."""
    shown = ([one_line(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(zip(columns, row, strict=True))) for row in shown],
        schema=dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()]),
    )


def how_to_decide(batch_id: int, token: str) -> dg.MetadataValue:
    """What a person pastes into the launchpad of `review_batch`. Nothing in it comes from outside."""
    return dg.MetadataValue.md(
        "Jobs → review_batch → Launchpad; `approve` or `reject`:\n\n"
        "```yaml\n"
        "ops:\n"
        "  decide_batch:\n"
        "    config:\n"
        f"      batch_id: {batch_id}\n"
        "      decision: approve\n"
        f"      token: {token}\n"
        '      note: ""\n'
        '      by: ""\n'
        "```\n"
    )
