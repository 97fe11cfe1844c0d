"""How much a sheet may cost before it is refused. Numbers only; the checks are where the cost arises."""

from dataclasses import dataclass

OUT_OF_MEMORY = 77
"""Exit status of the process that opens containers where not even a sentence fits any more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one sheet file. Exceeding any of them is a `SourceRejected` that says which."""

    file_bytes: int = 50_000_000
    """Spreadsheet containers, which are held whole while they are opened."""
    text_bytes: int = 250_000_000
    """Text files, which are streamed: a million rows of a dozen columns is about 150 MB."""
    unpacked_bytes: int = 200_000_000
    """All members of a zipped container together, as they really unpack."""
    unpack_ratio: int = 100
    zip_members: int = 10_000
    cells: int = 10_000_000
    rows: int = 2_000_000
    columns: int = 1_024
    cell_characters: int = 50_000
    tabs: int = 256
    merges: int = 200_000
    """Merged areas of one tab."""
    answer_bytes: int = 300_000_000
    """What the process that opens a container may hand on, which the run then holds: ten million cells of 25 bytes
    are 250 MB."""
    reading_seconds: float = 150.0
    """Processor time of understanding and reading together, in the process of the run."""
    memory_bytes: int = 512_000_000
    """Address space of the process that opens spreadsheet containers."""
    cpu_seconds: int = 30
    wall_seconds: float = 30.0
