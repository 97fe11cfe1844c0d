"""The registry sheet: rows that people keep about suppliers, read into specs, and what to do about the difference.

Pure: rows in, specs and a plan out. A bad row is reported and the rest goes on; an empty or half-read sheet pauses
nobody. Fetching the sheet and writing suppliers is done elsewhere.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ingestion_dagster.core.errors import DataIngestionError, SheetError
from ingestion_dagster.core.sheets import CellError, CellValue, Row, cell_address
from ingestion_dagster.core.suppliers.given_settings import given_settings, is_email
from ingestion_dagster.core.suppliers.google_links import GOOGLE_HOSTS, KEY
from ingestion_dagster.core.suppliers.registry_words import COLUMNS, NO, SETTINGS, YES
from ingestion_dagster.core.suppliers.slugs import is_slug, slug
from ingestion_dagster.core.suppliers.source_table import BUILT_IN_TABLE, SourceTable
from ingestion_dagster.core.suppliers.source_types import READING_NAMES, Allowed, SourceType
from ingestion_dagster.core.visible_names import is_visible

_HEADER_WITHIN: Final = 25


@dataclass(frozen=True)
class SupplierSpec:
    """What one good row says."""

    key: str
    name: str
    source_type: str
    source: dict[str, Any]
    """`sheet_url` (and `gid`) or `file_path`; `sheet_name` where the row names a tab."""
    settings: dict[str, Any] = field(default_factory=dict)
    active: bool = True
    contact_email: str | None = None
    notes: str = ""
    row: int = 0
    """0-based position in the registry sheet."""


@dataclass(frozen=True)
class RowProblem:
    """Why a row was left out, for the person who keeps the sheet."""

    row: int
    cell: str
    message: str


@dataclass(frozen=True)
class Registry:
    """What was read."""

    specs: tuple[SupplierSpec, ...]
    problems: tuple[RowProblem, ...]
    mentioned: frozenset[str]
    """Keys and sources as far as rows with problems name them: those suppliers are not gone."""


class BadCell(Exception):
    """A cell of a registry row that cannot be used; carries its column's name and the reason."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def parse_registry(
    rows: Sequence[Row], allowed_hosts: Collection[str] = GOOGLE_HOSTS, types: SourceTable = BUILT_IN_TABLE
) -> Registry:
    """Reads the rows of a registry sheet. The header may stand anywhere in the first rows, in any order.

    Raises SheetError where there is no header or not one row below it: such a read is not an empty registry.
    """
    header, columns = _find_header(rows)
    specs: list[SupplierSpec] = []
    problems: list[RowProblem] = []
    mentioned: set[str] = set()
    taken: dict[str, int] = {}
    for position, row in enumerate(rows[header + 1 :], header + 1):
        cells = {name: _text(row[column]) if column < len(row) else "" for name, column in columns.items()}
        if not any(cells[name] for name in ("key", "name", "url") if name in cells):
            continue
        try:
            spec = _spec(cells, position, Allowed(hosts=allowed_hosts), types)
            _refuse_repetition(spec, taken)
        except BadCell as error:
            problems.append(RowProblem(position, cell_address(position, columns.get(error.column, 0)), str(error)))
            mentioned |= _marks(cells)
        else:
            specs.append(spec)
    if not specs and not problems:
        raise SheetError("The registry sheet has a header but not one supplier below it; nothing was changed")
    return Registry(tuple(specs), tuple(problems), frozenset(mentioned))


def _find_header(rows: Sequence[Row]) -> tuple[int, dict[str, int]]:
    for position, row in enumerate(rows[:_HEADER_WITHIN]):
        columns: dict[str, int] = {}
        for column, cell in enumerate(row):
            name = _column_name(_text(cell))
            if name:
                columns.setdefault(name, column)
        if "name" in columns and "url" in columns:
            return position, columns
    raise SheetError(
        "The registry sheet has no header: one of its first rows must name at least the columns `name` and `url`"
    )


def _column_name(text: str) -> str | None:
    word = " ".join(text.casefold().replace("_", " ").split())
    for name, synonyms in COLUMNS.items():
        if word in synonyms:
            return name
    setting = word.replace(" ", "_")
    return setting if setting in SETTINGS else None


def _text(cell: CellValue) -> str:
    if cell is None or isinstance(cell, CellError):
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell).strip()


def _marks(cells: Mapping[str, str]) -> set[str]:
    """Key and source of a row as far as they can be told, so that a typing error pauses nobody."""
    marks = {cells["key"].casefold()} if cells.get("key") else set()
    if cells.get("name"):
        marks.add(slug(cells["name"]))
    if cells.get("url"):
        found = re.search(r"/d/([A-Za-z0-9_-]{20,})", cells["url"])
        marks.add(found.group(1) if found else cells["url"])
    return marks


def source_identity(source: Mapping[str, Any]) -> str:
    """What tells one source from another: the document's key and tab, the file's path and tab, or where else it is."""
    url, path = source.get("sheet_url"), source.get("file_path")
    tab = source.get("gid", source.get("sheet_name"))
    elsewhere = [str(value) for name, value in sorted(source.items()) if name not in READING_NAMES | {"gid"}]
    place = str(path or " ".join(elsewhere))
    if url:
        found = re.search(r"/d/([A-Za-z0-9_-]{20,})", str(url))
        place = found.group(1) if found else str(url)
    return place if tab in (None, "") else f"{place}#{tab}"


def _spec(cells: Mapping[str, str], row: int, allowed: Allowed, types: SourceTable) -> SupplierSpec:
    name = " ".join(cells["name"].split())
    if not name:
        raise BadCell("name", "the supplier's name is missing")
    if not is_visible(name):
        raise BadCell("name", "the supplier's name must be visible text without control characters")
    key = cells.get("key", "").casefold() or slug(name)
    if not is_slug(key):
        raise BadCell("key", f"{key!r} cannot be a key: use a-z, 0-9, - and _, at most 64 of them")
    kind, source = _source(cells, allowed, types)
    email = cells.get("email", "")
    if email and not is_email(email):
        raise BadCell("email", f"{email!r} is not an e-mail address")
    return SupplierSpec(
        key,
        name,
        kind.name,
        source,
        _settings(cells),
        _active(cells.get("active", "")),
        email or None,
        cells.get("notes", ""),
        row,
    )


def _active(text: str) -> bool:
    word = text.casefold()
    if word not in YES and word not in NO:
        raise BadCell("active", f"{text!r} is neither yes nor no")
    return word in YES


def _source(cells: Mapping[str, str], allowed: Allowed, types: SourceTable) -> tuple[SourceType, dict[str, Any]]:
    url, wanted = cells["url"], cells.get("format", "").casefold().lstrip(".")
    if not url:
        raise BadCell("url", "the link or file name is missing")
    tab: dict[str, Any] = {"sheet_name": cells["tab"]} if cells.get("tab") else {}
    kind = _called(wanted, types) if wanted else None
    try:
        kind = kind or (types.of_link(url) if "://" in url or KEY.fullmatch(url) else _by_name(url, types))
        return kind, kind.said_in_sheet(url, bool(tab), allowed) | tab
    except DataIngestionError as error:
        raise BadCell("url", str(error)) from None


def _called(word: str, types: SourceTable) -> SourceType:
    kind = types.of_word(word)
    if kind is None:
        reason = types.broken(word) or f"{word!r} is not a format; there are: {', '.join(types.names())}"
        raise BadCell("format", reason)
    return kind


def _by_name(path: str, types: SourceTable) -> SourceType:
    kind = types.of_ending(path.rsplit(".", 1)[-1].casefold()) if "." in path else None
    if kind is None:
        raise BadCell(
            "url", f"{path!r} is neither a Google Sheets address nor a .csv or .xlsx file; fill in the format"
        )
    return kind


def _settings(cells: Mapping[str, str]) -> dict[str, Any]:
    """Settings from columns of their own and from `k=v; k=v`, checked as the command line checks them."""
    values: dict[str, Any] = {name: cells[name] for name in SETTINGS if cells.get(name)}
    for part in filter(None, (part.strip() for part in re.split(r"[;\n]", cells.get("settings", "")))):
        name, equals, value = part.partition("=")
        if not equals:
            raise BadCell("settings", f"{part!r} is not of the form setting=value")
        values[name.strip()] = value.strip()
    try:
        return given_settings(values)
    except DataIngestionError as error:
        column = next((name for name in values if name in str(error)), "settings")
        raise BadCell(column if column in cells else "settings", str(error)) from None


def _refuse_repetition(spec: SupplierSpec, taken: dict[str, int]) -> None:
    for mark, column, what in ((spec.key, "name", "name"), (source_identity(spec.source), "url", "link")):
        if mark in taken:
            raise BadCell(column, f"the same {what} stands in row {taken[mark] + 1} already")
    taken[spec.key] = taken[source_identity(spec.source)] = spec.row
