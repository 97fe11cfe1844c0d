"""What is typed about a supplier on the command line, read and checked: its source, its settings, its mail address."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import orjson
import typer

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.suppliers.built_in_sources import EXCEL
from ingestion_dagster.core.suppliers.given_settings import NESTED, is_email
from ingestion_dagster.core.visible_names import is_visible
from ingestion_dagster.deployment import Deployment
from ingestion_dagster.sources.installed import source_types


def source_of(
    address: str, sheet: str | None, deployment: Deployment, wanted: str | None = None, options: Sequence[str] = ()
) -> tuple[str, dict[str, Any]]:
    """Source type and source of an address or path. Raises SourceRejected for what no supplier may read."""
    types = source_types()
    if wanted is not None:
        kind = types.get(wanted)
    elif "://" in address:
        kind = types.of_link(address)
    else:
        kind = types.of_ending(PurePath(address).suffix.lower().removeprefix(".")) or EXCEL
    if kind.options is None and options:
        raise SourceRejected(f"a {kind.name} source has no options; its settings are given with --set")
    source: dict[str, Any] = {"sheet_name": sheet} if sheet else {}
    source |= {kind.address: address} | assignments(list(options), "--option")
    kind.checked(source, deployment.allowed)
    return kind.name, source


def assignments(pairs: list[str], option: str = "--set") -> dict[str, Any]:
    """`currency=EUR`, `guards.missing_share=0.5`, `column_mapping={"price": "C"}` as nested settings.

    A value is text, a JSON object or a JSON list; what kind each setting needs is checked with the others.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        group, _, inner = name.partition(".")
        if not equals or not name:
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint=option)
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
