"""The pages of the documentation as the tests read them, and the one that is written by program.

`python -m ingestion_dagster_tests.docs_pages` writes docs/reference/cli.md anew from the commands themselves.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import click
import typer.main

from ingestion_dagster.cli import app
from ingestion_dagster.settings import CHECKOUT

CLI_PAGE = CHECKOUT / "docs/reference/cli.md"
CLI_HEAD = """# The command line

This page is written by program from the commands themselves (`.venv/bin/python -m ingestion_dagster_tests.docs_pages`);
a test compares the two.

The console script is `ingestion`; in the checkout it is `.venv/bin/ingestion`. Every command exits with 0 on success,
with 1 on a failure that it explains in one line on standard error, and with 2 on wrong usage. Where a command takes
`--json`, it prints JSON instead of a table. A table fits the terminal, and no number in it is cut: columns that do not
fit go below their row. In a pipe each row is one line, and what takes longer than two seconds is said in plain lines on
standard error. `ingestion --version` prints the version. Without `DATABASE_URL` and `REDIS_URL` a command
starts the embedded servers, and they stop about two seconds after the last command that used them.
"""
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
SHELL = ("sh", "bash", "console", "shell")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and text."""

    language: str
    text: str


def pages() -> list[Path]:
    """Those beside the code, and everything under docs/."""
    beside = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
    return [*(CHECKOUT / name for name in beside), *sorted((CHECKOUT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    """The page's path in the checkout, for the names of tests."""
    return str(page.relative_to(CHECKOUT))


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    return [Block(language, text) for language, text in FENCE.findall(page.read_text(encoding="utf-8"))]


def spans(page: Path) -> list[str]:
    """What stands between single backticks outside of fenced blocks."""
    return SPAN.findall(prose(page))


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def command_lines(page: Path) -> list[str]:
    """Every line of a shell block, with continued lines joined, and every inline span."""
    shell = [block.text.replace("\\\n", " ") for block in blocks(page) if block.language in SHELL]
    return [line for text in shell for line in text.splitlines()] + spans(page)


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """Every command that does something, under its words."""
    if not isinstance(command, click.Group):
        return {path: command}
    found: dict[tuple[str, ...], click.Command] = {}
    for name, child in command.commands.items():
        found |= leaves(child, (*path, name))
    return found


def root_command() -> click.Command:
    """The whole command line, as click knows it."""
    return typer.main.get_command(app)


def cli_reference() -> str:
    """The text of docs/reference/cli.md."""
    return CLI_HEAD + "".join(_section(path, command) for path, command in leaves(root_command()).items())


def _section(path: tuple[str, ...], command: click.Command) -> str:
    usage = " ".join(["ingestion", *path, *(_usage(parameter) for parameter in command.params)])
    rows = "".join(_row(parameter) for parameter in command.params)
    table = f"\n| | |\n|---|---|\n{rows}" if rows else ""
    return f"\n## `ingestion {' '.join(path)}`\n\n```sh\n{usage}\n```\n\n{_prose_of(command)}\n{table}"


def _prose_of(command: click.Command) -> str:
    text = (command.help or "").replace("\x08", "").strip()
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _usage(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        value = "" if parameter.is_flag else f" {_value(parameter)}"
        repeated = "…" if parameter.multiple else ""
        text = f"{parameter.opts[0]}{value}{repeated}"
    else:
        text = (parameter.metavar or (parameter.name or "").upper().rstrip("_")) + (
            "…" if parameter.nargs == -1 else ""
        )
    return text if parameter.required else f"[{text}]"


def _value(option: click.Option) -> str:
    return option.metavar or (option.name or "").upper().strip("_")


def _row(parameter: click.Parameter) -> str:
    helped = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
    default = parameter.default if isinstance(parameter.default, str | int | float) else None
    shown = f" Default: {default}." if default not in (None, False, "") and not isinstance(default, bool) else ""
    name = ", ".join(parameter.opts) if isinstance(parameter, click.Option) else _usage(parameter).strip("[]")
    return f"| `{name}` | {(helped + shown).strip()} |\n"


if __name__ == "__main__":
    CLI_PAGE.parent.mkdir(parents=True, exist_ok=True)
    CLI_PAGE.write_text(cli_reference(), encoding="utf-8")
