"""Workbooks made to hurt a reader, and the bare XLSX package they are built from. Nothing here is opened."""

import io
import zipfile
import zlib

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"


def bare_xlsx(
    sheet_data: str,
    *,
    before: str = "",
    prolog: str = "",
    shared_strings: str | None = None,
    styles: str | None = None,
    extra: dict[str, bytes] | None = None,
) -> bytes:
    """An XLSX package of one tab `S` whose `<sheetData>` holds `sheet_data` as it is written.

    `before` stands in front of `<sheetData>`, `prolog` in front of the root element.
    """
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": f'<Relationships xmlns="{_RELS}"><Relationship Id="r1" Type="{_RELATION}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELS}">'
        f'<Relationship Id="r1" Type="{_RELATION}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_RELATION}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{_RELATION}/styles" Target="styles.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?>{prolog}<worksheet xmlns="{_MAIN}">{before}'
        f"<sheetData>{sheet_data}</sheetData></worksheet>",
    }
    if shared_strings is not None:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_MAIN}">{shared_strings}</sst>'
    if styles is not None:
        parts["xl/styles.xml"] = f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in (parts | (extra or {})).items():
            package.writestr(name, content)
    return buffer.getvalue()


def far_cells() -> bytes:
    """Two cells, the second at XFD1048576: a dense table between them has 17 thousand million cells."""
    return bare_xlsx('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')


def lying_dimension() -> bytes:
    """A `<dimension>` over the whole grid around one cell."""
    return bare_xlsx('<row r="1"><c r="A1"><v>1</v></c></row>', before='<dimension ref="A1:XFD1048576"/>')


def row_beyond_the_grid() -> bytes:
    """A row number ninety times beyond the last row there is."""
    return bare_xlsx('<row r="99999999"><c r="A99999999"><v>1</v></c></row>')


def zip_bomb(megabytes: int = 300) -> bytes:
    """A tab of blanks that unpacks to `megabytes`, about a thousandth of it packed."""
    return bare_xlsx("<row/>" + " " * (megabytes * 1_000_000))


def lying_zip_bomb(megabytes: int = 600) -> bytes:
    """A shared-string part that unpacks to `megabytes` but is declared in the directory as one byte."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = b"<si><t>" + b"x" * 999_986 + b"</t></si>"
    packed = squeezer.compress(b"<sst>") + b"".join(squeezer.compress(block) for _ in range(megabytes))
    packed += squeezer.compress(b"</sst>") + squeezer.flush()
    honest = bare_xlsx('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', shared_strings="@@")
    return _replaced_member(honest, "xl/sharedStrings.xml", packed)


def _replaced_member(package: bytes, name: str, packed: bytes) -> bytes:
    """The package with the compressed bytes of one member replaced, its declared size left a lie."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            if item.filename != name:
                target.writestr(item, source.read(item))
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.header_offset = target.fp.tell()  # type: ignore[union-attr]
        info.compress_size, info.file_size, info.CRC = len(packed), 1, 0
        target.fp.write(info.FileHeader(False) + packed)  # type: ignore[union-attr]
        target.start_dir = target.fp.tell()  # type: ignore[union-attr]
        target.filelist.append(info)
        target.NameToInfo[name] = info
    return buffer.getvalue()


def many_members(count: int = 20_000) -> bytes:
    """A package with far more parts than a workbook has."""
    return bare_xlsx("", extra={f"xl/media/{number}.bin": b"" for number in range(count)})


def entity_bomb() -> bytes:
    """Nested entities in the tab itself."""
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    return bare_xlsx(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&i;</t></is></c></row>', prolog=f"<!DOCTYPE x [{entities}]>"
    )


def external_entity() -> bytes:
    """An entity that names a file of the reader's machine."""
    return bare_xlsx(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&x;</t></is></c></row>',
        prolog='<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    )


def endless_whitespace_after_formulas(repeats: int = 40, blanks: int = 60_000) -> bytes:
    """Formulas followed by long blanks: what makes a careless regular expression quadratic."""
    cell = '<c r="A1"><f>1</f>' + " " * blanks
    return bare_xlsx("<row>" + cell * repeats + "</row>")


def wide_csv(columns: int = 64_000) -> bytes:
    """One line of commas."""
    return b"a,b\n" + b"," * (columns - 1) + b"\n"
