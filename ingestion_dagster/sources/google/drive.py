"""Which documents changed, from one listing for all sheets of a refresh. A hint: the content hash decides.

Drive's requests are counted apart from the reads of Sheets, and far more of them are allowed.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from ingestion_dagster.sources.google.sheets import GoogleClient

_QUERY: Final = "mimeType = 'application/vnd.google-apps.spreadsheet' and trashed = false"
_FIELDS: Final = "nextPageToken,files(id,modifiedTime,version)"
_PAGE: Final = 1000  # the largest that drive.v3 allows
_MOST_PAGES: Final = 100


class DriveState(NamedTuple):
    """What Drive says of a document; equal states mean that nobody edited it."""

    modified_time: str
    """RFC 3339, as Drive writes it."""
    version: str
    """Grows with every change on the server, also with those that are no edit of a cell."""


def list_documents(client: "GoogleClient") -> dict[str, DriveState]:
    """Key -> state of every spreadsheet that the service account has been given, in pages of 1000.

    A document that is only shared by link may be missing. Raises SourceUnavailable or SourceRejected, for example
    where the Drive API is not switched on; a refresh then reads every sheet.
    """
    from gspread.urls import DRIVE_FILES_API_V3_URL

    params: dict[str, Any] = {
        "q": _QUERY,
        "fields": _FIELDS,
        "pageSize": _PAGE,
        "supportsAllDrives": "true",
        "includeItemsFromAllDrives": "true",
    }
    found: dict[str, DriveState] = {}
    with client.reading("", "the list of Google Sheets") as reader:
        for _ in range(_MOST_PAGES):
            answer = reader.request("get", DRIVE_FILES_API_V3_URL, params=params).json()
            for file in answer.get("files", ()):
                found[file["id"]] = DriveState(file.get("modifiedTime", ""), str(file.get("version", "")))
            token = answer.get("nextPageToken")
            if not token:
                break
            params["pageToken"] = token
    return found


def changed_since(
    known: Mapping[str, DriveState], listed: Mapping[str, DriveState], always: Iterable[str] = ()
) -> frozenset[str]:
    """The keys that have to be read: `known` ones whose state differs or is not listed, and those in `always`.

    `known`: key -> state at the last read. `always`: keys whose values change unedited
    (`google_snapshot.snapshot_facts(...).depends_on` is not empty) or that were never read.
    """
    differing = {key for key, state in known.items() if listed.get(key) != state}
    return frozenset(differing.union(always))
