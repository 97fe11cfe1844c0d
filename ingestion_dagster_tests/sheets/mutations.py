"""Sheets damaged on purpose: honest files of every kind, changed in their bytes, in their parts or in their cells.

Everything follows from the `random.Random` that is handed in, so that a finding can be made again from its seed.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from random import Random

from ingestion_dagster_tests.sheets.hostile import bare_xlsx
from ingestion_dagster_tests.sheets.making import make_csv, make_html_xls, make_ods, make_xls, make_xlsx

_WORDS = ("Кабель", "Größe", "prix", "00123", "5.10", "1E5", "=1+1", "#REF!", "価格", "a,b;c\td|e", '"', "\ufeff", "")
_NUMBERS = (0, -1, 12.5, 1e300, -1e-300, 2**53, 19.990000000000002, True, 46_000)
_ODD_TEXTS = ("\x00", "\x0b", "\u202e", "\u200b", "\ufffe", "x" * 40_000, "\r\n" * 50, "&amp;<", "'", "\\")
_ODD_NUMBERS = (b"99999999999", b"-1", b"0", b"1048577", b"XFE1", b"ZZZZ9", b"NaN", b"inf", b"1e999")
_TOKENS = (
    b"",
    b"&#0;",
    b"&x;",
    b"<![CDATA[",
    b"<!--",
    b"</row>",
    b"<row>",
    b"]]>",
    b'"',
    b"<f>",
    b"<v>",
    b"\xff",
    b"\x00",
)
_ATTRIBUTES = (b't="s"', b't="e"', b's="99999"', b'r="A0"', b'hidden="1"', b'ss:Index="9999999"', b"rowspan=60000")


def random_sheet(random: Random) -> bytes:
    """One small honest sheet of a random kind, with unusual cells."""
    rows = [[_cell(random) for _ in range(random.randint(1, 8))] for _ in range(random.randint(0, 30))]
    return random.choice(_KINDS)(random, rows)


def damaged(data: bytes, random: Random) -> bytes:
    """The sheet with one to four damages, most often one."""
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        zipped = data.startswith(b"PK") and random.random() < 0.8
        data = _inside_zip(data, random) if zipped else random.choice(_DAMAGES)(data, random)
    return data


def _cell(random: Random) -> object:
    match random.randrange(8):
        case 0:
            return None
        case 1 | 2:
            return random.choice(_NUMBERS)
        case 3:
            return dt.datetime(2025, 1, 1) + dt.timedelta(hours=random.randint(0, 50_000))
        case 4:
            return random.choice(_ODD_TEXTS)
        case _:
            return " ".join(random.choices(_WORDS, k=random.randint(1, 3)))


def _texts(rows: list[list[object]]) -> list[list[object]]:
    """Cells that the writers of spreadsheets accept: they refuse control characters and long texts themselves."""
    forbidden = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
    return [[forbidden.sub("", cell)[:30_000] if isinstance(cell, str) else cell for cell in row] for row in rows]


def _xlsx(random: Random, rows: list[list[object]]) -> bytes:
    formats = {(row, 1): random.choice(["0.00", '0" €"', "dd.mm.yyyy", "@"]) for row in range(0, 30, 3)}
    return make_xlsx(_texts(rows), formats=formats, merges=["A1:C2"], first_cell=(random.randint(0, 5), 0))


def _shared_xlsx(random: Random, rows: list[list[object]]) -> bytes:
    cells = "".join(
        f'<row r="{n}"><c r="A{n}" t="s"><v>{n % 3}</v></c>'
        f'<c r="B{n}" s="1"><f>A1</f><v>{random.random()}</v></c></row>'
        for n in range(1, len(rows) + 2)
    )
    strings = "".join(f"<si><t>text {n}</t></si>" for n in range(3))
    return bare_xlsx(cells, shared_strings=strings, styles='<cellXfs><xf numFmtId="0"/><xf numFmtId="4"/></cellXfs>')


def _csv(random: Random, rows: list[list[object]]) -> bytes:
    encoding = random.choice(["utf-8", "utf-8-sig", "utf-16", "cp1251", "cp1252", "cp866", "gb18030", "cp932"])
    texts = [[str(cell or "").encode(encoding, "ignore").decode(encoding, "ignore") for cell in row] for row in rows]
    return make_csv(texts, random.choice(",;\t|"), encoding, random.choice(["\n", "\r\n", "\r"]))


def _excel_2003(_: Random, rows: list[list[object]]) -> bytes:
    cells = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="Number">{n}</Data></Cell>' for n in range(len(row))) + "</Row>"
        for row in rows
    )
    name = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><Workbook xmlns="{name}" xmlns:ss="{name}"><Worksheet ss:Name="S"><Table>{cells}'
        "</Table></Worksheet></Workbook>"
    ).encode()


_KINDS: Sequence[Callable[[Random, list[list[object]]], bytes]] = (
    _xlsx,
    _shared_xlsx,
    _csv,
    _csv,
    _excel_2003,
    lambda _, rows: make_xls(_texts(rows)),
    lambda _, rows: make_ods(_texts(rows), currency={1: "EUR"}),
    lambda random, rows: make_html_xls(_texts(rows)),
)


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 20)):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _cut(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + data[start + random.choice([1, 4, 64, 512, 10**9]) :]


def _repeat(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    piece = data[start : start + random.choice([1, 8, 200])]
    return data[:start] + piece * random.choice([2, 10, 1_000]) + data[start:]


def _token(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + random.choice(_TOKENS) + data[start + random.choice([0, 1, 3]) :]


def _attribute(data: bytes, random: Random) -> bytes:
    """One more attribute in some tag, perhaps for the second time."""
    tags = list(re.finditer(rb"<[\w:]+(?=[\s>])", data[:200_000]))
    if not tags:
        return data
    place = random.choice(tags).end()
    return data[:place] + b" " + random.choice(_ATTRIBUTES) + data[place:]


def _number(data: bytes, random: Random) -> bytes:
    """One number inside becomes another: counts, references and lengths are what readers trust."""
    found = list(re.finditer(rb"\d+", data[:200_000]))
    if not found:
        return data
    place = random.choice(found)
    return data[: place.start()] + random.choice(_ODD_NUMBERS) + data[place.end() :]


def _inside_zip(data: bytes, random: Random) -> bytes:
    """Damage one part of the package and pack it again with a right checksum."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = {name: package.read(name) for name in package.namelist()}
    except Exception:
        # An earlier damage hit the package itself.
        return _flip(data, random)
    names = [name for name in parts if parts[name]]
    if not names:
        return data
    weights = [10 if "sheet" in name or "content" in name else 1 for name in names]
    (name,) = random.choices(names, weights)
    parts[name] = random.choice([_number, _number, _number, _attribute, _token, _flip, _cut, _repeat])(
        parts[name], random
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for part, content in parts.items():
            package.writestr(part, content)
    return buffer.getvalue()


_DAMAGES: Sequence[Callable[[bytes, Random], bytes]] = (_flip, _cut, _repeat, _token, _number, _number, _attribute)
