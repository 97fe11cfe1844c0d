"""What an XLSX package says beside the values of its cells: which part is which tab, and the styles' formats.

Values are read by calamine (`reader.py`); details on single cells are found in `xlsx_cells.py`.
"""

import posixpath
import zipfile
from collections.abc import Callable
from typing import IO
from xml.parsers import expat

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.sources.workbooks.number_formats import BUILT_IN

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]
Text = Callable[[str], None]


class StopParsing(Exception):
    """Raised by a handler that has seen enough."""


def parse_xml(source: IO[bytes], start: Start, end: Text | None = None, text: Text | None = None) -> None:
    """Run the handlers over a part; names come without their namespace prefix. Raises SourceRejected for a DOCTYPE
    and for XML that does not parse."""
    parser = new_parser(lambda name, attributes: start(name.rpartition(":")[2], attributes))
    if end:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    if text:
        parser.CharacterDataHandler = text
    try:
        parser.ParseFile(source)
    except StopParsing:
        return
    except expat.ExpatError as error:
        raise SourceRejected(f"the workbook is damaged: {error}") from error


def new_parser(start: Start, end: Text | None = None) -> expat.XMLParserType:
    """An expat parser that refuses document types, hence entities of any kind."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    if end:
        parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.buffer_text = True
    return parser


def _refuse_doctype(*_: object) -> None:
    raise SourceRejected("the workbook contains an XML document type, which no spreadsheet program writes")


def tab_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Tab name -> part name, in workbook order. Empty where the package does not follow the usual layout."""
    targets: dict[str, str] = {}
    tabs: list[tuple[str, str]] = []

    def relation(name: str, attributes: Attributes) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "").replace("\\", "/")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            targets[attributes.get("Id", "")] = path

    def sheet(name: str, attributes: Attributes) -> None:
        if name == "sheet":
            reference = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
            tabs.append((attributes.get("name", ""), reference))

    try:
        with package.open("xl/_rels/workbook.xml.rels") as part:
            parse_xml(part, relation)
        with package.open("xl/workbook.xml") as part:
            parse_xml(part, sheet)
    except KeyError:
        return {}
    present = set(package.namelist())
    return {name: targets[ref] for name, ref in tabs if targets.get(ref) in present}


def style_codes(package: zipfile.ZipFile) -> list[str | None]:
    """Style index (the `s` of a cell) -> number format code, None for General."""
    named: dict[int, str] = {}
    styles: list[int] = []
    inside = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal inside
        if name == "numFmt" and attributes.get("numFmtId", "").isdecimal():
            named[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            inside = True
        elif name == "xf" and inside:
            number = attributes.get("numFmtId", "0")
            styles.append(int(number) if number.isdecimal() else 0)

    def end(name: str) -> None:
        if name == "cellXfs":
            raise StopParsing

    try:
        with package.open("xl/styles.xml") as part:
            parse_xml(part, start, end)
    except KeyError:
        return []
    codes = [named.get(number) or BUILT_IN.get(number) for number in styles]
    return [None if code is None or code.lower() == "general" else code for code in codes]
