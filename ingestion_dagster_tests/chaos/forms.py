"""How much is done in the short form and in the long one, and where the figures of the tests are gathered."""

import os
from dataclasses import dataclass, fields

FIGURES: list[str] = []


@dataclass(frozen=True)
class Form:
    """Sizes of one form."""

    messages: int = 2_000
    seeds: int = 1
    hits: int = 10
    """Aimed crashes at each point, for each seed."""
    server_kills: int = 12
    zombies: int = 20
    examples: int = 500
    daemon_kills: int = 3
    postgres_restarts: int = 3
    sheets: int = 2_000
    load_seconds: int = 20
    hangs: int = 0
    """Processes of `ingestion up` that are stopped: each takes its patience, 60 to 90 seconds."""


LONG = Form(
    messages=2_000,
    seeds=10,
    hits=10,
    server_kills=12,
    zombies=500,
    examples=20_000,
    daemon_kills=50,
    postgres_restarts=50,
    sheets=100_000,
    load_seconds=600,
    hangs=2,
)
"""For each of ten seeds: 20,000 messages and 100 aimed crashes at each point in all."""


def form() -> Form:
    """As the environment says; single sizes can be set with CHAOS_MESSAGES, CHAOS_HITS and so on."""
    chosen = LONG if os.environ.get("CHAOS") == "long" else Form()
    sizes = {}
    for field in fields(Form):
        given = os.environ.get(f"CHAOS_{field.name.upper()}")
        sizes[field.name] = int(given) if given else getattr(chosen, field.name)
    return Form(**sizes)


def report(line: str) -> None:
    """A figure for the summary and for the page."""
    FIGURES.append(line)
