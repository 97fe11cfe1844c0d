"""`ingestion inspect` says what it understood, in the shape others rely on, and survives every file."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from ingestion_dagster.cli import app
from ingestion_dagster_tests.unit.made_lists import made_list

LINE = "sku:Артикул; name:Наименование; price:Оптовая цена, руб.; xprice:РРЦ; stock:Остаток"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["inspect", *arguments], env={"COLUMNS": "150"})


def objects(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def price_list(tmp_path: Path) -> Path:
    made = made_list(LINE, rows=15)
    path = tmp_path / "acme.csv"
    rows = [["Прайс-лист", "", "", "", ""], made.headers, ["Насосы"], *made.rows]
    rows[6] = [*rows[6][:2], "по запросу", *rows[6][3:]]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    return path


def test_json_has_the_shape_that_others_rely_on(price_list: Path) -> None:
    result = run("--json", str(price_list))
    (found,) = objects(result)
    assert result.exit_code == 0
    assert found["source"] == str(price_list)
    assert (found["is_pricelist"], found["header_row_index"], found["header_rows"]) == (True, 1, [1])
    assert found["mapping"] == {
        "supplier_sku": 0, "name": 1, "price": 2, "currency": None, "stock": 4, "barcode": None, "brand": None,
        "category": None, "unit": None, "description": None, "url_image": None,
    }  # fmt: skip
    assert (found["decision"], found["key"], found["currency"], found["decimal"]) == (
        "accept",
        "supplier_sku",
        "RUB",
        ".",
    )
    assert (found["rows"], found["accepted"], found["rejected"]) == (15, 14, 1)
    assert found["fields"]["price"]["header"] == "Оптовая цена, руб."  # type: ignore[index]
    assert found["alternatives"]["price"] == [3]  # type: ignore[index]
    assert found["questions"] == []
    sample = found["sample"][0]  # type: ignore[index]
    assert sample["row"] == 3
    assert sample["category"] == "Насосы"
    assert isinstance(sample["price"], str)


def test_a_folder_gives_one_object_per_file_in_order_and_bad_files_say_why(price_list: Path) -> None:
    folder = price_list.parent
    (folder / "b-empty.csv").write_bytes(b"")
    (folder / "c-broken.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    (folder / "d-letter.txt").write_text("Dear customer,\nour list will follow next week.\n", encoding="utf-8")
    (folder / ".hidden.csv").write_text("x", encoding="utf-8")
    result = run("--json", str(folder))
    found = objects(result)
    assert result.exit_code == 1
    assert [Path(str(one["source"])).name for one in found] == [
        "acme.csv",
        "b-empty.csv",
        "c-broken.xlsx",
        "d-letter.txt",
    ]
    assert [one["decision"] for one in found] == ["accept", "refuse", "refuse", "refuse"]
    assert ["error" in one for one in found] == [False, True, True, False]
    assert len(result.stderr.strip().splitlines()) == 2
    assert "c-broken.xlsx" in result.stderr


def test_people_see_the_grid_the_reasons_and_the_rejects(price_list: Path) -> None:
    result = run(str(price_list))
    assert result.exit_code == 0
    for shown in ("accept", "Оптовая цена, руб.", "wholesale", "not taken as price", "C7", "по запросу", "Насосы"):
        assert shown in result.stdout


def test_many_files_are_one_line_each(price_list: Path) -> None:
    for number in range(3):
        (price_list.parent / f"copy{number}.csv").write_bytes(price_list.read_bytes())
    result = run(str(price_list.parent))
    assert sum("accept" in line for line in result.stdout.splitlines()) == 4


def test_open_questions_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "tie.csv"
    path.write_text(
        "SKU;Name;Price\n" + "".join(f"A-{i};Pump {i} mm;1.{200 + i}\n" for i in range(9)), encoding="utf-8"
    )
    assert "? is “.” or “,” the decimal mark in column C" in run(str(path)).stdout
    (settled,) = objects(run("--json", str(path), "--set", "decimal=,"))
    assert (settled["decision"], settled["sample"][0]["price"]) == ("accept", "1200")  # type: ignore[index]


def test_settings_are_checked(price_list: Path) -> None:
    (wrong,) = objects(run("--json", str(price_list), "--set", "column_mapping.price=Preis"))
    assert "no column 'Preis'" in str(wrong["error"])
    (given_price,) = objects(run("--json", str(price_list), "--set", "column_mapping.price=D"))
    assert given_price["mapping"]["price"] == 3  # type: ignore[index]
    assert run(str(price_list), "--sheet", "Nowhere").exit_code == 1


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = run(str(tmp_path / "nothing.csv"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_no_bytes_make_it_crash(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    result = run("--json", str(path))
    assert result.exit_code in (0, 1)
    assert len(objects(result)) == 1
