"""What is typed about a supplier on the command line, read and checked: its source, its settings, its mail address."""

from pathlib import PurePath
from typing import Any

import orjson
import typer

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.requests.message import check_source
from ingestion_dagster.core.suppliers.given_settings import NESTED, is_email
from ingestion_dagster.core.visible_names import is_visible
from ingestion_dagster.deployment import Deployment


def source_of(address: str, sheet: str | None, deployment: Deployment) -> tuple[str, dict[str, Any]]:
    """Source type and source of an address or path. Raises SourceRejected for what no supplier may read."""
    source: dict[str, Any] = {"sheet_name": sheet} if sheet else {}
    if "://" in address:
        source_type, source["sheet_url"] = "google_sheets", address
    else:
        suffix = PurePath(address).suffix.lower()
        source_type = "csv" if suffix in (".csv", ".tsv", ".txt") else "excel"
        source["file_path"] = address
    check_source(source_type, source, str(deployment.settings.inbox_path), deployment.settings.allowed_hosts)
    return source_type, source


def assignments(pairs: list[str]) -> dict[str, Any]:
    """`currency=EUR`, `guards.missing_share=0.5`, `column_mapping={"price": "C"}` as nested settings.

    A value is text, a JSON object or a JSON list; what kind each setting needs is checked with the others.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        group, _, inner = name.partition(".")
        if not equals or not name:
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--set")
        if not inner:
            found[name] = {**found[name], **_value(value)} if _are_objects(found.get(name), value) else _value(value)
            continue
        if group not in NESTED:
            raise SourceRejected(f"there is no setting {name!r}; names with a dot are {' and '.join(NESTED)}")
        if not isinstance(found.setdefault(group, {}), dict):
            raise typer.BadParameter(f"{group} is given as a whole and in parts", param_hint="--set")
        found[group][inner] = _value(value)
    return found


def _are_objects(known: Any, value: str) -> bool:
    return isinstance(known, dict) and isinstance(_value(value), dict)


def _value(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"{text!r} is not valid JSON ({error})", param_hint="--set") from None


def checked_name(name: str | None) -> str | None:
    """A supplier's name that a person can see. Raises SourceRejected."""
    if name is not None and not is_visible(name):
        raise SourceRejected("a supplier's name must be visible text without control characters")
    return name.strip() if name is not None else None


def checked_email(email: str | None) -> str | None:
    """One mail address. Raises SourceRejected."""
    if email is not None and not is_email(email):
        raise SourceRejected(f"{email!r} is not an e-mail address such as lists@supplier.example")
    return email
