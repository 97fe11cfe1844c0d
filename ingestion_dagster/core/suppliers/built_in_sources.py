"""The source types that come with this project: Google Sheets, and text and spreadsheet files in the inbox. Pure."""

import posixpath
import re
from collections.abc import Collection
from typing import Any, Final

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.core.suppliers.google_links import parse_link
from ingestion_dagster.core.suppliers.source_types import Allowed, SourceType

_WHERE: Final = frozenset({"sheet_url", "file_path"})


def check_url(url: str, allowed_hosts: Collection[str]) -> None:
    """A document on a host of the list, as the fetch will take it: what it would refuse later is refused at once."""
    parse_link(url, allowed_hosts)


def check_path(path: str, inbox: str) -> None:
    """Inside the inbox by its spelling; symlinks are looked at when the file is opened."""
    if "\x00" in path or "://" in path or path.startswith("~"):
        raise SourceRejected("file_path must be a plain path inside the inbox")
    root = posixpath.normpath(inbox)
    whole = posixpath.normpath(posixpath.join(inbox, path))
    if whole == root or posixpath.commonpath([whole, root]) != root:
        raise SourceRejected(f"file_path leaves the inbox: {path!r}; only files inside the inbox are read")


def _document(url: str, has_tab: bool, allowed: Allowed) -> dict[str, Any]:
    link = parse_link(url, allowed.hosts)
    gid = {"gid": link.gid} if link.gid is not None and not has_tab else {}
    return {"sheet_url": f"https://docs.google.com/spreadsheets/d/{link.key}"} | gid


def _file(url: str, has_tab: bool, allowed: Allowed) -> dict[str, Any]:
    if "://" in url or url.startswith(("/", "~", "\\")) or ".." in re.split(r"[/\\]", url):
        raise SourceRejected(f"{url!r} is not a file inside the inbox folder")
    return {"file_path": url}


GOOGLE_SHEETS: Final = SourceType(
    name="google_sheets",
    address="sheet_url",
    check=lambda address, allowed: check_url(address, allowed.hosts),
    words=("google sheets", "google", "gsheet"),
    replaced_by=_WHERE,
    own_names=_WHERE | {"gid"},
    takes_unknown=True,
    picks_tab=True,
    from_sheet=_document,
)
CSV: Final = SourceType(
    name="csv",
    address="file_path",
    check=lambda address, allowed: check_path(address, allowed.inbox),
    words=("tsv", "txt"),
    replaced_by=_WHERE,
    own_names=_WHERE | {"gid"},
    takes_unknown=True,
    is_file=True,
    from_sheet=_file,
)
EXCEL: Final = SourceType(
    name="excel",
    address="file_path",
    check=CSV.check,
    words=("xlsx", "xlsm", "xls", "ods"),
    replaced_by=_WHERE,
    own_names=_WHERE | {"gid"},
    takes_unknown=True,
    is_file=True,
    from_sheet=_file,
)
BUILT_IN: Final = {kind.name: kind for kind in (GOOGLE_SHEETS, CSV, EXCEL)}
