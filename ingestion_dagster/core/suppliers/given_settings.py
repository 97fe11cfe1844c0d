"""Settings of a supplier as a person types them: checked at once and put into the form in which they are stored. Pure.

Stricter than reading stored ones: what would only fail at the next load is refused here, in words.
"""

import re
from typing import Any, Final

from ingestion_dagster.core.columns.overrides import field_named
from ingestion_dagster.core.errors import DataIngestionError, SourceRejected
from ingestion_dagster.core.suppliers.supplier import SupplierSettings, settings_from
from ingestion_dagster.core.values.currencies import currency_of_country, is_currency

USUAL_ENCODINGS: Final = (
    "utf-8", "utf-16", "cp1252", "cp1251", "cp1250", "cp1254", "cp1253", "cp1257", "cp850", "cp852", "cp857", "cp866",
    "iso-8859-2", "iso-8859-5", "iso-8859-15", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "cp932", "shift_jis",
    "euc-jp", "euc-kr", "gb18030", "big5",
)  # fmt: skip
_DELIMITERS: Final = frozenset({"\\t", "tab", "comma", "semicolon", "pipe", "space"})
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")
NESTED: Final = ("guards", "column_mapping")
"""Settings that hold names of their own: `guards.missing_share`, `column_mapping.price`."""


def given_settings(values: dict[str, Any]) -> dict[str, Any]:
    """The settings in `values`, as they are stored. Raises SourceRejected naming the setting and what it can be."""
    settings = settings_from(values)
    if settings.encoding is not None and not _is_encoding(settings.encoding):
        raise SourceRejected(
            f"setting encoding: there is no text encoding called {settings.encoding!r}; usual ones are:"
            f" {', '.join(USUAL_ENCODINGS)}"
        )
    if settings.delimiter is not None and not _is_delimiter(settings.delimiter):
        raise SourceRejected(
            f"setting delimiter: {settings.delimiter!r} is no column separator; give one character such as ; or tab,"
            " comma, semicolon, pipe, space"
        )
    if settings.currency is not None and not is_currency(settings.currency):
        raise SourceRejected(f"setting currency: {settings.currency!r} is no ISO 4217 code such as EUR, USD or RUB")
    if settings.country is not None and currency_of_country(settings.country) is None:
        raise SourceRejected(
            f"setting country: the money of {settings.country!r} is not known; give two letters such as DE, or currency"
        )
    _check_columns(settings)
    return settings.model_dump(mode="json", exclude_unset=True)


def is_email(text: str) -> bool:
    """Whether a mail can be sent there, as far as spelling goes: one address without a name."""
    return text.isprintable() and _EMAIL.fullmatch(text) is not None


def changed(known: dict[str, Any], given: dict[str, Any], removed: list[str]) -> dict[str, Any]:
    """Stored settings `known` with `given` (checked) over them and without `removed` (`currency`, `guards.jump_rows`).

    Raises SourceRejected where something to be removed is not set.
    """
    found = {name: dict(value) if isinstance(value, dict) else value for name, value in known.items()}
    for name in removed:
        _remove(found, name)
    for name, value in given.items():
        found[name] = {**found.get(name, {}), **value} if name in NESTED else value
    return found


def _remove(settings: dict[str, Any], name: str) -> None:
    group, _, inner = name.partition(".")
    place = settings.get(group) if inner else settings
    if not isinstance(place, dict) or (inner or group) not in place:
        known = ", ".join(_names(settings)) or "none"
        raise SourceRejected(f"{name!r} is not set, so it cannot be unset; set are: {known}")
    del place[inner or group]
    if inner and not place:
        del settings[group]


def _names(settings: dict[str, Any]) -> list[str]:
    names = []
    for name, value in settings.items():
        names += [f"{name}.{inner}" for inner in value] if name in NESTED and isinstance(value, dict) else [name]
    return names


def _check_columns(settings: SupplierSettings) -> None:
    for name, column in settings.column_mapping.items():
        try:
            field_named(name)
        except DataIngestionError as error:
            raise SourceRejected(f"setting column_mapping: {error}") from None
        if column == "" or (isinstance(column, int) and column < 1):
            raise SourceRejected(
                f"setting column_mapping.{name}: name the column by its header, its letter or its number from 1"
            )


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, ValueError, TypeError):
        return False
    return True


def _is_delimiter(text: str) -> bool:
    return text.strip().lower() in _DELIMITERS or (len(text) == 1 and text not in '\r\n"')
