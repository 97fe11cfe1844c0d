"""Supplier price lists into PostgreSQL rows, run by Dagster. See definitions.py for the way in.

Here is only what every room may ask: where the files are that come along with the code.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """`migrations` or `dagster.yaml`: beside the package in a checkout, inside it where a wheel was installed."""
    inside = _PACKAGE / name
    return inside if inside.exists() else _PACKAGE.parent / name
