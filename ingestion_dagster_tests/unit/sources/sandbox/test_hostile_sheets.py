"""Files made to exhaust or fool a reader: each is refused with a reason, within its limits, and harms nothing else."""

import contextlib
import dataclasses
import gzip
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from random import Random

import psutil
import pytest

from ingestion_dagster.core.errors import SheetError, SourceRejected
from ingestion_dagster.core.sheets import Workbook
from ingestion_dagster.sources.limits import Limits
from ingestion_dagster.sources.open_file import open_workbook
from ingestion_dagster.sources.sandbox import process
from ingestion_dagster_tests.sheets import hostile, make_csv, make_xls, make_xlsx
from ingestion_dagster_tests.sheets.mutations import damaged, random_sheet

HONEST = make_xlsx([["SKU", "Price"], ["00123", 12.5]])


def rows_of(data: bytes, limits: Limits | None = None) -> list[object]:
    return list(open_workbook(data, "x.xlsx", limits=limits).sheets[0].rows())


def test_a_stray_cell_in_the_last_corner_is_refused_with_advice_and_costs_no_memory() -> None:
    before = psutil.Process().memory_info().rss
    with pytest.raises((SourceRejected, SheetError), match="tab 'S': the stray cell XFD1048576"):
        rows_of(hostile.far_cells())
    assert psutil.Process().memory_info().rss - before < 50_000_000
    assert rows_of(HONEST) == [["SKU", "Price"], ["00123", 12.5]]


def test_a_dimension_that_lies_is_ignored() -> None:
    assert rows_of(hostile.lying_dimension()) == [[1]]


def test_a_row_beyond_the_grid_is_refused() -> None:
    with pytest.raises(SheetError, match="stray cells"):
        rows_of(hostile.row_beyond_the_grid())


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = hostile.zip_bomb(190)
    started = time.perf_counter()
    with pytest.raises(SourceRejected, match="unpacks to"):
        rows_of(bomb)
    assert time.perf_counter() - started < 5


def test_a_workbook_that_unpacks_to_more_than_the_limit_is_refused() -> None:
    with pytest.raises(SourceRejected, match="more than the 1 MB allowed"):
        rows_of(hostile.zip_bomb(2), Limits(unpacked_bytes=1_000_000))


def test_a_zip_bomb_that_lies_about_its_size_ends_its_own_process_only() -> None:
    with pytest.raises(SourceRejected):
        rows_of(hostile.lying_zip_bomb())
    assert rows_of(HONEST)[1] == ["00123", 12.5]


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(SourceRejected, match="parts"):
        rows_of(hostile.many_members())


@pytest.mark.parametrize("make", [hostile.entity_bomb, hostile.external_entity])
def test_a_document_type_is_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SourceRejected, match="document type"):
        rows_of(make())


def test_a_workbook_with_a_password_says_so() -> None:
    ole2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(900)
    with pytest.raises(SourceRejected, match="password protected"):
        rows_of(ole2)


def test_a_zip_with_encrypted_members_says_so() -> None:
    encrypted = bytearray(HONEST)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = encrypted.find(signature)
        while position >= 0:
            encrypted[position + offset] |= 1
            position = encrypted.find(signature, position + 1)
    with pytest.raises(SourceRejected, match="password protected"):
        rows_of(bytes(encrypted))


def test_blanks_behind_formulas_do_not_take_quadratic_time() -> None:
    with pytest.raises((SourceRejected, SheetError)):
        rows_of(
            hostile.endless_whitespace_after_formulas(), Limits(wall_seconds=20, cpu_seconds=20, unpack_ratio=10_000)
        )


def test_a_file_that_takes_too_long_is_refused_by_the_clock() -> None:
    slow = make_xls([[str(number), number] for number in range(30_000)])
    with pytest.raises(SourceRejected, match=r"takes longer than 0\.05 seconds"):
        rows_of(slow, Limits(wall_seconds=0.05))
    assert rows_of(HONEST)[1] == ["00123", 12.5]


def test_more_memory_than_allowed_is_refused_with_the_number() -> None:
    cell = f'<row><c t="inlineStr"><is><t>{"x" * 30_000}</t></is></c></row>'
    with pytest.raises(SourceRejected, match="more memory to open than the 100 MB allowed"):
        rows_of(hostile.bare_xlsx(cell * 4_000), Limits(memory_bytes=100_000_000, unpack_ratio=10_000))


def test_too_many_cells_and_columns_are_refused() -> None:
    with pytest.raises((SourceRejected, SheetError), match="cells"):
        rows_of(make_xlsx([[1] * 10] * 30), Limits(cells=100))
    with pytest.raises(SheetError, match="column JK; at most 256"):
        rows_of(make_xlsx([[1], [None] * 270 + [1]]), Limits(columns=256))


def test_a_csv_of_64000_columns_is_refused_quickly() -> None:
    started = time.perf_counter()
    with pytest.raises(SheetError, match="64000 columns"):
        rows_of(hostile.wide_csv())
    assert time.perf_counter() - started < 2


def test_a_cell_beyond_the_length_limit_is_marked_and_its_row_kept() -> None:
    limits = Limits(cell_characters=50_000)
    for data in (make_csv([["a", "b"], ["x" * 60_000, "1"]]), make_xlsx([["a", "b"], ["x" * 32_000, "1"]])):
        shorter = dataclasses.replace(limits, cell_characters=30_000)
        assert [str(cell) for cell in rows_of(data, shorter)[1]] == ["#TOO LONG", "1"]  # type: ignore[attr-defined]


def test_a_line_of_many_megabytes_is_refused_unread() -> None:
    with pytest.raises(SourceRejected, match="longer than 4 MB"):
        rows_of(b"x;" * 5_000_000)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (gzip.compress(b"a,b"), "gzip"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(20), "7-Zip"),
        (b"Rar!\x1a\x07\x00", "RAR"),
        (b"{\\rtf1 x}", "RTF"),
        (b'{"a": 1}', "JSON"),
        (b"<?xml version='1.0'?><yml_catalog/>", "XML"),
        (b"<html><head><title>Sign in</title></head><body>Hello</body></html>", r"web page \('Sign in'\)"),
        (b"\n \r\n\n", "no text"),
        (bytes(range(256)) * 20, "neither a text table nor"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
        (HONEST[: len(HONEST) // 2], "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5_000), "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",  # bytes hold the time they were made at
)
def test_what_is_no_sheet_is_named_for_a_person(data: bytes, message: str) -> None:
    with pytest.raises((SourceRejected, SheetError), match=message):
        rows_of(data)


@pytest.mark.parametrize(
    ("member", "message"),
    [("word/document.xml", "Word document"), ("prices.csv", "zip archive"), ("Index/Document.iwa", "Numbers")],
)
def test_other_zip_archives_are_named(member: str, message: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, "x")
    with pytest.raises(SourceRejected, match=message):
        rows_of(buffer.getvalue())


@pytest.mark.parametrize("part", range(4))
def test_damaged_sheets_open_or_are_refused_with_a_reason(part: int) -> None:
    for seed in range(part * 60, part * 60 + 60):
        random = Random(seed)
        data = damaged(random_sheet(random), random)
        with contextlib.suppress(SourceRejected, SheetError):
            for sheet in open_workbook(data, "x", limits=Limits(wall_seconds=10)).sheets:
                for number, _ in enumerate(sheet.rows()):
                    sheet.number_format(number, 1)


def test_a_crashed_reader_is_replaced_and_the_next_file_opens() -> None:
    rows_of(HONEST + b"\0")
    for worker in process._idle:
        worker.process.kill()
    assert rows_of(HONEST + b"\0\0")[1] == ["00123", 12.5]


def test_the_limited_process_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://canary@/x")
    process.close_workers()
    rows_of(HONEST + b"\0\0\0")
    (worker,) = process._idle
    assert "DATABASE_URL" not in psutil.Process(worker.process.pid).environ()


def test_no_process_is_left_when_the_parent_is_killed() -> None:
    program = (
        "import sys; from ingestion_dagster.sources import open_file;"
        "from ingestion_dagster.sources.sandbox import process;"
        "from ingestion_dagster_tests.sheets import make_xlsx;"
        "open_file.open_workbook(make_xlsx([['a', 1]]), 'x');"
        "print(process._idle[0].process.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdin
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert psutil.pid_exists(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_forty_workbooks_share_one_process() -> None:
    process.close_workers()
    opened: list[Workbook] = []
    pids = set()
    for number in range(40):
        opened.append(open_workbook(make_xlsx([["a", number]]), f"{number}.xlsx"))
        pids |= {worker.process.pid for worker in process._idle}
    assert [next(book.sheets[0].rows()) for book in opened] == [["a", number] for number in range(40)]
    assert len(pids) == 1
