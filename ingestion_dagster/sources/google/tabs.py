"""Which tab of a document is meant. Pure: works on the Sheet objects of an answer."""

from fnmatch import fnmatchcase
from typing import Any

from ingestion_dagster.core.errors import SourceRejected

Tab = dict[str, Any]
"""A Sheet object of sheets.v4, with `properties` and perhaps `data`."""


def wanted_tabs(key: str, sheets: list[Tab], gid: int | None, name: str | None) -> list[Tab]:
    """The tabs that are meant, in their order: by gid, else by name or pattern, else all that hold cells.

    Raises SourceRejected naming the tabs there are where none is meant, or where a pattern means several.
    """
    tabs = [tab for tab in sheets if tab["properties"].get("sheetType", "GRID") == "GRID"]
    if gid is not None:
        found = [tab for tab in tabs if tab["properties"].get("sheetId", 0) == gid]
        if not found:
            raise _no_tab(key, f"with the number (gid) {gid}", tabs)
        return found
    if name:
        return [_tab_called(key, name, tabs)]
    if not tabs:
        raise SourceRejected(f"The Google Sheet {key} has no tab with cells")
    return tabs


def _tab_called(key: str, name: str, tabs: list[Tab]) -> Tab:
    """Exactly so, then ignoring case and outer blanks, then the one that fits the pattern; shown tabs go first."""
    folded = name.strip().casefold()
    titles = [(str(tab["properties"].get("title", "")), tab) for tab in tabs]
    exact = [tab for title, tab in titles if title == name]
    alike = [tab for title, tab in titles if title.strip().casefold() == folded]
    if exact or alike:
        return (exact or alike)[0]
    fitting = [tab for title, tab in titles if is_pattern(name) and fnmatchcase(title.strip().casefold(), folded)]
    fitting = [tab for tab in fitting if not tab["properties"].get("hidden")] or fitting
    if not fitting:
        raise _no_tab(key, f"called {name!r}", tabs)
    if len(fitting) > 1:
        raise _no_tab(key, f"that alone fits {name!r} ({len(fitting)} do: narrow it, or name a gid)", tabs)
    return fitting[0]


def _no_tab(key: str, which: str, tabs: list[Tab]) -> SourceRejected:
    there = ", ".join(
        f"{tab['properties'].get('title', '')!r} (gid {tab['properties'].get('sheetId', 0)})" for tab in tabs
    )
    return SourceRejected(f"The Google Sheet {key} has no tab {which}; there are: {there or 'none'}")


def is_pattern(name: str) -> bool:
    """Whether a tab's name is a pattern, `Price *`. A tab really called so is still found by it."""
    return "*" in name or "?" in name


def quoted(title: str) -> str:
    """A tab's title in A1 notation: `'Bob''s list'`."""
    return "'" + title.replace("'", "''") + "'"
