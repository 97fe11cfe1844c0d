"""What a file is, decided by its content: a kind of sheet, or something else that is named for the person who sent
it."""

import re
import zipfile
from io import BytesIO
from typing import Literal

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.sources.workbooks.container_checks import UNREADABLE

Kind = Literal["xlsx", "xlsb", "ods", "xls", "html", "mhtml", "xml", "text"]

_ZIP, _OLE2 = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00", b"\x09\x08\x10\x00")
_SHEET = "ask for the price list as XLSX or CSV"
_NOT_SHEETS = (
    (b"%PDF", f"this is a PDF, not a sheet; {_SHEET}"),
    (b"\x89PNG", f"this is a picture (PNG), not a sheet; {_SHEET}"),
    (b"\xff\xd8\xff", f"this is a picture (JPEG), not a sheet; {_SHEET}"),
    (b"GIF8", f"this is a picture (GIF), not a sheet; {_SHEET}"),
    (b"BM\x00", f"this is a picture, not a sheet; {_SHEET}"),
    (b"II*\x00", f"this is a picture (TIFF), not a sheet; {_SHEET}"),
    (b"MM\x00*", f"this is a picture (TIFF), not a sheet; {_SHEET}"),
    (b"RIFF", f"this is a media file, not a sheet; {_SHEET}"),
    (b"{\\rtf", f"this is a text document (RTF), not a sheet; {_SHEET}"),
    (b"\x1f\x8b", "this is a gzip archive; unpack it and send the list itself"),
    (b"7z\xbc\xaf\x27\x1c", "this is a 7-Zip archive; unpack it and send the list itself"),
    (b"Rar!", "this is a RAR archive; unpack it and send the list itself"),
    (b"BZh", "this is a bzip2 archive; unpack it and send the list itself"),
    (b"\xfd7zXZ", "this is an xz archive; unpack it and send the list itself"),
    (b"\x28\xb5\x2f\xfd", "this is a zstd archive; unpack it and send the list itself"),
    (b"SQLite format 3", f"this is a SQLite database, not a sheet; {_SHEET}"),
    (b"PAR1", f"this is a Parquet file, not a sheet; {_SHEET}"),
    (b"\x7fELF", f"this is a program, not a sheet; {_SHEET}"),
    (b"MZ\x90", f"this is a program, not a sheet; {_SHEET}"),
    (b"PK\x05\x06", "this is an empty zip archive"),
)
_IN_ZIP = (
    ("word/document.xml", f"this is a Word document, not a sheet; {_SHEET}"),
    ("ppt/presentation.xml", f"this is a presentation, not a sheet; {_SHEET}"),
    ("Index/Document.iwa", "this is an Apple Numbers or Pages document; export it as XLSX"),
    ("AndroidManifest.xml", f"this is an Android program, not a sheet; {_SHEET}"),
)
_BOOK_TYPE = re.compile(rb"(?:spreadsheetml\.sheet|ms-excel\.sheet\.macroEnabled)\.main\+xml")
_WORD_OLE2 = "WordDocument".encode("utf-16-le")
_BOOK_OLE2 = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book", "WORKBOOK", "BOOK", "workbook", "book"))
_MARKUP = re.compile(rb"<(!doctype\s+html|html|head|body|table|style|meta|title|div)[\s>]", re.IGNORECASE)


def file_kind(data: bytes) -> Kind:
    """Which reader fits. Raises SourceRejected, naming what the file is instead, for everything else."""
    if not data:
        raise SourceRejected("the file is empty (0 bytes)")
    for start, message in _NOT_SHEETS:
        if data.startswith(start):
            raise SourceRejected(message)
    if data.startswith(_ZIP):
        return _zip_kind(data)
    if data.startswith(_OLE2):
        return _ole2_kind(data)
    if data.startswith(_OLD_BIFF):
        return "xls"
    return _text_kind(data)


def _zip_kind(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            names = set(package.namelist())
            mimetype = package.read("mimetype")[:100] if "mimetype" in names and len(data) < 5e7 else b""
            types = _types_listed(package)
    except Exception as error:
        # zipfile raises a dozen kinds of error on a damaged directory; all mean the same to a person.
        raise SourceRejected(
            "the file is a damaged or incomplete workbook; open it in a spreadsheet program and save it again"
        ) from error
    folded = {name.lower().replace("\\", "/") for name in names}
    if "xl/workbook.bin" in folded:
        return "xlsb"
    if "xl/workbook.xml" in folded or "xl/worksheets/sheet1.xml" in folded or _BOOK_TYPE.search(types):
        return "xlsx"
    if b"opendocument.spreadsheet" in mimetype or ("content.xml" in folded and b"opendocument" not in mimetype):
        return "ods"
    if b"opendocument" in mimetype:
        raise SourceRejected(f"this is an OpenDocument file but not a spreadsheet; {_SHEET}")
    for part, message in _IN_ZIP:
        if part.lower() in folded:
            raise SourceRejected(message)
    listed = ", ".join(sorted(names)[:3])
    raise SourceRejected(f"this is a zip archive (with {listed}); unpack it and send the list itself")


def _types_listed(package: zipfile.ZipFile) -> bytes:
    listed = [name for name in package.namelist() if name.lower().lstrip("/\\") == "[content_types].xml"]
    if not listed:
        return b""
    try:
        with package.open(listed[0]) as part:
            return part.read(100_000)
    except UNREADABLE:
        return b""  # whoever opens it says what is wrong with it


def _ole2_kind(data: bytes) -> Kind:
    directory = data if len(data) < 2_000_000 else data[:1_000_000] + data[-1_000_000:]
    if _WORD_OLE2 in directory and not any(name in directory for name in _BOOK_OLE2):
        raise SourceRejected(f"this is a Word document, not a sheet; {_SHEET}")
    return "xls"


def _text_kind(data: bytes) -> Kind:
    head = data[:4_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    lowered = head.lower()
    if lowered.startswith((b"\xff\xfe<\x00", b"\xfe\xff\x00<")):
        lowered = lowered.replace(b"\x00", b"")[2:]
    if lowered.startswith(b"mime-version:") or b"\ncontent-type: multipart/related" in lowered:
        return "mhtml"
    if lowered.startswith(b"<?xml") and b"urn:schemas-microsoft-com:office:spreadsheet" in lowered:
        return "xml"
    if lowered.startswith(b"<") and _MARKUP.search(lowered):
        return "html"
    if lowered.startswith(b"<?xml"):
        raise SourceRejected(f"this is an XML file but not a spreadsheet; {_SHEET}")
    if lowered.startswith((b'{"', b"[{", b"{\n", b"{\r\n", b"[\n{", b"{ ")) and data.rstrip().endswith((b"}", b"]")):
        raise SourceRejected(f"this is a JSON file, not a sheet; {_SHEET}")
    return "text"
