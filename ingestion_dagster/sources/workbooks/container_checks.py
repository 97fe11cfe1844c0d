"""What must hold of a zipped or OLE2 container before any reader touches it. Cheap: only the directory is read."""

import io
import zipfile
import zlib

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.sources.limits import Limits

_ENCRYPTED_OLE2 = "EncryptedPackage".encode("utf-16-le")
UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises for directories and members that are damaged or of a kind it does not know."""
_PASSWORD = "the workbook is password protected; ask for it without a password"  # noqa: S105


def open_package(data: bytes, limits: Limits) -> zipfile.ZipFile:
    """The zip container of an XLSX or ODS file, its directory checked. Raises SourceRejected."""
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except UNREADABLE as error:
        raise SourceRejected(
            f"the file is damaged or incomplete ({error}); open it in a spreadsheet program and save it again"
        ) from error
    members = package.infolist()
    if len(members) > limits.zip_members:
        raise SourceRejected(f"the workbook has {len(members)} parts; {limits.zip_members} are allowed")
    if any(member.flag_bits & 1 for member in members):
        raise SourceRejected(_PASSWORD)
    total = sum(member.file_size for member in members)
    if total > limits.unpacked_bytes:
        raise SourceRejected(
            f"the workbook unpacks to {total // 1_000_000} MB, more than the {limits.unpacked_bytes // 1_000_000} MB "
            "allowed; ask for the list as CSV or without pictures"
        )
    if total > limits.unpack_ratio * max(len(data), 10_000):
        raise SourceRejected(
            f"the workbook unpacks to {total // max(len(data), 1)} times its size, as no real list does"
        )
    return package


def refuse_document_types(package: zipfile.ZipFile) -> None:
    """No spreadsheet program writes a DOCTYPE; entities, the expensive and the prying ones, need it."""
    for member in package.infolist():
        if member.filename.endswith((".xml", ".rels")):
            try:
                with package.open(member) as part:
                    head = part.read(2_000).replace(b"\x00", b"")
            except UNREADABLE as error:
                raise SourceRejected(f"the workbook is damaged: {error}") from error
            if b"<!DOCTYPE" in head:
                raise SourceRejected("the workbook contains an XML document type, which no spreadsheet program writes")


def refuse_encrypted_ole2(data: bytes) -> None:
    """An XLSX with a password is an OLE2 container around an encrypted package."""
    if _ENCRYPTED_OLE2 in data:
        raise SourceRejected(_PASSWORD)


def refuse_encrypted_ods(package: zipfile.ZipFile) -> None:
    """ODS keeps its directory open and says in the manifest that the content is encrypted."""
    try:
        with package.open("META-INF/manifest.xml") as manifest:
            if b"encryption-data" in manifest.read(1_000_000):
                raise SourceRejected(_PASSWORD)
    except (KeyError, *UNREADABLE):
        return
