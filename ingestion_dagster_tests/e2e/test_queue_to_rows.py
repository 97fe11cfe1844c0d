"""From LPUSH to rows, through the real sensor, daemon and runs."""

import pytest

from ingestion_dagster_tests.e2e.conftest import Stack
from ingestion_dagster_tests.sheets import make_xlsx

pytestmark = pytest.mark.timeout(180)

PRICE_LIST = "Item Code,Name,Price,Currency,Stock,Color\n" + "".join(
    f"AC-{n:03d},Widget number {n},{n * 1.25 + 3:.2f},EUR,{n * 3},{'red' if n % 2 else 'blue'}\n" for n in range(1, 41)
)


def message(task_id: str, name: str, parser_type: str, file_path: str, **config: object) -> dict[str, object]:
    return {
        "task_id": task_id,
        "supplier_name": name,
        "parser_type": parser_type,
        "source_config": {"file_path": file_path, **config},
        "priority": "normal",
        "max_retries": 3,
        "enqueued_at": "2026-11-23T10:30:00Z",
    }


def test_a_csv_for_an_unknown_supplier_becomes_rows_history_and_a_result(stack: Stack) -> None:
    (stack.inbox / "acme.csv").write_text(PRICE_LIST, encoding="utf-8")
    stack.push(b"this is not JSON")
    stack.push(message("csv-1", "Acme Wholesale", "csv", "acme.csv", column_mapping={"sku": "Item Code", "price": "C"}))
    result = stack.result("csv-1")
    assert result["status"] == "success", result
    assert result["supplier"] == "acme-wholesale"
    assert result["statistics"]["inserted"] == 40
    rows = stack.sql(
        "SELECT i.supplier_sku, i.current_price::text, i.currency, i.characteristics ->> 'Color', h.row_number"
        " FROM supplier_items i JOIN price_history h ON h.supplier_item_id = i.id"
        " JOIN suppliers s ON s.id = i.supplier_id WHERE s.key = 'acme-wholesale' ORDER BY 1 LIMIT 1"
    )
    assert rows == [("AC-001", "4.250000", "EUR", "red", 2)]
    dead = stack.sql("SELECT last_error FROM ingestion_requests WHERE state = 'dead'")
    assert len(dead) == 1
    assert "not valid JSON" in dead[0][0]


def test_an_excel_list_with_a_chosen_tab_is_loaded(stack: Stack) -> None:
    rows = [["Price list 2026"], [], ["SKU", "Product", "Unit price", "Qty"]]
    rows += [[f"X{n}", f"Gadget {n}", 10.5 + n, n] for n in range(30)]
    (stack.inbox / "gadgets.xlsx").write_bytes(
        make_xlsx([["Delivery in two days"]], name="Terms", tabs={"Price List": rows})
    )
    stack.push(
        message(
            "excel-1", "Gadget House", "excel", "gadgets.xlsx", sheet_name="Price List", header_row=3, data_start_row=4
        )
    )
    result = stack.result("excel-1")
    assert (result["status"], result["statistics"]["inserted"]) == ("success", 30), result


def test_a_list_that_cannot_be_read_is_a_dead_letter_that_says_why(stack: Stack) -> None:
    (stack.inbox / "broken.xlsx").write_bytes(b"%PDF-1.7 not a sheet")
    stack.push(message("broken", "Broken Ltd", "excel", "broken.xlsx"))
    result = stack.result("broken")
    assert result["status"] == "failure"
    assert "PDF" in result["errors"][0]["sample_message"]
