"""Zipped workbooks that only forgiving programs open, put as their format says, before any reader looks into them:
part names with backslashes or in another case, parts in other places, a range of cells that is none.

What the parts hold is not looked at. Runs only inside the limited process.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote
from xml.sax.saxutils import quoteattr

from ingestion_dagster.core.errors import SourceRejected
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.workbooks.container_checks import UNREADABLE, open_package
from ingestion_dagster.sources.workbooks.xlsx_package import Attributes, parse_xml

_TYPES, _ROOT = "[Content_Types].xml", "_rels/.rels"
_BOOK, _BOOK_RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_FIXED = (_TYPES, _ROOT, _BOOK, _BOOK_RELATIONS, "xl/styles.xml", "xl/sharedStrings.xml", "xl/workbook.bin",
          "mimetype", "content.xml", "styles.xml", "META-INF/manifest.xml")  # fmt: skip
_BY_KIND = {"styles": "xl/styles.xml", "sharedStrings": "xl/sharedStrings.xml"}
"""Last word of a relation's type -> where readers look for its part."""
_HEAD = 16_384
_CHUNK = 1 << 20
_DIMENSION = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?dimension)\b([^>]*?)(?:/>|>\s*</\1\s*>)")
_RANGE = re.compile(rb"""\sref\s*=\s*["'][A-Za-z]{1,3}[1-9][0-9]{0,6}(?::[A-Za-z]{1,3}[1-9][0-9]{0,6})?["']""")
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"


class _Relation(NamedTuple):
    """One line of a `.rels` part; `part` is the member it means, None for what is outside or not there."""

    attributes: Attributes
    part: str | None
    exact: bool


def usual_package(data: bytes, limits: Limits) -> bytes:
    """`data` itself where its parts are where readers look for them, else the same workbook with its parts renamed.

    Raises SourceRejected as `open_package` does, and where two parts differ only in the writing of their names.
    """
    with open_package(data, limits) as package:
        try:
            members = _members(package)
            relations = {name: _relations(package, name, members) for name in members.values() if _is_relations(name)}
            names = _usual_names(members, relations)
            straight = all(names[name] == name for name in members.values()) and all(
                line.part is None or line.exact for lines in relations.values() for line in lines
            )
            crooked = frozenset(name for name in _tabs(members, relations) if _has_wrong_range(package, name))
            if straight and not crooked and _types_agree(package, members):
                return data
            return _rewritten(package, names, members, relations, crooked)
        except UNREADABLE as error:
            raise SourceRejected(f"the workbook is damaged: {error}") from error


def _plain(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/").lstrip("/"))


def _folded(name: str) -> str:
    return _plain(name).casefold()


def _members(package: zipfile.ZipFile) -> dict[str, str]:
    """Folded name -> name in the directory."""
    found: dict[str, str] = {}
    for name in package.namelist():
        if name.endswith(("/", "\\")):
            continue
        if found.setdefault(_folded(name), name) != name and name.lower().endswith((".xml", ".rels", ".bin")):
            raise SourceRejected(
                f"the workbook has two parts called {_plain(name)[:80]!r}; open it in a spreadsheet program and save "
                "it again"
            )
    return found


def _is_relations(name: str) -> bool:
    return _folded(name).endswith(".rels")


def _relations(package: zipfile.ZipFile, name: str, members: dict[str, str]) -> list[_Relation]:
    base = posixpath.dirname(posixpath.dirname(_plain(name)))
    lines: list[_Relation] = []

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "Relationship":
            target = attributes.get("Target", "")
            outside = attributes.get("TargetMode", "").lower() == "external"
            lines.append(_Relation(attributes, *((None, True) if outside else _meant(target, base, members))))

    with package.open(name) as part:
        parse_xml(part, start)
    return lines


def _meant(target: str, base: str, members: dict[str, str]) -> tuple[str | None, bool]:
    """The member that a target means, and whether every reader finds it so."""
    plain = target.replace("\\", "/")
    own = posixpath.normpath(plain.lstrip("/") if plain.startswith("/") else posixpath.join(base, plain))
    for path in (own, unquote(own), _plain(plain)):
        if (member := members.get(path.casefold())) is not None:
            return member, member == path == own and plain == target
    return None, True


def _usual_names(members: dict[str, str], relations: dict[str, list[_Relation]]) -> dict[str, str]:
    """Name in the directory -> name that readers look for."""
    names = {name: _plain(name) for name in members.values()}
    names |= {members[fixed.casefold()]: fixed for fixed in _FIXED if fixed.casefold() in members}
    taken = set(names.values())
    book = _part_of_kind(relations.get(members.get(_ROOT, ""), []), "officeDocument")
    if book and _BOOK not in taken and book.lower().endswith(".xml"):
        folder, file = posixpath.split(_plain(book))
        names[book] = _BOOK
        if own := members.get(posixpath.join(folder, "_rels", file + ".rels").casefold()):
            names[own] = _BOOK_RELATIONS
    book_relations = next((lines for name, lines in relations.items() if names[name] == _BOOK_RELATIONS), [])
    for kind, usual in _BY_KIND.items():
        part = _part_of_kind(book_relations, kind)
        if part and usual not in taken and part.lower().endswith(".xml"):
            names[part] = usual
    return names


def _part_of_kind(lines: list[_Relation], kind: str) -> str | None:
    return next((line.part for line in lines if _is_of_kind(line, kind)), None)


def _is_of_kind(line: _Relation, kind: str) -> bool:
    return line.attributes.get("Type", "").endswith(f"/{kind}")


def _tabs(members: dict[str, str], relations: dict[str, list[_Relation]]) -> set[str]:
    related = {line.part for lines in relations.values() for line in lines if _is_of_kind(line, "worksheet")}
    usual = {name for folded, name in members.items() if folded.startswith("xl/worksheets/sheet")}
    return {name for name in related | usual if name and name.lower().endswith(".xml")}


def _has_wrong_range(package: zipfile.ZipFile, name: str) -> bool:
    with package.open(name) as part:
        found = _DIMENSION.search(part.read(_HEAD))
    return found is not None and not _RANGE.search(found[2])


def _types_agree(package: zipfile.ZipFile, members: dict[str, str]) -> bool:
    present = set(members.values())
    overrides = [line.get("PartName", "") for tag, line in _types(package, members) if tag == "Override"]
    return all(name[1:] in present or _folded(name) not in members for name in overrides)


def _types(package: zipfile.ZipFile, members: dict[str, str]) -> list[tuple[str, Attributes]]:
    lines: list[tuple[str, Attributes]] = []
    if (name := members.get(_TYPES.casefold())) is not None:
        with package.open(name) as part:
            parse_xml(part, lambda tag, attributes: lines.append((tag, attributes)))
    return lines


def _rewritten(
    package: zipfile.ZipFile,
    names: dict[str, str],
    members: dict[str, str],
    relations: dict[str, list[_Relation]],
    crooked: frozenset[str],
) -> bytes:
    out = io.BytesIO()
    types = members.get(_TYPES.casefold())
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name in members.values():
            if name == types:
                target.writestr(names[name], _types_xml(_types(package, members), names, members))
            elif name in relations:
                target.writestr(names[name], _relations_xml(relations[name], names))
            else:
                with target.open(names[name], "w") as written:
                    for chunk in _content(package, name, name in crooked):
                        written.write(chunk)
    return out.getvalue()


def _content(package: zipfile.ZipFile, name: str, crooked: bool) -> Iterator[bytes]:
    with package.open(name) as part:
        if crooked:
            yield _DIMENSION.sub(b"", part.read(_HEAD), count=1)
        while chunk := part.read(_CHUNK):
            yield chunk


def _relations_xml(lines: list[_Relation], names: dict[str, str]) -> str:
    changed = (
        line.attributes if line.part is None else line.attributes | {"Target": "/" + names[line.part]} for line in lines
    )
    return _xml("Relationships", "relationships", (("Relationship", attributes) for attributes in changed))


def _types_xml(lines: list[tuple[str, Attributes]], names: dict[str, str], members: dict[str, str]) -> str:
    changed = []
    for tag, attributes in lines:
        member = members.get(_folded(attributes.get("PartName", "")))
        if tag == "Override" and member is not None:
            attributes = attributes | {"PartName": "/" + names[member]}
        if tag in ("Default", "Override"):
            changed.append((tag, attributes))
    return _xml("Types", "content-types", iter(changed))


def _xml(root: str, namespace: str, lines: Iterator[tuple[str, Attributes]]) -> str:
    body = "".join(
        f"<{tag} {' '.join(f'{name}={quoteattr(value)}' for name, value in attributes.items())}/>"
        for tag, attributes in lines
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_PACKAGE}{namespace}">{body}</{root}>'
